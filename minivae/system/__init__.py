"""What depends on the operating system and the machine: files, memory, threads, the terminal, Ctrl-C."""
