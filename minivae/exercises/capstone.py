"""Train a VAE with the learner's own functions: `python -m minivae exercises capstone`."""


def train(folder, quick=False):
    """Train with the functions of the exercises in this folder. -> did all go well?"""
    raise NotImplementedError
