"""A run on disk: its options, its folder and checkpoint, and the model they describe."""
