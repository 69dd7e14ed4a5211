"""Was a loss given real numbers of one shape, and are they numbers for which it has a meaning?"""

from __future__ import annotations

import math
import reprlib
import warnings
from typing import Any

import numpy as np

from minigrad.engine.callers import level_of_user
from minigrad.engine.stand_ins import StandIn, array_of
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain, shape_of


def alike(prediction: Any, target: Any, loss: str) -> tuple[Any, Any]:
    """Prediction and target, checked to have one shape, as floating-point values of one dtype."""
    if type(prediction) is Tensor and type(target) is np.ndarray:
        # What is most frequent, found in a fraction of the time.
        array, dtype = prediction._array, target.dtype
        if array.dtype is dtype and dtype.kind == "f" and array.shape == target.shape and target.size:
            return prediction, target
    check_real(prediction, loss, "prediction")
    check_real(target, loss, "target")
    shape, other = shape_of(prediction), shape_of(target)
    if shape != other:
        raise ValueError(
            f"{loss}: the prediction has shape {shape}, the target {other}; they must be the same"
            f"{_reshaped(shape, other)}"
        )
    if 0 in shape:
        raise ValueError(f"{loss}: there are no elements, the shape is {shape}; leave empty batches out")
    prediction = floating(prediction)
    return prediction, in_dtype(target, prediction.dtype)


def _reshaped(shape: tuple[int, ...], other: tuple[int, ...]) -> str:
    """How the target gets the shape of the prediction, where only an axis of one element is too much or missing."""
    if shape == (*other, 1):
        return ": write target[..., None]"
    return ": write target[..., 0]" if other == (*shape, 1) else ""


def warn_of_probabilities(logits: Any, loss: str, applied: str, instead: str) -> None:
    """Warn where logits are what a function gave that the loss applies itself, so that it would be applied twice.

    Args:
        logits: what the loss was given.
        loss: its name.
        applied: the name of the operation.
        instead: the loss to write for probabilities.
    """
    node = logits._node if type(logits) is Tensor else None
    if node is not None and node.op is not None and node.op.name == applied:
        warnings.warn(
            f"{loss}: the logits are what {applied} gave, and the loss applies {applied} itself; leave it out of the "
            f"model, or write {instead}",
            UserWarning,
            stacklevel=level_of_user(),
        )


def floating(values: Any) -> Any:
    """A Tensor or array of a floating dtype: negation and subtraction mean something else for other dtypes."""
    if not isinstance(values, Tensor):
        values = array_of(values)
    return values if values.dtype.kind == "f" else values.astype(float)


def in_dtype(values: Any, dtype: np.dtype[Any]) -> Any:
    """A Tensor or array of a dtype."""
    if not isinstance(values, Tensor):
        values = array_of(values)
    return values if values.dtype == dtype else values.astype(dtype)


def check_real(values: Any, loss: str, side: str) -> None:
    """Raise TypeError for anything but real numbers."""
    array = values._array if type(values) is Tensor else values
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(
            f"{loss}: the {side} is a masked array, and its mask would be lost; fill it, and give weights=, which are "
            "0 where an element does not count"
        )
    if isinstance(array, (np.ndarray, np.generic, StandIn)) and array.dtype.kind in "biuf":
        return
    try:
        kind = np.asarray(plain(values)).dtype.kind
    except ValueError:  # rows of different lengths
        kind = "O"
    if kind not in "biuf":
        hint = "; does the forward of the model return it?" if values is None and side != "target" else ""
        raise TypeError(f"{loss}: the {side} is {reprlib.repr(values)}; it has to be an array of real numbers{hint}")


def check_probabilities(values: Any, what: str, hint: str, nan_passes: bool = False) -> None:
    """Raise ValueError for numbers outside of [0, 1]."""
    array = array_of(plain(values))
    if isinstance(array, StandIn):
        array.looked_at(check_probabilities, what, hint, nan_passes)
        return
    least, most = array.min(), array.max()
    if least >= 0 and most <= 1:
        return
    if np.isnan(least):
        if not nan_passes:
            raise nan_among(what, array)
        return
    raise ValueError(f"{what} lie in [0, 1]; these go from {least:.6g} to {most:.6g}{hint}")


def without_nan(loss: Any, target: Any, name: str) -> Any:
    """The loss, unless it is NaN because the target is; the target is looked at in that case only."""
    value = loss._array if type(loss) is Tensor else plain(loss)
    if isinstance(value, StandIn):
        value.looked_at(without_nan, target, name)
        return loss
    # Only NaN differs from itself; asked of one number, this takes a tenth of the time of np.isnan.
    differs = value != value
    if (differs.any() if value.ndim else differs) and np.isnan(array := plain(target)).any():
        raise nan_among(f"{name}: targets", array)
    return loss


def nan_among(what: str, array: Any) -> ValueError:
    """The error of NaN in an array."""
    first = tuple(np.argwhere(np.isnan(array))[0].tolist())
    return ValueError(f"{what} hold NaN, first at {list(first)}; leave out samples without a target")


def check_weights(values: Any, what: str) -> None:
    """Raise ValueError for weights that are not finite, negative, or all zero; `what` names them."""
    if isinstance(values, StandIn):
        values.looked_at(check_weights, what)
        return
    least, most = values.min(), values.max()
    if least >= 0 and 0 < most < math.inf:
        return
    if np.isnan(least):
        raise ValueError(
            f"{what} hold NaN, first at {np.argwhere(np.isnan(values))[0].tolist()}; a weight of 0 leaves a place out"
        )
    if most == math.inf or least < 0:
        raise ValueError(f"{what} are finite and not negative; these go from {least:.6g} to {most:.6g}")
    raise ValueError(f"{what} are all 0, so that nothing counts; leave such a batch out")


def check_constant(values: Any, loss: str, side: str, instead: str) -> None:
    """Raise TypeError for a Tensor that requires a gradient, where none is given."""
    if isinstance(values, Tensor) and values.requires_grad:
        raise TypeError(f"{loss}: {side} requires a gradient, and a loss gives it none; write {instead}")


def number(value: Any, loss: str, name: str) -> float:
    """A parameter of a loss as a Python number, which changes no dtype."""
    if isinstance(value, (bool, np.bool)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{loss}: {name} is a number, not {reprlib.repr(value)}")
    return float(value)
