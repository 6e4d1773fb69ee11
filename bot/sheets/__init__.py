"""Spreadsheets: rows in, entries and faults out; records in, tables out. Pure, words in config/."""
