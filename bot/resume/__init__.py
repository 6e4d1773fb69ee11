"""Résumés: a file in, a proposal of statements out. Files are opened in a child."""
