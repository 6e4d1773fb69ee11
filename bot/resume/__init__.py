"""Résumés: a file in, a proposal of statements out. Deciding is pure; files are opened in a child."""
