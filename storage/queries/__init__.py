"""All SQL. A query is a plain function whose first argument is the transaction it runs in."""
