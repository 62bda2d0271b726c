"""The gradient checker behind `minivae.gradcheck`, and the check of every gradient of the library."""
