"""The HR console: one file a page. Every page works by plain forms, without scripts."""
