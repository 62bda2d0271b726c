"""The sharp gradient checker: what `minivae.gradcheck` offers, and the check of every gradient of the library."""
