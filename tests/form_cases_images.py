"""Which layers and functions for images are handed over?"""

# ruff: noqa: N806 -- matrices have the names that they have on paper

import numpy as np
from form_cases import distinct, form, layer, normal, pair, plain

# ---- Convolutions as functions with conv_param ----


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, _, H, W = x.shape
    F, _, HH, WW = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    H_out, W_out = 1 + (H + 2 * pad - HH) // stride, 1 + (W + 2 * pad - WW) // stride
    out = np.zeros((N, F, H_out, W_out))
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    window = xp[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    return windows_back(dout, cache, lambda kernel: kernel)


def windows_back(dout, cache, seen):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    HH, WW = w.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dxp, dw, db = np.zeros_like(xp), np.zeros_like(w), np.zeros_like(b)
    for n in range(dout.shape[0]):
        for f in range(dout.shape[1]):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    rows, columns = slice(i * stride, i * stride + HH), slice(j * stride, j * stride + WW)
                    dw[f] += dout[n, f, i, j] * xp[n, :, rows, columns]
                    dxp[n, :, rows, columns] += dout[n, f, i, j] * seen(w[f])
                    db[f] += dout[n, f, i, j]
    return dxp[:, :, pad : dxp.shape[2] - pad, pad : dxp.shape[3] - pad], dw, db


def conv_backward_flipped(dout, cache):
    return windows_back(dout, cache, lambda kernel: kernel[:, ::-1, ::-1])


def conv_backward_bias_per_image(dout, cache):
    dx, dw, _ = windows_back(dout, cache, lambda kernel: kernel)
    return dx, dw, dout.sum(axis=(2, 3)).mean(axis=0)


def conv_inputs(rng):
    return *normal((2, 2, 5, 4), (3, 2, 3, 2), 3)(rng), {"stride": 2, "pad": 1}


form(
    "convolution in loops with conv_param", "cache config", pair(conv_forward_naive, conv_inputs), conv_backward_naive,
    ("kernel flipped", conv_backward_flipped, "x"),
    ("bias averaged over the images", conv_backward_bias_per_image, "b"),
)  # fmt: skip


def im2col(x, size):
    """(images, channels, rows, columns) to one row for each place of the window."""
    N, C, H, W = x.shape
    rows, columns = H - size + 1, W - size + 1
    col = np.zeros((N, C, size, size, rows, columns))
    for i in range(size):
        for j in range(size):
            col[:, :, i, j] = x[:, :, i : i + rows, j : j + columns]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * rows * columns, -1)


def col2im(col, shape, size):
    N, C, H, W = shape
    rows, columns = H - size + 1, W - size + 1
    col = col.reshape(N, rows, columns, C, size, size).transpose(0, 3, 4, 5, 1, 2)
    x = np.zeros(shape)
    for i in range(size):
        for j in range(size):
            x[:, :, i : i + rows, j : j + columns] += col[:, :, i, j]
    return x


class Conv:
    """By im2col; samples, channels, rows and columns."""

    def __init__(self, in_channels, out_channels, size, rng):
        self.W = rng.standard_normal((out_channels, in_channels, size, size))
        self.b = rng.standard_normal(out_channels)
        self.size = size

    def forward(self, x):
        N, _, H, W = x.shape
        self.shape = x.shape
        self.col = im2col(x, self.size)
        out = self.col @ self.W.reshape(len(self.W), -1).T + self.b
        return out.reshape(N, H - self.size + 1, W - self.size + 1, -1).transpose(0, 3, 1, 2)

    def backward(self, dout):
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, len(self.W))
        self.db = np.sum(dout, axis=0)
        self.dW = (self.col.T @ dout).T.reshape(self.W.shape)
        return col2im(dout @ self.W.reshape(len(self.W), -1), self.shape, self.size)


class ConvNotTransposed(Conv):
    def backward(self, dout):
        dx = super().backward(dout)
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, len(self.W))
        self.dW = (self.col.T @ dout).reshape(self.W.shape)
        return dx


form(
    "convolution by im2col", "kept", layer(normal((2, 2, 4, 5)), 2, 3, 3), Conv,
    ("reshaped without the transpose", ConvNotTransposed, "W"),
)  # fmt: skip


class Conv1D:
    """Signals of several channels, in loops, with an update."""

    def __init__(self, channels, filters, width, rng):
        self.kernels = rng.standard_normal((filters, channels, width))
        self.biases = rng.standard_normal(filters)

    def forward(self, signal):
        self.signal = signal
        length = signal.shape[1] - self.kernels.shape[2] + 1
        out = np.zeros((len(self.kernels), length))
        for f, kernel in enumerate(self.kernels):
            for t in range(length):
                out[f, t] = np.sum(signal[:, t : t + kernel.shape[1]] * kernel) + self.biases[f]
        return out

    def backward(self, out_grad, learning_rate):
        width = self.kernels.shape[2]
        signal_grad, kernel_grad = np.zeros_like(self.signal), np.zeros_like(self.kernels)
        for f in range(out_grad.shape[0]):
            for t in range(out_grad.shape[1]):
                kernel_grad[f] += out_grad[f, t] * self.signal[:, t : t + width]
                signal_grad[:, t : t + width] += out_grad[f, t] * self.kernels[f]
        self.kernels -= learning_rate * kernel_grad
        self.biases -= learning_rate * self.bias_grad(out_grad)
        return signal_grad

    def bias_grad(self, out_grad):
        return out_grad.sum(axis=1)


class Conv1DMean(Conv1D):
    def bias_grad(self, out_grad):
        return out_grad.mean(axis=1)


form(
    "convolution of a signal with an update", "rates", layer(normal((2, 7)), 2, 3, 3), Conv1D,
    ("bias gradient averaged over the places", Conv1DMean, "biases"),
)  # fmt: skip


# ---- Pooling and shapes: layers without weights ----


class MaxPool:
    def __init__(self, size=2):
        self.size = size

    def forward(self, x):
        N, C, H, W = x.shape
        s = self.size
        blocks = x.reshape(N, C, H // s, s, W // s, s)
        out = blocks.max(axis=(3, 5))
        self.mask = blocks == out[:, :, :, None, :, None]
        self.shape = x.shape
        return out

    def backward(self, dout):
        return (self.mask * dout[:, :, :, None, :, None]).reshape(self.shape)


class MaxPoolEverywhere(MaxPool):
    def backward(self, dout):
        return np.repeat(np.repeat(dout, self.size, axis=2), self.size, axis=3)


form(
    "max pooling", "", plain(lambda rng: distinct(rng, 2, 1, 4, 6)), MaxPool,
    ("to every element of the window", MaxPoolEverywhere, "x"),
)  # fmt: skip


class AvgPool:
    def forward(self, x):
        self.shape = x.shape
        N, C, H, W = x.shape
        return x.reshape(N, C, H // 2, 2, W // 3, 3).mean(axis=(3, 5))

    def backward(self, dout):
        return np.kron(dout, np.ones((1, 1, 2, 3))) / 6


class AvgPoolSum(AvgPool):
    def backward(self, dout):
        return np.kron(dout, np.ones((1, 1, 2, 3)))


form("average pooling", "", plain(normal((2, 2, 4, 6))), AvgPool, ("not divided", AvgPoolSum, "x"))


class Flatten:
    """Channels last, as other libraries have them."""

    def forward(self, x):
        self.shape = x.shape
        return x.transpose(0, 2, 3, 1).reshape(len(x), -1)

    def backward(self, dout):
        N, C, H, W = self.shape
        return dout.reshape(N, H, W, C).transpose(0, 3, 1, 2)


class FlattenStraight(Flatten):
    def backward(self, dout):
        return dout.reshape(self.shape)


form("flatten", "", plain(normal((2, 3, 2, 5))), Flatten, ("the axes left as they are", FlattenStraight, "x"))


def bilinear_forward(image, shift):
    """An image moved by less than a pixel."""
    dy, dx = shift
    padded = np.pad(image, ((0, 1), (0, 1)))
    corners = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    weights = (1 - dy) * (1 - dx), (1 - dy) * dx, dy * (1 - dx), dy * dx
    return sum(w * c for w, c in zip(weights, corners, strict=True)), (corners, weights, shift)


def bilinear_backward(dout, cache):
    corners, (a, b, c, d), (dy, dx) = cache
    dimage = np.zeros((dout.shape[0] + 1, dout.shape[1] + 1))
    dimage[:-1, :-1] += a * dout
    dimage[:-1, 1:] += b * dout
    dimage[1:, :-1] += c * dout
    dimage[1:, 1:] += d * dout
    ddy = np.sum(dout * ((1 - dx) * (corners[2] - corners[0]) + dx * (corners[3] - corners[1])))
    ddx = np.sum(dout * ((1 - dy) * (corners[1] - corners[0]) + dy * (corners[3] - corners[2])))
    return dimage[:-1, :-1], np.array([ddy, ddx])


def bilinear_backward_swapped(dout, cache):
    dimage, dshift = bilinear_backward(dout, cache)
    return dimage, dshift[::-1]


form(
    "image moved by part of a pixel", "cache",
    pair(bilinear_forward, lambda rng: (rng.standard_normal((5, 4)), rng.uniform(0.2, 0.8, 2))), bilinear_backward,
    ("height and width exchanged", bilinear_backward_swapped, "shift"),
)  # fmt: skip
