"""Which mistakes do people make in backward passes of layers that normalise?"""

import numpy as np
from backward_cases import function, mistake, mistakes, normal, whole_mistake

EPSILON = 1e-3


def normalised(x, axis):
    centred = x - x.mean(axis=axis, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(axis=axis, keepdims=True) + EPSILON)


def normalised_back(g, x, axis, mean=1.0, variance=1.0, epsilon=EPSILON, over=None):
    """The gradient of `normalised`; the weights of its terms, its epsilon and the axis of its means can be wrong."""
    unit, over = normalised(x, axis), axis if over is None else over
    through_mean, through_variance = g.mean(axis=over, keepdims=True), (g * unit).mean(axis=over, keepdims=True)
    terms = g - mean * through_mean - variance * unit * through_variance
    return terms / np.sqrt(x.var(axis=axis, keepdims=True) + epsilon)


def norm_inputs(rng):
    """A variance that is not large beside epsilon, and gammas far from 0, from 1 and from one another."""
    return 0.3 * rng.standard_normal((7, 5)) + 0.5, rng.permutation([0.4, 0.7, -1.3, 1.8, 2.5]), rng.standard_normal(5)


batch_norm = function(
    "batch norm",
    lambda x, gamma, beta: normalised(x, 0) * gamma + beta,
    lambda g, out, x, gamma, beta: (
        normalised_back(g * gamma, x, 0),
        (g * normalised(x, 0)).sum(axis=0),
        g.sum(axis=0),
    ),
    norm_inputs,
)
layer_norm = function(
    "layer norm",
    lambda x, gamma, beta: normalised(x, 1) * gamma + beta,
    lambda g, out, x, gamma, beta: (
        normalised_back(g * gamma, x, 1),
        (g * normalised(x, 1)).sum(axis=0),
        g.sum(axis=0),
    ),
    norm_inputs,
)
for norm, along in ((batch_norm, 0), (layer_norm, 1)):
    for label, expected_rule, options in (
        ("mean taken as a constant", "path.missing", {"mean": 0.0}),
        ("variance taken as a constant", "path.missing", {"variance": 0.0}),
        ("epsilon left out", "epsilon.missing", {"epsilon": 0.0}),
        ("means over the other axis", "support.axis", {"over": 1 - along}),
    ):
        mistake(
            norm,
            label,
            "x",
            expected_rule,
            lambda g, out, x, gamma, beta, axis=along, options=options: normalised_back(g * gamma, x, axis, **options),
        )
    mistake(
        norm,
        "gamma left out",
        "x",
        "factor.missing",
        lambda g, out, x, gamma, beta, axis=along: normalised_back(g, x, axis),
    )

mistakes(
    batch_norm,
    (
        "sum instead of the mean",
        "x",
        "scale.batch",
        lambda g, out, x, gamma, *_: normalised_back(g * gamma, x, 0, mean=len(x)),
    ),
    ("x not normalised", "gamma", "operand.replaced", lambda g, out, x, *_: (g * x).sum(axis=0)),
    ("output for normalised x", "gamma", "operand.replaced", lambda g, out, *_: (g * out).sum(axis=0)),
    (
        "gamma's averaged over the batch",
        "gamma",
        "scale.batch",
        lambda g, out, x, *_: (g * normalised(x, 0)).mean(axis=0),
    ),
    (
        "without the standard deviation",
        "x",
        "factor.missing",
        lambda g, out, x, gamma, *_: normalised_back(g * gamma, x, 0) * np.sqrt(x.var(axis=0) + EPSILON),
    ),
)
mistakes(
    layer_norm,
    ("beta's not summed", "beta", "shape.not_summed", lambda g, out, *_: g),
    (
        "gamma's summed along the features",
        "gamma",
        "shape.wrong",
        lambda g, out, x, *_: (g * normalised(x, 1)).sum(axis=1),
    ),
)


def layer_norm_in_place(g, out, x, gamma, beta):
    summed = g.sum(axis=0)
    g *= gamma
    # What follows was written for the g that came in.
    return normalised_back(g, x, 1), (g * normalised(x, 1)).sum(axis=0), summed


whole_mistake(layer_norm, "multiplies g in place too early", "gamma", "mutation.upstream", layer_norm_in_place)


def length(x):
    return np.sqrt((x * x).sum(axis=-1, keepdims=True))


def unit_in_place(g, out, x):
    size = length(x)
    x /= size
    return ((g - x * (g * x).sum(axis=-1, keepdims=True)) / size,)


unit_vector = function(
    "x / norm", lambda x: x / length(x),
    lambda g, out, x: ((g - out * (g * out).sum(axis=-1, keepdims=True)) / length(x),), normal((7, 5)),
    ("norm taken as a constant", "x", "path.missing", lambda g, out, x: g / length(x)),
    ("not divided by the norm", "x", "factor.missing",
     lambda g, out, x: g - out * (g * out).sum(axis=-1, keepdims=True)),
    ("input for output", "x", "operand.replaced",
     lambda g, out, x: (g - x * (g * x).sum(axis=-1, keepdims=True)) / length(x)),
    ("sum over the batch", "x", "support.axis", lambda g, out, x: (g - out * (g * out).sum(axis=0)) / length(x)),
)  # fmt: skip
whole_mistake(unit_vector, "normalises its input in place", "x", "mutation.input", unit_in_place)
