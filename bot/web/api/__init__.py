"""The API, version 1: one file a noun. Strict in what it takes, fixed in what it gives."""
