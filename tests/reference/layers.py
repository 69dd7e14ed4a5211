"""What does each layer compute, and what are its gradients, derived by hand?

One sample at a time: vectors are columns (features, 1), images are (channels, rows, columns). Parameters start as
standard normal numbers, as in the reference project.

A layer computes y from its input x and its parameters. Its backward pass is given g = dL/dy, for the loss L of the
whole network, and has to find dL/dv for v = x and for every parameter. All of it follows from the chain rule,

    dL/dv[j] = sum_i g[i] dy[i]/dv[j],

where i runs over the elements of y, and j over those of v.
"""

import numpy as np
from scipy.signal import convolve2d, correlate2d


class Layer:
    """Base of all layers: a step down the gradient for the parameters, whatever they are.

    A layer adds ``forward(x)``, which returns y and keeps what the backward pass needs, and
    ``derive(output_gradient)``, which returns dL/dx for dL/dy and sets `gradients`.

    Attributes:
        parameters: arrays, changed in place by `backward`.
        gradients: dL/dv of each of them, from the last `backward`.
    """

    parameters = ()
    gradients = ()

    def backward(self, output_gradient, learning_rate):
        """Return dL/dx, and change each parameter v by -learning_rate dL/dv."""
        # Parameters change last: dL/dx depends on those that the forward pass has seen.
        input_gradient = self.derive(output_gradient)
        for values, gradient in zip(self.parameters, self.gradients, strict=True):
            values -= learning_rate * gradient
        return input_gradient


class Dense(Layer):
    """y = W x + b, in elements y[i] = sum_j W[i, j] x[j] + b[i]."""

    def __init__(self, input_size, output_size, rng):
        self.weights = rng.standard_normal((output_size, input_size))
        self.bias = rng.standard_normal((output_size, 1))
        self.parameters = (self.weights, self.bias)

    def forward(self, x):
        self.x = x
        return self.weights @ x + self.bias

    def derive(self, output_gradient):
        """The three derivatives of a product and a sum.

        W[i, j] is in y[i] only, times x[j]:       dL/dW[i, j] = g[i] x[j],            so dL/dW = g x'.
        b[i] is in y[i] only, times 1:             dL/db[i] = g[i].
        x[j] is in every y[i], times W[i, j]:      dL/dx[j] = sum_i W[i, j] g[i],      so dL/dx = W' g.
        """
        self.gradients = (output_gradient @ self.x.T, output_gradient)
        return self.weights.T @ output_gradient


class Convolutional(Layer):
    """Map k is a sum of correlations over channels, with a bias for every element of the result.

    y[k, p] = sum_c sum_d K[k, c, d] x[c, p + d] + b[k, p], where the position p runs over the places at which the
    kernel fits into the image, and the offset d over the kernel; both are pairs of a row and a column.
    """

    def __init__(self, input_shape, kernel_size, depth, rng):
        channels, rows, columns = input_shape
        self.kernels = rng.standard_normal((depth, channels, kernel_size, kernel_size))
        self.bias = rng.standard_normal(self.bias_shape(depth, rows - kernel_size + 1, columns - kernel_size + 1))
        self.parameters = (self.kernels, self.bias)

    def bias_shape(self, depth, rows, columns):
        """One bias for each element of the output."""
        return (depth, rows, columns)

    def bias_maps(self):
        """What is added to the correlations."""
        return self.bias

    def bias_gradient(self, output_gradient):
        """b[k, p] is in y[k, p] only, times 1: dL/db[k, p] = g[k, p]."""
        return output_gradient

    def forward(self, x):
        self.x = x
        sums = [
            sum(correlate2d(plane, kernel, "valid") for plane, kernel in zip(x, bank, strict=True))
            for bank in self.kernels
        ]
        return np.array(sums) + self.bias_maps()

    def derive(self, output_gradient):
        """The derivatives of a sum over offsets.

        K[k, c, d] is in y[k, p] for every p, times x[c, p + d]:

            dL/dK[k, c, d] = sum_p g[k, p] x[c, p + d].

        That is the forward's own formula with g[k] in the place of the kernel, and d as the position: the valid
        correlation of x[c] with g[k].

        x[c, q] is in y[k, p] for every k, and every p from which an offset d = q - p leads to q, times K[k, c, d]:

            dL/dx[c, q] = sum_k sum_p g[k, p] K[k, c, q - p].

        Two indices that add up to q make a convolution; since every q that p + d can reach counts, it is the full one.
        """
        self.gradients = (
            np.array([[correlate2d(plane, g, "valid") for plane in self.x] for g in output_gradient]),
            self.bias_gradient(output_gradient),
        )
        of_channels = self.kernels.swapaxes(0, 1)
        return np.array(
            [
                sum(convolve2d(g, kernel, "full") for g, kernel in zip(output_gradient, kernels, strict=True))
                for kernels in of_channels
            ]
        )


class TiedConvolutional(Convolutional):
    """The same with one bias per map: y[k, p] = ... + b[k]."""

    def bias_shape(self, depth, rows, columns):
        """One bias for each map."""
        return (depth,)

    def bias_maps(self):
        """What is added to the correlations."""
        return self.bias[:, np.newaxis, np.newaxis]

    def bias_gradient(self, output_gradient):
        """b[k] is in y[k, p] for every p, times 1: dL/db[k] = sum_p g[k, p]."""
        return output_gradient.sum(axis=(1, 2))


class Reshape(Layer):
    """The same elements in another shape."""

    def __init__(self, input_shape, output_shape):
        self.input_shape = input_shape
        self.output_shape = output_shape

    def forward(self, x):
        return x.reshape(self.output_shape)

    def derive(self, output_gradient):
        """An element of x is one element of y, times 1; so its derivative is found where that element went."""
        return output_gradient.reshape(self.input_shape)


class Tanh(Layer):
    """y = tanh(x), for each element alone."""

    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def derive(self, output_gradient):
        """tanh = sinh / cosh has the derivative (cosh^2 - sinh^2) / cosh^2 = 1 - tanh^2, so dL/dx = g (1 - y^2)."""
        return output_gradient * (1 - self.y**2)


class Sigmoid(Layer):
    """y = 1 / (1 + e^-x), for each element alone."""

    def forward(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y

    def derive(self, output_gradient):
        """dy/dx = e^-x / (1 + e^-x)^2, which is y times e^-x / (1 + e^-x) = 1 - y, so dL/dx = g y (1 - y)."""
        return output_gradient * self.y * (1 - self.y)


class Softmax(Layer):
    """y[i] = e^x[i] / s, with s = sum_j e^x[j]."""

    def forward(self, x):
        powers = np.exp(x)
        self.y = powers / powers.sum()
        return self.y

    def derive(self, output_gradient):
        """The derivative of a quotient, as a matrix.

        ds/dx[j] = e^x[j], so dy[i]/dx[j] = (i == j) e^x[i] / s - e^x[i] e^x[j] / s^2 = (i == j) y[i] - y[i] y[j].
        The matrix J = diag(y) - y y' of these is symmetric, so that dL/dx = J' g = J g.
        """
        return (np.diagflat(self.y) - self.y @ self.y.T) @ output_gradient
