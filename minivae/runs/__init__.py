"""A run on disk: the options of a training run, its folder, its checkpoint, and the model that it describes."""
