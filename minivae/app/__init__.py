"""The program: what `python -m minivae` does. Nothing else in the package imports it."""
