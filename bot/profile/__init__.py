"""The record (档案): dated statements in, a profile out. Pure; words in config/profile.yaml."""
