"""Which layers give one number for many: for a window of an image, or for all of it?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.engine.values import as_array, shape_of
from minigrad.nn.stateless import Stateless, Values
from minigrad.ops import avg_pool2d, max_pool2d
from minigrad.ops.manipulation.dtypes import as_floats
from minigrad.ops.nn.arguments import Padding, Pair, checked_padding, margins, pair


class _Pool(Stateless):
    """A window that slides over images (N, C, H, W)."""

    def __init__(self, size: Pair, stride: Pair | None = None) -> None:
        self.size = pair(size, f"{type(self).__name__} size")
        self.stride = self.size if stride is None else pair(stride, f"{type(self).__name__} stride")

    def __repr__(self) -> str:
        size = self.size[0] if self.size[0] == self.size[1] else self.size
        return f"{type(self).__name__}({size}{f', stride={self.stride}' if self.stride != self.size else ''})"


class MaxPool(_Pool):
    """The maximum of every window: (N, C, H, W) gives (N, C, rows, columns); windows do not overlap by default.

    Args:
        size: of a window, for both axes or (rows, columns).
        stride: the step between windows; by default the size.
        padding: "valid", "same", or how far windows reach beyond the image, as for `minigrad.conv2d`; less than the
            size. What is not there is never the largest.

    Raises:
        ValueError: for sizes below 1, or another padding; when called, for images smaller than a window.
    """

    def __init__(self, size: Pair, stride: Pair | None = None, padding: Padding = "valid") -> None:
        super().__init__(size, stride)
        checked = checked_padding(padding, "MaxPool padding")
        if not isinstance(checked, str) and any(
            margin >= length for both, length in zip(checked, self.size, strict=True) for margin in both
        ):
            raise ValueError(f"MaxPool: a padding is less than the size, {self.size}; got {padding!r}")
        self.padding = padding

    def forward(self, x: Values) -> Values:
        """max_pool2d(x padded with -inf, size)."""
        shape = shape_of(x)
        if self.padding != "valid" and len(shape) == 4:
            rows, columns = margins((shape[2], shape[3]), self.size, self.stride, self.padding)
            if rows != (0, 0) or columns != (0, 0):
                x = np.pad(as_floats(x), ((0, 0), (0, 0), rows, columns), constant_values=-np.inf)  # type: ignore[assignment]
        return max_pool2d(x, self.size, self.stride)

    def __repr__(self) -> str:
        padding = f", padding={self.padding!r}" if self.padding not in ("valid", 0, (0, 0)) else ""
        return f"{super().__repr__()[:-1]}{padding})"


class AvgPool(_Pool):
    """The mean of every window: (N, C, H, W) gives (N, C, rows, columns); windows do not overlap by default."""

    def forward(self, x: Values) -> Values:
        """avg_pool2d(x, size)."""
        return avg_pool2d(x, self.size, self.stride)


class _GlobalPool(Stateless):
    """All positions of each channel as one."""

    def _axes(self, x: Any) -> tuple[int, ...]:
        shape = shape_of(x)
        if len(shape) < 3:
            raise ValueError(f"{self!r} expects inputs of shape (N, C, ...) with at least one more axis; got {shape}")
        return tuple(range(2, len(shape)))


class GlobalAvgPool(_GlobalPool):
    """The mean of every channel: (N, C, ...) gives (N, C)."""

    def forward(self, x: Values) -> Values:
        """mean(x, all axes but two)."""
        return np.mean(x, axis=self._axes(x))  # type: ignore[no-any-return]


class GlobalMaxPool(_GlobalPool):
    """The maximum of every channel: (N, C, ...) gives (N, C)."""

    def forward(self, x: Values) -> Values:
        """max(x, all axes but two)."""
        return np.max(x, axis=self._axes(x))  # type: ignore[no-any-return]


class _AdaptivePool(Stateless):
    """Windows of such sizes that there are so many of them."""

    def __init__(self, size: Pair) -> None:
        self.size = pair(size, f"{type(self).__name__} size")

    def _windows(self, x: Any) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """The first element of each window along rows and columns, and the one after its last."""
        shape = shape_of(x)
        if len(shape) != 4 or 0 in shape[2:]:
            raise ValueError(f"{self!r} expects images of shape (N, C, H, W); got {shape}")
        rows, columns = (
            [(number * length // count, -(-(number + 1) * length // count)) for number in range(count)]
            for length, count in zip(shape[2:], self.size, strict=True)
        )
        return rows, columns

    def _over_windows(self, x: Any, reduce: Callable[..., Any]) -> Any:
        """What a mean or maximum gives for each window: along the rows first."""
        x = as_array(x)
        rows, columns = self._windows(x)
        bands = np.stack([reduce(x[:, :, first:end], axis=2) for first, end in rows], axis=2)
        return np.stack([reduce(bands[..., first:end], axis=3) for first, end in columns], axis=3)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.size[0] if self.size[0] == self.size[1] else self.size})"


class AdaptiveAvgPool(_AdaptivePool):
    """The means of so many windows: (N, C, H, W) gives (N, C, *size).

    Window i of n goes from i * H / n, rounded down, to (i + 1) * H / n, rounded up.

    Args:
        size: the number of windows, for both axes or (rows, columns).
    """

    def forward(self, x: Values) -> Values:
        """The mean of each window."""
        return self._over_windows(x, np.mean)  # type: ignore[no-any-return]


class AdaptiveMaxPool(_AdaptivePool):
    """The maxima of so many windows: (N, C, H, W) gives (N, C, *size); the windows of `AdaptiveAvgPool`.

    Args:
        size: the number of windows, for both axes or (rows, columns).
    """

    def forward(self, x: Values) -> Values:
        """The maximum of each window."""
        return self._over_windows(x, np.max)  # type: ignore[no-any-return]
