"""How unlikely is a target, under the distribution whose parameters a model predicts?"""

from __future__ import annotations

import math
from typing import Any, Literal, overload

import numpy as np

from minigrad.engine.annotations import Array, Numbers
from minigrad.engine.stand_ins import StandIn, array_of
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain, shape_of
from minigrad.losses.checks import alike, check_real, in_dtype, nan_among, without_nan
from minigrad.losses.weighting import Reduction, Weighting, Weights
from minigrad.ops import exp, gammaln, square

_HALF_LOG_2_PI = 0.5 * math.log(2.0 * math.pi)


@overload
def gaussian_nll(
    mean: Tensor,
    target: Tensor | Numbers,
    *,
    log_variance: Tensor | Numbers,
    reduction: Reduction = "mean",
    weights: Weights = None,
) -> Tensor: ...
@overload
def gaussian_nll(
    mean: Numbers,
    target: Tensor,
    *,
    log_variance: Tensor | Numbers,
    reduction: Reduction = "mean",
    weights: Weights = None,
) -> Tensor: ...
@overload
def gaussian_nll(
    mean: Numbers,
    target: Numbers,
    *,
    log_variance: Tensor,
    reduction: Reduction = "mean",
    weights: Weights = None,
) -> Tensor: ...
@overload
def gaussian_nll(
    mean: Numbers,
    target: Numbers,
    *,
    log_variance: Numbers,
    reduction: Literal["mean", "sum"] = "mean",
    weights: Weights = None,
) -> np.floating[Any]: ...
@overload
def gaussian_nll(
    mean: Numbers, target: Numbers, *, log_variance: Numbers, reduction: Literal["none"], weights: Weights = None
) -> Array: ...


def gaussian_nll(mean: Any, target: Any, *, log_variance: Any, reduction: Any = "mean", weights: Any = None) -> Any:
    """Negative log-likelihood of normal distributions: a model that predicts how sure it is.

    For a mean m, a target y and s = log(variance) it is the mean over all elements of
    (log(2 pi) + s + (y - m)^2 exp(-s)) / 2, which is ``-scipy.stats.norm.logpdf(y, m, exp(s / 2))``.

    The model gives the logarithm of the variance, which may be any number: nothing has to be kept positive, and nothing
    is divided by a variance of almost 0.

    Nix and Weigend (1994), "Estimating the mean and variance of the target probability distribution", equation 3.

    Args:
        mean, target: of one shape, any.
        log_variance: of the same shape.
        reduction, weights: as for `mse`.

    Raises:
        ValueError: for different shapes, empty ones, targets that hold NaN, or weights that do not fit.
        TypeError: for what holds no real numbers, or weights that require a gradient.

    Examples:
        >>> print(f"{losses.gaussian_nll([0.0, 1.0], [0.0, 2.0], log_variance=[0.0, 0.0]):.6f}")
        1.168939
    """
    mean, target = alike(mean, target, "gaussian_nll")
    check_real(log_variance, "gaussian_nll", "argument log_variance")
    shape, given = shape_of(mean), shape_of(log_variance)
    if given != shape:
        raise ValueError(
            f"gaussian_nll: the mean has shape {shape}, log_variance {given}; they must be the same. For a variance "
            f"that elements share, write mg.broadcast_to(log_variance, {shape})"
        )
    log_variance = in_dtype(log_variance, mean.dtype)
    weighting = Weighting("gaussian_nll", reduction, weights, shape)
    mean, target, log_variance = (weighting.kept(values, 0.0) for values in (mean, target, log_variance))
    # The square is taken of errors in units of the deviation, which is in range where exp(-s) is not.
    terms = 0.5 * log_variance + 0.5 * square((target - mean) * exp(-0.5 * log_variance)) + _HALF_LOG_2_PI
    return without_nan(weighting.reduced(terms), target, "gaussian_nll")


@overload
def poisson_nll(
    log_rate: Tensor, target: Tensor | Numbers, *, reduction: Reduction = "mean", weights: Weights = None
) -> Tensor: ...
@overload
def poisson_nll(
    log_rate: Numbers, target: Tensor, *, reduction: Reduction = "mean", weights: Weights = None
) -> Tensor: ...
@overload
def poisson_nll(
    log_rate: Numbers, target: Numbers, *, reduction: Literal["mean", "sum"] = "mean", weights: Weights = None
) -> np.floating[Any]: ...
@overload
def poisson_nll(
    log_rate: Numbers, target: Numbers, *, reduction: Literal["none"], weights: Weights = None
) -> Array: ...


def poisson_nll(log_rate: Any, target: Any, *, reduction: Any = "mean", weights: Any = None) -> Any:
    """Negative log-likelihood of Poisson distributions: for targets that count something.

    For z = log(rate) and a target y it is the mean over all elements of exp(z) - y z + log(y!), which is
    ``-scipy.stats.poisson.logpmf(y, exp(z))``. For a target that is no whole number, log(y!) is log(gamma(y + 1)).

    McCullagh and Nelder (1989), "Generalized linear models", chapter 6: the logarithm is the canonical link.

    Args:
        log_rate: real numbers z, the logarithms of the expected counts.
        target: counts y, 0 or more, of the same shape.
        reduction, weights: as for `mse`.

    Raises:
        ValueError: for two different shapes, empty ones, targets that are negative, infinite or NaN, or weights that do
            not fit.
        TypeError: for what holds no real numbers, or weights that require a gradient.

    Examples:
        >>> print(f"{losses.poisson_nll([0.0], [2]):.6f}")
        1.693147
    """
    log_rate, target = alike(log_rate, target, "poisson_nll")
    weighting = Weighting("poisson_nll", reduction, weights, log_rate.shape)
    log_rate, target = weighting.kept(log_rate, 0.0), weighting.kept(target, 0.0)
    _check_counts(target)
    return weighting.reduced(exp(log_rate) - target * log_rate + gammaln(target + 1.0))


def _check_counts(values: Any) -> None:
    array = array_of(plain(values))
    if isinstance(array, StandIn):
        array.looked_at(_check_counts)
        return
    least, most = array.min(), array.max()
    if least >= 0 and most < math.inf:
        return
    if np.isnan(least):
        raise nan_among("poisson_nll: targets", array)
    raise ValueError(f"poisson_nll: targets are finite counts, 0 or more; these go from {least:.6g} to {most:.6g}")
