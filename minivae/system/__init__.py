"""Plumbing towards the operating system: files, the terminal, Ctrl-C. Needs nothing but Python."""
