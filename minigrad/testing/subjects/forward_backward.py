"""How is a pair of functions called, forward and backward, that somebody wrote by hand?"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from minigrad.engine.tensor import Tensor
from minigrad.testing.recording.recorder import Recorder
from minigrad.testing.subjects.base import Array, Subject, function_name, small_constant_in
from minigrad.testing.subjects.calling import Call, Role, Situation, calls
from minigrad.testing.subjects.generators import Generators
from minigrad.testing.subjects.held import Place, lent, places_of
from minigrad.testing.subjects.inputs import Inputs, Leaf, chosen_of, is_below
from minigrad.testing.subjects.matching import Matching, at, match
from minigrad.testing.subjects.outputs import arrays_of, described, is_scalar, like, may_be_output, scaled
from minigrad.testing.subjects.reachable import is_library
from minigrad.testing.subjects.roles import Parameters, is_data, is_running, is_target
from minigrad.testing.subjects.untouched import untouched

Style = Literal["auto", "args", "cache", "layer", "value_and_grad", "loss"]

_FORMS = (
    "backward(g, out, *inputs); backward(g, cache) where forward returns (out, cache); or backward(*inputs) for a loss "
    "and for the derivative of an elementwise function"
)


@dataclass
class Pass:
    """One forward pass.

    Attributes:
        given: the values of the leaves that it got.
        arguments: those of the function, made of these values.
        outputs: what it returned, one item for each output.
        cache: the other items.
    """

    given: list[Any]
    arguments: list[Any]
    outputs: list[Any]
    cache: list[Any]


class PairSubject(Subject):
    """A function with its backward pass: how that is called is found out from names, counts, and by trying.

    Args:
        forward: the function.
        backward: its backward pass.
        inputs: as for `Inputs`.
        style: what is known about the form.
        wrt: the names of what has to have a gradient; the rest is constant.
        seed: for everything random, before each forward pass.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        inputs: Any,
        style: Style = "auto",
        *,
        wrt: str | Sequence[str] | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        self.forward, self.backward, self.style = forward, backward, style
        self.name, self.backward_name = function_name(forward), function_name(backward)
        self.inputs = Inputs(self._named(forward), inputs, configurations=True, wanted=wrt)
        self.wrt = [wrt] if isinstance(wrt, str) else wrt
        self.seed = seed
        self.places: list[Place] = []
        self.leaves, self.constants = self.inputs.leaves, self.inputs.constants
        self._generators = None if seed is None else Generators(forward, backward, inputs)
        self.is_scalar = self.is_loss = False
        # Trying leaves no trace: the first call of the check is the first one.
        with untouched(forward, backward, inputs), np.errstate(all="ignore"):
            self._find_out()

    def _named(self, forward: Callable[..., Any]) -> Callable[..., Any]:
        """The function whose parameters are the inputs."""
        return forward

    def _result(self, forward: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """What the forward pass returns."""
        return forward(*args, **kwargs)

    def chosen(self, wrt: str | Sequence[str] | None) -> list[int]:
        """The positions of the leaves that `wrt` names; all for None."""
        return chosen_of([leaf.name for leaf in self.leaves], wrt, list(self.unchecked))

    # ---- finding out

    def _find_out(self) -> None:
        values = [leaf.value for leaf in self.leaves]
        self.call = self._chosen_call(*self._returned(values))
        once = self._passed([value.copy() for value in values], self.forward)
        self.is_scalar = len(once.outputs) == 1 and is_scalar(once.outputs[0])
        self.is_loss = self.is_scalar and not self.call.takes_upstream
        first = [np.array(array) for array in self._arrays(once)]
        self._see_that_it_is_settled(values, first)
        upstream = [np.ones_like(array) for array in first]
        found = self._backward_with_note(once, upstream)
        self._read(found, once)
        self._check_scaling(found, upstream)
        # What is constant now may be written to.
        self.mutations.clear()

    def _returned(self, values: Sequence[Any]) -> tuple[Any, list[Any]]:
        """What the forward pass returns, and the arguments that it got."""
        if self._generators is not None and self.seed is not None:
            self._generators.set(self.seed)
        args, kwargs = self.inputs.filled([value.copy() for value in values])
        return self._result(self.forward, args, kwargs), [*args, *kwargs.values()]

    def _see_that_it_is_settled(self, values: Sequence[Array], first: Sequence[Array]) -> None:
        again = self.outputs(values)
        if [a.shape for a in first] != [a.shape for a in again]:
            # The check says so.
            return
        if all(np.array_equal(*pair, equal_nan=True) for pair in zip(first, again, strict=True)):
            return
        what = f"{self.name} gives another output each time it is called with the same inputs"
        if self.seed is None:
            raise ValueError(
                f"{what}; write check_backward(..., seed=0), which sets np.random, random and every generator that "
                "the functions can reach before each forward pass"
            )
        raise ValueError(
            f"{what}, with seed={self.seed} as well: does it make a generator of its own in every call? Make it once, "
            "outside, so that it can be set"
        )

    def _chosen_call(self, result: Any, handed: Sequence[Any]) -> Call:
        """How the backward pass is called.

        Raises:
            TypeError: where it does not take what it would be given, or that cannot be told.
        """
        is_tuple = isinstance(result, tuple) and not hasattr(result, "_fields") and len(result) > 0
        items = list(result) if is_tuple else [result]
        if self.style == "cache" and len(items) < 2:
            raise TypeError(f"{self.name} returned {described(result)}, not a pair (out, cache), as style='cache' asks")
        arrays_of(items[0], self.name)
        # What the forward pass hands on as it got it is part of the cache.
        most = next(
            (
                i
                for i, item in enumerate(items)
                if i and (item is None or not may_be_output(item) or any(item is each for each in handed))
            ),
            len(items),
        )
        parameters = Parameters.of(self.backward)
        situation = Situation(
            len(items) if is_tuple else 0, most, tuple(self.inputs.names), parameters, is_scalar(items[0])
        )
        found = calls(situation, self.style if self.style in ("args", "cache", "loss") else "auto")
        told = f"{self.backward_name}{parameters.text}"
        if not found and self.style in ("args", "cache"):
            call = "backward(g, cache)" if self.style == "cache" else "backward(g, out, *inputs)"
            raise TypeError(
                f"the backward pass takes {parameters.text}; with style={self.style!r} it is called as {call}"
            )
        if len(found) > 1:
            found = self._those_that_run(found) or found
        if len(found) != 1:
            ways = " or ".join(call.told(self.backward_name, self.inputs.names) for call in found[:2])
            doubt = f": {ways}?" if found else f" of {self.name}({', '.join(self.inputs.names)})"
            raise TypeError(
                f"the backward pass takes {parameters.text}; it cannot be told how {told} is to be called{doubt} "
                f"These are understood: {_FORMS}. Name the parameters after the inputs, and the upstream gradient g, "
                f"grad or dout; or write it out: lambda g, out, {', '.join(self.inputs.names)}: "
                f"{self.backward_name}(...)"
            )
        kinds = [role.kind for role in found[0].all_roles()]
        if not (found[0].is_documented or kinds in (["upstream", "cache"], ["upstream", "caches"])):
            self.remarks.append(
                f"called as {found[0].told(self.backward_name, self.inputs.names)}"
                + ("" if found[0].takes_upstream else ", and multiplied by the upstream gradient")
            )
        return found[0]

    def _those_that_run(self, found: Sequence[Call]) -> list[Call]:
        running = []
        for self.call in found:
            with contextlib.suppress(Exception):
                once = self._passed([leaf.value.copy() for leaf in self.leaves], self.forward)
                self._backward(once, [np.ones_like(array) for array in self._arrays(once)])
                running.append(self.call)
        return running

    def _backward_with_note(self, once: Pass, upstream: Sequence[Array]) -> Any:
        try:
            return self._backward(once, upstream)
        except Exception as error:
            error.add_note(f"check_backward called {self.call.told(self.backward_name, self.inputs.names)}")
            raise

    def _check_scaling(self, found: Any, upstream: Sequence[Array]) -> None:
        if self.call.takes_upstream:
            return
        for position, path in self.matching.paths.items():
            gradient = at(found, path)
            if gradient is not None and scaled(gradient, 2.0 * upstream[0]) is None:
                raise TypeError(
                    f"{self.call.told(self.backward_name, self.inputs.names)} gives an array of shape "
                    f"{np.shape(gradient)} for {self.leaves[position].name}, and {self.name} one of shape "
                    f"{upstream[0].shape}: without an upstream gradient, the output is one number, or the gradient is "
                    "that of each element; else write backward(g, out, *inputs) with g of the output's shape"
                )

    # ---- what has a gradient, and what is constant

    def _read(self, found: Any, once: Pass) -> None:
        """Decide which gradient belongs to which leaf, what is constant, and what nobody can check."""
        owner = getattr(self.forward, "__self__", None)
        held = [] if owner is None or is_library(owner) else self._places_that_matter(owner)
        candidates = [*self.inputs.leaves, *[Leaf(p.path, p.array.copy(), is_parameter=True) for p in held]]
        try:
            matching = match(found, candidates, self.inputs.arguments, self._ease)
        except ValueError as error:
            raise ValueError(f"the backward pass: {error}") from None
        own = len(self.inputs.leaves)
        self.complaint = f"the backward pass {matching.complaint}" if matching.complaint else ""
        by_name = [candidates[i].name for i in matching.names if i >= own]
        is_model = bool(by_name)
        constant: dict[str, list[str]] = {}
        for position in matching.missing:
            leaf = candidates[position]
            reason = self._reason(leaf, position >= own, is_model)
            if reason:
                constant.setdefault(reason, []).append(leaf.name)
            elif self.call.is_documented and position < own and not self.complaint and self._is_wanted(leaf.name):
                count, wanted = len(matching.paths), len(self.inputs.leaves)
                self.complaint = (
                    f"the backward pass returned {count} gradients; there are {wanted} inputs to differentiate"
                )
            elif not self.complaint or position >= own:
                self.unchecked[leaf.name] = (
                    leaf.value.shape,
                    f"not checked: {self.backward_name} gives no gradient of it",
                )
        self._keep(matching, candidates, held, [n for names in constant.values() for n in names])
        if self.inputs.configured:
            constant.setdefault("", []).extend(self.inputs.configured)
        self.remarks += [f"{', '.join(names)}: taken as constants{reason}" for reason, names in constant.items()]
        if by_name:
            read = ", ".join(matching.names[i] for i in matching.names if i >= own)
            self.remarks.append(f"weights {', '.join(by_name)}: read from {read}")
        if matching.surplus:
            self.remarks.append(f"not used: {', '.join(each.name for each in matching.surplus)}")

    def _keep(self, matching: Matching, candidates: list[Leaf], held: Sequence[Place], constant: Sequence[str]) -> None:
        own = len(self.inputs.leaves)
        unread = [name for name in self.unchecked if any(name == leaf.name for leaf in candidates[:own])]
        left_out = {*constant, *unread}
        kept = [i for i, leaf in enumerate(candidates[:own]) if leaf.name not in left_out]
        parameters = [i for i in range(own, len(candidates)) if i in matching.paths]
        self.inputs.fix([*left_out])
        self.places = [held[i - own] for i in parameters]
        self.leaves = [*self.inputs.leaves, *[candidates[i] for i in parameters]]
        paths = {new: matching.paths[old] for new, old in enumerate([*kept, *parameters]) if old in matching.paths}
        self.matching = Matching(paths, [], {}, [])

    def _places_that_matter(self, owner: Any) -> list[Place]:
        """The arrays of an object that the output depends on; what the forward pass replaces is a cache."""
        values = [leaf.value for leaf in self.inputs.leaves]
        before = self.outputs(values)
        kept = {place.path: place for place in places_of(owner)}
        self.outputs(values)
        places = [p for p in places_of(owner) if p.path in kept and kept[p.path].array is p.array]
        found = []
        for place in places:
            rng = np.random.default_rng(0)
            other = place.array * rng.uniform(0.8, 1.2, place.array.shape) + rng.uniform(0.05, 0.1, place.array.shape)
            with lent([place], [other.astype(place.array.dtype)]):
                try:
                    differs = any(not np.array_equal(*pair) for pair in zip(before, self.outputs(values), strict=True))
                except Exception:
                    # A forward pass that fails with other values surely reads them.
                    differs = True
            if differs:
                found.append(place)
        return found

    def _is_wanted(self, name: str) -> bool:
        return self.wrt is None or any(is_below(name, each) for each in self.wrt)

    def _ease(self, leaf: Leaf) -> float:
        """How easily a leaf has no gradient."""
        if self.wrt is not None and not self._is_wanted(leaf.name):
            return 30.0
        if self._is_target(leaf):
            return 20.0
        if self._is_number(leaf) or is_running(leaf.name):
            return 15.0
        return 12.0 if self.is_loss and is_data(leaf.name) else 0.0

    def _is_target(self, leaf: Leaf) -> bool:
        """Whether a leaf is what a loss compares with."""
        return is_target(leaf.name) and (self.is_scalar or not self.call.takes_upstream or len(leaf.name) > 3)

    def _is_number(self, leaf: Leaf) -> bool:
        """Whether a leaf was given as a plain number."""
        return isinstance(self.inputs.given.get(leaf.name), float)

    def _reason(self, leaf: Leaf, is_held: bool, is_model: bool) -> str:
        """Why a leaf without a gradient is constant; empty where it is not."""
        if self.wrt is not None:
            return "" if self._is_wanted(leaf.name) else ", as wrt= asks"
        if is_held:
            return ""
        if self._is_number(leaf):
            return f": {self.backward_name} gives no gradient of them"
        if is_running(leaf.name):
            return ": running statistics"
        if self._is_target(leaf):
            return ": targets"
        if (self.is_loss and is_data(leaf.name)) or is_model:
            return ": data"
        return "" if self._matters(leaf) else ": the output does not depend on them, or they are written to"

    def _matters(self, leaf: Leaf) -> bool:
        """Whether the output depends on a leaf, which the forward pass leaves as it is."""
        values = [each.value for each in self.inputs.leaves]
        position = next(i for i, each in enumerate(self.inputs.leaves) if each.name == leaf.name)
        given = [value.copy() for value in values]
        before = [np.array(a) for a in self._arrays(self._passed(given, self.forward))]
        if not np.array_equal(given[position], values[position], equal_nan=True):
            return False
        values[position] = values[position] * 1.01 + 0.01
        try:
            return any(not np.array_equal(*each) for each in zip(before, self.outputs(values), strict=True))
        except Exception:
            return True

    # ---- calling

    def _passed(self, values: Sequence[Any], forward: Callable[..., Any]) -> Pass:
        """A forward pass with these values, which the function may write to."""
        if self._generators is not None and self.seed is not None:
            self._generators.set(self.seed)
        arguments: list[Any] = []

        def called(*args: Any, **kwargs: Any) -> Any:
            arguments.extend([*args, *kwargs.values()])
            return self._result(forward, args, kwargs)

        given = list(values[: len(self.inputs.leaves)])
        result = self.inputs.call(called, given)
        return Pass(given, arguments, *self._items(result))

    def _items(self, result: Any) -> tuple[list[Any], list[Any]]:
        """The outputs and the rest of what the forward pass returned."""
        items = list(result) if isinstance(result, tuple) and not hasattr(result, "_fields") else [result]
        return items[: self.call.outputs], items[self.call.outputs :]

    @contextlib.contextmanager
    def _with_weights(self, values: Sequence[Any]) -> Iterator[None]:
        with lent(self.places, values[len(self.inputs.leaves) :]):
            yield

    def _arrays(self, once: Pass) -> list[Array]:
        return [array for out in once.outputs for array in arrays_of(out, self.name)]

    def outputs(self, values: Sequence[Array]) -> list[Array]:
        """The outputs; whatever the forward pass writes into its inputs is seen."""
        given = [value.copy() for value in values]
        with self._with_weights(given):
            once = self._passed(given, self.forward)
            found = [np.array(array) if self.places else array for array in self._arrays(once)]
        self._notice(once, values, "the forward pass")
        return found

    def claimed(self, values: Sequence[Array], upstream: Sequence[Array]) -> list[Any]:
        """A forward pass, and then the backward pass."""
        return self._gradients(values, upstream, "", None)

    @property
    def has_small_constant(self) -> bool:
        """Whether there is a small number in the forward pass."""
        return small_constant_in(self.forward)

    def recalled(self, values: Sequence[Array], upstream: Sequence[Array], name: str, array: Array) -> list[Any] | None:
        """The same with another operand; in the cache, what equals that operand is replaced."""
        return self._gradients(values, upstream, name, array)

    def _gradients(
        self, values: Sequence[Array], upstream: Sequence[Array], name: str, array: Array | None
    ) -> list[Any]:
        given = [value.copy() for value in values]
        with self._with_weights(given):
            once = self._passed(given, self.forward)
            self._notice(once, values, "the forward pass")
            seeds = [seed.copy() for seed in upstream]
            if array is not None:
                if name == "g":
                    seeds[0] = array
                else:
                    self._replace(once, values, name, array)
            found = self._backward(once, seeds)
        if array is None:
            self._notice(once, values, "the backward pass")
            if any(not np.array_equal(*pair) for pair in zip(seeds, upstream, strict=True)):
                self.mutations.add(("grad_output", "upstream", "the backward pass", "its upstream gradient"))
        return self._by_leaf(found, upstream)

    def _replace(self, once: Pass, values: Sequence[Array], name: str, array: Array) -> None:
        """Let the backward pass find another array in the place of an operand."""
        names = [leaf.name for leaf in self.leaves]
        if name == "out":
            old = np.array(once.outputs[0])
            once.outputs[0] = array
        else:
            position = names.index(name)
            old = np.array(values[position])
            if position < len(once.given):
                handed = once.given[position]
                once.arguments = [_exchanged(item, lambda held: held is handed, array) for item in once.arguments]
            else:
                self.places[position - len(once.given)].put(array)
        once.cache = [
            _exchanged(item, lambda held: isinstance(held, np.ndarray) and np.array_equal(held, old), array)
            for item in once.cache
        ]

    def _backward(self, once: Pass, upstream: Sequence[Array]) -> Any:
        """What the backward pass returns."""
        waiting = list(upstream)
        above = []
        for out in once.outputs:
            count = len(arrays_of(out, self.name))
            above.append(like(out, waiting[:count]))
            waiting = waiting[count:]

        def argument(role: Role) -> Any:
            known = {"upstream": above, "output": once.outputs, "input": once.arguments, "cache": once.cache}
            whole = {"upstreams": above, "outputs": once.outputs, "caches": once.cache}
            return tuple(whole[role.kind]) if role.kind in whole else known[role.kind][role.position]

        keywords = {name: argument(role) for name, role in self.call.keywords}
        return self.backward(*[argument(role) for role in self.call.roles], **keywords)

    def _notice(self, once: Pass, values: Sequence[Array], who: str) -> None:
        for leaf, now, before in zip(self.inputs.leaves, once.given, values, strict=False):
            if not np.array_equal(now, before, equal_nan=True):
                self.mutations.add((leaf.name, "input", who, f"its input {leaf.name}"))

    def _by_leaf(self, found: Any, upstream: Sequence[Array]) -> list[Any]:
        """The gradients, leaf by leaf."""
        gradients = []
        for position in range(len(self.leaves)):
            path = self.matching.paths.get(position)
            gradient = None if path is None else at(found, path)
            if gradient is not None and not self.call.takes_upstream:
                gradient = scaled(gradient, upstream[0])
            gradients.append(gradient)
        return gradients

    def traced(self, tensors: Sequence[Tensor], recorder: Recorder) -> Tensor:
        """The forward pass, recorded."""
        started = [recorder.started(tensor) for tensor in tensors]
        with self._with_weights(started):
            once = self._passed(started, recorder.copy(self.forward))
            if len(once.outputs) != 1:
                raise TypeError("only one output is recorded")
            return recorder.finished(once.outputs[0])


def _exchanged(tree: Any, is_old: Callable[[Any], bool], new: Array) -> Any:
    """A structure in which some arrays are replaced by another wherever they occur."""
    if isinstance(tree, dict):
        return {key: _exchanged(item, is_old, new) for key, item in tree.items()}
    if isinstance(tree, (list, tuple)) and not hasattr(tree, "_fields"):
        return type(tree)(_exchanged(item, is_old, new) for item in tree)
    return new if is_old(tree) else tree
