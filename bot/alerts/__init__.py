"""Alerts: when a person has to look, at what, until when, and what they said of it."""
