"""The console, the API and the web chat."""
