"""Durable work: wake-ups, the outbox's sender, the clock. Knows no candidate and no channel."""
