"""Which mistakes do people make in backward passes of convolution and pooling?"""

import numpy as np
from backward_cases import distinct, function, normal
from scipy.signal import convolve2d, correlate2d


def correlate_forward(x, kernel):
    rows, columns = x.shape[0] - kernel.shape[0] + 1, x.shape[1] - kernel.shape[1] + 1
    places = np.ndindex(kernel.shape)
    return sum(x[i : i + rows, j : j + columns] * kernel[i, j] for i, j in places)


def convolve_forward(x, kernel):
    return correlate_forward(x, kernel[::-1, ::-1])


function(
    "correlation", correlate_forward,
    lambda g, out, x, kernel: (convolve2d(g, kernel, "full"), correlate2d(x, g, "valid")), normal((7, 11), (3, 5)),
    ("not flipped", "x", "operand.flipped", lambda g, out, x, kernel: correlate2d(g, kernel, "full")),
    ("g flipped for the kernel", "kernel", "operand.flipped", lambda g, out, x, *_: convolve2d(x, g, "valid")),
    ("x and g exchanged", "kernel", "layout.flipped", lambda g, out, x, *_: correlate2d(g, x, "valid")),
    ("'same' for 'full'", "x", "shape.wrong", lambda g, out, x, kernel: convolve2d(g, kernel, "same")),
    ("averaged over the places", "kernel", "scale.dimension",
     lambda g, out, x, *_: correlate2d(x, g, "valid") / out.size),
)  # fmt: skip

function(
    "convolution", convolve_forward,
    lambda g, out, x, kernel: (correlate2d(g, kernel, "full"), correlate2d(x, g, "valid")[::-1, ::-1]),
    normal((7, 11), (3, 5)),
    ("flipped", "x", "operand.flipped", lambda g, out, x, kernel: convolve2d(g, kernel, "full")),
    ("not flipped", "kernel", "layout.flipped", lambda g, out, x, *_: correlate2d(x, g, "valid")),
)  # fmt: skip


def windows(x):
    return x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2)


def spread(pooled):
    return pooled.repeat(2, axis=0).repeat(2, axis=1)


function(
    "max pooling", lambda x: np.max(windows(x), axis=(1, 3)), lambda g, out, x: (spread(g) * (x == spread(out)),),
    distinct(6, 10),
    ("to the whole window", "x", "pooling.average", lambda g, out, x: spread(g)),
    ("times the largest", "x", "factor.extra", lambda g, out, x: spread(g) * x * (x == spread(out))),
    ("shared as a mean", "x", "scale.constant", lambda g, out, x: spread(g) * (x == spread(out)) / 4),
)  # fmt: skip

function(
    "average pooling", lambda x: np.mean(windows(x), axis=(1, 3)), lambda g, out, x: (spread(g) / 4,), normal((6, 10)),
    ("divided by the side", "x", "scale.constant", lambda g, out, x: spread(g) / 2),
    ("divided by the image", "x", "scale.dimension", lambda g, out, x: spread(g) / x.size),
)  # fmt: skip
