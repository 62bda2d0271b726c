"""The command-line program, `python -m minivae`. In the package, only __main__.py imports it."""
