"""Everything that outlives a process: tables, queries, sealing, the audit chain."""
