"""Chinese text in, a reading out. Knows no candidate and no database."""
