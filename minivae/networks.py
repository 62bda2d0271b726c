"""Encoder and decoder: two multilayer perceptrons in mirror, and all their parameters in one vector."""

import numpy

from .backend import array_module, get_xp
from .errors import InputError, require_count, require_shape
from .layers import ACTIVATIONS
from .parameters import Parameters


class EncoderDecoder:
    """What autoencoder and VAE have in common.

    encoder_outputs, decoder_outputs: how many numbers the two emit per example; own_shapes: further
    parameters {"likelihood.logvar": (1,)}. The rest is as in VAE. Has

        parameters, gradients                   Parameters, same names and shapes
        encoder, decoder                        [(W, b), ...], views into parameters
        encoder_grads, decoder_grads            [(dW, db), ...], views into gradients
    """

    def __init__(self, data_dim, latent_dim, hidden, encoder_outputs, decoder_outputs, own_shapes,
                 activation, dtype, backend, seed):
        require_count(data_dim=data_dim, latent_dim=latent_dim)
        if not isinstance(hidden, (tuple, list)):
            raise InputError(f"hidden is {hidden!r}, but a tuple of sizes is needed, like (500,)")
        for size in hidden:
            require_count(hidden=size)
        if dtype not in ("float32", "float64"):
            raise InputError(f'unknown dtype {dtype!r}; choose "float32" or "float64"')
        if activation not in ACTIVATIONS:
            raise InputError(f"unknown activation {activation!r}; choose {' or '.join(ACTIVATIONS)}")
        self.data_dim = data_dim
        self.latent_dim = latent_dim
        self.activation = activation
        shapes = {**_layer_shapes("encoder", [data_dim, *hidden, encoder_outputs]),
                  **_layer_shapes("decoder", [latent_dim, *reversed(hidden), decoder_outputs]), **own_shapes}
        xp = array_module(backend)
        self.parameters = Parameters(shapes, xp, dtype)
        self.gradients = Parameters(shapes, xp, dtype)
        self.encoder = self.parameters.layers("encoder")
        self.decoder = self.parameters.layers("decoder")
        self.encoder_grads = self.gradients.layers("encoder")
        self.decoder_grads = self.gradients.layers("decoder")
        self._initialize(numpy.random.default_rng(seed))

    def _initialize(self, rng):
        """W ~ N(0, gain/fan_in), b = 0: from layer to layer, signals neither explode nor vanish.

        A sum of fan_in terms has fan_in times their variance, and 1/fan_in undoes that. gain is 1
        for tanh, and 2 for relu, which passes only half of its input's power (He et al. 2015).
        """
        xp = get_xp(self.parameters.flat)
        gain = 2 if self.activation == "relu" else 1
        for W, _ in self.encoder + self.decoder:
            fan_in = W.shape[0]
            W[...] = xp.asarray(rng.standard_normal(W.shape) * (gain / fan_in) ** 0.5)

    def _as_batch(self, x):
        """x (N, D), checked to be on the model's device, in the model's dtype."""
        get_xp(x, self.parameters.flat)
        require_shape("x", x, (None, self.data_dim))
        require_count(n_examples=len(x))
        return x.astype(self.parameters.flat.dtype, copy=False)


def _layer_shapes(prefix, sizes):
    """Names and shapes of the linear layers between these sizes."""
    shapes = {}
    for i, (fan_in, fan_out) in enumerate(zip(sizes[:-1], sizes[1:])):
        shapes[f"{prefix}.{i}.W"] = (fan_in, fan_out)
        shapes[f"{prefix}.{i}.b"] = (fan_out,)
    return shapes
