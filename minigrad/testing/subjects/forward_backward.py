"""What is checked of a pair of functions, forward and backward, that somebody wrote by hand?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from minigrad.engine.tensor import Tensor
from minigrad.testing.recording.recorder import Recorder
from minigrad.testing.subjects.base import Array, Subject, is_same, small_constant_in
from minigrad.testing.subjects.calling import Call
from minigrad.testing.subjects.choice import chosen_call
from minigrad.testing.subjects.constants import Constants
from minigrad.testing.subjects.function_passes import FunctionPasses, Pass
from minigrad.testing.subjects.gradient_names import assigned
from minigrad.testing.subjects.inputs import Leaf, chosen_of, is_below
from minigrad.testing.subjects.layer_parameters import Parameter
from minigrad.testing.subjects.matching import Entry, Matching, at, entries, match
from minigrad.testing.subjects.outputs import differ, is_scalar, scaled
from minigrad.testing.subjects.untouched import untouched

Style = Literal["auto", "args", "cache", "layer", "value_and_grad", "loss"]


class PairSubject(Subject):
    """A function with its backward pass: how that is called is found out from names, counts, and by trying.

    Args:
        passes: the functions, and their inputs.
        style: what is known about the form.
        wrt: the names of what has to have a gradient; the rest is constant.

    Attributes:
        is_loss: whether the output is one number, and the backward pass takes no upstream gradient.
    """

    def __init__(self, passes: FunctionPasses, style: Style = "auto", wrt: str | Sequence[str] | None = None) -> None:
        super().__init__()
        self.passes, self.name = passes, passes.name
        self.leaves, self.constants = passes.inputs.leaves, passes.inputs.constants
        wanted = [wrt] if isinstance(wrt, str) else wrt
        # Trying leaves no trace: the first call of the check is the first one.
        roots = passes.forward, passes.backward, passes.inputs.args, passes.inputs.kwargs
        with untouched(*roots), np.errstate(all="ignore"):
            self._find_out(style, wanted)
        # What is constant now may be written to.
        self.mutations.clear()

    def chosen(self, wrt: str | Sequence[str] | None) -> list[int]:
        """The positions of the leaves that `wrt` names; all for None."""
        return chosen_of([leaf.name for leaf in self.leaves], self.whole(wrt), list(self.unchecked))

    def whole(self, wrt: str | Sequence[str] | None) -> list[str] | None:
        """The whole paths for names that may leave out the beginning, such as ``W1`` for ``params.W1``."""
        if wrt is None:
            return None
        found: list[str] = []
        known = [*[leaf.name for leaf in self.leaves], *self.unchecked]
        for name in [wrt] if isinstance(wrt, str) else wrt:
            ending = [path for path in known if path.endswith(f".{name}")]
            found += [name] if not ending or any(is_below(path, name) for path in known) else ending
        return found

    # ---- finding out

    def _find_out(self, style: Style, wrt: Sequence[str] | None) -> None:
        passes, values = self.passes, [leaf.value for leaf in self.leaves]
        passes.call = self._call(style, values)
        once = passes.passed([value.copy() for value in values])
        scalar = len(once.outputs) == 1 and is_scalar(once.outputs[0])
        self.is_loss = scalar and not passes.call.takes_upstream
        first = [np.array(array) for array in passes.arrays(once)]
        self._see_that_it_is_settled(values, first)
        upstream = [np.ones_like(array) for array in first]
        try:
            found = passes.returned(once, upstream)
        except Exception as error:
            error.add_note(f"check_backward called {passes.call.told(passes.backward_name, passes.inputs.names)}")
            raise
        self._read(found, Constants(passes, wrt, scalar, passes.call.takes_upstream))
        if not self.leaves and not self.unchecked:
            passes.inputs.see_that_there_are_leaves()
        self._see_that_it_scales(found, upstream)

    def _call(self, style: Style, values: Sequence[Any]) -> Call:
        call = chosen_call(self.passes, style, values)
        if not call.is_usual:
            told = call.told(self.passes.backward_name, self.passes.inputs.names)
            self.remarks.append(
                f"called as {told}{'' if call.takes_upstream else ', and multiplied by the upstream gradient'}"
            )
        if call.passes_over:
            first = "the first result" if call.outputs == 1 else f"the first {call.outputs} results"
            self.remarks.append(
                f"only {first} checked: {self.passes.backward_name} takes no upstream gradient of others"
            )
        return call

    def _see_that_it_is_settled(self, values: Sequence[Array], first: Sequence[Array]) -> None:
        again = self.passes.outputs(values)
        if [a.shape for a in first] != [a.shape for a in again]:
            # The check says so.
            return
        if not any(differ(*pair) for pair in zip(first, again, strict=True)):
            return
        what = f"{self.name} gives another output each time it is called with the same inputs"
        if self.passes.seed is None:
            raise ValueError(
                f"{what}; write check_backward(..., seed=0), which sets np.random, random and every generator that "
                "the functions can reach before each forward pass"
            )
        raise ValueError(
            f"{what}, with seed={self.passes.seed} as well: does it make a generator of its own in every call? Make "
            "it once, outside, so that it can be set"
        )

    def _see_that_it_scales(self, found: Any, upstream: Sequence[Array]) -> None:
        call = self.passes.call
        for position, path in {} if call.takes_upstream else self.matching.paths.items():
            gradient = at(found, path)
            if gradient is not None and scaled(gradient, 2.0 * upstream[0]) is None:
                raise TypeError(
                    f"{call.told(self.passes.backward_name, self.passes.inputs.names)} gives an array of shape "
                    f"{np.shape(gradient)} for {self.leaves[position].name}, and {self.name} one of shape "
                    f"{upstream[0].shape}: without an upstream gradient, the output is one number, or the gradient is "
                    "that of each element; else write backward(g, out, *inputs) with g of the output's shape"
                )

    def _read(self, found: Any, constants: Constants) -> None:
        """Decide which gradient belongs to which leaf, what is constant, and what nobody can check."""
        passes = self.passes
        given = entries(found, len(self.leaves))
        if passes.inputs.configured and self._include_configured(given):
            self.leaves, self.constants = passes.inputs.leaves, passes.inputs.constants
        own = len(self.leaves)
        held = constants.arrays_that_matter([each.name for each in given if each.is_named])
        candidates = [*self.leaves, *[Leaf(p.name, p.start.copy(), is_parameter=True) for p in held]]
        try:
            matching = match(found, candidates, passes.arguments(), constants.ease)
        except ValueError as error:
            raise ValueError(f"the backward pass: {error}") from None
        for position in range(own):
            path = matching.paths.get(position)
            if path is not None and at(found, path) is None and constants.needs_no_gradient(candidates[position]):
                del matching.paths[position]
                matching.missing.append(position)
        complaint = matching.complaint
        read = [i for i in matching.names if i >= own]
        reasons: dict[str, list[str]] = {}
        for position in matching.missing:
            leaf = candidates[position]
            if position < own:
                reason = constants.reason(leaf, is_model=bool(read))
            else:
                reason = "" if constants.is_wanted(leaf.name) else "wrt= leaves it out"
            if reason:
                reasons.setdefault(reason, []).append(leaf.name)
            elif position < own and (complaint or passes.call.is_documented):
                # One gradient for each input is what was agreed upon.
                complaint = (
                    complaint or f"returned {len(matching.paths)} gradients; there are {own} inputs to differentiate"
                )
            else:
                text = f"not checked: {passes.backward_name} gives no gradient of it"
                self.unchecked[leaf.name] = (leaf.value.shape, text)
        self.complaint = f"the backward pass {complaint}" if complaint else ""
        self._keep(matching, candidates, held, [name for names in reasons.values() for name in names])
        if passes.inputs.configured:
            reasons["configuration"] = passes.inputs.configured
        for reason, constant in reasons.items():
            kind = "a constant" if len(constant) == 1 else "constants"
            self.remarks.append(f"{', '.join(constant)}: taken as {kind} ({reason})")
        if read:
            weights, names = ", ".join(candidates[i].name for i in read), ", ".join(matching.names[i] for i in read)
            self.remarks.append(f"weights {weights}: read from {names}")
        if matching.surplus:
            self.remarks.append(f"not used: {', '.join(each.name for each in matching.surplus)}")

    def _include_configured(self, given: Sequence[Entry]) -> bool:
        """Let arrays in a configuration be leaves where there are gradients of them; layers may hold both in a dict."""
        inputs = self.passes.inputs
        arrays = [name for name in inputs.configured if np.ndim(inputs.constants[name])]
        named = assigned([each.name for each in given if each.is_named], arrays, same=True)
        present = sum(each.value is not None for each in given)
        wanted = arrays if present > len(inputs.leaves) + len(named) else list(named)
        if wanted:
            inputs.free(wanted)
        return bool(wanted)

    def _keep(
        self, matching: Matching, candidates: list[Leaf], held: Sequence[Parameter], constant: Sequence[str]
    ) -> None:
        own = len(self.leaves)
        left_out = {*constant, *self.unchecked}
        kept = [i for i, leaf in enumerate(candidates[:own]) if leaf.name not in left_out]
        parameters = [i for i in range(own, len(candidates)) if i in matching.paths]
        self.passes.inputs.fix([leaf.name for leaf in candidates[:own] if leaf.name in left_out])
        self.passes.held = [held[i - own] for i in parameters]
        self.leaves = [*self.passes.inputs.leaves, *[candidates[i] for i in parameters]]
        paths = {new: matching.paths[old] for new, old in enumerate([*kept, *parameters]) if old in matching.paths}
        self.matching = Matching(paths, [], {}, [])

    # ---- the subject

    def outputs(self, values: Sequence[Array]) -> list[Array]:
        """The outputs; whatever the forward pass writes into its inputs is seen."""
        given = [value.copy() for value in values]
        with self.passes.with_weights(given):
            once = self.passes.passed(given)
            # Copies, because a function may use one array for all its results.
            found = [np.array(array) for array in self.passes.arrays(once)]
        self._notice(once, values, "the forward pass")
        return found

    def claimed(self, values: Sequence[Array], upstream: Sequence[Array]) -> list[Any]:
        """A forward pass, and then the backward pass."""
        return self._gradients(values, upstream, "", None)

    @property
    def has_small_constant(self) -> bool:
        """Whether there is a small number in the forward pass."""
        return small_constant_in(self.passes.forward)

    def recalled(self, values: Sequence[Array], upstream: Sequence[Array], name: str, array: Array) -> list[Any] | None:
        """The same with another operand; in the cache, what equals that operand is replaced."""
        return self._gradients(values, upstream, name, array)

    def _gradients(
        self, values: Sequence[Array], upstream: Sequence[Array], name: str, array: Array | None
    ) -> list[Any]:
        given = [value.copy() for value in values]
        with self.passes.with_weights(given):
            once = self.passes.passed(given)
            self._notice(once, values, "the forward pass")
            seeds = [seed.copy() for seed in upstream]
            if array is not None and name == "g":
                seeds[0] = array
            elif array is not None and name == "out":
                self.passes.replace(once, None, np.array(once.outputs[0]), array)
            elif array is not None:
                position = [leaf.name for leaf in self.leaves].index(name)
                self.passes.replace(once, position, np.array(values[position]), array)
            found = self.passes.returned(once, seeds)
        if array is None:
            self._notice(once, values, "the backward pass")
            if any(not np.array_equal(*pair) for pair in zip(seeds, upstream, strict=True)):
                self.mutations.add(("grad_output", "upstream", "the backward pass", "its upstream gradient"))
        return [self._gradient(found, position, upstream) for position in range(len(self.leaves))]

    def _gradient(self, found: Any, position: int, upstream: Sequence[Array]) -> Any:
        path = self.matching.paths.get(position)
        gradient = None if path is None else at(found, path)
        if gradient is None or self.passes.call.takes_upstream:
            return gradient
        return scaled(gradient, upstream[0])

    def _notice(self, once: Pass, values: Sequence[Array], who: str) -> None:
        for leaf, now, before in zip(self.passes.inputs.leaves, once.given, values, strict=False):
            if not is_same(now, before):
                self.mutations.add((leaf.name, "input", who, f"its input {leaf.name}"))

    def traced(self, tensors: Sequence[Tensor], recorder: Recorder) -> Tensor:
        """The forward pass, recorded."""
        started = [recorder.started(tensor) for tensor in tensors]
        with self.passes.with_weights(started):
            once = self.passes.passed(started, recorder.copy(self.passes.forward))
            if len(once.outputs) != 1:
                raise TypeError("only one output is recorded")
            return recorder.finished(once.outputs[0])
