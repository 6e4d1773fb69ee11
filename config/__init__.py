"""What is changed without programming: settings, words, rules, surveys."""
