"""The contenders of versus.py: the same VAE, loss and Adam in minivae, PyTorch, JAX and HIPS autograd.

To be fair to the frameworks, torch.compile and JAX may fuse operations, compilation time is not counted, and HIPS
autograd uses minivae's Adam because it has no fast optimizer. Each function imports its own framework.
"""

import math
from typing import Callable, NamedTuple

LEARNING_RATE = 1e-3
K = 1000                                # samples of z per image that estimate log p(x)
ROWS = {"cpu": 500, "cuda": 10_000}     # samples decoded at a time, of 10 images


class Contender(NamedTuple):
    """What is measured. Made from weights {name: array}, a batch x, noise eps and the images, all in NumPy."""

    loss_and_gradients: Callable            # () -> loss, {name: gradient}, to be compared
    step: Callable                          # one step on x and eps, on the device; may return before it is done
    epoch: Callable                         # one epoch over the images, in shuffled batches with new noise
    log_likelihood: Callable | None = None  # (x, noise or None) -> log p(x) (N,), with new noise if None is given
    pil_epoch: Callable | None = None       # an epoch with images loaded one by one, as torchvision does
    wait: Callable = lambda: None           # waits until the device has finished
    event: Callable | None = None           # () -> a recorded event of the device's clock
    milliseconds: Callable | None = None    # (event, event) -> the time between them
    device_bytes: Callable | None = None    # () -> memory used on the device


class Given:
    """A generator that returns given noise, part by part."""

    def __init__(self, noise):
        self.noise, self.used = noise.reshape(-1), 0

    def standard_normal(self, shape, dtype):
        size = shape[0] * shape[1] * shape[2]
        self.used += size
        return self.noise[self.used - size:self.used].reshape(shape)


def minivae_contender(weights, x, eps, images, device):
    from minivae import VAE, Adam, array_module, evaluation, synchronize, to_numpy
    from minivae.system.memory import keep_freed_memory
    from minivae.training import train
    import numpy

    keep_freed_memory()

    xp = array_module("cupy" if device == "cuda" else "numpy")
    latent, hidden = weights["decoder.0.W"].shape
    vae = VAE(x.shape[1], latent, (hidden,), backend=xp.__name__)
    for name, value in weights.items():
        vae.parameters[name][...] = xp.asarray(value)
    optimizer = Adam(vae.parameters.flat, lr=LEARNING_RATE)
    batch_size, x, eps, images = len(x), xp.asarray(x), xp.asarray(eps), xp.asarray(images)

    def loss_and_gradients():
        loss = float(vae.loss_and_grad(x, eps).loss)
        return loss, {name: to_numpy(vae.gradients[name]) for name in weights}

    def step():
        vae.loss_and_grad(x, eps)
        optimizer.step(vae.gradients.flat)

    def epoch():
        list(train(vae, images, optimizer, 1, batch_size, numpy.random.default_rng(0)))

    def log_likelihood(x, noise):
        rng = xp.random.default_rng(0) if noise is None else Given(noise)
        return evaluation.log_likelihood(vae, x, rng, K)

    own = Contender(loss_and_gradients, step, epoch, log_likelihood)
    if device == "cpu":
        return own

    def event():
        event = xp.cuda.Event()
        event.record()
        return event

    return own._replace(wait=lambda: synchronize(xp), event=event, milliseconds=xp.cuda.get_elapsed_time,
                        device_bytes=lambda: xp.get_default_memory_pool().total_bytes())


def torch_contender(weights, x, eps, images, device, mode=None):
    """mode: torch.compile's, or None for eager mode."""
    import numpy
    import torch
    from PIL import Image

    theta = {name: torch.tensor(value, device=device, requires_grad=True) for name, value in weights.items()}
    batch_size, x, eps = len(x), torch.tensor(x, device=device), torch.tensor(eps, device=device)

    def loss_of(x, eps):
        h = torch.tanh(torch.addmm(theta["encoder.0.b"], x, theta["encoder.0.W"]))
        h = torch.addmm(theta["encoder.1.b"], h, theta["encoder.1.W"])
        mu, logvar = h.chunk(2, dim=1)
        z = mu + torch.exp(0.5 * logvar) * eps
        a = torch.tanh(torch.addmm(theta["decoder.0.b"], z, theta["decoder.0.W"]))
        a = torch.addmm(theta["decoder.1.b"], a, theta["decoder.1.W"])
        misfit = torch.nn.functional.binary_cross_entropy_with_logits(a, x, reduction="sum")
        kl = 0.5 * (mu * mu + logvar.exp() - 1 - logvar).sum()
        return (misfit + kl) / len(x)

    def log_weights(x, eps):
        h = torch.tanh(torch.addmm(theta["encoder.0.b"], x, theta["encoder.0.W"]))
        h = torch.addmm(theta["encoder.1.b"], h, theta["encoder.1.W"])
        mu, logvar = h.chunk(2, dim=1)
        z = mu + torch.exp(0.5 * logvar) * eps
        a = torch.tanh(torch.addmm(theta["decoder.0.b"], z.reshape(-1, z.shape[-1]), theta["decoder.0.W"]))
        a = torch.addmm(theta["decoder.1.b"], a, theta["decoder.1.W"]).reshape(*eps.shape[:2], -1)
        misfit = torch.nn.functional.binary_cross_entropy_with_logits(a, x.expand_as(a), reduction="none")
        return 0.5 * (eps * eps + logvar - z * z).sum(-1) - misfit.sum(-1)

    @torch.no_grad()
    def log_likelihood(x, noise):
        x, size, results = torch.tensor(x, device=device), ROWS[device] // 10, []
        for first in range(0, len(x), 10):
            parts = []
            for k in range(0, K, size):
                part = (torch.randn(size, 10, eps.shape[1], device=device) if noise is None
                        else torch.tensor(noise[first // 10, k:k + size], device=device))
                parts.append(log_weights(x[first:first + 10], part).clone())
            results.append(torch.logsumexp(torch.cat(parts), 0) - math.log(K))
        return torch.cat(results).cpu().numpy()

    if mode:
        loss_of, log_weights = torch.compile(loss_of, mode=mode), torch.compile(log_weights, mode=mode)
    optimizer = torch.optim.Adam(theta.values(), lr=LEARNING_RATE, fused=True if mode else None)

    class SingleImages(torch.utils.data.Dataset):
        """Images and labels one at a time through PIL, as torchvision's MNIST and ToTensor do."""

        def __init__(self):
            self.in_bytes = torch.tensor((255 * images).round().astype("uint8")).reshape(-1, 28, 28)
            self.labels = torch.zeros(len(images), dtype=torch.int64)

        def __len__(self):
            return len(self.in_bytes)

        def __getitem__(self, n):
            picture = Image.fromarray(self.in_bytes[n].numpy(), mode="L")
            tensor = torch.from_numpy(numpy.array(picture)).view(28, 28, 1).permute(2, 0, 1).contiguous()
            return tensor.float().div(255), int(self.labels[n])

    def loss_and_gradients():
        loss = loss_of(x, eps)
        loss.backward()
        gradients = {name: value.grad.cpu().numpy() for name, value in theta.items()}
        optimizer.zero_grad()
        return loss.item(), gradients

    def train_on(x, eps):
        optimizer.zero_grad()
        loss = loss_of(x, eps)
        loss.backward()
        optimizer.step()
        return loss.detach().clone()        # a CUDA graph writes the next loss into the same memory

    there = torch.from_numpy(images).to(device)

    def epoch_over(batches):
        losses = []
        for x in batches:
            losses.append(train_on(x, torch.randn(len(x), eps.shape[1], device=device)))
        torch.stack(losses).mean().item()

    def epoch():
        epoch_over(there[rows] for rows in torch.randperm(len(there), device=device).split(batch_size))

    def pil_epoch():
        loader = torch.utils.data.DataLoader(SingleImages(), batch_size, shuffle=True)
        epoch_over(x.reshape(len(x), -1) for x, _ in loader)

    own = Contender(loss_and_gradients, lambda: train_on(x, eps), epoch, log_likelihood)
    if device == "cpu":
        return own._replace(pil_epoch=pil_epoch)

    def event():
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    return own._replace(wait=torch.cuda.synchronize, event=event,
                        milliseconds=lambda first, last: first.elapsed_time(last),
                        device_bytes=torch.cuda.max_memory_reserved)


def torch_compile_contender(*arguments):
    return torch_contender(*arguments, mode="default")


def torch_graphs_contender(*arguments):
    """Compiled, and recorded as a CUDA graph: one launch replays all kernels."""
    return torch_contender(*arguments, mode="reduce-overhead")


def loss_in(np, softplus, theta, x, eps):
    """The loss for JAX and autograd; np is the NumPy of either."""
    h = np.tanh(x @ theta["encoder.0.W"] + theta["encoder.0.b"]) @ theta["encoder.1.W"] + theta["encoder.1.b"]
    mu, logvar = h[:, :h.shape[1] // 2], h[:, h.shape[1] // 2:]
    z = mu + np.exp(0.5 * logvar) * eps
    a = np.tanh(z @ theta["decoder.0.W"] + theta["decoder.0.b"]) @ theta["decoder.1.W"] + theta["decoder.1.b"]
    return (np.sum(softplus(a) - x * a) + 0.5 * np.sum(mu * mu + np.exp(logvar) - 1 - logvar)) / len(x)


def jax_contender(weights, x, eps, images, device):
    import os
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"       # else it takes three quarters of the GPU's memory
    import jax
    import jax.numpy as jnp
    import numpy

    jax.config.update("jax_default_matmul_precision", "highest")    # the default on a GPU rounds inputs to 10 bits

    def loss_of(theta, x, eps):
        return loss_in(jnp, jax.nn.softplus, theta, x, eps)

    def update(state, x, eps):
        theta, m, v, t = state
        loss, g = jax.value_and_grad(loss_of)(theta, x, eps)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        theta = jax.tree.map(lambda p, m, v: p - LEARNING_RATE * (m / (1 - 0.9 ** t))
                             / (jnp.sqrt(v / (1 - 0.999 ** t)) + 1e-8), theta, m, v)
        return (theta, m, v, t), loss

    update = jax.jit(update, donate_argnums=0)
    theta = {name: jnp.asarray(value) for name, value in weights.items()}
    zeros = lambda: jax.tree.map(jnp.zeros_like, theta)
    state = [(jax.tree.map(jnp.copy, theta), zeros(), zeros(), jnp.asarray(0.0))]
    batch_size, x, eps = len(x), jnp.asarray(x), jnp.asarray(eps)
    images = images if device == "cpu" else jnp.asarray(images)
    rng = numpy.random.default_rng(0)

    def loss_and_gradients():
        loss, gradients = jax.jit(jax.value_and_grad(loss_of))(theta, x, eps)
        return float(loss), {name: numpy.asarray(value) for name, value in gradients.items()}

    def step():
        state[0], _ = update(state[0], x, eps)

    def epoch():
        order, losses = rng.permutation(len(images)), []
        for first in range(0, len(order), batch_size):
            batch = images[order[first:first + batch_size]]
            noise = rng.standard_normal((len(batch), eps.shape[1]), dtype="float32")
            state[0], loss = update(state[0], batch, noise)
            losses.append(loss)
        jnp.stack(losses).mean().item()

    @jax.jit
    def log_weights(theta, x, eps):
        h = jnp.tanh(x @ theta["encoder.0.W"] + theta["encoder.0.b"]) @ theta["encoder.1.W"] + theta["encoder.1.b"]
        mu, logvar = h[:, :h.shape[1] // 2], h[:, h.shape[1] // 2:]
        z = mu + jnp.exp(0.5 * logvar) * eps
        a = jnp.tanh(z @ theta["decoder.0.W"] + theta["decoder.0.b"]) @ theta["decoder.1.W"] + theta["decoder.1.b"]
        return (0.5 * (eps * eps + logvar - z * z).sum(-1) + (x * a - jax.nn.softplus(a)).sum(-1))

    def log_likelihood(x, noise):
        x, size, results, key = jnp.asarray(x), ROWS[device] // 10, [], jax.random.key(0)
        for first in range(0, len(x), 10):
            parts = []
            for k in range(0, K, size):
                key, own = jax.random.split(key)
                part = (jax.random.normal(own, (size, 10, eps.shape[1])) if noise is None
                        else jnp.asarray(noise[first // 10, k:k + size]))
                parts.append(log_weights(theta, x[first:first + 10], part))
            results.append(jax.nn.logsumexp(jnp.concatenate(parts), 0) - math.log(K))
        return numpy.asarray(jnp.concatenate(results))

    return Contender(loss_and_gradients, step, epoch, log_likelihood, wait=lambda: jax.block_until_ready(state[0]))


def autograd_contender(weights, x, eps, images, device):
    import autograd
    import autograd.numpy as anp
    import numpy
    from minivae import Adam

    def softplus(a):
        return anp.maximum(a, 0) + anp.log1p(anp.exp(-anp.abs(a)))     # ten times faster than logaddexp(0, a)

    gradient_of = autograd.value_and_grad(lambda theta, x, eps: loss_in(anp, softplus, theta, x, eps))
    theta = {name: value.copy() for name, value in weights.items()}
    optimizers = {name: Adam(value.reshape(-1), lr=LEARNING_RATE) for name, value in theta.items()}
    batch_size, rng = len(x), numpy.random.default_rng(0)

    def train_on(x, eps):
        loss, gradients = gradient_of(theta, x, eps)
        for name, optimizer in optimizers.items():
            optimizer.step(gradients[name].reshape(-1))
        return loss

    def epoch():
        order = rng.permutation(len(images))
        for first in range(0, len(order), batch_size):
            batch = images[order[first:first + batch_size]]
            train_on(batch, rng.standard_normal((len(batch), eps.shape[1]), dtype="float32"))

    return Contender(lambda: gradient_of(theta, x, eps), lambda: train_on(x, eps), epoch)


CONTENDERS = {      # name: (package, function, devices)
    "minivae": ("minivae", minivae_contender, ("cpu", "cuda")),
    "PyTorch eager": ("torch", torch_contender, ("cpu", "cuda")),
    "torch.compile, fused Adam": ("torch", torch_compile_contender, ("cpu", "cuda")),
    "torch.compile with CUDA graphs": ("torch", torch_graphs_contender, ("cuda",)),
    "JAX jit": ("jax", jax_contender, ("cpu", "cuda")),
    "HIPS autograd": ("autograd", autograd_contender, ("cpu",)),
}
