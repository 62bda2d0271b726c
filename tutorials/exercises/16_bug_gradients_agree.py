"""16 · Find the bug: every gradient agrees with differences

About 20 minutes, hard.

This short VAE is complete: a forward pass, a backward pass and a step of gradient descent.
Its loss falls, but it is not a correct VAE. One line of the forward pass is wrong, and the backward pass is
the gradient of this wrong forward pass. A gradient check compares the two with each other, so it passes.

The forward pass has to be compared with the theory instead. The KL is computed from μ and log σ², with the
formula of exercise 7. It should be the KL of the distribution that z is drawn from. Is it? Draw z many times
for one image and look at the variance of the draws. Or average log q(z) − log p(z) over the draws: the result
should be close to the KL. When you have found the line, fix it, then change backward to match.

Keras's example of a convolutional VAE had this bug. The first answer to the report was that it is irrelevant.
Do you agree? When you are done, see https://github.com/keras-team/keras/pull/9972

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
    z = mu + np.exp(logvar) * eps
    h2 = np.tanh(z @ p["W4"] + p["b4"])                                     # the decoder's hidden layer
    a = h2 @ p["W5"] + p["b5"]                                              # logits
    reconstruction = (softplus(a) - x * a).sum(axis=1)                      # −log p(x|z)
    kl = 0.5 * (mu ** 2 + np.exp(logvar) - 1 - logvar).sum(axis=1)
    loss = (reconstruction + kl).mean()
    return {"loss": loss, "h1": h1, "mu": mu, "logvar": logvar, "z": z, "h2": h2, "a": a, "kl": kl}


def backward(p, x, eps, c):
    """c: what forward returned -> the gradients of the loss with respect to the parameters, by name"""
    N = len(x)
    da = (sigmoid(c["a"]) - x) / N
    dh2 = da @ p["W5"].T
    dpre2 = dh2 * (1 - c["h2"] ** 2)
    dz = dpre2 @ p["W4"].T
    dmu = dz + c["mu"] / N
    dlogvar = dz * eps * np.exp(c["logvar"]) + 0.5 * (np.exp(c["logvar"]) - 1) / N
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
