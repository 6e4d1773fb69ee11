"""Risk: dated facts in, a score with its reasons out. Orders a list; decides nothing."""
