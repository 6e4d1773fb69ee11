"""Stand-ins for the chat platforms: HTTP servers that behave as the real ones do."""
