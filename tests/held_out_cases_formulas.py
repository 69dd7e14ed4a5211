"""Which mistakes with exponentials, roots, powers and distances are kept from whoever writes rules?"""

import numpy as np
from mistake_cases import HELD_OUT, slip
from mistake_cases_formulas import (
    CUBIC,
    DISTANCES,
    ENTROPY,
    GAUSSIAN,
    HYPOTENUSE,
    LATENT_KL,
    LOG_SUM_EXP,
    POWER,
    RADIAL,
    WAVE,
    WITCH,
)


@slip(HELD_OUT, LOG_SUM_EXP, "x", "support.axis")
def softmax_over_the_rows(g, out, x):
    e = np.exp(x - x.max())
    return (g[:, None] * e / e.sum(axis=0, keepdims=True),)


@slip(HELD_OUT, LOG_SUM_EXP, "x", "pooling.maximum", "approximation.formula")
def taken_for_the_maximum(g, out, x):
    return (g[:, None] * (x == x.max(axis=1, keepdims=True)),)


@slip(HELD_OUT, POWER, "a", "factor.missing")
def exponent_not_brought_down(g, out, a, b):
    return g * a ** (b - 1), g * out * np.log(a)


@slip(HELD_OUT, POWER, "b", "operand.replaced")
def logarithm_of_the_exponent(g, out, a, b):
    return g * b * a ** (b - 1), g * out * np.log(b)


@slip(HELD_OUT, DISTANCES, "a", "scale.constant", "factor.missing")
def two_forgotten(g, out, a, b):
    d = g[:, :, None] * (a[:, None, :] - b[None, :, :])
    return d.sum(axis=1), -d.sum(axis=0)


@slip(HELD_OUT, DISTANCES, "b", "support.axis", "shape.wrong")
def sums_exchanged(g, out, a, b):
    d = 2 * g[:, :, None] * (a[:, None, :] - b[None, :, :])
    return d.sum(axis=0), -d.sum(axis=1)


@slip(HELD_OUT, GAUSSIAN, "log_sigma", "path.sign")
def plus_for_the_square(g, out, x, mu, log_sigma):
    z = (x - mu) / np.exp(log_sigma)
    dx = g * z / np.exp(log_sigma) / len(x)
    return dx, -dx.sum(axis=0), (g * (1 + z**2) / len(x)).sum(axis=0)


@slip(HELD_OUT, GAUSSIAN, "mu", "scale.batch")
def mean_not_averaged(g, out, x, mu, log_sigma):
    z = (x - mu) / np.exp(log_sigma)
    dx = g * z / np.exp(log_sigma)
    return dx / len(x), -dx.sum(axis=0), (g * (1 - z**2) / len(x)).sum(axis=0)


@slip(HELD_OUT, LATENT_KL, "log_var", "operand.replaced", "factor.missing")
def exponential_forgotten(g, out, mu, log_var):
    return g[:, None] * mu, 0.5 * g[:, None] * (log_var - 1)


@slip(HELD_OUT, LATENT_KL, "mu", "scale.sign")
def sign_of_the_mean(g, out, mu, log_var):
    return -g[:, None] * mu, 0.5 * g[:, None] * (np.exp(log_var) - 1)


@slip(HELD_OUT, HYPOTENUSE, "a", "factor.missing")
def root_forgotten(g, out, a, b):
    return 2 * g * a, 2 * g * b


@slip(HELD_OUT, HYPOTENUSE, "b", "approximation.formula", "operand.replaced")
def sum_for_the_root_of_squares(g, out, a, b):
    return g * a / (a + b), g * b / (a + b)


@slip(HELD_OUT, WITCH, "x", "path.sign")
def plus_in_the_quotient_rule(g, out, x):
    return (g * (1 + 3 * x**2) / (1 + x**2) ** 2,)


@slip(HELD_OUT, WITCH, "x", "factor.missing", "path.missing")
def inner_two_of_the_square_forgotten(g, out, x):
    return (g * (1 / (1 + x**2) - x * x / (1 + x**2) ** 2),)


@slip(HELD_OUT, RADIAL, "x", "factor.missing")
def exponential_forgotten_in_the_slope(g, out, x, centre):
    d = -g * (x[:, None] - centre[None, :]) / 0.6**2
    return d.sum(axis=1), -d.sum(axis=0)


@slip(HELD_OUT, RADIAL, "centre", "scale.sign")
def sign_of_the_centre(g, out, x, centre):
    d = -g * out * (x[:, None] - centre[None, :]) / 0.6**2
    return d.sum(axis=1), d.sum(axis=0)


@slip(HELD_OUT, WAVE, "x", "operand.replaced")
def sine_for_cosine(g, out, x, amplitude):
    return g * amplitude * 2 * np.pi * np.sin(2 * np.pi * x), (g * np.sin(2 * np.pi * x)).sum(axis=0)


@slip(HELD_OUT, WAVE, "amplitude", "operand.replaced", "factor.extra")
def output_for_the_sine(g, out, x, amplitude):
    return g * amplitude * 2 * np.pi * np.cos(2 * np.pi * x), (g * out).sum(axis=0)


@slip(HELD_OUT, ENTROPY, "p", "scale.sign")
def minus_forgotten(g, out, p):
    return (g[:, None] * (np.log(p) + 1),)


@slip(HELD_OUT, ENTROPY, "p", "path.sign")
def minus_for_plus(g, out, p):
    return (-g[:, None] * (np.log(p) - 1),)


@slip(HELD_OUT, CUBIC, "y", "path.missing", "term.missing")
def linear_term_forgotten(g, out, x, y):
    return 2 * g * x * y, g * x * x


@slip(HELD_OUT, CUBIC, "x", "factor.missing")
def product_for_square(g, out, x, y):
    return 2 * g * x, g * (x * x + 1)
