"""Linear layers and activations: each forward function beside its backward function.

A backward function takes dy = ∂loss/∂y, the gradient of the loss with respect to the forward
function's output, and gives the gradients with respect to its inputs: the chain rule, one link at
a time. Where an input acts on the loss by several ways, what comes back along each is added.

Letters: N examples, I inputs, O outputs.
"""

from .backend import get_xp
from .errors import InputError, require_shape


def linear(x, W, b):
    """Affine map y = x W + b.    x (N, I), W (I, O), b (O,) -> y (N, O)

    Raises InputError when x does not fit W.
    """
    if x.ndim != 2 or x.shape[1] != W.shape[0] or b.shape != W.shape[1:]:
        raise InputError(f"x {x.shape}, W {W.shape} and b {b.shape} don't fit; "
                         "(N, I), (I, O) and (O,) are needed")
    y = x @ W
    y += b
    return y


def linear_backward(dy, x, W, dW, db, need_dx=True):
    """Gradients of y = x W + b, given dy = ∂loss/∂y (N, O).

    Writes dW (I, O) and db (O,); returns dx (N, I), or None where nobody needs it.

    yₙₒ = Σᵢ xₙᵢ Wᵢₒ + bₒ, so that Wᵢₒ acts on yₙₒ, for every n, with the factor xₙᵢ: dWᵢₒ = Σₙ xₙᵢ dyₙₒ.
    """
    require_shape("dy", dy, (len(x), W.shape[1]))
    xp = get_xp(dy)
    xp.matmul(x.T, dy, out=dW)              # y = x W + b  =>  ∂loss/∂W = xᵀ dy
    dy.sum(axis=0, out=db)                  #                  ∂loss/∂b = Σₙ dyₙ
    return dy @ W.T if need_dx else None    #                  ∂loss/∂x = dy Wᵀ


def tanh(a):
    """y = tanh(a), elementwise.    a (N, O) -> y (N, O)"""
    return get_xp(a).tanh(a)


def tanh_backward(dy, y):
    """Gradient of y = tanh(a), given dy and the output y, all (N, O) -> da (N, O)"""
    require_shape("dy", dy, y.shape)
    return dy * (1 - y * y)                 # y = tanh(a)  =>  ∂y/∂a = 1 − y²


def relu(a):
    """y = max(a, 0), elementwise.    a (N, O) -> y (N, O)"""
    return get_xp(a).maximum(a, 0)


def relu_backward(dy, y):
    """Gradient of y = max(a, 0), given dy and the output y, all (N, O) -> da (N, O)

    y > 0 exactly where a > 0, so the output is all that is needed, as for tanh. The kink at a = 0
    has no derivative; 0 is used there.
    """
    require_shape("dy", dy, y.shape)
    return dy * (y > 0)                     # y = max(a, 0)  =>  ∂y/∂a = 1 where y > 0, else 0


ACTIVATIONS = {"tanh": (tanh, tanh_backward), "relu": (relu, relu_backward)}


def mlp(x, layers, activation):
    """Multilayer perceptron: linear layers with an activation between them, none after the last.

    x (N, I), layers [(W, b), ...], activation "tanh" or "relu"
    -> y (N, O), and the input of every layer, which is all that the way back needs.
    """
    forward, _ = ACTIVATIONS[activation]
    *hidden, (W_last, b_last) = layers
    inputs = [x]
    for W, b in hidden:
        inputs.append(forward(linear(inputs[-1], W, b)))
    return linear(inputs[-1], W_last, b_last), inputs


def mlp_backward(dy, inputs, layers, grads, activation, need_dx=True):
    """Backpropagation through `mlp`: its layers in reverse, given dy = ∂loss/∂y (N, O).

    Writes the gradients into grads [(dW, db), ...]; returns dx (N, I), or None where nobody needs
    it: the encoder's x is data, and a product the size of the first layer is saved.
    """
    _, backward = ACTIVATIONS[activation]
    for i in reversed(range(len(layers))):
        (W, _), (dW, db) = layers[i], grads[i]
        dy = linear_backward(dy, inputs[i], W, dW, db, need_dx or i > 0)
        if i > 0:
            dy = backward(dy, inputs[i])    # the input of layer i is the activation of layer i − 1
    return dy
