"""What does a layer do in its first passes: what are its parameters, and what does it keep from call to call?"""

from __future__ import annotations

import contextlib

import numpy as np

from minigrad.testing.subjects.attributes import Array, Found
from minigrad.testing.subjects.inputs import nearby
from minigrad.testing.subjects.layer_calls import Calls
from minigrad.testing.subjects.layer_gradients import Explored, GradientSearch
from minigrad.testing.subjects.layer_optimisers import optimisers_in
from minigrad.testing.subjects.layer_parameters import Parameter, candidates, dependence, named_shortly
from minigrad.testing.subjects.layer_passes import Passes, floats_in
from minigrad.testing.subjects.layer_probes import Probe, Prober
from minigrad.testing.subjects.outputs import as_output
from minigrad.testing.subjects.untouched import Contents


class Exploration:
    """The first passes of a layer."""

    def __init__(self, passes: Passes) -> None:
        self.passes, self.layer = passes, passes.layer
        self.inputs = passes.inputs.leaves
        self.values = [leaf.value for leaf in self.inputs]
        rng = np.random.default_rng(0)
        self.found = Explored([nearby(leaf, rng) for leaf in self.inputs])
        self.prober = Prober(passes)

    def run(self) -> Explored:
        """Find everything out; what the passes change stays changed, but for the weights."""
        known, calls = self._parameters()
        self.prober.parameters = self.passes.parameters = self.found.parameters = known
        contents = Contents(self.layer)
        try:
            before = self._output()
            for parameter in known:
                parameter.matters = dependence(parameter, self.layer, before, self._output)
        finally:
            contents.put_back()
        self.passes.optimisers = optimisers_in(self.layer)
        try:
            self.prober.probe([0])
        except TypeError:
            if not calls.may_take_rate:
                raise
            calls.add_rate()
        self.prober.probe([0])
        self._remember_resets(GradientSearch(self.found, self.prober, calls, before.ndim == 0 or calls.is_summed).run())
        return self.found

    def _parameters(self) -> tuple[list[Parameter], Calls]:
        """Run the forward pass elsewhere and here; arrays that it leaves alone may be parameters."""
        lists = self.prober.lists
        with contextlib.suppress(Exception), np.errstate(all="ignore"):
            self.passes.forward([value.copy() for value in self.found.first])
        once, lengths = floats_in(self.layer), [len(entries) for entries, _ in lists]
        ran = self.passes.forward([value.copy() for value in self.values])
        twice = floats_in(self.layer)
        self.passes.growing = [
            (entries, content)
            for (entries, content), length in zip(lists, lengths, strict=True)
            if len(entries) > length
        ]
        # A first pass may have built them, or brought them to one length.
        left_alone = [Found(seen.place, seen.value) for path, seen in once.items() if seen.is_like(twice.get(path))]
        known = candidates(left_alone)
        named_shortly(known, self.layer)
        for parameter in known:
            if parameter.name in [leaf.name for leaf in self.inputs]:
                parameter.name = f"self.{parameter.name}"
        arrays = any(not parameter.is_number for parameter in known)
        calls = self.passes.calls = Calls(
            self.passes.backward_method,
            self.passes.backward_name,
            list(ran.arguments),
            ran.returned,
            self.layer,
            arrays,
            self.passes.is_loss,
        )
        return known, calls

    def _output(self) -> Array:
        """All outputs; a scalar for a loss."""
        with np.errstate(all="ignore"):
            ran = self.passes.forward([value.copy() for value in self.values])
        outputs = [as_output(out, self.passes.forward_name) for out in self.passes.result(ran).outputs]
        return np.array(outputs[0]) if len(outputs) == 1 else np.concatenate([out.reshape(-1) for out in outputs])

    def _remember_resets(self, one: Probe) -> None:
        """What other passes find as these did: sums, running averages, counters; but no result that is returned."""
        own = {place.path for parameter in self.found.parameters for place in parameter.places}
        # Where it is one that is returned, that it is not the same each time is a mistake, to be seen.
        kept = [value for value in one.traces.returned.values() if isinstance(value, np.ndarray)]
        inputs = {
            source.place.path for leaf in self.inputs if (source := self.found.sources.get(leaf.name)) and source.place
        }
        for path, seen in one.start.items():
            now = one.end.get(path)
            if path in own or now is None or seen.is_like(now):
                continue
            shared = np.ndim(now.value) and any(np.shares_memory(now.value, value) for value in kept)
            if path not in inputs and not shared:
                self.found.resets.append((seen.place, seen.value, seen.content))
        if any(source.kind == "update" for source in self.found.sources.values()):
            # A velocity that begins as None, or is not there before the first pass.
            for path, now in one.end.items():
                shared = np.ndim(now.value) and any(np.shares_memory(now.value, value) for value in kept)
                if path not in one.middle and not shared:
                    self.found.resets.append((now.place, now.place.get(self.layer), None))
