"""The commands of the program: one file for each command, or for related ones."""
