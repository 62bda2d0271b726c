"""What depends on the operating system: files, memory, the terminal, Ctrl-C. Imports only Python's own library."""
