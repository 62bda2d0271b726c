"""What depends on the operating system: files, the terminal, Ctrl-C. Imports only Python's own library."""
