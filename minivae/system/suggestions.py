"""Did you mean ...? What a misspelled command, option or value was probably meant to be."""

import difflib


def did_you_mean(word, words):
    """" (did you mean --latent?)": words that begin with this one, else the most similar; "" if none is."""
    near = [each for each in words if word and each.startswith(word)]
    near = near or difflib.get_close_matches(word, words, n=1, cutoff=0.7)
    return f" (did you mean {' or '.join(near)}?)" if near else ""
