"""Linear layers and activations: each forward function with its backward function below it.

A backward function is given dy = ∂loss/∂y, the gradient of the loss with respect to the forward function's
output, and returns the gradient with respect to its input: one link of the chain rule.
Letters: N rows, which are examples or samples of z; I inputs, O outputs.
"""

from .backend import get_xp
from .errors import require_shape


def linear(x, W, b):
    """y = x W + b.    x (N, I), W (I, O), b (O,) -> y (N, O)"""
    require_shape("b", b, W.shape[1:])
    y = x @ W
    y += b
    return y


def linear_backward(dy, x, W, dW, db, need_dx=True):
    """Gradients of y = x W + b, given dy = ∂loss/∂y (N, O).

    Writes into dW (I, O) and db (O,), views into the vector of all gradients. Returns dx (N, I), or None if
    not need_dx. Derived in derivations.md, "Linear".
    """
    xp = get_xp(dy)
    xp.matmul(x.T, dy, out=dW)              # y = x W + b  =>  ∂loss/∂W = xᵀ dy
    dy.sum(axis=0, out=db)                  #                  ∂loss/∂b = Σₙ dyₙ
    return dy @ W.T if need_dx else None    #                  ∂loss/∂x = dy Wᵀ


def tanh(x):
    """y = tanh(x), elementwise.    x (N, O) -> y (N, O)"""
    return get_xp(x).tanh(x)


def tanh_backward(dy, y):
    """Gradient of y = tanh(x), given dy and the output y, all (N, O) -> dx (N, O).

    Derived in derivations.md, "Tanh".
    """
    require_shape("dy", dy, y.shape)
    return dy * (1 - y * y)                 # y = tanh(x)  =>  ∂y/∂x = 1 − tanh²(x) = 1 − y²


def relu(x):
    """y = max(x, 0), elementwise.    x (N, O) -> y (N, O)"""
    return get_xp(x).maximum(x, 0)


def relu_backward(dy, y):
    """Gradient of y = max(x, 0), given dy and the output y, all (N, O) -> dx (N, O).

    At x = 0 there is no derivative; 0 is used. Derived in derivations.md, "Relu and its kink".
    """
    require_shape("dy", dy, y.shape)
    return dy * (y > 0)                     # y = max(x, 0)  =>  ∂y/∂x = 1 where y > 0, else 0


# These backward functions need only the output y, so `mlp` keeps one array per layer. GELU needs x as well.
ACTIVATIONS = {"tanh": (tanh, tanh_backward), "relu": (relu, relu_backward)}


def mlp(x, layers, activation="tanh"):
    """Multilayer perceptron: linear layers with an activation between them, none after the last.

    x (N, I), layers [(W, b), ...], activation "tanh" or "relu" -> y (N, O), and the input of each layer,
    all that `mlp_backward` needs.
    """
    activate, _ = ACTIVATIONS[activation]
    inputs = [x]
    for W, b in layers[:-1]:
        inputs.append(activate(linear(inputs[-1], W, b)))
    return linear(inputs[-1], *layers[-1]), inputs


def mlp_backward(dy, inputs, layers, grads, activation="tanh", need_dx=True):
    """Backpropagation through `mlp`: its layers in reverse, given dy = ∂loss/∂y (N, O).

    Writes into grads [(dW, db), ...]; returns dx (N, I), or None if not need_dx: the data need none.
    Derived in derivations.md, "A multilayer perceptron".
    """
    _, activation_backward = ACTIVATIONS[activation]
    for i in reversed(range(len(layers))):
        (W, _), (dW, db) = layers[i], grads[i]
        dx = linear_backward(dy, inputs[i], W, dW, db, need_dx or i > 0)
        if i > 0:
            dy = activation_backward(dx, inputs[i])     # inputs[i] = activation(output of layer i − 1)
    return dx
