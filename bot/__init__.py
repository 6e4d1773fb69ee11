"""Everything a message can meet, from the webhook to the alert card."""
