"""Which mistakes do people make in backward passes of losses?"""

import numpy as np
from backward_cases import function, mistake, normal
from scipy.special import expit


def bce_inputs(rng):
    """Logits away from the kinks that the forward pass has at 0, two of them far beyond the range of exp."""
    logits = rng.choice([-1.0, 1.0], (7, 3)) * rng.uniform(0.2, 3.0, (7, 3))
    logits[0, 0], logits[3, 1] = 800.0, -800.0
    return logits, rng.integers(0, 2, (7, 3))


def overflowing(logits):
    # NaN without a warning: a backward pass that warns would be found out by the filter of the tests.
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(logits) / (1 + np.exp(logits))


bce = function(
    "bce with logits",
    lambda logits, target: (np.maximum(logits, 0.0) - logits * target + np.log1p(np.exp(-np.abs(logits)))).mean(),
    lambda g, out, logits, target: (g * (expit(logits) - target) / logits.size, None),
    bce_inputs,
)
for label, expected_rule, gradient_of_logits in (
    ("target minus prediction", "scale.sign", lambda g, p, x, t: g * (t - p) / x.size),
    ("averaged over the batch only", "scale.dimension", lambda g, p, x, t: g * (p - t) / len(x)),
    ("not averaged", "scale.dimension", lambda g, p, x, t: g * (p - t)),
    ("averaged over the outputs only", "scale.batch", lambda g, p, x, t: g * (p - t) / x.shape[1]),
    ("slope of the sigmoid once more", "factor.extra", lambda g, p, x, t: g * (p - t) * p * (1 - p) / x.size),
    ("logits for probabilities", "operand.replaced", lambda g, p, x, t: g * (x - t) / x.size),
    ("without the upstream gradient", "upstream.ignored", lambda g, p, x, t: (p - t) / x.size),
    ("exp overflows", "structure.not_finite", lambda g, p, x, t: g * (overflowing(x) - t) / x.size),
):
    mistake(
        bce,
        label,
        "logits",
        expected_rule,
        lambda g, out, logits, target, gradient=gradient_of_logits: gradient(g, expit(logits), logits, target),
    )

mse = function(
    "mse",
    lambda prediction, target: np.mean((prediction - target) ** 2),
    lambda g, out, prediction, target: (
        2 * g * (prediction - target) / target.size,
        2 * g * (target - prediction) / target.size,
    ),
    normal((7, 3), (7, 3)),
)
for label, leaf_name, expected_rule, gradient_of_pair in (
    ("no two", "prediction", "scale.constant", lambda g, p, t: g * (p - t) / t.size),
    ("target minus prediction", "prediction", "scale.sign", lambda g, p, t: 2 * g * (t - p) / t.size),
    ("averaged over the batch only", "prediction", "scale.dimension", lambda g, p, t: 2 * g * (p - t) / len(t)),
    ("averaged over the batch once more", "prediction", "scale.batch", lambda g, p, t: 2 * g * (p - t) / t.size / 7),
    ("without the upstream gradient", "prediction", "upstream.ignored", lambda g, p, t: 2 * (p - t) / t.size),
    ("difference left out", "prediction", "factor.missing", lambda g, p, t: 2 * g * np.ones_like(p) / t.size),
    ("not for the target", "target", "structure.missing", lambda g, p, t: None),
    ("the sum over the rows", "target", "shape.wrong", lambda g, p, t: 2 * g * (t - p).sum(axis=1) / t.size),
):
    mistake(
        mse,
        label,
        leaf_name,
        expected_rule,
        lambda g, out, prediction, target, gradient=gradient_of_pair: gradient(g, prediction, target),
    )
