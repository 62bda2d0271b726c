"""What the autoencoder and the VAE share: an encoder, a decoder, and all their parameters."""

from typing import Any, NamedTuple

from .backend import array_module, get_xp
from .errors import as_generator, require_choice, require_count, require_real, require_shape
from .layers import ACTIVATIONS
from .parameters import Parameters


class Loss(NamedTuple):
    """What loss_and_grad returns: 0-d arrays on the device, means over the batch, in nats.

    With the ELBO, loss = reconstruction + β kl: kl has no weight. IWAE lowers the loss; free bits raise it.
    An autoencoder has the units of its error, the same for loss and reconstruction, and kl = 0.
    """

    loss: Any               # −bound, which training minimizes
    reconstruction: Any     # −E_q[log p(x|z)], estimated from the samples
    kl: Any                 # KL(q(z|x) ‖ p(z)), exact or estimated from the samples


class EncoderDecoder:
    """Two multilayer perceptrons that mirror each other.

    encoder_outputs, decoder_outputs   how many numbers each network outputs per example: functions of Z and D
    shared_shapes                      parameters that belong to the likelihood, like {"s": (1,)}
    The other arguments are described in VAE. Attributes:

    parameters, gradients              Parameters with the same names and shapes
    encoder, decoder                   [(W, b), ...], views into parameters
    encoder_grads, decoder_grads       [(dW, db), ...], views into gradients
    shared, shared_grads               [s, ...], [ds, ...], also views
    """

    def __init__(self, data_dim, latent_dim, hidden, encoder_outputs, decoder_outputs, shared_shapes,
                 activation, dtype, backend, seed):
        self.data_dim, self.latent_dim = require_count(data_dim=data_dim, latent_dim=latent_dim)
        hidden = hidden if isinstance(hidden, (tuple, list)) else [hidden]
        hidden = [size for one in hidden for size in require_count(hidden=one)]
        dtype = getattr(dtype, "name", getattr(dtype, "__name__", dtype))      # numpy.float32 is "float32"
        require_choice("dtype", dtype, ("float32", "float64"))
        require_choice("activation", activation, ACTIVATIONS)
        self.activation = activation
        shared_shapes = {f"likelihood.{name}": shape for name, shape in shared_shapes.items()}
        sizes = [self.data_dim, *hidden, encoder_outputs(self.latent_dim)]
        back = [self.latent_dim, *reversed(hidden), decoder_outputs(self.data_dim)]
        shapes = {**_layer_shapes("encoder", sizes), **_layer_shapes("decoder", back), **shared_shapes}
        xp = array_module(backend)
        self.parameters = Parameters(shapes, xp, dtype)
        self.gradients = Parameters(shapes, xp, dtype)
        self._take_views()
        self._initialize(as_generator(seed, "seed"))

    def _take_views(self):
        self.encoder = self.parameters.layers("encoder")
        self.decoder = self.parameters.layers("decoder")
        self.encoder_grads = self.gradients.layers("encoder")
        self.decoder_grads = self.gradients.layers("decoder")
        shared = [name for name in self.parameters.names() if name.startswith("likelihood.")]
        self.shared = [self.parameters[name] for name in shared]
        self.shared_grads = [self.gradients[name] for name in shared]

    def __setstate__(self, state):
        vars(self).update(state)
        self._take_views()                  # the copied views no longer share memory with .flat

    def _initialize(self, rng):
        """W ~ N(0, gain/fan_in), b = 0, so that signals neither explode nor vanish from layer to layer.

        A sum of fan_in terms has fan_in times the variance of one term; the factor 1/fan_in undoes that. The
        gain is 1 for tanh, and 2 for relu, which halves the mean square of its input (He et al. 2015).
        """
        xp = get_xp(self.parameters.flat)
        gain = 2 if self.activation == "relu" else 1
        for W, _ in self.encoder + self.decoder:
            fan_in = W.shape[0]
            W[...] = xp.asarray(rng.standard_normal(W.shape) * (gain / fan_in) ** 0.5)

    def reconstruct(self, x):
        """The reconstruction of x: E[x|z] at the mean of q(z|x), or x̂.    (N, D) -> (N, D)"""
        return self.decode(self.represent(x))

    def draw_noise(self, rng, n_examples, n_samples=1):
        """Standard normal ε (L, N, Z) for a batch, on the model's device.

        rng: a numpy.random.Generator, or on a GPU also CuPy's, which draws there.
        """
        as_generator(rng, seeds=False)      # a seed would give the same noise at each step
        require_count(n_examples=n_examples, n_samples=n_samples)
        shape = (n_samples, n_examples, self.latent_dim)
        eps = rng.standard_normal(shape, dtype=self.parameters.flat.dtype)
        return get_xp(self.parameters.flat).asarray(eps)

    def check_batch(self, x):
        """x (N, D) in the model's dtype. InputError if it is no such array, TypeError for a wrong device."""
        require_real("x", x)
        get_xp(x, self.parameters.flat)
        require_shape("x", x, (None, self.data_dim))
        require_count(n_examples=len(x))
        return x.astype(self.parameters.flat.dtype, copy=False)

    def check_noise(self, eps, n_examples):
        """eps (L, N, Z) in the model's dtype, from (N, Z) or (L, N, Z). Raises as check_batch does."""
        require_real("eps", eps)
        get_xp(eps, self.parameters.flat)
        eps = eps[None] if eps.ndim == 2 else eps
        require_shape("eps", eps, (None, n_examples, self.latent_dim))
        require_count(n_samples=len(eps))
        return eps.astype(self.parameters.flat.dtype, copy=False)

    def check_latents(self, z):
        """Raise InputError unless z is (..., Z), TypeError unless it is on the model's device."""
        require_real("z", z)
        get_xp(z, self.parameters.flat)
        require_shape("z", z, (*z.shape[:-1], self.latent_dim))


def _layer_shapes(prefix, sizes):
    """Names and shapes of the linear layers between these sizes."""
    shapes = {}
    for i, (fan_in, fan_out) in enumerate(zip(sizes[:-1], sizes[1:])):
        shapes[f"{prefix}.{i}.W"] = (fan_in, fan_out)
        shapes[f"{prefix}.{i}.b"] = (fan_out,)
    return shapes
