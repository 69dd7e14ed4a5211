"""Which mistakes do people make with exponentials, logarithms, roots, powers and distances?"""

import numpy as np
from backward_cases import Function, normal, positive
from mistake_cases import OPEN, slip


def log_sum_exp(x):
    top = x.max(axis=1, keepdims=True)
    return top[:, 0] + np.log(np.exp(x - top).sum(axis=1))


def log_sum_exp_right(g, out, x):
    return (g[:, None] * np.exp(x - out[:, None]),)


LOG_SUM_EXP = Function("log of a sum of exponentials", log_sum_exp, log_sum_exp_right, normal((5, 3)))


@slip(OPEN, LOG_SUM_EXP, "x", "factor.missing")
def not_divided_by_the_sum(g, out, x):
    return (g[:, None] * np.exp(x),)


def power(a, b):
    return a**b


def power_right(g, out, a, b):
    return g * b * a ** (b - 1), g * out * np.log(a)


POWER = Function("power", power, power_right, positive((5, 3), (5, 3)))


@slip(OPEN, POWER, "a", "operand.replaced", "factor.extra")
def exponent_not_lowered(g, out, a, b):
    return g * b * a**b, g * out * np.log(a)


@slip(OPEN, POWER, "b", "factor.missing")
def logarithm_forgotten(g, out, a, b):
    return g * b * a ** (b - 1), g * out


def distances(a, b):
    return ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=2)


def distances_right(g, out, a, b):
    d = 2 * g[:, :, None] * (a[:, None, :] - b[None, :, :])
    return d.sum(axis=1), -d.sum(axis=0)


DISTANCES = Function("squared distances", distances, distances_right, normal((5, 3), (7, 3)))


@slip(OPEN, DISTANCES, "b", "scale.sign")
def minus_forgotten(g, out, a, b):
    d = 2 * g[:, :, None] * (a[:, None, :] - b[None, :, :])
    return d.sum(axis=1), d.sum(axis=0)


@slip(OPEN, DISTANCES, "a", "scale.batch", "scale.dimension")
def mean_for_sum(g, out, a, b):
    d = 2 * g[:, :, None] * (a[:, None, :] - b[None, :, :])
    return d.mean(axis=1), -d.mean(axis=0)


def gaussian(x, mu, log_sigma):
    z = (x - mu) / np.exp(log_sigma)
    return np.sum(0.5 * z**2 + log_sigma + 0.5 * np.log(2 * np.pi)) / len(x)


def gaussian_right(g, out, x, mu, log_sigma):
    z = (x - mu) / np.exp(log_sigma)
    dx = g * z / np.exp(log_sigma) / len(x)
    return dx, -dx.sum(axis=0), (g * (1 - z**2) / len(x)).sum(axis=0)


GAUSSIAN = Function("gaussian likelihood", gaussian, gaussian_right, normal((7, 3), (3,), (3,), scale=0.5))


@slip(OPEN, GAUSSIAN, "log_sigma", "path.missing", "term.missing")
def normaliser_forgotten(g, out, x, mu, log_sigma):
    z = (x - mu) / np.exp(log_sigma)
    dx = g * z / np.exp(log_sigma) / len(x)
    return dx, -dx.sum(axis=0), (g * -(z**2) / len(x)).sum(axis=0)


@slip(OPEN, GAUSSIAN, "mu", "factor.missing")
def sigma_forgotten_once(g, out, x, mu, log_sigma):
    z = (x - mu) / np.exp(log_sigma)
    dx = g * z / len(x)
    return dx, -dx.sum(axis=0), (g * (1 - z**2) / len(x)).sum(axis=0)


def latent_kl(mu, log_var):
    return -0.5 * np.sum(1 + log_var - mu**2 - np.exp(log_var), axis=1)


def latent_kl_right(g, out, mu, log_var):
    return g[:, None] * mu, 0.5 * g[:, None] * (np.exp(log_var) - 1)


LATENT_KL = Function("kl of a latent code", latent_kl, latent_kl_right, normal((7, 3), (7, 3)))


@slip(OPEN, LATENT_KL, "log_var", "path.missing", "term.missing")
def minus_one_forgotten(g, out, mu, log_var):
    return g[:, None] * mu, 0.5 * g[:, None] * np.exp(log_var)


@slip(OPEN, LATENT_KL, "mu", "scale.constant")
def half_forgotten(g, out, mu, log_var):
    return 2 * g[:, None] * mu, 0.5 * g[:, None] * (np.exp(log_var) - 1)


def hypotenuse(a, b):
    return np.sqrt(a**2 + b**2)


def hypotenuse_right(g, out, a, b):
    return g * a / out, g * b / out


HYPOTENUSE = Function("hypotenuse", hypotenuse, hypotenuse_right, positive((5, 3), (5, 3)))


@slip(OPEN, HYPOTENUSE, "a", "scale.constant", "factor.missing")
def inner_two_forgotten(g, out, a, b):
    return g * a / (2 * out), g * b / (2 * out)


@slip(OPEN, HYPOTENUSE, "b", "operand.replaced", "structure.order")
def other_leg(g, out, a, b):
    return g * a / out, g * a / out


def witch(x):
    return x / (1 + x**2)


def witch_right(g, out, x):
    return (g * (1 - x**2) / (1 + x**2) ** 2,)


WITCH = Function("quotient", witch, witch_right, normal((7, 3)))


@slip(OPEN, WITCH, "x", "factor.missing")
def denominator_not_squared(g, out, x):
    return (g * (1 - x**2) / (1 + x**2),)


@slip(OPEN, WITCH, "x", "path.missing", "term.missing")
def denominator_taken_as_constant(g, out, x):
    return (g / (1 + x**2),)


def radial(x, centre):
    return np.exp(-((x[:, None] - centre[None, :]) ** 2) / (2 * 0.6**2))


def radial_right(g, out, x, centre):
    d = -g * out * (x[:, None] - centre[None, :]) / 0.6**2
    return d.sum(axis=1), -d.sum(axis=0)


RADIAL = Function("radial basis", radial, radial_right, normal((7,), (5,)))


@slip(OPEN, RADIAL, "x", "factor.missing", "scale.constant")
def width_not_squared(g, out, x, centre):
    d = -g * out * (x[:, None] - centre[None, :]) / 0.6
    return d.sum(axis=1), -d.sum(axis=0)


@slip(OPEN, RADIAL, "centre", "support.axis", "shape.wrong")
def summed_over_the_centres(g, out, x, centre):
    d = -g * out * (x[:, None] - centre[None, :]) / 0.6**2
    return d.sum(axis=1), -d.sum(axis=1)


def wave(x, amplitude):
    return amplitude * np.sin(2 * np.pi * x)


def wave_right(g, out, x, amplitude):
    return g * amplitude * 2 * np.pi * np.cos(2 * np.pi * x), (g * np.sin(2 * np.pi * x)).sum(axis=0)


WAVE = Function("wave", wave, wave_right, normal((7, 3), (3,)))


@slip(OPEN, WAVE, "x", "constant.rounded")
def pi_of_two_digits(g, out, x, amplitude):
    return g * amplitude * 2 * 3.14 * np.cos(2 * np.pi * x), (g * np.sin(2 * np.pi * x)).sum(axis=0)


@slip(OPEN, WAVE, "x", "factor.missing", "scale.constant")
def frequency_forgotten(g, out, x, amplitude):
    return g * amplitude * np.cos(2 * np.pi * x), (g * np.sin(2 * np.pi * x)).sum(axis=0)


def entropy(p):
    return -(p * np.log(p)).sum(axis=1)


def entropy_right(g, out, p):
    return (-g[:, None] * (np.log(p) + 1),)


ENTROPY = Function("entropy", entropy, entropy_right, positive((5, 3)))


@slip(OPEN, ENTROPY, "p", "path.missing", "term.missing")
def one_forgotten(g, out, p):
    return (-g[:, None] * np.log(p),)


def cubic(x, y):
    return x * x * y + y


def cubic_right(g, out, x, y):
    return 2 * g * x * y, g * (x * x + 1)


CUBIC = Function("square times y plus y", cubic, cubic_right, normal((5, 3), (5, 3)))


@slip(OPEN, CUBIC, "x", "path.missing", "scale.constant")
def second_x_forgotten(g, out, x, y):
    return g * x * y, g * (x * x + 1)


@slip(OPEN, CUBIC, "y", "upstream.nonlinear")
def upstream_squared(g, out, x, y):
    return 2 * g * x * y, g * g * (x * x + 1)
