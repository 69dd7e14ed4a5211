"""Which numbers does a metric get?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.values import plain


def numbers(prediction: Any, target: Any, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Prediction and target as arrays of real numbers.

    Args:
        prediction, target: Tensors, arrays or lists.
        name: of the metric, for messages.

    Raises:
        ValueError: for no samples.
        TypeError: for what are no real numbers, and masked arrays.
    """
    found = []
    for what, given in (("prediction", prediction), ("target", target)):
        if isinstance(given, np.ma.MaskedArray):
            raise TypeError(
                f"{name}: the {what} is a masked array of shape {given.shape}, and masks are not followed; leave "
                "masked samples out of prediction and target"
            )
        values = np.asarray(plain(given))
        if values.dtype.kind not in "biuf":
            raise TypeError(f"{name}: the {what} holds {values.dtype} (shape {values.shape}), not real numbers")
        found.append(values)
    if not found[0].size:
        raise ValueError(f"{name}: there are no samples (shape {found[0].shape})")
    return found[0], found[1]
