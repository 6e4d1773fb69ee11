"""Generated résumés with known truth: invented people times layouts, as PDF and Word."""
