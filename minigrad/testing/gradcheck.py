"""Does minigrad differentiate this function correctly, to first and second order?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.engine.blocks import recording
from minigrad.engine.recording import is_grad_enabled
from minigrad.engine.tensor import Tensor
from minigrad.testing.checking.check import Options, check
from minigrad.testing.checking.result import GradcheckResult
from minigrad.testing.checking.start import upstream_like
from minigrad.testing.recording.recorder import Recorder
from minigrad.testing.subjects.base import Array, Subject, TensorSubject, function_name
from minigrad.testing.subjects.inputs import Leaf
from minigrad.transforms.gradients import gradients


def gradcheck(fn: Callable[..., Any], inputs: Any, *, order: int = 1, **options: Any) -> GradcheckResult:
    """Check the gradients that minigrad computes for a function against its values.

    The reference is Richardson's extrapolation of central differences, to sixth order, with a bar that says how far it
    can be trusted. A gradient is *wrong* where it differs by more than 20 bars and `rtol`; there is no absolute
    tolerance. Where all terms of a gradient cancel, what rounding leaves of them is zero. Where the bar is too large to
    see anything, or the function has no derivative, the verdict is *inconclusive*. At a kink any value between the
    one-sided derivatives is right.

    Args:
        fn: takes Tensors and returns Tensors, one or a list, tuple or dict of them.
        inputs: a tuple of positional arguments, a dict of keyword arguments, or a single argument. Arguments are
            arrays, Tensors, floats, layers, or lists, tuples, dicts and dataclasses of these; every floating-point leaf
            is checked, everything else is a constant. Parameters of layers are leaves.
        order: 2 checks the second derivatives as well, 3 the third, and so on.
        rtol: the relative error allowed beyond the bar; 1e-4 at the least for leaves in float32.
        mode: ``"dense"`` compares element by element, ``"projected"`` along random directions through each leaf, and
            ``"auto"`` does the latter for leaves of more than 2,000 elements.
        directions: how many directions.
        grad_output: the upstream gradient, in the shape of the output; random by default, of both signs with
            0.5 <= abs(g) <= 1.5.
        kinks: ``"report"`` accepts values between the one-sided derivatives, ``"refuse"`` calls them inconclusive.
        wrt: the names of the leaves to check, or their beginnings, such as ``"params"``.
        rng: a seed, or a generator.
        raise_exception: whether a verdict other than *pass* is raised.
        strict: whether a warning counts as a mistake: right numbers with a side effect.

    Returns:
        A result that is true for *pass*; its text is the report.

    Raises:
        GradcheckError: for any other verdict, unless ``raise_exception=False``.
        ValueError: for inputs without a floating-point leaf, names that do not exist, an upstream gradient of another
            shape, and functions that are not finite or give another output each time.
        TypeError: for functions that do not return Tensors.

    Examples:
        >>> x, w = np.linspace(-1, 1, 35).reshape(7, 5), np.linspace(0.5, 2, 15).reshape(5, 3)
        >>> result = testing.gradcheck(lambda x, w: np.tanh(x @ w), (x, w))
        >>> result.verdict
        'pass'
    """
    __tracebackhide__ = True
    settings = Options.named(options)
    _check_order(order)
    subject = TensorSubject(fn, inputs)
    result = _checked(subject, settings, "gradcheck")
    for level in range(2, order + 1):
        if result.verdict == "pass":
            result = _checked(_derivative(fn, inputs, settings, level), settings, "gradcheck")
            notes = (*result.notes, f"these are derivatives of order {level}")
            result = replace(result, subject=subject.name, options=f"order={order}", notes=notes)
    return settings.delivered(result)


def gradgradcheck(fn: Callable[..., Any], inputs: Any, **options: Any) -> GradcheckResult:
    """Check the second derivatives: those of the gradients by every leaf and by the upstream gradient.

    Takes, returns and raises what `gradcheck` does; the upstream gradient is a leaf named ``grad_output``.

    Examples:
        >>> testing.gradgradcheck(np.tanh, np.linspace(-1, 1, 5)).verdict
        'pass'
    """
    __tracebackhide__ = True
    settings = Options.named(options)
    subject = _derivative(fn, inputs, settings, 2)
    return settings.delivered(replace(_checked(subject, settings, "gradgradcheck"), subject=function_name(fn)))


def jvpcheck(fn: Callable[..., Any], inputs: Any, **options: Any) -> GradcheckResult:
    """Check directional derivatives, J v for random v, computed by differentiating twice in reverse.

    The pass back is linear in the upstream gradient u; so the derivative by u of <v, vjp(u)> is J v (J. Townsend,
    2017). It is compared with the differences of the function's values along v.

    Takes, returns and raises what `gradcheck` does; the tangents are leaves, one for each of the inputs.

    Examples:
        >>> testing.jvpcheck(np.tanh, np.linspace(-1, 1, 5)).verdict
        'pass'
    """
    __tracebackhide__ = True
    settings = Options.named(options)
    subject = _TangentSubject(fn, inputs, settings)
    return settings.delivered(check(subject, replace(settings, wrt=None), "jvpcheck", [0]))


def _check_order(order: int) -> None:
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ValueError(f"order is an integer of at least 1, not {order!r}")


def _checked(subject: TensorSubject, settings: Options, title: str) -> GradcheckResult:
    # The upstream gradient that was asked for belongs to the function itself, not to its derivative.
    own = settings if not isinstance(subject, _Derivative) else replace(settings, grad_output=None)
    return check(subject, own, title, subject.chosen(settings.wrt))


class _Derivative(TensorSubject):
    """The gradients of a function, as a function of its leaves and the upstream gradient."""

    def __init__(self, inner: TensorSubject, upstream: Sequence[Array]) -> None:
        Subject.__init__(self)
        self.inner = inner
        self.name = f"gradient of {inner.name}"
        self.constants = inner.constants
        names = ["grad_output"] if len(upstream) == 1 else [f"grad_output[{i}]" for i in range(len(upstream))]
        if isinstance(inner, _Derivative):
            # The outputs of the inner one are gradients themselves.
            names = [f"grad_output of the gradient of {leaf.name}" for leaf in inner.inner.leaves]
        self.leaves = [*inner.leaves, *[Leaf(name, g) for name, g in zip(names, upstream, strict=True)]]

    def chosen(self, wrt: str | Sequence[str] | None) -> list[int]:
        """The leaves of the function that `wrt` names, and the upstream gradients."""
        own = self.inner.chosen(wrt)
        return [*own, *range(len(self.inner.leaves), len(self.leaves))]

    def _called(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        count = len(self.inner.leaves)
        # Where nobody is going to differentiate again, the values are enough.
        again = is_grad_enabled()
        with recording(enabled=True):
            leaves = [tensor if tensor.requires_grad else Tensor(tensor, requires_grad=True) for tensor in tensors]
            seeds = leaves[count:]
            found: list[Tensor | None] = [None] * count
            for out, seed in zip(self.inner._called(leaves[:count]), seeds, strict=True):
                if not out.requires_grad:
                    continue
                pulled = gradients(out, leaves[:count], seed=seed, create_graph=again, retain_graph=True)
                for i, g in enumerate(pulled):
                    before = found[i]
                    found[i] = g if before is None else before if g is None else before + g
        return [
            Tensor(np.zeros(leaf.shape, leaf.dtype)) if g is None else g for g, leaf in zip(found, leaves, strict=False)
        ]


def _derivative(fn: Callable[..., Any], inputs: Any, settings: Options, order: int) -> TensorSubject:
    subject = TensorSubject(fn, inputs)
    for _ in range(order - 1):
        outputs = subject.outputs([leaf.value for leaf in subject.leaves])
        subject = _Derivative(subject, upstream_like(outputs, settings.generator()))
    return subject


class _TangentSubject(Subject):
    """The function along a line through all its leaves; the claimed derivative is u J v for the tangent v."""

    def __init__(self, fn: Callable[..., Any], inputs: Any, settings: Options) -> None:
        super().__init__()
        self.inner = TensorSubject(fn, inputs)
        self.name, self.constants = self.inner.name, self.inner.constants
        chosen = self.inner.chosen(settings.wrt)
        rng = settings.generator()
        self.base = [leaf.value for leaf in self.inner.leaves]
        self.tangents = [
            np.asarray(rng.choice([-1.0, 1.0], size=(settings.directions, *value.shape)) * _size(value)).astype(
                value.dtype
            )
            if i in chosen
            else np.zeros((settings.directions, *value.shape), value.dtype)
            for i, value in enumerate(self.base)
        ]
        dtype = np.result_type(*self.base)
        self.leaves = [Leaf("tangent", np.zeros(settings.directions, dtype))]

    def _moved(self, weights: Array) -> list[Array]:
        return [
            (value + np.tensordot(weights, tangents, axes=1)).astype(weights.dtype)
            for value, tangents in self._base_and_tangents()
        ]

    def outputs(self, values: Sequence[Array]) -> list[Array]:
        """The outputs at the leaves plus a weighted sum of the tangents."""
        return self.inner.outputs(self._moved(values[0]))

    def claimed(self, values: Sequence[Array], upstream: Sequence[Array]) -> list[Any]:
        """For each tangent v, <u, J v> with J v from two passes back."""
        leaves = [Tensor(value, requires_grad=True) for value in self._moved(values[0])]
        total = np.zeros(len(values[0]))
        for out, weights in zip(self.inner._called(leaves), upstream, strict=True):
            if not out.requires_grad:
                continue
            seed = Tensor(np.zeros(out.shape, out.dtype), requires_grad=True)
            pulled = gradients(out, leaves, seed=seed, create_graph=True)
            for number in range(len(total)):
                terms = [np.sum(g * v[number]) for g, v in zip(pulled, self.tangents, strict=True) if g is not None]
                inner = sum(terms[1:], terms[0])
                if inner.requires_grad:
                    (pushed,) = gradients(inner, [seed], retain_graph=True)
                    total[number] += 0.0 if pushed is None else float(np.sum(weights * pushed.data))
        return [total.astype(values[0].dtype)]

    def traced(self, tensors: Sequence[Tensor], recorder: Recorder) -> Tensor:
        """The only output along the line: the derivatives of its tape are the same."""
        moved = [value + np.tensordot(tensors[0], tangents, axes=1) for value, tangents in self._base_and_tangents()]
        (out,) = self.inner._called(moved)
        return out

    def _base_and_tangents(self) -> list[tuple[Array, Array]]:
        return list(zip(self.base, self.tangents, strict=True))


def _size(value: Array) -> float:
    size = float(np.sqrt(np.mean(np.square(value, dtype=np.float64)))) if value.size else 1.0
    return size or 1.0
