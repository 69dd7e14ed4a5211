"""How does a function become a test of its own gradient, at inputs that hypothesis thinks of?"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, fields
from inspect import Parameter, Signature
from typing import Any

import numpy as np

from minigrad.testing.check_backward import check_backward
from minigrad.testing.checking.check import Options
from minigrad.testing.checking.result import GradcheckError, GradcheckResult
from minigrad.testing.gradcheck import gradcheck
from minigrad.testing.strategies.hypothesis import SearchStrategy, given, telling_draws, without_tracing
from minigrad.testing.subjects.inputs import unknown_name

_OPTIONS = {option.name for option in fields(Options)} - {"raise_exception"}
# What only the one check takes, or only the other.
_FOR_TENSORS, _FOR_PAIRS = {"order"}, {"style", "methods", "seed"}

# The results of the run of a property that is under way.
_seen: ContextVar[list[GradcheckResult]] = ContextVar("seen")


def grad_property(
    backward: Callable[..., Any] | None = None, /, **strategies_and_options: Any
) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Make a function a hypothesis test of its gradient.

    A mistake is shrunk to the smallest inputs that show it. Its reason is then looked for at other inputs, whose sizes
    are different primes where the strategies leave them open, because every explanation fits an array of size 1. The
    report is of those; the last line is the smallest example.

    ``@settings``, ``@example``, ``@seed`` and the marks of pytest may stand above or below. There is no deadline and no
    explain phase, whatever the settings say: a check calls the function hundreds of times. Examples at which nothing
    could be seen, such as empty arrays, are passed over unless all are like that.

    Args:
        backward: a pass written by hand, for a function that takes arrays: see `check_backward`. It gets the drawn
            inputs alone, in the order of the function's parameters. Without it the function takes Tensors, and the
            check is `gradcheck`.
        strategies_and_options: a hypothesis strategy for each input, by the name of the parameter, and with plain
            values `rtol`, `mode`, `directions`, `grad_output`, `kinks`, `wrt`, `strict`, an integer `rng`, and for
            Tensors `order`, as for `gradcheck`; for a backward pass `style`, `methods` and `seed`, as for
            `check_backward`. Parameters without a strategy are constants: they keep their defaults, or pytest supplies
            them.

    Returns:
        A decorator. The test raises GradcheckError for a mistake, and when every example was inconclusive; what the
        function or the check raises otherwise, such as ValueError where it is not finite, is raised as it is.

    Raises:
        TypeError: for no strategy, an unknown name, a function with ``*args`` or ``**kwargs``; ValueError for an option
            that means nothing.

    Examples:
        >>> @testing.grad_property(x=testing.strategies.arrays((3, 2)), W=testing.strategies.arrays((2, 2)))
        ... def test_layer(x, W):
        ...     return np.tanh(x @ W)
        >>> test_layer()
    """
    strategies = {name: value for name, value in strategies_and_options.items() if isinstance(value, SearchStrategy)}
    options = {name: value for name, value in strategies_and_options.items() if name not in strategies}
    if backward is not None and not callable(backward):
        raise TypeError(
            "grad_property: what comes first is a backward pass; inputs have names: @grad_property(x=arrays((7, 5)))"
        )
    if not strategies:
        raise TypeError("grad_property needs a strategy for an input, as in @grad_property(x=arrays((7, 5)))")
    own = _FOR_TENSORS if backward is None else _FOR_PAIRS
    known = sorted(_OPTIONS | own)
    for name in options:
        if name not in known:
            raise TypeError(f"grad_property: {unknown_name(name, known)}; and an input has a strategy for its value")
    Options(**{name: value for name, value in options.items() if name not in own})
    if not isinstance(options.get("rng", 0), int):
        raise TypeError(f"grad_property: rng is an integer, so that a failure repeats itself, not {options['rng']!r}")
    return lambda function: _Property(function, backward, strategies, options).test()


@dataclass(frozen=True)
class _Property:
    function: Callable[..., Any]
    backward: Callable[..., Any] | None
    strategies: Mapping[str, SearchStrategy[Any]]
    options: Mapping[str, Any]

    def test(self) -> Callable[..., None]:
        """The function for pytest to call."""
        function = self.function
        given_signature = self._signature()

        @functools.wraps(function)
        def examined(*args: Any, **kwargs: Any) -> None:
            __tracebackhide__ = True
            arguments = given_signature.bind(*args, **kwargs).arguments
            inputs = {name: arguments.pop(name) for name in self.strategies}
            result = self.judged(inputs, arguments)
            _seen.get([]).append(result)
            if result.verdict == "fail":
                raise GradcheckError(result, example=inputs)

        examined.__signature__ = given_signature  # type: ignore[attr-defined]
        tested = given(**self.strategies)(examined)
        if inspect.isfunction(function) and inspect.isfunction(tested):
            # A failure is reported at this place: that of the test, as with `given` alone, and not that of this file.
            place = function.__code__
            tested.__code__ = tested.__code__.replace(
                co_filename=place.co_filename, co_firstlineno=place.co_firstlineno
            )
        remaining = inspect.signature(tested)

        def run(*args: Any, **kwargs: Any) -> None:
            __tracebackhide__ = True
            without_tracing(tested)
            results: list[GradcheckResult] = []
            token = _seen.set(results)
            try:
                tested(*args, **kwargs)
            except (GradcheckError, BaseExceptionGroup) as error:
                for each in error.exceptions if isinstance(error, BaseExceptionGroup) else [error]:
                    if isinstance(each, GradcheckError) and each.example is not None:
                        self.explain(each, remaining.bind(*args, **kwargs).arguments)
                raise
            finally:
                _seen.reset(token)
            if results and all(result.verdict == "inconclusive" for result in results):
                raise GradcheckError(
                    results[-1], f"every example was inconclusive ({len(results)} of them); the last one:\n"
                )

        # What decorators of hypothesis and pytest say of a test, they keep in its attributes; here it has to reach both
        # functions, whichever of them the decorator saw.
        run.__dict__ = tested.__dict__
        functools.update_wrapper(run, function)
        run.__signature__ = remaining  # type: ignore[attr-defined]
        return run

    def _signature(self) -> Signature:
        """The parameters of the function that hypothesis and pytest have to know, without defaults."""
        name = getattr(self.function, "__name__", repr(self.function))
        if inspect.isclass(self.function) or hasattr(self.function, "is_hypothesis_test"):
            raise TypeError(f"grad_property makes a test of a plain function; {name} is a class, or a test already")
        signature = inspect.signature(self.function)
        parameters = signature.parameters
        for parameter in parameters.values():
            if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
                raise TypeError(f"grad_property: {name} takes {parameter}; give each parameter a name")
            if parameter.kind is Parameter.POSITIONAL_ONLY and parameter.name in self.strategies:
                raise TypeError(f"grad_property: {name} does not take {parameter.name} by name; leave out the '/'")
        for wanted in self.strategies:
            if wanted not in parameters:
                raise TypeError(f"grad_property: {unknown_name(wanted, list(parameters))}, the parameters of {name}")
        kept = [p for p in parameters.values() if p.name in self.strategies or p.default is Parameter.empty]
        return signature.replace(parameters=[p.replace(default=Parameter.empty) for p in kept])

    def judged(self, inputs: Mapping[str, Any], constants: Mapping[str, Any]) -> GradcheckResult:
        """Check the function at some inputs."""
        function = self.function
        names = [name for name in inspect.signature(function).parameters if name in self.strategies]

        @functools.wraps(function)
        def bound(*values: Any) -> Any:
            return function(**dict(zip(names, values, strict=True)), **constants)

        # The check names its leaves after the parameters.
        bound.__signature__ = Signature(  # type: ignore[attr-defined]
            [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        )
        values = tuple(inputs[name] for name in names)
        if self.backward is None:
            return gradcheck(bound, values, raise_exception=False, **self.options)
        return check_backward(bound, self.backward, values, raise_exception=False, **self.options)

    def explain(self, error: GradcheckError, constants: Mapping[str, Any]) -> None:
        """Let an error tell of the mistake at inputs at which its reasons differ, if it shows at such."""
        best: GradcheckResult | None = None
        rank = (sys.maxsize, True)

        def visit(inputs: dict[str, Any]) -> None:
            nonlocal best, rank
            vague = _vague_sizes(list(inputs.values()))
            if (vague, False) < rank:
                # A function that cannot take these inputs is no reason to lose the mistake that was found.
                with contextlib.suppress(Exception):
                    result = self.judged(inputs, constants)
                    if result.verdict == "fail":
                        best, rank = result, (vague, any(finding.rule == "unexplained" for finding in result.findings))

        with contextlib.suppress(Exception):
            telling_draws(self.strategies, visit)
        if best is not None:
            told = GradcheckError(best, example=error.example)
            # In place, because hypothesis has added its notes, and perhaps put the error into a group.
            error.args, error.result = told.args, told.result


def _vague_sizes(value: Any) -> int:
    """How many sizes in some inputs are so small, or equal, that explanations cannot be told apart by them."""
    if isinstance(value, (list, tuple)):
        return sum(map(_vague_sizes, value))
    if not isinstance(value, np.ndarray):
        return 0
    sides: tuple[int, ...] = value.shape
    return sum(side < 3 for side in sides) + len(sides) - len(set(sides))
