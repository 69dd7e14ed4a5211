"""The types of the operators and methods of a Tensor. Written by tests/stubs.py; do not edit."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Self, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.engine.annotations import Array, Axes, Index, Numbers, Shape

# NumPy's stubs take a Tensor for an array of objects, of which they know nothing: what comes out is Any, mostly. If it
# were an array of numbers, `array @ tensor` would be one, too. Some functions refuse objects; minigrad's own are typed.
class Element(np.object_):  # type: ignore[misc]  # NumPy declares it final, because nobody makes one
    def __getattr__(self, name: str) -> Any: ...
    def __float__(self) -> float: ...
    def __neg__(self) -> Any: ...
    def __add__(self, other: Any, /) -> Any: ...
    def __radd__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...
    def __rsub__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __rmul__(self, other: Any, /) -> Any: ...
    def __truediv__(self, other: Any, /) -> Any: ...
    def __rtruediv__(self, other: Any, /) -> Any: ...
    def __pow__(self, other: Any, /) -> Any: ...
    def __rpow__(self, other: Any, /) -> Any: ...
    def __matmul__(self, other: Any, /) -> Any: ...
    def __rmatmul__(self, other: Any, /) -> Any: ...
    def __mod__(self, other: Any, /) -> Any: ...
    def __rmod__(self, other: Any, /) -> Any: ...
    def __lt__(self, other: Any, /) -> Any: ...
    def __le__(self, other: Any, /) -> Any: ...
    def __gt__(self, other: Any, /) -> Any: ...
    def __ge__(self, other: Any, /) -> Any: ...

class ArrayLike:
    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Element]: ...
    def __abs__(self) -> Self: ...
    def __add__(self, other: Self | Numbers, /) -> Self: ...
    def __and__(self, other: Self | Numbers, /) -> Array: ...
    def __contains__(self, value: object) -> bool: ...
    def __divmod__(self, other: Self | Numbers, /) -> tuple[Array, Self]: ...
    def __eq__(self, other: object, /) -> NDArray[np.bool]: ...  # type: ignore[override]  # elementwise, as NumPy's
    def __floordiv__(self, other: Self | Numbers, /) -> Array: ...
    def __ge__(self, other: Self | Numbers, /) -> NDArray[np.bool]: ...
    def __getitem__(self, index: Index) -> Self: ...
    def __gt__(self, other: Self | Numbers, /) -> NDArray[np.bool]: ...
    def __hash__(self) -> int: ...
    def __iadd__(self, other: Self | Numbers, /) -> Self: ...
    def __ifloordiv__(self, other: Self | Numbers, /) -> Array: ...
    def __imatmul__(self, other: Self | Numbers, /) -> Self: ...
    def __imod__(self, other: Self | Numbers, /) -> Self: ...
    def __imul__(self, other: Self | Numbers, /) -> Self: ...
    def __invert__(self) -> Array: ...
    def __ipow__(self, other: Self | Numbers, /) -> Self: ...
    def __isub__(self, other: Self | Numbers, /) -> Self: ...
    def __iter__(self) -> Iterator[Self]: ...
    def __itruediv__(self, other: Self | Numbers, /) -> Self: ...
    def __le__(self, other: Self | Numbers, /) -> NDArray[np.bool]: ...
    def __len__(self) -> int: ...
    def __lshift__(self, other: Self | Numbers, /) -> Array: ...
    def __lt__(self, other: Self | Numbers, /) -> NDArray[np.bool]: ...
    def __matmul__(self, other: Self | Numbers, /) -> Self: ...
    def __mod__(self, other: Self | Numbers, /) -> Self: ...
    def __mul__(self, other: Self | Numbers, /) -> Self: ...
    def __ne__(self, other: object, /) -> NDArray[np.bool]: ...  # type: ignore[override]  # elementwise, as NumPy's
    def __neg__(self) -> Self: ...
    def __or__(self, other: Self | Numbers, /) -> Array: ...
    def __pos__(self) -> Self: ...
    def __pow__(self, other: Self | Numbers, /) -> Self: ...
    def __radd__(self, other: Self | Numbers, /) -> Self: ...
    def __rand__(self, other: Self | Numbers, /) -> Array: ...
    def __rdivmod__(self, other: Self | Numbers, /) -> tuple[Array, Self]: ...
    def __rfloordiv__(self, other: Self | Numbers, /) -> Array: ...
    def __rlshift__(self, other: Self | Numbers, /) -> Array: ...
    def __rmatmul__(self, other: Self | Numbers, /) -> Self: ...
    def __rmod__(self, other: Self | Numbers, /) -> Self: ...
    def __rmul__(self, other: Self | Numbers, /) -> Self: ...
    def __ror__(self, other: Self | Numbers, /) -> Array: ...
    def __rpow__(self, other: Self | Numbers, /) -> Self: ...
    def __rrshift__(self, other: Self | Numbers, /) -> Array: ...
    def __rshift__(self, other: Self | Numbers, /) -> Array: ...
    def __rsub__(self, other: Self | Numbers, /) -> Self: ...
    def __rtruediv__(self, other: Self | Numbers, /) -> Self: ...
    def __rxor__(self, other: Self | Numbers, /) -> Array: ...
    def __sub__(self, other: Self | Numbers, /) -> Self: ...
    def __truediv__(self, other: Self | Numbers, /) -> Self: ...
    def __xor__(self, other: Self | Numbers, /) -> Array: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def ndim(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def real(self) -> Self: ...
    @property
    def imag(self) -> Array: ...
    @property
    def itemsize(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    @property
    def mT(self) -> Self: ...
    @property
    def T(self) -> Self: ...
    def sum(self, axis: Axes = None, dtype: DTypeLike | None = None, out: None = None, keepdims: bool = False, *, initial: float | None = None, where: Numbers = True) -> Self:
        """Sum over the given axes; see `minigrad.sum`."""
    def prod(self, axis: Axes = None, dtype: DTypeLike | None = None, out: None = None, keepdims: bool = False, *, initial: float | None = None, where: Numbers = True) -> Self:
        """Product over the given axes; see `minigrad.prod`."""
    def mean(self, axis: Axes = None, dtype: DTypeLike | None = None, out: None = None, keepdims: bool = False, *, where: Numbers = True) -> Self:
        """Arithmetic mean over the given axes; see `minigrad.mean`."""
    def var(self, axis: Axes = None, dtype: DTypeLike | None = None, out: None = None, ddof: float = 0, *, keepdims: bool = False, where: Numbers = True, correction: float | None = None) -> Self:
        """Variance over the given axes; see `minigrad.var`."""
    def std(self, axis: Axes = None, dtype: DTypeLike | None = None, out: None = None, ddof: float = 0, *, keepdims: bool = False, where: Numbers = True, correction: float | None = None) -> Self:
        """Standard deviation over the given axes; see `minigrad.std`."""
    def max(self, axis: Axes = None, out: None = None, keepdims: bool = False, *, initial: float | None = None, where: Numbers = True) -> Self:
        """Maximum over the given axes; see `minigrad.max`."""
    def min(self, axis: Axes = None, out: None = None, keepdims: bool = False, *, initial: float | None = None, where: Numbers = True) -> Self:
        """Minimum over the given axes; see `minigrad.min`."""
    def reshape(self, *shape: Shape, order: Literal["C", "F"] = "C") -> Self:
        """The same elements in another shape, given as one tuple or as several integers; one may be -1."""
    def ravel(self, order: Literal["C", "F"] = "C") -> Self:
        """The same elements in one dimension."""
    def flatten(self, order: Literal["C", "F"] = "C") -> Self:
        """A copy of the elements in one dimension."""
    def transpose(self, *axes: Shape | None) -> Self:
        """Axes permuted, reversed by default; given as one tuple or as several integers."""
    def compress(self, condition: Self | Numbers, axis: int | None = None) -> Self:
        """The slices along an axis where a condition is true; see `minigrad.compress`."""
    def conj(self) -> Self:
        """The Tensor itself, which holds real numbers."""
    def conjugate(self) -> Self:
        """The Tensor itself, which holds real numbers."""
    def copy(self, order: Literal["K", "A", "C", "F"] = "C") -> Self:
        """The same elements in memory of their own."""
    @overload
    def all(self, axis: None = None, out: None = None, keepdims: Literal[False] = False, *, where: Numbers = True) -> np.bool: ...
    @overload
    def all(self, axis: Axes = None, out: None = None, keepdims: bool = False, *, where: Numbers = True) -> Array: ...
    @overload
    def any(self, axis: None = None, out: None = None, keepdims: Literal[False] = False, *, where: Numbers = True) -> np.bool: ...
    @overload
    def any(self, axis: Axes = None, out: None = None, keepdims: bool = False, *, where: Numbers = True) -> Array: ...
    @overload
    def argmax(self, axis: None = None, out: None = None, *, keepdims: Literal[False] = False) -> np.intp: ...
    @overload
    def argmax(self, axis: int | None = None, out: None = None, *, keepdims: bool = False) -> Array: ...
    @overload
    def argmin(self, axis: None = None, out: None = None, *, keepdims: Literal[False] = False) -> np.intp: ...
    @overload
    def argmin(self, axis: int | None = None, out: None = None, *, keepdims: bool = False) -> Array: ...
    def argpartition(self, kth: int | Sequence[int], axis: int | None = -1) -> NDArray[np.intp]: ...
    def argsort(self, axis: int | None = -1, kind: str | None = None) -> NDArray[np.intp]: ...
    def choose(self, choices: Self | Sequence[Self | Numbers], mode: Literal["raise", "wrap", "clip"] = "raise") -> Self: ...
    def nonzero(self) -> tuple[NDArray[np.intp], ...]: ...
    def round(self, decimals: int = 0) -> Array: ...
    def searchsorted(self, v: Numbers, side: Literal["left", "right"] = "left", sorter: Array | None = None) -> Any: ...
    def abs(self) -> Self:
        """|x|; the derivative at 0 is 0."""
    def arccos(self) -> Self:
        """Inverse cosine of x, in radians."""
    def arccosh(self) -> Self:
        """Inverse hyperbolic cosine of x."""
    def arcsin(self) -> Self:
        """Inverse sine of x, in radians."""
    def arcsinh(self) -> Self:
        """Inverse hyperbolic sine of x."""
    def arctan(self) -> Self:
        """Inverse tangent of x, in radians."""
    def arctanh(self) -> Self:
        """Inverse hyperbolic tangent of x."""
    def astype(self, dtype: DTypeLike, *, copy: bool = True) -> Self:
        """x in another dtype, or x itself. Gradients end at integers and booleans, which have no derivative."""
    def cbrt(self) -> Self:
        """Cube root of x."""
    def clip(self, a_min: Self | Numbers | None = None, a_max: Self | Numbers | None = None, *, min: Self | Numbers | None = None, max: Self | Numbers | None = None) -> Self:
        """x limited to the interval from `a_min` to `a_max`; at the bounds themselves the gradient passes to x."""
    def cos(self) -> Self:
        """Cosine of x, in radians."""
    def cosh(self) -> Self:
        """Hyperbolic cosine of x."""
    def cosm1(self) -> Self:
        """cos(x) - 1, exact near 0."""
    def cumprod(self, axis: int | None = None) -> Self:
        """The product of every element and those before it along an axis; of the elements in one row by default."""
    def cumsum(self, axis: int | None = None) -> Self:
        """The sum of every element and those before it along an axis; of the elements in one row by default."""
    def dawsn(self) -> Self:
        """Dawson's integral."""
    def deg2rad(self) -> Self:
        """An angle of x degrees, in radians."""
    def degrees(self) -> Self:
        """An angle of x radians, in degrees."""
    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Self:
        """A diagonal of the planes of two axes, along a new last axis."""
    def digamma(self) -> Self:
        """Derivative of gammaln, also called psi."""
    def dot(self, y: Self | Numbers) -> Self:
        """NumPy's dot: the sum over the last axis of x and the last but one of y; a product if either is 0-d."""
    def entr(self) -> Self:
        """-x log(x), and 0 at 0, where the derivative is infinite."""
    def erf(self) -> Self:
        """Error function of x."""
    def erfc(self) -> Self:
        """1 - erf(x), exact where that would round to 0."""
    def erfcinv(self) -> Self:
        """Inverse of erfc."""
    def erfcx(self) -> Self:
        """exp(x^2) erfc(x)."""
    def erfi(self) -> Self:
        """Imaginary error function, -i erf(ix)."""
    def erfinv(self) -> Self:
        """Inverse of erf."""
    def exp(self) -> Self:
        """e to the power x."""
    def exp1(self) -> Self:
        """Exponential integral E1(x)."""
    def exp10(self) -> Self:
        """10 to the power of x."""
    def exp2(self) -> Self:
        """2 to the power of x."""
    def expi(self) -> Self:
        """Exponential integral Ei(x)."""
    def expm1(self) -> Self:
        """exp(x) - 1, exact near 0."""
    def exprel(self) -> Self:
        """(exp(x) - 1) / x, exact near 0, and 1 at 0."""
    def fabs(self) -> Self:
        """|x|; the derivative at 0 is 0."""
    def gamma(self) -> Self:
        """Gamma function of x."""
    def gammaln(self) -> Self:
        """Logarithm of |gamma(x)|."""
    def gelu(self) -> Self:
        """x * P(Z <= x) for a standard normal Z, elementwise: the exact form, not the approximation by tanh."""
    def i0(self) -> Self:
        """Modified Bessel function I of order 0, elementwise: differentiable form of ``np.i0``, too."""
    def i0e(self) -> Self:
        """exp(-|x|) i0(x); the derivative at 0 is 0."""
    def i1(self) -> Self:
        """Modified Bessel function I of order 1."""
    def i1e(self) -> Self:
        """exp(-|x|) i1(x)."""
    def j0(self) -> Self:
        """Bessel function J of order 0."""
    def j1(self) -> Self:
        """Bessel function J of order 1."""
    def k0(self) -> Self:
        """Modified Bessel function K of order 0."""
    def k1(self) -> Self:
        """Modified Bessel function K of order 1."""
    def leaky_relu(self, slope: float = 0.01) -> Self:
        """x where it is positive and slope * x elsewhere; the derivative at 0 is `slope`."""
    def log(self) -> Self:
        """Natural logarithm of x."""
    def log10(self) -> Self:
        """Logarithm to base 10."""
    def log1p(self) -> Self:
        """log(1 + x), exact near 0."""
    def log2(self) -> Self:
        """Logarithm to base 2."""
    def log_ndtr(self) -> Self:
        """log(ndtr(x)), exact where ndtr(x) would round to 0 or 1."""
    def log_sigmoid(self) -> Self:
        """log(sigmoid(x)), exact where sigmoid(x) would round to 0 or 1."""
    def logit(self) -> Self:
        """log(x / (1 - x)), the inverse of sigmoid."""
    def nan_to_num(self, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Self:
        """x with NaN and infinities replaced, elementwise, the latter by the largest numbers; their gradient is 0."""
    def ndtr(self) -> Self:
        """Cumulative distribution function of the standard normal distribution."""
    def ndtri(self) -> Self:
        """Inverse of ndtr: the quantiles of the standard normal distribution."""
    def negative(self) -> Self:
        """Minus x."""
    def positive(self) -> Self:
        """A copy of x."""
    def rad2deg(self) -> Self:
        """An angle of x radians, in degrees."""
    def radians(self) -> Self:
        """An angle of x degrees, in radians."""
    def reciprocal(self) -> Self:
        """1 / x."""
    def relu(self) -> Self:
        """max(x, 0), elementwise; the derivative at 0 is 0."""
    def repeat(self, repeats: int | Sequence[int] | Array, axis: int | None = None) -> Self:
        """Each element so many times, one number for all or one for each; along an axis, or of the flattened array."""
    def sigmoid(self) -> Self:
        """1 / (1 + exp(-x)), without overflow; what is smaller than the smallest normal number may be 0."""
    def sin(self) -> Self:
        """Sine of x, in radians."""
    def sinc(self) -> Self:
        """sin(pi x) / (pi x), elementwise, and 1 at 0; its derivatives are right near 0 and at 0 itself."""
    def sinh(self) -> Self:
        """Hyperbolic sine of x."""
    def softplus(self) -> Self:
        """log(1 + exp(x)), elementwise, without overflow."""
    def sqrt(self) -> Self:
        """Square root of x."""
    def square(self) -> Self:
        """x times x."""
    def squeeze(self, axis: Axes = None) -> Self:
        """Axes of size 1 removed, all of them by default."""
    def swapaxes(self, axis1: int, axis2: int) -> Self:
        """Two axes exchanged."""
    def take(self, indices: Self | Numbers, axis: int | None = None, mode: Literal['raise', 'wrap', 'clip'] = "raise") -> Self:
        """The elements, or the parts along an axis, that have these indices; of the flattened array without an axis."""
    def tan(self) -> Self:
        """Tangent of x in radians."""
    def tanh(self) -> Self:
        """Hyperbolic tangent of x."""
    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Self:
        """The sum of a diagonal of the planes of two axes."""
    def y0(self) -> Self:
        """Bessel function Y of order 0."""
    def y1(self) -> Self:
        """Bessel function Y of order 1."""
