"""22 · Find the bug: the posterior collapses

About 15 minutes, medium.

This short VAE is complete: a forward pass, a backward pass and a step of gradient descent.
Its loss falls, and a gradient check passes: backward computes the gradient of forward's loss. But after
training, q(z|x) is almost the prior for every image, and the KL is almost 0. The decoder draws almost the
same picture for every z. This is called posterior collapse.

Here the cause is simple. The loss has to be the negative ELBO, −log p(x|z) + KL, but one of the two terms is
too small or too large. Compare both with their formulas in exercises 5 and 7. Which term is it, and what is
the factor? Fix forward, then change backward to match.

Keras's example of a VAE had this bug for a while. An example in a book had the opposite bug: it averaged the
KL and multiplied it by 5e-4. When you are done, see https://github.com/keras-team/keras/pull/3383
and https://github.com/fchollet/deep-learning-with-python-notebooks/issues/120

To do: fix it. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check


def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def softplus(a):
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))


def forward(p, x, eps):
    """p: the parameters by name; x (N, D) of zeros and ones; eps (N, Z) -> all results, by name"""
    h1 = np.tanh(x @ p["W1"] + p["b1"])                                     # the encoder's hidden layer
    mu = h1 @ p["W2"] + p["b2"]
    logvar = h1 @ p["W3"] + p["b3"]                                         # log σ²
    z = mu + np.exp(0.5 * logvar) * eps
    h2 = np.tanh(z @ p["W4"] + p["b4"])                                     # the decoder's hidden layer
    a = h2 @ p["W5"] + p["b5"]                                              # logits
    reconstruction = (softplus(a) - x * a).mean(axis=1)                     # −log p(x|z)
    kl = 0.5 * (mu ** 2 + np.exp(logvar) - 1 - logvar).sum(axis=1)
    loss = (reconstruction + kl).mean()
    return {"loss": loss, "h1": h1, "mu": mu, "logvar": logvar, "z": z, "h2": h2, "a": a, "kl": kl}


def backward(p, x, eps, c):
    """c: what forward returned -> the gradients of the loss with respect to the parameters, by name"""
    N = len(x)
    da = (sigmoid(c["a"]) - x) / x.size
    dh2 = da @ p["W5"].T
    dpre2 = dh2 * (1 - c["h2"] ** 2)
    dz = dpre2 @ p["W4"].T
    dmu = dz + c["mu"] / N
    dlogvar = dz * eps * 0.5 * np.exp(0.5 * c["logvar"]) + 0.5 * (np.exp(c["logvar"]) - 1) / N
    dh1 = dmu @ p["W2"].T + dlogvar @ p["W3"].T
    dpre1 = dh1 * (1 - c["h1"] ** 2)
    return {"W1": x.T @ dpre1, "b1": dpre1.sum(axis=0), "W2": c["h1"].T @ dmu, "b2": dmu.sum(axis=0),
            "W3": c["h1"].T @ dlogvar, "b3": dlogvar.sum(axis=0), "W4": c["z"].T @ dpre2, "b4": dpre2.sum(axis=0),
            "W5": c["h2"].T @ da, "b5": da.sum(axis=0)}


def train_step(p, x, rng, lr):
    """One step of gradient descent on the batch x. Changes p in place -> the loss before the step"""
    eps = rng.standard_normal((len(x), p["W2"].shape[1]))
    c = forward(p, x, eps)
    g = backward(p, x, eps, c)
    for name in p:
        p[name] -= lr * g[name]
    return c["loss"]


if __name__ == "__main__":
    check(__file__)
