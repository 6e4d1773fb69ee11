"""Surveys: what is asked, what an answer means in the question's kind, and what comes next."""
