"""The types of the operations. Written by tests/stubs.py from their declarations; do not edit."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

from numpy.typing import DTypeLike

from minigrad.engine.annotations import Array, Axes, Index, Numbers, Shape
from minigrad.engine.tensor import Tensor
from minigrad.ops.nn.arguments import Padding, Pair
from minigrad.ops.linalg.det import Slogdet
from minigrad.ops.linalg.eigh import Eigh
from minigrad.ops.linalg.factorizations import QR
from minigrad.ops.linalg.svd import SVD
from minigrad.ops.signal.correlation import Mode

@overload
def abs(x: Tensor) -> Tensor:
    """|x|; the derivative at 0 is 0."""
@overload
def abs(x: Numbers) -> Array: ...
@overload
def add(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Sum of x and y."""
@overload
def add(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def add(x: Numbers, y: Numbers) -> Array: ...
@overload
def add_at(x: Tensor, index: Index, values: Tensor | Numbers) -> Tensor:
    """What x is after ``np.add.at(x, index, values)``, as a new array: where the index repeats, every value is added."""
@overload
def add_at(x: Numbers, index: Index, values: Tensor) -> Tensor: ...
@overload
def add_at(x: Numbers, index: Index, values: Numbers) -> Array: ...
@overload
def append(x: Tensor, values: Tensor | Numbers, axis: int | None = None) -> Tensor:
    """Values joined to x along an axis; both are flattened first if there is none."""
@overload
def append(x: Numbers, values: Tensor, axis: int | None = None) -> Tensor: ...
@overload
def append(x: Numbers, values: Numbers, axis: int | None = None) -> Array: ...
@overload
def apply_along_axis(func1d: Callable[..., Any], axis: int, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The results of a function on every one-dimensional slice of x along an axis, in the place of that axis."""
@overload
def apply_along_axis(func1d: Callable[..., Any], axis: int, x: Numbers, *args: Any, **kwargs: Any) -> Array: ...
@overload
def apply_over_axes(func: Callable[..., Any], x: Tensor, axes: int | Sequence[int]) -> Tensor:
    """A function called as ``func(x, axis)`` for one axis after another, each of which keeps its place."""
@overload
def apply_over_axes(func: Callable[..., Any], x: Numbers, axes: int | Sequence[int]) -> Array: ...
@overload
def arccos(x: Tensor) -> Tensor:
    """Inverse cosine of x, in radians."""
@overload
def arccos(x: Numbers) -> Array: ...
@overload
def arccosh(x: Tensor) -> Tensor:
    """Inverse hyperbolic cosine of x."""
@overload
def arccosh(x: Numbers) -> Array: ...
@overload
def arcsin(x: Tensor) -> Tensor:
    """Inverse sine of x, in radians."""
@overload
def arcsin(x: Numbers) -> Array: ...
@overload
def arcsinh(x: Tensor) -> Tensor:
    """Inverse hyperbolic sine of x."""
@overload
def arcsinh(x: Numbers) -> Array: ...
@overload
def arctan(x: Tensor) -> Tensor:
    """Inverse tangent of x, in radians."""
@overload
def arctan(x: Numbers) -> Array: ...
@overload
def arctan2(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Angle of the point with ordinate x and abscissa y, in radians; the derivatives at (0, 0) are 0."""
@overload
def arctan2(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def arctan2(x: Numbers, y: Numbers) -> Array: ...
@overload
def arctanh(x: Tensor) -> Tensor:
    """Inverse hyperbolic tangent of x."""
@overload
def arctanh(x: Numbers) -> Array: ...
@overload
def array_split(x: Tensor, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """A list of consecutive parts along an axis as in `split`; so many of them may differ in size, larger first."""
@overload
def array_split(x: Numbers, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Array]: ...
@overload
def astype(x: Tensor, dtype: DTypeLike, *, copy: bool = True) -> Tensor:
    """x in another dtype, or x itself. Gradients end at integers and booleans, which have no derivative."""
@overload
def astype(x: Numbers, dtype: DTypeLike, *, copy: bool = True) -> Array: ...
@overload
def atleast_1d(x: Tensor, /) -> Tensor:
    """An array with one axis at least; of several arrays a tuple."""
@overload
def atleast_1d(x: Numbers, /) -> Array: ...
@overload
def atleast_1d(x: Tensor | Numbers, y: Tensor | Numbers, /, *more: Tensor | Numbers) -> tuple[Any, ...]: ...
@overload
def atleast_2d(x: Tensor, /) -> Tensor:
    """An array with two axes at least, new ones before the others; of several arrays a tuple."""
@overload
def atleast_2d(x: Numbers, /) -> Array: ...
@overload
def atleast_2d(x: Tensor | Numbers, y: Tensor | Numbers, /, *more: Tensor | Numbers) -> tuple[Any, ...]: ...
@overload
def atleast_3d(x: Tensor, /) -> Tensor:
    """An array with three axes at least, new ones around a single one and behind two; of several arrays a tuple."""
@overload
def atleast_3d(x: Numbers, /) -> Array: ...
@overload
def atleast_3d(x: Tensor | Numbers, y: Tensor | Numbers, /, *more: Tensor | Numbers) -> tuple[Any, ...]: ...
@overload
def average(x: Tensor, axis: Axes = None, weights: Tensor | Numbers | None = None, returned: Literal[False] = False, *, keepdims: bool = False) -> Tensor:
    """Weighted average over the given axes, over all of them by default: sum(weights * x) / sum(weights)."""
@overload
def average(x: Numbers, axis: Axes = None, *, weights: Tensor, returned: Literal[False] = False, keepdims: bool = False) -> Tensor: ...
@overload
def average(x: Numbers, axis: Axes, weights: Tensor, returned: Literal[False] = False, *, keepdims: bool = False) -> Tensor: ...
@overload
def average(x: Numbers, axis: Axes = None, weights: Numbers | None = None, returned: Literal[False] = False, *, keepdims: bool = False) -> Array: ...
@overload
def average(x: Tensor, axis: Axes = None, weights: Tensor | Numbers | None = None, *, returned: Literal[True], keepdims: bool = False) -> tuple[Tensor, Any]: ...
@overload
def average(x: Tensor, axis: Axes, weights: Tensor | Numbers | None, returned: Literal[True], *, keepdims: bool = False) -> tuple[Tensor, Any]: ...
@overload
def average(x: Numbers, axis: Axes = None, *, weights: Tensor, returned: Literal[True], keepdims: bool = False) -> tuple[Tensor, Any]: ...
@overload
def average(x: Numbers, axis: Axes, weights: Tensor, returned: Literal[True], *, keepdims: bool = False) -> tuple[Tensor, Any]: ...
@overload
def average(x: Numbers, axis: Axes = None, weights: Numbers | None = None, *, returned: Literal[True], keepdims: bool = False) -> tuple[Array, Any]: ...
@overload
def average(x: Numbers, axis: Axes, weights: Numbers | None, returned: Literal[True], *, keepdims: bool = False) -> tuple[Array, Any]: ...
@overload
def avg_pool2d(x: Tensor, size: Pair, stride: Pair | None = None) -> Tensor:
    """The mean of every window of images (N, C, H, W); arguments and errors as for `max_pool2d`."""
@overload
def avg_pool2d(x: Numbers, size: Pair, stride: Pair | None = None) -> Array: ...
@overload
def beta(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """gamma(x) gamma(y) / gamma(x + y)."""
@overload
def beta(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def beta(x: Numbers, y: Numbers) -> Array: ...
@overload
def betaln(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Logarithm of |beta(x, y)|."""
@overload
def betaln(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def betaln(x: Numbers, y: Numbers) -> Array: ...
@overload
def bincount(x: Tensor | Numbers, weights: Tensor, minlength: int = 0) -> Tensor:
    """For 0, 1, 2, ... the sum of the weights where x is that number; without weights how often it is."""
@overload
def bincount(x: Tensor | Numbers, weights: Numbers | None = None, minlength: int = 0) -> Array: ...
@overload
def block(arrays: Sequence[Numbers] | Sequence[Sequence[Numbers]]) -> Array:  # type: ignore[overload-overlap]  # what may be Tensors and arrays may be arrays alone
    """Nested lists of arrays joined: the innermost along the last axis, those around them along the one before."""
@overload
def block(arrays: Sequence[Tensor | Numbers] | Sequence[Sequence[Tensor | Numbers]]) -> Tensor: ...
@overload
def boxcox(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """(x^y - 1) / y, and log(x) where y is 0. By y there is a derivative for x > 0, and at 0 for y > 0."""
@overload
def boxcox(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def boxcox(x: Numbers, y: Numbers) -> Array: ...
@overload
def boxcox1p(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """((1 + x)^y - 1) / y, and log(1 + x) where y is 0. By y there is a derivative for x > -1, and at -1 for y > 0."""
@overload
def boxcox1p(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def boxcox1p(x: Numbers, y: Numbers) -> Array: ...
@overload
def broadcast_arrays(*arrays: Tensor) -> tuple[Tensor, ...]:
    """All arrays repeated to the shape that they have in common by broadcasting, as a tuple."""
@overload
def broadcast_arrays(*arrays: Numbers) -> tuple[Array, ...]: ...
@overload
def broadcast_arrays(*arrays: Tensor | Numbers) -> tuple[Any, ...]: ...
@overload
def broadcast_to(x: Tensor, shape: Shape) -> Tensor:
    """x repeated to a larger shape, as broadcasting does."""
@overload
def broadcast_to(x: Numbers, shape: Shape) -> Array: ...
@overload
def cbrt(x: Tensor) -> Tensor:
    """Cube root of x."""
@overload
def cbrt(x: Numbers) -> Array: ...
@overload
def cholesky(x: Tensor, *, upper: bool = False) -> Tensor:
    """Lower triangular matrices L with ``L @ L.T = x``, or with `upper` their transposes."""
@overload
def cholesky(x: Numbers, *, upper: bool = False) -> Array: ...
@overload
def choose(a: Numbers, choices: Numbers, mode: Literal["raise", "wrap", "clip"] = "raise") -> Array:  # type: ignore[overload-overlap]  # what may be Tensors and arrays may be arrays alone
    """Elements of the choice that the integers `a` tell, all broadcast against each other."""
@overload
def choose(a: Tensor | Numbers, choices: Tensor | Sequence[Tensor | Numbers], mode: Literal["raise", "wrap", "clip"] = "raise") -> Tensor: ...
@overload
def clip(x: Tensor, a_min: Tensor | Numbers | None = None, a_max: Tensor | Numbers | None = None, *, min: Tensor | Numbers | None = None, max: Tensor | Numbers | None = None) -> Tensor:
    """x limited to the interval from `a_min` to `a_max`; at the bounds themselves the gradient passes to x."""
@overload
def clip(x: Numbers, a_min: Tensor, a_max: Tensor | Numbers | None = None, *, min: Tensor | Numbers | None = None, max: Tensor | Numbers | None = None) -> Tensor: ...
@overload
def clip(x: Numbers, a_min: Numbers | None = None, *, a_max: Tensor, min: Tensor | Numbers | None = None, max: Tensor | Numbers | None = None) -> Tensor: ...
@overload
def clip(x: Numbers, a_min: Numbers | None, a_max: Tensor, *, min: Tensor | Numbers | None = None, max: Tensor | Numbers | None = None) -> Tensor: ...
@overload
def clip(x: Numbers, a_min: Numbers | None = None, a_max: Numbers | None = None, *, min: Tensor, max: Tensor | Numbers | None = None) -> Tensor: ...
@overload
def clip(x: Numbers, a_min: Numbers | None = None, a_max: Numbers | None = None, *, min: Numbers | None = None, max: Tensor) -> Tensor: ...
@overload
def clip(x: Numbers, a_min: Numbers | None = None, a_max: Numbers | None = None, *, min: Numbers | None = None, max: Numbers | None = None) -> Array: ...
@overload
def column_stack(arrays: Sequence[Tensor]) -> Tensor:
    """Arrays joined along their second axis, vectors as columns."""
@overload
def column_stack(arrays: Sequence[Numbers]) -> Array: ...  # type: ignore[overload-overlap]  # what may be Tensors and arrays may be arrays alone
@overload
def column_stack(arrays: Sequence[Tensor | Numbers]) -> Tensor: ...
@overload
def compress(condition: Tensor | Numbers, x: Tensor, axis: int | None = None) -> Tensor:
    """The elements, or the parts along an axis, where a one-dimensional condition holds."""
@overload
def compress(condition: Tensor | Numbers, x: Numbers, axis: int | None = None) -> Array: ...
@overload
def concatenate(arrays: Sequence[Tensor], axis: int | None = 0) -> Tensor:
    """Arrays joined along an existing axis; flattened and joined if `axis` is None."""
@overload
def concatenate(arrays: Sequence[Numbers], axis: int | None = 0) -> Array: ...  # type: ignore[overload-overlap]  # what may be Tensors and arrays may be arrays alone
@overload
def concatenate(arrays: Sequence[Tensor | Numbers], axis: int | None = 0) -> Tensor: ...
@overload
def cond(x: Tensor, p: float | Literal["fro", "nuc"] | None = None) -> Tensor:
    """Condition numbers: the largest singular value divided by the smallest, or norm(x) norm(inverse of x)."""
@overload
def cond(x: Numbers, p: float | Literal["fro", "nuc"] | None = None) -> Array: ...
@overload
def conjugate(x: Tensor) -> Tensor:
    """The same numbers in an array of their own, because all are real."""
@overload
def conjugate(x: Numbers) -> Array: ...
@overload
def conv2d(x: Tensor, kernels: Tensor | Numbers, stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1, groups: int = 1) -> Tensor:
    """Cross-correlation of a batch of images with a bank of kernels: sums of `correlate2d` planes over channels."""
@overload
def conv2d(x: Numbers, kernels: Tensor, stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1, groups: int = 1) -> Tensor: ...
@overload
def conv2d(x: Numbers, kernels: Numbers, stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1, groups: int = 1) -> Array: ...
@overload
def conv2d_transpose(x: Tensor, kernels: Tensor | Numbers, size: tuple[int, int], stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1, groups: int = 1) -> Tensor:
    """Transposed convolution: every element of x adds a kernel to a larger image. The gradient of `conv2d` by images."""
@overload
def conv2d_transpose(x: Numbers, kernels: Tensor, size: tuple[int, int], stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1, groups: int = 1) -> Tensor: ...
@overload
def conv2d_transpose(x: Numbers, kernels: Numbers, size: tuple[int, int], stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1, groups: int = 1) -> Array: ...
@overload
def convolve(x: Tensor, y: Tensor | Numbers, mode: Mode = "full") -> Tensor:
    """Convolution of two sequences of N and M numbers, which are not empty."""
@overload
def convolve(x: Numbers, y: Tensor, mode: Mode = "full") -> Tensor: ...
@overload
def convolve(x: Numbers, y: Numbers, mode: Mode = "full") -> Array: ...
@overload
def convolve2d(x: Tensor, kernel: Tensor | Numbers, mode: str = "full") -> Tensor:
    """Convolution of two planes by ``scipy.signal.convolve2d``: `correlate2d` with the kernel flipped."""
@overload
def convolve2d(x: Numbers, kernel: Tensor, mode: str = "full") -> Tensor: ...
@overload
def convolve2d(x: Numbers, kernel: Numbers, mode: str = "full") -> Array: ...
@overload
def copy(x: Tensor, order: Literal['K', 'A', 'C', 'F'] = "K") -> Tensor:
    """The same elements in memory of their own, arranged in one of NumPy's orders."""
@overload
def copy(x: Numbers, order: Literal['K', 'A', 'C', 'F'] = "K") -> Array: ...
@overload
def copysign(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """|x| with the sign of y, elementwise; the derivative at x = 0 is 0, as it is by y everywhere."""
@overload
def copysign(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def copysign(x: Numbers, y: Numbers) -> Array: ...
@overload
def corrcoef(x: Tensor, y: Tensor | Numbers | None = None, rowvar: bool = True, *, dtype: DTypeLike | None = None) -> Tensor:
    """Pearson's coefficients of correlation between variables, which are given as to `cov`."""
@overload
def corrcoef(x: Numbers, y: Tensor, rowvar: bool = True, *, dtype: DTypeLike | None = None) -> Tensor: ...
@overload
def corrcoef(x: Numbers, y: Numbers | None = None, rowvar: bool = True, *, dtype: DTypeLike | None = None) -> Array: ...
@overload
def correlate(x: Tensor, y: Tensor | Numbers, mode: Mode = "valid") -> Tensor:
    """Cross-correlation of two sequences: y slides over x without being flipped. `mode` as in `convolve`."""
@overload
def correlate(x: Numbers, y: Tensor, mode: Mode = "valid") -> Tensor: ...
@overload
def correlate(x: Numbers, y: Numbers, mode: Mode = "valid") -> Array: ...
@overload
def correlate2d(x: Tensor, kernel: Tensor | Numbers, mode: str = "valid") -> Tensor:
    """Cross-correlation of two planes by ``scipy.signal.correlate2d``: the kernel slides over x without being flipped."""
@overload
def correlate2d(x: Numbers, kernel: Tensor, mode: str = "valid") -> Tensor: ...
@overload
def correlate2d(x: Numbers, kernel: Numbers, mode: str = "valid") -> Array: ...
@overload
def cos(x: Tensor) -> Tensor:
    """Cosine of x, in radians."""
@overload
def cos(x: Numbers) -> Array: ...
@overload
def cosh(x: Tensor) -> Tensor:
    """Hyperbolic cosine of x."""
@overload
def cosh(x: Numbers) -> Array: ...
@overload
def cosm1(x: Tensor) -> Tensor:
    """cos(x) - 1, exact near 0."""
@overload
def cosm1(x: Numbers) -> Array: ...
@overload
def cov(x: Tensor, y: Tensor | Numbers | None = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None, fweights: Numbers | None = None, aweights: Tensor | Numbers | None = None, *, dtype: DTypeLike | None = None) -> Tensor:
    """Covariances between variables, which are the rows of x, and of y if there is one."""
@overload
def cov(x: Numbers, y: Tensor, rowvar: bool = True, bias: bool = False, ddof: int | None = None, fweights: Numbers | None = None, aweights: Tensor | Numbers | None = None, *, dtype: DTypeLike | None = None) -> Tensor: ...
@overload
def cov(x: Numbers, y: Numbers | None = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None, fweights: Numbers | None = None, *, aweights: Tensor, dtype: DTypeLike | None = None) -> Tensor: ...
@overload
def cov(x: Numbers, y: Numbers | None, rowvar: bool, bias: bool, ddof: int | None, fweights: Numbers | None, aweights: Tensor, *, dtype: DTypeLike | None = None) -> Tensor: ...
@overload
def cov(x: Numbers, y: Numbers | None = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None, fweights: Numbers | None = None, aweights: Numbers | None = None, *, dtype: DTypeLike | None = None) -> Array: ...
@overload
def cross(x: Tensor, y: Tensor | Numbers, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor:
    """Cross product of vectors with two or three components."""
@overload
def cross(x: Numbers, y: Tensor, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor: ...
@overload
def cross(x: Numbers, y: Numbers, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Array: ...
@overload
def cumprod(x: Tensor, axis: int | None = None) -> Tensor:
    """The product of every element and those before it along an axis; of the elements in one row by default."""
@overload
def cumprod(x: Numbers, axis: int | None = None) -> Array: ...
@overload
def cumsum(x: Tensor, axis: int | None = None) -> Tensor:
    """The sum of every element and those before it along an axis; of the elements in one row by default."""
@overload
def cumsum(x: Numbers, axis: int | None = None) -> Array: ...
@overload
def cumulative_prod(x: Tensor, axis: int | None = None, include_initial: bool = False) -> Tensor:
    """`cumprod` along an axis, which only a one-dimensional x may leave out, with a 1 before it if asked for."""
@overload
def cumulative_prod(x: Numbers, axis: int | None = None, include_initial: bool = False) -> Array: ...
@overload
def cumulative_sum(x: Tensor, axis: int | None = None, include_initial: bool = False) -> Tensor:
    """`cumsum` along an axis, which only a one-dimensional x may leave out, with a 0 before it if asked for."""
@overload
def cumulative_sum(x: Numbers, axis: int | None = None, include_initial: bool = False) -> Array: ...
@overload
def dawsn(x: Tensor) -> Tensor:
    """Dawson's integral."""
@overload
def dawsn(x: Numbers) -> Array: ...
@overload
def deg2rad(x: Tensor) -> Tensor:
    """An angle of x degrees, in radians."""
@overload
def deg2rad(x: Numbers) -> Array: ...
@overload
def degrees(x: Tensor) -> Tensor:
    """An angle of x radians, in degrees."""
@overload
def degrees(x: Numbers) -> Array: ...
@overload
def delete(x: Tensor, obj: Index, axis: int | None = None) -> Tensor:
    """x without the elements, or without the parts along an axis, that have these indices."""
@overload
def delete(x: Numbers, obj: Index, axis: int | None = None) -> Array: ...
@overload
def det(x: Tensor) -> Tensor:
    """Determinants of square matrices; the first three derivatives are right for singular ones, of any rank, too."""
@overload
def det(x: Numbers) -> Array: ...
@overload
def diag(x: Tensor, k: int = 0) -> Tensor:
    """The k-th diagonal of a matrix, or the matrix of zeros that has a vector as its k-th diagonal."""
@overload
def diag(x: Numbers, k: int = 0) -> Array: ...
@overload
def diagflat(x: Tensor, k: int = 0) -> Tensor:
    """The matrix of zeros that has the elements of x as its k-th diagonal."""
@overload
def diagflat(x: Numbers, k: int = 0) -> Array: ...
@overload
def diagonal(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """A diagonal of the planes of two axes, along a new last axis."""
@overload
def diagonal(x: Numbers, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array: ...
@overload
def diff(x: Tensor, n: int = 1, axis: int = -1, prepend: Tensor | Numbers | None = None, append: Tensor | Numbers | None = None) -> Tensor:
    """Differences of neighbours along an axis, taken n times; after `prepend` and before `append` are joined to x."""
@overload
def diff(x: Numbers, n: int = 1, axis: int = -1, *, prepend: Tensor, append: Tensor | Numbers | None = None) -> Tensor: ...
@overload
def diff(x: Numbers, n: int, axis: int, prepend: Tensor, append: Tensor | Numbers | None = None) -> Tensor: ...
@overload
def diff(x: Numbers, n: int = 1, axis: int = -1, prepend: Numbers | None = None, *, append: Tensor) -> Tensor: ...
@overload
def diff(x: Numbers, n: int, axis: int, prepend: Numbers | None, append: Tensor) -> Tensor: ...
@overload
def diff(x: Numbers, n: int = 1, axis: int = -1, prepend: Numbers | None = None, append: Numbers | None = None) -> Array: ...
@overload
def digamma(x: Tensor) -> Tensor:
    """Derivative of gammaln, also called psi."""
@overload
def digamma(x: Numbers) -> Array: ...
@overload
def divide(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Quotient x / y."""
@overload
def divide(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def divide(x: Numbers, y: Numbers) -> Array: ...
@overload
def divmod(x: Tensor, y: Tensor | Numbers) -> tuple[Array, Tensor]:
    """``(floor_divide(x, y), remainder(x, y))``, elementwise; the first is constant, a plain array."""
@overload
def divmod(x: Numbers, y: Tensor) -> tuple[Array, Tensor]: ...
@overload
def divmod(x: Numbers, y: Numbers) -> tuple[Array, Array]: ...
@overload
def dot(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """NumPy's dot: the sum over the last axis of x and the last but one of y; a product if either is 0-d."""
@overload
def dot(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def dot(x: Numbers, y: Numbers) -> Array: ...
@overload
def dsplit(x: Tensor, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """A list of consecutive parts along the third axis; see `split`."""
@overload
def dsplit(x: Numbers, indices_or_sections: int | Sequence[int]) -> list[Array]: ...
@overload
def dstack(arrays: Sequence[Tensor]) -> Tensor:
    """Arrays joined along their third axis, which vectors and matrices get first."""
@overload
def dstack(arrays: Sequence[Numbers]) -> Array: ...  # type: ignore[overload-overlap]  # what may be Tensors and arrays may be arrays alone
@overload
def dstack(arrays: Sequence[Tensor | Numbers]) -> Tensor: ...
@overload
def ediff1d(x: Tensor, to_end: Tensor | Numbers | None = None, to_begin: Tensor | Numbers | None = None) -> Tensor:
    """Differences of neighbours among all elements in one row, between `to_begin` and `to_end`."""
@overload
def ediff1d(x: Numbers, to_end: Tensor, to_begin: Tensor | Numbers | None = None) -> Tensor: ...
@overload
def ediff1d(x: Numbers, to_end: Numbers | None = None, *, to_begin: Tensor) -> Tensor: ...
@overload
def ediff1d(x: Numbers, to_end: Numbers | None, to_begin: Tensor) -> Tensor: ...
@overload
def ediff1d(x: Numbers, to_end: Numbers | None = None, to_begin: Numbers | None = None) -> Array: ...
@overload
def eigh(x: Tensor, UPLO: Literal["L", "U"] = "L") -> Eigh[Tensor]:
    """Eigenvalues in ascending order and orthonormal eigenvectors of symmetric matrices."""
@overload
def eigh(x: Numbers, UPLO: Literal["L", "U"] = "L") -> Eigh[Array]: ...
@overload
def eigvalsh(x: Tensor, UPLO: Literal["L", "U"] = "L") -> Tensor:
    """Eigenvalues of symmetric matrices in ascending order."""
@overload
def eigvalsh(x: Numbers, UPLO: Literal["L", "U"] = "L") -> Array: ...
@overload
def einsum(subscripts: str | Numbers, /, *operands: Numbers, optimize: bool | str = False) -> Array:  # type: ignore[overload-overlap]  # what may be Tensors and arrays may be arrays alone
    """Sum of products over named axes, in all forms of ``np.einsum``."""
@overload
def einsum(subscripts: str | Tensor | Numbers, /, *operands: Tensor | Numbers, optimize: bool | str = False) -> Tensor: ...
@overload
def entr(x: Tensor) -> Tensor:
    """-x log(x), and 0 at 0, where the derivative is infinite."""
@overload
def entr(x: Numbers) -> Array: ...
@overload
def erf(x: Tensor) -> Tensor:
    """Error function of x."""
@overload
def erf(x: Numbers) -> Array: ...
@overload
def erfc(x: Tensor) -> Tensor:
    """1 - erf(x), exact where that would round to 0."""
@overload
def erfc(x: Numbers) -> Array: ...
@overload
def erfcinv(x: Tensor) -> Tensor:
    """Inverse of erfc."""
@overload
def erfcinv(x: Numbers) -> Array: ...
@overload
def erfcx(x: Tensor) -> Tensor:
    """exp(x^2) erfc(x)."""
@overload
def erfcx(x: Numbers) -> Array: ...
@overload
def erfi(x: Tensor) -> Tensor:
    """Imaginary error function, -i erf(ix)."""
@overload
def erfi(x: Numbers) -> Array: ...
@overload
def erfinv(x: Tensor) -> Tensor:
    """Inverse of erf."""
@overload
def erfinv(x: Numbers) -> Array: ...
@overload
def exp(x: Tensor) -> Tensor:
    """e to the power x."""
@overload
def exp(x: Numbers) -> Array: ...
@overload
def exp1(x: Tensor) -> Tensor:
    """Exponential integral E1(x)."""
@overload
def exp1(x: Numbers) -> Array: ...
@overload
def exp10(x: Tensor) -> Tensor:
    """10 to the power of x."""
@overload
def exp10(x: Numbers) -> Array: ...
@overload
def exp2(x: Tensor) -> Tensor:
    """2 to the power of x."""
@overload
def exp2(x: Numbers) -> Array: ...
@overload
def expand_dims(x: Tensor, axis: Shape) -> Tensor:
    """Axes of size 1 inserted, at these positions of the result."""
@overload
def expand_dims(x: Numbers, axis: Shape) -> Array: ...
@overload
def expi(x: Tensor) -> Tensor:
    """Exponential integral Ei(x)."""
@overload
def expi(x: Numbers) -> Array: ...
@overload
def expm1(x: Tensor) -> Tensor:
    """exp(x) - 1, exact near 0."""
@overload
def expm1(x: Numbers) -> Array: ...
@overload
def exprel(x: Tensor) -> Tensor:
    """(exp(x) - 1) / x, exact near 0, and 1 at 0."""
@overload
def exprel(x: Numbers) -> Array: ...
@overload
def extract(condition: Tensor | Numbers, x: Tensor) -> Tensor:
    """The elements of the flattened array where the flattened condition holds."""
@overload
def extract(condition: Tensor | Numbers, x: Numbers) -> Array: ...
@overload
def fabs(x: Tensor) -> Tensor:
    """|x|; the derivative at 0 is 0."""
@overload
def fabs(x: Numbers) -> Array: ...
@overload
def fftshift(x: Tensor, axes: Shape | None = None) -> Tensor:
    """The element of frequency zero moved from the start to the middle of axes, of all axes by default."""
@overload
def fftshift(x: Numbers, axes: Shape | None = None) -> Array: ...
@overload
def flip(x: Tensor, axis: Shape | None = None) -> Tensor:
    """The order of elements reversed along axes, along all of them by default."""
@overload
def flip(x: Numbers, axis: Shape | None = None) -> Array: ...
@overload
def fliplr(x: Tensor) -> Tensor:
    """The order of elements reversed along the second axis."""
@overload
def fliplr(x: Numbers) -> Array: ...
@overload
def flipud(x: Tensor) -> Tensor:
    """The order of elements reversed along the first axis."""
@overload
def flipud(x: Numbers) -> Array: ...
@overload
def float_power(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """x to the power y in float64, whatever the dtypes of x and y; see `power`."""
@overload
def float_power(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def float_power(x: Numbers, y: Numbers) -> Array: ...
@overload
def fmax(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """The larger of x and y, or the one that is not NaN; equal values share the gradient equally."""
@overload
def fmax(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def fmax(x: Numbers, y: Numbers) -> Array: ...
@overload
def fmin(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """The smaller of x and y, or the one that is not NaN; equal values share the gradient equally."""
@overload
def fmin(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def fmin(x: Numbers, y: Numbers) -> Array: ...
@overload
def fmod(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Remainder of x / y with the sign of x."""
@overload
def fmod(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def fmod(x: Numbers, y: Numbers) -> Array: ...
@overload
def frexp(x: Tensor) -> tuple[Tensor, Array]:
    """The mantissa of x, between 0.5 and 1, and the exponent of 2, elementwise."""
@overload
def frexp(x: Numbers) -> tuple[Array, Array]: ...
@overload
def full_like(x: Tensor | Numbers, fill_value: Tensor, dtype: DTypeLike | None = None, shape: int | tuple[int, ...] | None = None) -> Tensor:
    """A value, or what can be broadcast, repeated to the shape of x; in its dtype unless another is given."""
@overload
def full_like(x: Tensor | Numbers, fill_value: Numbers, dtype: DTypeLike | None = None, shape: int | tuple[int, ...] | None = None) -> Array: ...
@overload
def gamma(x: Tensor) -> Tensor:
    """Gamma function of x."""
@overload
def gamma(x: Numbers) -> Array: ...
@overload
def gammaln(x: Tensor) -> Tensor:
    """Logarithm of |gamma(x)|."""
@overload
def gammaln(x: Numbers) -> Array: ...
@overload
def gelu(x: Tensor) -> Tensor:
    """x * P(Z <= x) for a standard normal Z, elementwise: the exact form, not the approximation by tanh."""
@overload
def gelu(x: Numbers) -> Array: ...
@overload
def geomspace(start: Tensor, stop: Tensor | Numbers, num: int = 50, endpoint: bool = True, axis: int = 0) -> Tensor:
    """Numbers in equal proportions from start to stop, which have the same sign; otherwise as `linspace`."""
@overload
def geomspace(start: Numbers, stop: Tensor, num: int = 50, endpoint: bool = True, axis: int = 0) -> Tensor: ...
@overload
def geomspace(start: Numbers, stop: Numbers, num: int = 50, endpoint: bool = True, axis: int = 0) -> Array: ...
@overload
def gradient(x: Tensor, *varargs: Tensor | Numbers, axis: int, edge_order: int = 1) -> Tensor:
    """Derivatives of sampled values along axes, by second-order differences, as ``np.gradient``."""
@overload
def gradient(x: Numbers, *varargs: Tensor, axis: int, edge_order: int = 1) -> Tensor: ...
@overload
def gradient(x: Numbers, *varargs: Numbers, axis: int, edge_order: int = 1) -> Array: ...
@overload
def gradient(x: Tensor, *varargs: Tensor | Numbers, axis: int | Sequence[int] | None = None, edge_order: int = 1) -> Any: ...
@overload
def gradient(x: Numbers, *varargs: Tensor, axis: int | Sequence[int] | None = None, edge_order: int = 1) -> Any: ...
@overload
def gradient(x: Numbers, *varargs: Numbers, axis: int | Sequence[int] | None = None, edge_order: int = 1) -> Any: ...
@overload
def heaviside(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """0 for negative x, 1 for positive x, and y where x is 0, elementwise; the derivative by x is 0."""
@overload
def heaviside(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def heaviside(x: Numbers, y: Numbers) -> Array: ...
@overload
def hsplit(x: Tensor, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """A list of consecutive parts along the second axis, or along the only one; see `split`."""
@overload
def hsplit(x: Numbers, indices_or_sections: int | Sequence[int]) -> list[Array]: ...
@overload
def hstack(arrays: Sequence[Tensor]) -> Tensor:
    """Arrays joined along their second axis, or along the only one."""
@overload
def hstack(arrays: Sequence[Numbers]) -> Array: ...  # type: ignore[overload-overlap]  # what may be Tensors and arrays may be arrays alone
@overload
def hstack(arrays: Sequence[Tensor | Numbers]) -> Tensor: ...
@overload
def huber(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """y^2 / 2 for |y| up to x, and x (|y| - x / 2) beyond."""
@overload
def huber(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def huber(x: Numbers, y: Numbers) -> Array: ...
@overload
def hypot(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """sqrt(x^2 + y^2) without overflow; the derivatives at (0, 0) are 0."""
@overload
def hypot(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def hypot(x: Numbers, y: Numbers) -> Array: ...
@overload
def i0(x: Tensor) -> Tensor:
    """Modified Bessel function I of order 0, elementwise: differentiable form of ``np.i0``, too."""
@overload
def i0(x: Numbers) -> Array: ...
@overload
def i0e(x: Tensor) -> Tensor:
    """exp(-|x|) i0(x); the derivative at 0 is 0."""
@overload
def i0e(x: Numbers) -> Array: ...
@overload
def i1(x: Tensor) -> Tensor:
    """Modified Bessel function I of order 1."""
@overload
def i1(x: Numbers) -> Array: ...
@overload
def i1e(x: Tensor) -> Tensor:
    """exp(-|x|) i1(x)."""
@overload
def i1e(x: Numbers) -> Array: ...
@overload
def ifftshift(x: Tensor, axes: Shape | None = None) -> Tensor:
    """The element of frequency zero moved from the middle back to the start: the inverse of `fftshift`."""
@overload
def ifftshift(x: Numbers, axes: Shape | None = None) -> Array: ...
@overload
def inner(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Sums of products over the last axes; a product if either is 0-d."""
@overload
def inner(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def inner(x: Numbers, y: Numbers) -> Array: ...
@overload
def insert(x: Tensor, obj: Index, values: Tensor | Numbers, axis: int | None = None) -> Tensor:
    """Values put in before the elements, or before the parts along an axis, with these indices."""
@overload
def insert(x: Numbers, obj: Index, values: Tensor, axis: int | None = None) -> Tensor: ...
@overload
def insert(x: Numbers, obj: Index, values: Numbers, axis: int | None = None) -> Array: ...
@overload
def interp(x: Tensor, xp: Tensor | Numbers, fp: Tensor | Numbers, left: Tensor | Numbers | None = None, right: Tensor | Numbers | None = None, period: None = None) -> Tensor:
    """Straight lines between the points (xp, fp), at every x; differentiable by all three."""
@overload
def interp(x: Numbers, xp: Tensor, fp: Tensor | Numbers, left: Tensor | Numbers | None = None, right: Tensor | Numbers | None = None, period: None = None) -> Tensor: ...
@overload
def interp(x: Numbers, xp: Numbers, fp: Tensor, left: Tensor | Numbers | None = None, right: Tensor | Numbers | None = None, period: None = None) -> Tensor: ...
@overload
def interp(x: Numbers, xp: Numbers, fp: Numbers, left: Tensor, right: Tensor | Numbers | None = None, period: None = None) -> Tensor: ...
@overload
def interp(x: Numbers, xp: Numbers, fp: Numbers, left: Numbers | None = None, *, right: Tensor, period: None = None) -> Tensor: ...
@overload
def interp(x: Numbers, xp: Numbers, fp: Numbers, left: Numbers | None, right: Tensor, period: None = None) -> Tensor: ...
@overload
def interp(x: Numbers, xp: Numbers, fp: Numbers, left: Numbers | None = None, right: Numbers | None = None, period: None = None) -> Array: ...
@overload
def inv(x: Tensor) -> Tensor:
    """Inverses of square matrices."""
@overload
def inv(x: Numbers) -> Array: ...
@overload
def inv_boxcox(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """(1 + x y)^(1 / y), and exp(x) where y is 0: the inverse of boxcox."""
@overload
def inv_boxcox(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def inv_boxcox(x: Numbers, y: Numbers) -> Array: ...
@overload
def inv_boxcox1p(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """(1 + x y)^(1 / y) - 1, and exp(x) - 1 where y is 0: the inverse of boxcox1p."""
@overload
def inv_boxcox1p(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def inv_boxcox1p(x: Numbers, y: Numbers) -> Array: ...
@overload
def iv(v: Numbers, x: Tensor) -> Tensor:
    """Modified Bessel function I of order `v`, elementwise; the order is integers or one Python number."""
@overload
def iv(v: Numbers, x: Numbers) -> Array: ...
@overload
def ive(v: Numbers, x: Tensor) -> Tensor:
    """exp(-|x|) iv(v, x), elementwise; the order `v` is integers or one Python number."""
@overload
def ive(v: Numbers, x: Numbers) -> Array: ...
@overload
def j0(x: Tensor) -> Tensor:
    """Bessel function J of order 0."""
@overload
def j0(x: Numbers) -> Array: ...
@overload
def j1(x: Tensor) -> Tensor:
    """Bessel function J of order 1."""
@overload
def j1(x: Numbers) -> Array: ...
@overload
def jv(v: Numbers, x: Tensor) -> Tensor:
    """Bessel function J of order `v`, elementwise; the order is integers or one Python number."""
@overload
def jv(v: Numbers, x: Numbers) -> Array: ...
@overload
def k0(x: Tensor) -> Tensor:
    """Modified Bessel function K of order 0."""
@overload
def k0(x: Numbers) -> Array: ...
@overload
def k1(x: Tensor) -> Tensor:
    """Modified Bessel function K of order 1."""
@overload
def k1(x: Numbers) -> Array: ...
@overload
def kl_div(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """x log(x / y) - x + y, and y where x is 0; the derivatives at (0, 0) are 0 and 1."""
@overload
def kl_div(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def kl_div(x: Numbers, y: Numbers) -> Array: ...
@overload
def kron(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Kronecker product: every element of x replaced by its product with y."""
@overload
def kron(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def kron(x: Numbers, y: Numbers) -> Array: ...
@overload
def kv(v: Numbers, x: Tensor) -> Tensor:
    """Modified Bessel function K of order `v`, elementwise; the order is integers or one Python number."""
@overload
def kv(v: Numbers, x: Numbers) -> Array: ...
@overload
def ldexp(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """x * 2^y for integers y, elementwise."""
@overload
def ldexp(x: Numbers, y: Tensor | Numbers) -> Array: ...
@overload
def leaky_relu(x: Tensor, slope: float = 0.01) -> Tensor:
    """x where it is positive and slope * x elsewhere; the derivative at 0 is `slope`."""
@overload
def leaky_relu(x: Numbers, slope: float = 0.01) -> Array: ...
@overload
def linspace(start: Tensor, stop: Tensor | Numbers, num: int = 50, endpoint: bool = True, retstep: Literal[False] = False, axis: int = 0) -> Tensor:
    """Numbers at equal distances."""
@overload
def linspace(start: Numbers, stop: Tensor, num: int = 50, endpoint: bool = True, retstep: Literal[False] = False, axis: int = 0) -> Tensor: ...
@overload
def linspace(start: Numbers, stop: Numbers, num: int = 50, endpoint: bool = True, retstep: Literal[False] = False, axis: int = 0) -> Array: ...
@overload
def linspace(start: Tensor, stop: Tensor | Numbers, num: int = 50, endpoint: bool = True, *, retstep: Literal[True], axis: int = 0) -> tuple[Tensor, Tensor]: ...
@overload
def linspace(start: Tensor, stop: Tensor | Numbers, num: int, endpoint: bool, retstep: Literal[True], axis: int = 0) -> tuple[Tensor, Tensor]: ...
@overload
def linspace(start: Numbers, stop: Tensor, num: int = 50, endpoint: bool = True, *, retstep: Literal[True], axis: int = 0) -> tuple[Tensor, Tensor]: ...
@overload
def linspace(start: Numbers, stop: Tensor, num: int, endpoint: bool, retstep: Literal[True], axis: int = 0) -> tuple[Tensor, Tensor]: ...
@overload
def linspace(start: Numbers, stop: Numbers, num: int = 50, endpoint: bool = True, *, retstep: Literal[True], axis: int = 0) -> tuple[Array, Array]: ...
@overload
def linspace(start: Numbers, stop: Numbers, num: int, endpoint: bool, retstep: Literal[True], axis: int = 0) -> tuple[Array, Array]: ...
@overload
def log(x: Tensor) -> Tensor:
    """Natural logarithm of x."""
@overload
def log(x: Numbers) -> Array: ...
@overload
def log10(x: Tensor) -> Tensor:
    """Logarithm to base 10."""
@overload
def log10(x: Numbers) -> Array: ...
@overload
def log1p(x: Tensor) -> Tensor:
    """log(1 + x), exact near 0."""
@overload
def log1p(x: Numbers) -> Array: ...
@overload
def log2(x: Tensor) -> Tensor:
    """Logarithm to base 2."""
@overload
def log2(x: Numbers) -> Array: ...
@overload
def log_ndtr(x: Tensor) -> Tensor:
    """log(ndtr(x)), exact where ndtr(x) would round to 0 or 1."""
@overload
def log_ndtr(x: Numbers) -> Array: ...
@overload
def log_sigmoid(x: Tensor) -> Tensor:
    """log(sigmoid(x)), exact where sigmoid(x) would round to 0 or 1."""
@overload
def log_sigmoid(x: Numbers) -> Array: ...
@overload
def log_softmax(x: Tensor, axis: Axes = -1) -> Tensor:
    """log(softmax(x)) along an axis, exact where softmax would round to 0."""
@overload
def log_softmax(x: Numbers, axis: Axes = -1) -> Array: ...
@overload
def logaddexp(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """log(exp(x) + exp(y)) without overflow; equal infinities share the gradient equally."""
@overload
def logaddexp(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def logaddexp(x: Numbers, y: Numbers) -> Array: ...
@overload
def logaddexp2(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """log2(2^x + 2^y) without overflow; equal infinities share the gradient equally."""
@overload
def logaddexp2(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def logaddexp2(x: Numbers, y: Numbers) -> Array: ...
@overload
def logit(x: Tensor) -> Tensor:
    """log(x / (1 - x)), the inverse of sigmoid."""
@overload
def logit(x: Numbers) -> Array: ...
@overload
def logspace(start: Tensor, stop: Tensor | Numbers, num: int = 50, endpoint: bool = True, base: Tensor | Numbers = 10.0, axis: int = 0) -> Tensor:
    """The powers of a base, to exponents as from `linspace`."""
@overload
def logspace(start: Numbers, stop: Tensor, num: int = 50, endpoint: bool = True, base: Tensor | Numbers = 10.0, axis: int = 0) -> Tensor: ...
@overload
def logspace(start: Numbers, stop: Numbers, num: int = 50, endpoint: bool = True, *, base: Tensor, axis: int = 0) -> Tensor: ...
@overload
def logspace(start: Numbers, stop: Numbers, num: int, endpoint: bool, base: Tensor, axis: int = 0) -> Tensor: ...
@overload
def logspace(start: Numbers, stop: Numbers, num: int = 50, endpoint: bool = True, base: Numbers = 10.0, axis: int = 0) -> Array: ...
@overload
def logsumexp(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))) over the given axes, without overflow."""
@overload
def logsumexp(x: Numbers, axis: Axes = None, keepdims: bool = False) -> Array: ...
@overload
def lstsq(x: Tensor, y: Tensor | Numbers, rcond: Numbers | None = None) -> tuple[Tensor, Any, int, Tensor]:
    """The z for which ``x @ z`` is nearest to y, and the shortest of these where x has more columns than rows."""
@overload
def lstsq(x: Numbers, y: Tensor, rcond: Numbers | None = None) -> tuple[Tensor, Any, int, Tensor]: ...
@overload
def lstsq(x: Numbers, y: Numbers, rcond: Numbers | None = None) -> tuple[Array, Any, int, Array]: ...
@overload
def matmul(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Matrix product ``x @ y``: shapes (..., n, k) and (..., k, m) give (..., n, m); vectors as in NumPy."""
@overload
def matmul(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def matmul(x: Numbers, y: Numbers) -> Array: ...
@overload
def matrix_diagonal(x: Tensor, offset: int = 0) -> Tensor:
    """The diagonals of matrices, `offset` to the right of the main one; shape (..., m, n) gives (..., k)."""
@overload
def matrix_diagonal(x: Numbers, offset: int = 0) -> Array: ...
@overload
def matrix_norm(x: Tensor, keepdims: bool = False, ord: float | Literal["fro", "nuc"] | None = "fro") -> Tensor:
    """Norms of matrices along the last two axes, as `norm` describes them."""
@overload
def matrix_norm(x: Numbers, keepdims: bool = False, ord: float | Literal["fro", "nuc"] | None = "fro") -> Array: ...
@overload
def matrix_power(x: Tensor, n: int) -> Tensor:
    """Square matrices multiplied n times by themselves; inverted first where n is negative."""
@overload
def matrix_power(x: Numbers, n: int) -> Array: ...
@overload
def matrix_trace(x: Tensor, offset: int = 0) -> Tensor:
    """The sums of the diagonals of matrices, `offset` to the right of the main one."""
@overload
def matrix_trace(x: Numbers, offset: int = 0) -> Array: ...
@overload
def matrix_transpose(x: Tensor) -> Tensor:
    """The last two axes exchanged."""
@overload
def matrix_transpose(x: Numbers) -> Array: ...
@overload
def matvec(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Matrices times vectors: shapes (..., n, k) and (..., k) give (..., n)."""
@overload
def matvec(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def matvec(x: Numbers, y: Numbers) -> Array: ...
@overload
def max(x: Tensor, axis: Axes = None, keepdims: bool = False, *, initial: float | None = None, where: Numbers = True) -> Tensor:
    """Maximum over the given axes of `initial` and the elements where `where` is true; ties share the gradient."""
@overload
def max(x: Numbers, axis: Axes = None, keepdims: bool = False, *, initial: float | None = None, where: Numbers = True) -> Array: ...
@overload
def max_pool2d(x: Tensor, size: Pair, stride: Pair | None = None) -> Tensor:
    """The maximum of every window of images (N, C, H, W); tied maxima share the gradient equally."""
@overload
def max_pool2d(x: Numbers, size: Pair, stride: Pair | None = None) -> Array: ...
@overload
def maximum(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """The larger of x and y; equal values share the gradient equally."""
@overload
def maximum(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def maximum(x: Numbers, y: Numbers) -> Array: ...
@overload
def mean(x: Tensor, axis: Axes = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, where: Numbers = True) -> Tensor:
    """Arithmetic mean over the given axes, over all of them by default, of the elements where `where` is true."""
@overload
def mean(x: Numbers, axis: Axes = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, where: Numbers = True) -> Array: ...
@overload
def median(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Median over the given axes, the mean of the two middle values of an even number; ties share the gradient."""
@overload
def median(x: Numbers, axis: Axes = None, keepdims: bool = False) -> Array: ...
@overload
def meshgrid(*arrays: Tensor, copy: bool = True, sparse: bool = False, indexing: Literal['xy', 'ij'] = "xy") -> tuple[Tensor, ...]:
    """The coordinates of a grid, as a tuple of one array for each axis."""
@overload
def meshgrid(*arrays: Numbers, copy: bool = True, sparse: bool = False, indexing: Literal['xy', 'ij'] = "xy") -> tuple[Array, ...]: ...
@overload
def meshgrid(*arrays: Tensor | Numbers, copy: bool = True, sparse: bool = False, indexing: Literal['xy', 'ij'] = "xy") -> tuple[Any, ...]: ...
@overload
def min(x: Tensor, axis: Axes = None, keepdims: bool = False, *, initial: float | None = None, where: Numbers = True) -> Tensor:
    """Minimum over the given axes of `initial` and the elements where `where` is true; ties share the gradient."""
@overload
def min(x: Numbers, axis: Axes = None, keepdims: bool = False, *, initial: float | None = None, where: Numbers = True) -> Array: ...
@overload
def minimum(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """The smaller of x and y; equal values share the gradient equally."""
@overload
def minimum(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def minimum(x: Numbers, y: Numbers) -> Array: ...
@overload
def modf(x: Tensor) -> tuple[Tensor, Array]:
    """The fractional and the integral part of x, elementwise; the second is constant, a plain array."""
@overload
def modf(x: Numbers) -> tuple[Array, Array]: ...
@overload
def moveaxis(x: Tensor, source: Shape, destination: Shape) -> Tensor:
    """Axes moved to new positions, the others kept in order."""
@overload
def moveaxis(x: Numbers, source: Shape, destination: Shape) -> Array: ...
@overload
def multi_dot(arrays: Sequence[Tensor]) -> Tensor:
    """The product of two or more matrices in the order that takes the fewest multiplications of numbers."""
@overload
def multi_dot(arrays: Sequence[Numbers]) -> Array: ...  # type: ignore[overload-overlap]  # what may be Tensors and arrays may be arrays alone
@overload
def multi_dot(arrays: Sequence[Tensor | Numbers]) -> Tensor: ...
@overload
def multiply(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Product of x and y."""
@overload
def multiply(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def multiply(x: Numbers, y: Numbers) -> Array: ...
@overload
def nan_to_num(x: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """x with NaN and infinities replaced, elementwise, the latter by the largest numbers; their gradient is 0."""
@overload
def nan_to_num(x: Numbers, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Array: ...
@overload
def nancumprod(x: Tensor, axis: int | None = None) -> Tensor:
    """`cumprod` with NaN taken as 1."""
@overload
def nancumprod(x: Numbers, axis: int | None = None) -> Array: ...
@overload
def nancumsum(x: Tensor, axis: int | None = None) -> Tensor:
    """`cumsum` with NaN taken as 0."""
@overload
def nancumsum(x: Numbers, axis: int | None = None) -> Array: ...
@overload
def nanmax(x: Tensor, axis: Axes = None, keepdims: bool = False, *, initial: float | None = None, where: Numbers = True) -> Tensor:
    """`max` of what is not NaN; tied maxima share the gradient, and that of NaN is 0."""
@overload
def nanmax(x: Numbers, axis: Axes = None, keepdims: bool = False, *, initial: float | None = None, where: Numbers = True) -> Array: ...
@overload
def nanmean(x: Tensor, axis: Axes = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, where: Numbers = True) -> Tensor:
    """`mean` of what is not NaN; the gradient of NaN is 0."""
@overload
def nanmean(x: Numbers, axis: Axes = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, where: Numbers = True) -> Array: ...
@overload
def nanmedian(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """`median` of what is not NaN; the gradient of NaN is 0."""
@overload
def nanmedian(x: Numbers, axis: Axes = None, keepdims: bool = False) -> Array: ...
@overload
def nanmin(x: Tensor, axis: Axes = None, keepdims: bool = False, *, initial: float | None = None, where: Numbers = True) -> Tensor:
    """`min` of what is not NaN; tied minima share the gradient, and that of NaN is 0."""
@overload
def nanmin(x: Numbers, axis: Axes = None, keepdims: bool = False, *, initial: float | None = None, where: Numbers = True) -> Array: ...
@overload
def nanpercentile(x: Tensor, q: Numbers, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """`nanquantile` of q / 100."""
@overload
def nanpercentile(x: Numbers, q: Numbers, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Array: ...
@overload
def nanprod(x: Tensor, axis: Axes = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, initial: float | None = None, where: Numbers = True) -> Tensor:
    """`prod` of what is not NaN; the gradient of NaN is 0."""
@overload
def nanprod(x: Numbers, axis: Axes = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, initial: float | None = None, where: Numbers = True) -> Array: ...
@overload
def nanquantile(x: Tensor, q: Numbers, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """`quantile` of what is not NaN; the gradient of NaN is 0."""
@overload
def nanquantile(x: Numbers, q: Numbers, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Array: ...
@overload
def nanstd(x: Tensor, axis: Axes = None, ddof: float = 0, keepdims: bool = False, *, dtype: DTypeLike | None = None, where: Numbers = True, correction: float | None = None) -> Tensor:
    """`std` of what is not NaN; NaN, with gradient 0, of slices that have no more than `ddof` such elements."""
@overload
def nanstd(x: Numbers, axis: Axes = None, ddof: float = 0, keepdims: bool = False, *, dtype: DTypeLike | None = None, where: Numbers = True, correction: float | None = None) -> Array: ...
@overload
def nansum(x: Tensor, axis: Axes = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, initial: float | None = None, where: Numbers = True) -> Tensor:
    """`sum` of what is not NaN; the gradient of NaN is 0."""
@overload
def nansum(x: Numbers, axis: Axes = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, initial: float | None = None, where: Numbers = True) -> Array: ...
@overload
def nanvar(x: Tensor, axis: Axes = None, ddof: float = 0, keepdims: bool = False, *, dtype: DTypeLike | None = None, where: Numbers = True, correction: float | None = None) -> Tensor:
    """`var` of what is not NaN; NaN, with gradient 0, of slices that have no more than `ddof` such elements."""
@overload
def nanvar(x: Numbers, axis: Axes = None, ddof: float = 0, keepdims: bool = False, *, dtype: DTypeLike | None = None, where: Numbers = True, correction: float | None = None) -> Array: ...
@overload
def ndtr(x: Tensor) -> Tensor:
    """Cumulative distribution function of the standard normal distribution."""
@overload
def ndtr(x: Numbers) -> Array: ...
@overload
def ndtri(x: Tensor) -> Tensor:
    """Inverse of ndtr: the quantiles of the standard normal distribution."""
@overload
def ndtri(x: Numbers) -> Array: ...
@overload
def negative(x: Tensor) -> Tensor:
    """Minus x."""
@overload
def negative(x: Numbers) -> Array: ...
@overload
def norm(x: Tensor, ord: float | Literal["fro", "nuc"] | None = None, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Norms of vectors along one axis or of matrices along two, or of all elements as one vector."""
@overload
def norm(x: Numbers, ord: float | Literal["fro", "nuc"] | None = None, axis: Axes = None, keepdims: bool = False) -> Array: ...
@overload
def outer(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """The products of every element of x with every element of y, as a matrix."""
@overload
def outer(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def outer(x: Numbers, y: Numbers) -> Array: ...
@overload
def pad(x: Tensor, pad_width: Numbers, mode: str = "constant", constant_values: Numbers | None = None, stat_length: Numbers | None = None, end_values: Numbers | None = None, reflect_type: str | None = None) -> Tensor:
    """x with something around it; `pad_width` is an int, (before, after) for every axis, or a dict of such by axis."""
@overload
def pad(x: Numbers, pad_width: Numbers, mode: str = "constant", constant_values: Numbers | None = None, stat_length: Numbers | None = None, end_values: Numbers | None = None, reflect_type: str | None = None) -> Array: ...
@overload
def partition(x: Tensor, kth: int | Sequence[int], axis: int | None = -1, kind: str = "introselect") -> Tensor:
    """Elements along an axis with those at `kth` where sorting would put them, and smaller ones before them."""
@overload
def partition(x: Numbers, kth: int | Sequence[int], axis: int | None = -1, kind: str = "introselect") -> Array: ...
@overload
def percentile(x: Tensor, q: Numbers, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """`quantile` of q / 100."""
@overload
def percentile(x: Numbers, q: Numbers, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Array: ...
@overload
def piecewise(x: Tensor, condlist: Numbers | Sequence[Numbers], funclist: Sequence[Callable[..., Any] | float], *args: Any, **kw: Any) -> Tensor:
    """Functions, each of the elements of x where its condition holds, put together again."""
@overload
def piecewise(x: Numbers, condlist: Numbers | Sequence[Numbers], funclist: Sequence[Callable[..., Any] | float], *args: Any, **kw: Any) -> Array: ...
@overload
def pinv(x: Tensor, rcond: Numbers | None = None, hermitian: bool = False, *, rtol: Numbers | None = ...) -> Tensor:
    """Pseudo-inverses of matrices (Moore and Penrose)."""
@overload
def pinv(x: Numbers, rcond: Numbers | None = None, hermitian: bool = False, *, rtol: Numbers | None = ...) -> Array: ...
@overload
def poly(seq_of_zeros: Tensor) -> Tensor:
    """The polynomial with these roots, and 1 as its first coefficient."""
@overload
def poly(seq_of_zeros: Numbers) -> Array: ...
@overload
def polyadd(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Sum of two polynomials."""
@overload
def polyadd(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def polyadd(x: Numbers, y: Numbers) -> Array: ...
@overload
def polyder(p: Tensor, m: int = 1) -> Tensor:
    """The derivative of a polynomial, taken m times."""
@overload
def polyder(p: Numbers, m: int = 1) -> Array: ...
@overload
def polyfit(x: Tensor, y: Tensor | Numbers, deg: int, rcond: float | None = None, w: Tensor | Numbers | None = None) -> Tensor:
    """The polynomial of a degree that comes nearest to points (x, y), by least squares."""
@overload
def polyfit(x: Numbers, y: Tensor, deg: int, rcond: float | None = None, w: Tensor | Numbers | None = None) -> Tensor: ...
@overload
def polyfit(x: Numbers, y: Numbers, deg: int, rcond: float | None = None, *, w: Tensor) -> Tensor: ...
@overload
def polyfit(x: Numbers, y: Numbers, deg: int, rcond: float | None, w: Tensor) -> Tensor: ...
@overload
def polyfit(x: Numbers, y: Numbers, deg: int, rcond: float | None = None, w: Numbers | None = None) -> Array: ...
@overload
def polygamma(n: Numbers, x: Tensor) -> Tensor:
    """Derivative of digamma of order `n`, integers of at least 0, elementwise."""
@overload
def polygamma(n: Numbers, x: Numbers) -> Array: ...
@overload
def polyint(p: Tensor, m: int = 1, k: Tensor | Numbers | None = None) -> Tensor:
    """The integral of a polynomial, taken m times."""
@overload
def polyint(p: Numbers, m: int = 1, *, k: Tensor) -> Tensor: ...
@overload
def polyint(p: Numbers, m: int, k: Tensor) -> Tensor: ...
@overload
def polyint(p: Numbers, m: int = 1, k: Numbers | None = None) -> Array: ...
@overload
def polymul(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Product of two polynomials; as in NumPy, zeros at their beginnings are cut off first, and have no gradient."""
@overload
def polymul(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def polymul(x: Numbers, y: Numbers) -> Array: ...
@overload
def polysub(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Difference of two polynomials."""
@overload
def polysub(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def polysub(x: Numbers, y: Numbers) -> Array: ...
@overload
def polyval(p: Tensor, x: Tensor | Numbers) -> Tensor:
    """The values of a polynomial at every x, by Horner's rule."""
@overload
def polyval(p: Numbers, x: Tensor) -> Tensor: ...
@overload
def polyval(p: Numbers, x: Numbers) -> Array: ...
@overload
def positive(x: Tensor) -> Tensor:
    """A copy of x."""
@overload
def positive(x: Numbers) -> Array: ...
@overload
def power(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """x to the power y. The derivative with respect to y is taken as 0 where x is 0."""
@overload
def power(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def power(x: Numbers, y: Numbers) -> Array: ...
@overload
def prod(x: Tensor, axis: Axes = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, initial: float | None = None, where: Numbers = True) -> Tensor:
    """Product over the given axes of `initial` and the elements where `where` is true."""
@overload
def prod(x: Numbers, axis: Axes = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, initial: float | None = None, where: Numbers = True) -> Array: ...
@overload
def pseudo_huber(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """x^2 (sqrt(1 + (y / x)^2) - 1): between y^2 / 2 for small y and x |y| for large."""
@overload
def pseudo_huber(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def pseudo_huber(x: Numbers, y: Numbers) -> Array: ...
@overload
def ptp(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Maximum minus minimum over the given axes; ties share the gradient equally."""
@overload
def ptp(x: Numbers, axis: Axes = None, keepdims: bool = False) -> Array: ...
@overload
def put_along_axis(x: Tensor, indices: Tensor | Numbers, values: Tensor | Numbers, axis: int | None) -> Tensor:
    """x with values put where `take_along_axis` takes from, as a new array; values are broadcast."""
@overload
def put_along_axis(x: Numbers, indices: Tensor | Numbers, values: Tensor, axis: int | None) -> Tensor: ...
@overload
def put_along_axis(x: Numbers, indices: Tensor | Numbers, values: Numbers, axis: int | None) -> Array: ...
@overload
def qr(x: Tensor, mode: Literal["reduced", "complete"] = "reduced") -> QR[Tensor]:
    """Matrices Q with orthonormal columns and upper triangular matrices R with ``Q @ R = x``."""
@overload
def qr(x: Numbers, mode: Literal["reduced", "complete"] = "reduced") -> QR[Array]: ...
@overload
def qr(x: Tensor, mode: Literal["r"]) -> Tensor: ...
@overload
def qr(x: Numbers, mode: Literal["r"]) -> Array: ...
@overload
def quantile(x: Tensor, q: Numbers, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """The values below which fractions q of the values along the given axes lie; ties share the gradient."""
@overload
def quantile(x: Numbers, q: Numbers, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Array: ...
@overload
def rad2deg(x: Tensor) -> Tensor:
    """An angle of x radians, in degrees."""
@overload
def rad2deg(x: Numbers) -> Array: ...
@overload
def radians(x: Tensor) -> Tensor:
    """An angle of x degrees, in radians."""
@overload
def radians(x: Numbers) -> Array: ...
@overload
def ravel(x: Tensor, order: Literal['C', 'F'] = "C") -> Tensor:
    """The same elements in one dimension, counted in the order "C" or "F"; see `reshape`."""
@overload
def ravel(x: Numbers, order: Literal['C', 'F'] = "C") -> Array: ...
@overload
def real(x: Tensor) -> Tensor:
    """The array itself, because all numbers in it are real."""
@overload
def real(x: Numbers) -> Array: ...
@overload
def real_if_close(x: Tensor, tol: float = 100) -> Tensor:
    """The array itself, because all numbers in it are real, whatever `tol` is."""
@overload
def real_if_close(x: Numbers, tol: float = 100) -> Array: ...
@overload
def reciprocal(x: Tensor) -> Tensor:
    """1 / x."""
@overload
def reciprocal(x: Numbers) -> Array: ...
@overload
def rel_entr(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """x log(x / y), and 0 where x is 0; the derivatives at (0, 0) are 0."""
@overload
def rel_entr(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def rel_entr(x: Numbers, y: Numbers) -> Array: ...
@overload
def relu(x: Tensor) -> Tensor:
    """max(x, 0), elementwise; the derivative at 0 is 0."""
@overload
def relu(x: Numbers) -> Array: ...
@overload
def remainder(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Remainder of x / y with the sign of y, also called mod."""
@overload
def remainder(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def remainder(x: Numbers, y: Numbers) -> Array: ...
@overload
def repeat(x: Tensor, repeats: int | Sequence[int] | Array, axis: int | None = None) -> Tensor:
    """Each element so many times, one number for all or one for each; along an axis, or of the flattened array."""
@overload
def repeat(x: Numbers, repeats: int | Sequence[int] | Array, axis: int | None = None) -> Array: ...
@overload
def reshape(x: Tensor, shape: Shape, order: Literal['C', 'F'] = "C", copy: bool | None = None) -> Tensor:
    """The same elements in another shape; one size may be -1 and is inferred."""
@overload
def reshape(x: Numbers, shape: Shape, order: Literal['C', 'F'] = "C", copy: bool | None = None) -> Array: ...
@overload
def resize(x: Tensor, new_shape: Shape) -> Tensor:
    """As many of the flattened elements as another shape takes, from the start again where there are too few."""
@overload
def resize(x: Numbers, new_shape: Shape) -> Array: ...
@overload
def roll(x: Tensor, shift: Shape, axis: Shape | None = None) -> Tensor:
    """Elements moved along axes, those beyond the end coming in again at the start; without an axis as if flat."""
@overload
def roll(x: Numbers, shift: Shape, axis: Shape | None = None) -> Array: ...
@overload
def rollaxis(x: Tensor, axis: int, start: int = 0) -> Tensor:
    """One axis moved to lie before the axis that is at `start` now, or last where that is the number of axes."""
@overload
def rollaxis(x: Numbers, axis: int, start: int = 0) -> Array: ...
@overload
def rot90(x: Tensor, k: int = 1, axes: tuple[int, int] = ...) -> Tensor:
    """x turned k times by 90 degrees in the plane of two axes, from the first of them towards the second."""
@overload
def rot90(x: Numbers, k: int = 1, axes: tuple[int, int] = ...) -> Array: ...
@overload
def select(condlist: Sequence[Numbers], choicelist: Sequence[Numbers], default: Numbers = 0) -> Array:  # type: ignore[overload-overlap]  # what may be Tensors and arrays may be arrays alone
    """Elements of the first of the choices whose condition is true, and of `default` where none is."""
@overload
def select(condlist: Sequence[Tensor | Numbers], choicelist: Sequence[Tensor | Numbers], default: Tensor | Numbers = 0) -> Tensor: ...
@overload
def set_at(x: Tensor, index: Index, values: Tensor | Numbers) -> Tensor:
    """What x is after ``x[index] = values``, as a new array; values are broadcast."""
@overload
def set_at(x: Numbers, index: Index, values: Tensor) -> Tensor: ...
@overload
def set_at(x: Numbers, index: Index, values: Numbers) -> Array: ...
@overload
def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x)), without overflow; what is smaller than the smallest normal number may be 0."""
@overload
def sigmoid(x: Numbers) -> Array: ...
@overload
def sin(x: Tensor) -> Tensor:
    """Sine of x, in radians."""
@overload
def sin(x: Numbers) -> Array: ...
@overload
def sinc(x: Tensor) -> Tensor:
    """sin(pi x) / (pi x), elementwise, and 1 at 0; its derivatives are right near 0 and at 0 itself."""
@overload
def sinc(x: Numbers) -> Array: ...
@overload
def sinh(x: Tensor) -> Tensor:
    """Hyperbolic sine of x."""
@overload
def sinh(x: Numbers) -> Array: ...
@overload
def sliding_window_view(x: Tensor, window_shape: Shape, axis: Shape | None = None) -> Tensor:
    """All windows of a shape, along new last axes; their positions count along the axes they slide over."""
@overload
def sliding_window_view(x: Numbers, window_shape: Shape, axis: Shape | None = None) -> Array: ...
@overload
def slogdet(x: Tensor) -> Slogdet[Tensor]:
    """The signs of determinants, which are constants, and the logarithms of their absolute values."""
@overload
def slogdet(x: Numbers) -> Slogdet[Array]: ...
@overload
def softmax(x: Tensor, axis: Axes = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along an axis, without overflow."""
@overload
def softmax(x: Numbers, axis: Axes = -1) -> Array: ...
@overload
def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)), elementwise, without overflow."""
@overload
def softplus(x: Numbers) -> Array: ...
@overload
def solve(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """The solutions z of ``x @ z = y``, for square matrices x; y is a vector if it has one axis, otherwise matrices."""
@overload
def solve(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def solve(x: Numbers, y: Numbers) -> Array: ...
@overload
def sort(x: Tensor, axis: int | None = -1, kind: str | None = None, *, stable: bool | None = None) -> Tensor:
    """Sorted along an axis, or all elements where it is None; equal values share their gradients equally."""
@overload
def sort(x: Numbers, axis: int | None = -1, kind: str | None = None, *, stable: bool | None = None) -> Array: ...
@overload
def spherical_jn(n: Numbers, x: Tensor) -> Tensor:
    """Spherical Bessel function j of order `n`, integers of at least 0, elementwise."""
@overload
def spherical_jn(n: Numbers, x: Numbers) -> Array: ...
@overload
def split(x: Tensor, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """A list of consecutive parts along an axis: so many equal ones, or cut before each of these indices."""
@overload
def split(x: Numbers, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Array]: ...
@overload
def sqrt(x: Tensor) -> Tensor:
    """Square root of x."""
@overload
def sqrt(x: Numbers) -> Array: ...
@overload
def square(x: Tensor) -> Tensor:
    """x times x."""
@overload
def square(x: Numbers) -> Array: ...
@overload
def squeeze(x: Tensor, axis: Axes = None) -> Tensor:
    """Axes of size 1 removed, all of them by default."""
@overload
def squeeze(x: Numbers, axis: Axes = None) -> Array: ...
@overload
def stack(arrays: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Arrays of one shape joined along a new axis."""
@overload
def stack(arrays: Sequence[Numbers], axis: int = 0) -> Array: ...  # type: ignore[overload-overlap]  # what may be Tensors and arrays may be arrays alone
@overload
def stack(arrays: Sequence[Tensor | Numbers], axis: int = 0) -> Tensor: ...
@overload
def std(x: Tensor, axis: Axes = None, ddof: float = 0, keepdims: bool = False, *, dtype: DTypeLike | None = None, where: Numbers = True, correction: float | None = None) -> Tensor:
    """Standard deviation over the given axes, the square root of `var`; of equal values it is 0, with gradient 0."""
@overload
def std(x: Numbers, axis: Axes = None, ddof: float = 0, keepdims: bool = False, *, dtype: DTypeLike | None = None, where: Numbers = True, correction: float | None = None) -> Array: ...
@overload
def subtract(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Difference x - y."""
@overload
def subtract(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def subtract(x: Numbers, y: Numbers) -> Array: ...
@overload
def sum(x: Tensor, axis: Axes = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, initial: float | None = None, where: Numbers = True) -> Tensor:
    """Sum over the given axes, over all of them by default, of the elements where `where` is true."""
@overload
def sum(x: Numbers, axis: Axes = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, initial: float | None = None, where: Numbers = True) -> Array: ...
@overload
def svd(x: Tensor, full_matrices: bool = True, compute_uv: Literal[True] = True, hermitian: bool = False) -> SVD[Tensor]:
    """Singular values in descending order, and orthonormal singular vectors, with ``U * S @ Vh = x``."""
@overload
def svd(x: Numbers, full_matrices: bool = True, compute_uv: Literal[True] = True, hermitian: bool = False) -> SVD[Array]: ...
@overload
def svd(x: Tensor, full_matrices: bool = True, *, compute_uv: Literal[False], hermitian: bool = False) -> Tensor: ...
@overload
def svd(x: Tensor, full_matrices: bool, compute_uv: Literal[False], hermitian: bool = False) -> Tensor: ...
@overload
def svd(x: Numbers, full_matrices: bool = True, *, compute_uv: Literal[False], hermitian: bool = False) -> Array: ...
@overload
def svd(x: Numbers, full_matrices: bool, compute_uv: Literal[False], hermitian: bool = False) -> Array: ...
@overload
def svdvals(x: Tensor) -> Tensor:
    """Singular values of matrices in descending order; those that are 0 within rounding have the gradient 0."""
@overload
def svdvals(x: Numbers) -> Array: ...
@overload
def swapaxes(x: Tensor, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged."""
@overload
def swapaxes(x: Numbers, axis1: int, axis2: int) -> Array: ...
@overload
def take(x: Tensor, indices: Tensor | Numbers, axis: int | None = None, mode: Literal['raise', 'wrap', 'clip'] = "raise") -> Tensor:
    """The elements, or the parts along an axis, that have these indices; of the flattened array without an axis."""
@overload
def take(x: Numbers, indices: Tensor | Numbers, axis: int | None = None, mode: Literal['raise', 'wrap', 'clip'] = "raise") -> Array: ...
@overload
def take_along_axis(x: Tensor, indices: Tensor | Numbers, axis: int | None = -1) -> Tensor:
    """Elements by their indices along an axis, as argsort and argmax give them."""
@overload
def take_along_axis(x: Numbers, indices: Tensor | Numbers, axis: int | None = -1) -> Array: ...
@overload
def tan(x: Tensor) -> Tensor:
    """Tangent of x in radians."""
@overload
def tan(x: Numbers) -> Array: ...
@overload
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent of x."""
@overload
def tanh(x: Numbers) -> Array: ...
@overload
def tensordot(x: Tensor, y: Tensor | Numbers, axes: int | Sequence[int] | Sequence[Sequence[int]] = 2) -> Tensor:
    """Sums of products over axes of both."""
@overload
def tensordot(x: Numbers, y: Tensor, axes: int | Sequence[int] | Sequence[Sequence[int]] = 2) -> Tensor: ...
@overload
def tensordot(x: Numbers, y: Numbers, axes: int | Sequence[int] | Sequence[Sequence[int]] = 2) -> Array: ...
@overload
def tensorinv(x: Tensor, ind: int = 2) -> Tensor:
    """The inverse of x as a linear map, from arrays with its last axes to arrays with its first `ind` axes."""
@overload
def tensorinv(x: Numbers, ind: int = 2) -> Array: ...
@overload
def tensorsolve(x: Tensor, y: Tensor | Numbers, axes: Sequence[int] | None = None) -> Tensor:
    """The z for which the sum of x times z over all axes of z, the last of x, is y."""
@overload
def tensorsolve(x: Numbers, y: Tensor, axes: Sequence[int] | None = None) -> Tensor: ...
@overload
def tensorsolve(x: Numbers, y: Numbers, axes: Sequence[int] | None = None) -> Array: ...
@overload
def tile(x: Tensor, reps: Shape) -> Tensor:
    """Copies of x side by side, so many along each axis; one number counts along the last."""
@overload
def tile(x: Numbers, reps: Shape) -> Array: ...
@overload
def trace(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal of the planes of two axes."""
@overload
def trace(x: Numbers, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array: ...
@overload
def transpose(x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """Axes permuted: axis i of the result is ``axes[i]`` of x; reversed by default."""
@overload
def transpose(x: Numbers, axes: Sequence[int] | None = None) -> Array: ...
@overload
def trapezoid(y: Tensor, x: Tensor | Numbers | None = None, dx: Tensor | Numbers = 1.0, axis: int = -1) -> Tensor:
    """The area under samples y along an axis, as the sum of trapezia."""
@overload
def trapezoid(y: Numbers, x: Tensor, dx: Tensor | Numbers = 1.0, axis: int = -1) -> Tensor: ...
@overload
def trapezoid(y: Numbers, x: Numbers | None = None, *, dx: Tensor, axis: int = -1) -> Tensor: ...
@overload
def trapezoid(y: Numbers, x: Numbers | None, dx: Tensor, axis: int = -1) -> Tensor: ...
@overload
def trapezoid(y: Numbers, x: Numbers | None = None, dx: Numbers = 1.0, axis: int = -1) -> Array: ...
@overload
def tril(x: Tensor, k: int = 0) -> Tensor:
    """Zeros above the k-th diagonal of the last two axes; a vector is repeated as rows first."""
@overload
def tril(x: Numbers, k: int = 0) -> Array: ...
@overload
def trim_zeros(x: Tensor, trim: str = "fb", axis: Shape | None = None) -> Tensor:
    """Without the zeros at the front ("f" in `trim`), the back ("b"), or both, along all axes or these."""
@overload
def trim_zeros(x: Numbers, trim: str = "fb", axis: Shape | None = None) -> Array: ...
@overload
def triu(x: Tensor, k: int = 0) -> Tensor:
    """Zeros below the k-th diagonal of the last two axes; a vector is repeated as rows first."""
@overload
def triu(x: Numbers, k: int = 0) -> Array: ...
@overload
def unstack(x: Tensor, axis: int = 0) -> tuple[Tensor, ...]:
    """A tuple of the parts along an axis, which they do not have any more: the inverse of `stack`."""
@overload
def unstack(x: Numbers, axis: int = 0) -> tuple[Array, ...]: ...
@overload
def unwrap(x: Tensor, discont: float | None = None, axis: int = -1, *, period: float = 6.283185307179586) -> Tensor:
    """x with multiples of `period` added, so that neighbours along an axis differ by at most half of one."""
@overload
def unwrap(x: Numbers, discont: float | None = None, axis: int = -1, *, period: float = 6.283185307179586) -> Array: ...
@overload
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of each element in a row of its own, from the highest to the zeroth, or the other way round."""
@overload
def vander(x: Numbers, N: int | None = None, increasing: bool = False) -> Array: ...
@overload
def var(x: Tensor, axis: Axes = None, ddof: float = 0, keepdims: bool = False, *, dtype: DTypeLike | None = None, where: Numbers = True, correction: float | None = None) -> Tensor:
    """Variance over the given axes of the elements where `where` is true."""
@overload
def var(x: Numbers, axis: Axes = None, ddof: float = 0, keepdims: bool = False, *, dtype: DTypeLike | None = None, where: Numbers = True, correction: float | None = None) -> Array: ...
@overload
def vdot(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Sum of the products of all elements, whatever the shapes."""
@overload
def vdot(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def vdot(x: Numbers, y: Numbers) -> Array: ...
@overload
def vecdot(x: Tensor, y: Tensor | Numbers, axis: int = -1) -> Tensor:
    """Products of vectors: the sum of x * y over one axis, the same in both, with the others broadcast."""
@overload
def vecdot(x: Numbers, y: Tensor, axis: int = -1) -> Tensor: ...
@overload
def vecdot(x: Numbers, y: Numbers, axis: int = -1) -> Array: ...
@overload
def vecmat(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """Vectors times matrices: shapes (..., k) and (..., k, n) give (..., n)."""
@overload
def vecmat(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def vecmat(x: Numbers, y: Numbers) -> Array: ...
@overload
def vector_norm(x: Tensor, axis: Axes = None, keepdims: bool = False, ord: float | Literal["fro", "nuc"] | None = 2) -> Tensor:
    """Vector norms over the given axes, over all of them by default: (sum |x|^p)^(1/p) for an `ord` p."""
@overload
def vector_norm(x: Numbers, axis: Axes = None, keepdims: bool = False, ord: float | Literal["fro", "nuc"] | None = 2) -> Array: ...
@overload
def vsplit(x: Tensor, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """A list of consecutive parts along the first of two axes or more; see `split`."""
@overload
def vsplit(x: Numbers, indices_or_sections: int | Sequence[int]) -> list[Array]: ...
@overload
def vstack(arrays: Sequence[Tensor]) -> Tensor:
    """Arrays joined along their first axis, vectors as rows."""
@overload
def vstack(arrays: Sequence[Numbers]) -> Array: ...  # type: ignore[overload-overlap]  # what may be Tensors and arrays may be arrays alone
@overload
def vstack(arrays: Sequence[Tensor | Numbers]) -> Tensor: ...
@overload
def where(condition: Tensor | Numbers, x: Tensor, y: Tensor | Numbers) -> Tensor:
    """x where `condition` is true and y elsewhere, elementwise with broadcasting."""
@overload
def where(condition: Tensor | Numbers, x: Numbers, y: Tensor) -> Tensor: ...
@overload
def where(condition: Tensor | Numbers, x: Numbers, y: Numbers) -> Array: ...
@overload
def xlog1py(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """x log(1 + y), and 0 where x is 0; at (0, -1) the derivative by y is 0."""
@overload
def xlog1py(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def xlog1py(x: Numbers, y: Numbers) -> Array: ...
@overload
def xlogy(x: Tensor, y: Tensor | Numbers) -> Tensor:
    """x log(y), and 0 where x is 0; at (0, 0) the derivative by y is 0."""
@overload
def xlogy(x: Numbers, y: Tensor) -> Tensor: ...
@overload
def xlogy(x: Numbers, y: Numbers) -> Array: ...
@overload
def y0(x: Tensor) -> Tensor:
    """Bessel function Y of order 0."""
@overload
def y0(x: Numbers) -> Array: ...
@overload
def y1(x: Tensor) -> Tensor:
    """Bessel function Y of order 1."""
@overload
def y1(x: Numbers) -> Array: ...
@overload
def yv(v: Numbers, x: Tensor) -> Tensor:
    """Bessel function Y of order `v`, elementwise; the order is integers or one Python number."""
@overload
def yv(v: Numbers, x: Numbers) -> Array: ...
