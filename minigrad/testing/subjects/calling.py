"""With which arguments, in which order, is a backward pass called that somebody wrote?"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from minigrad.testing.subjects.gradient_names import agreement, is_upstream, may_be_upstream
from minigrad.testing.subjects.roles import Parameters, is_cache, is_output, is_target

Kind = Literal["upstream", "upstreams", "output", "outputs", "input", "cache", "caches", "part"]


@dataclass(frozen=True)
class Role:
    """What one argument of a backward pass is: which upstream gradient, output, input, or item or part of the cache."""

    kind: Kind
    position: int = 0


@dataclass(frozen=True)
class Call:
    """How a backward pass is called.

    Attributes:
        outputs: how many of the items that the forward pass returned are outputs; the rest is its cache.
        roles: of the arguments by position.
        keywords: of those by name.
    """

    outputs: int
    roles: tuple[Role, ...]
    keywords: tuple[tuple[str, Role], ...] = ()

    def all_roles(self) -> list[Role]:
        """Of all arguments."""
        return [*self.roles, *[role for _, role in self.keywords]]

    @property
    def takes_upstream(self) -> bool:
        """Whether an upstream gradient is among the arguments."""
        return any(role.kind in ("upstream", "upstreams") for role in self.all_roles())

    @property
    def is_documented(self) -> bool:
        """Whether this is ``backward(g, out, *inputs)``."""
        kinds = [role.kind for role in self.all_roles()]
        return kinds[:2] in (["upstream", "output"], ["upstreams", "outputs"]) and set(kinds[2:]) == {"input"}

    @property
    def is_usual(self) -> bool:
        """Whether this is one of the forms that need not be told."""
        kinds = [role.kind for role in self.all_roles()]
        return self.is_documented or kinds in (["upstream", "cache"], ["upstream", "caches"])

    @property
    def passes_over(self) -> bool:
        """Whether there are results between the outputs and the cache that nothing is sent back through."""
        kept = {role.position for role in self.all_roles() if role.kind == "cache"}
        return bool(kept) and 0 not in kept

    def told(self, name: str, inputs: Sequence[str]) -> str:
        """The call as one would write it."""
        return f"{name}({', '.join([*[self._shown(role, inputs) for role in self.roles], *self._by_name(inputs)])})"

    def _by_name(self, inputs: Sequence[str]) -> list[str]:
        return [f"{name}={self._shown(role, inputs)}" for name, role in self.keywords]

    def _shown(self, role: Role, inputs: Sequence[str]) -> str:
        number = "" if self.outputs == 1 else str(role.position + 1)
        words = {"upstream": f"g{number}", "upstreams": "(g1, g2)", "output": f"out{number}", "outputs": "(out1, out2)",
                 "caches": "cache"}  # fmt: skip
        if role.kind == "input":
            return inputs[role.position]
        if role.kind == "part":
            return f"cache[{role.position}]"
        return words.get(role.kind, f"cache[{role.position}]" if role.position else "cache")


@dataclass(frozen=True)
class Situation:
    """What is known when it is decided how to call.

    Attributes:
        items: what the forward pass returned: how many items, 0 for one result that is no tuple.
        most: how many of the first items may be outputs.
        parts: how many things there are in the last item, where that is a tuple, a list or a dict.
        inputs: the names of the arguments of the forward pass.
        parameters: those of the backward pass.
        is_scalar: whether the first output is one number.
    """

    items: int
    most: int
    parts: int
    inputs: tuple[str, ...]
    parameters: Parameters
    is_scalar: bool


# What is so much less clear than the clearest way is not meant.
_CLEAR = 3.0


def calls(situation: Situation, style: str) -> list[list[Call]]:
    """The ways in which a backward pass could be called: the clearest first, those that are equally clear together."""
    found: dict[Call, float] = {}
    for call in _possible(situation, style):
        found.setdefault(call, _score(call, situation))
    best = max(found.values(), default=0.0)
    if style == "auto" and best <= -3:
        return []
    scores = sorted({score for score in found.values() if score > best - _CLEAR}, reverse=True)
    return [[call for call in found if found[call] == score] for score in scores]


def _possible(s: Situation, style: str) -> Iterator[Call]:
    for outputs in range(1, max(1, s.most) + 1):
        if style == "args" and outputs != max(1, s.items):
            continue
        caches = max(0, s.items - outputs)
        upstream = [[Role("upstream", i) for i in range(outputs)]]
        given = [[Role("output", i) for i in range(outputs)]]
        if outputs > 1:
            upstream.append([Role("upstreams")])
            given.append([Role("outputs")])
        kept = [[Role("cache", i) for i in range(caches)]] if caches else []
        if caches > 1:
            kept.append([Role("caches")])
            if s.parts:
                # Results that nothing is sent back through, and then the cache.
                kept.append([Role("cache", caches - 1)])
        if caches == 1 and s.parts > 1:
            kept.append([Role("part", i) for i in range(s.parts)])
        everything = [Role("input", i) for i in range(len(s.inputs))]
        blocks: list[tuple[list[Role], ...]]
        if style == "args":
            blocks = [(g, o, everything) for g in upstream for o in given]
        elif style == "cache":
            blocks = [(g, k) for g in upstream for k in kept]
        elif style == "loss":
            blocks = [(everything,), *[(k,) for k in kept], ()]
        else:
            # In the documented order first; without a cache and without an upstream gradient last.
            blocks = [(g, o, everything) for g in upstream for o in given if not caches]
            blocks += [(g, k) for g in upstream for k in kept]
            blocks += [(g, o, k) for g in upstream for o in given for k in kept]
            blocks += [(g, k, everything) for g in upstream for k in kept]
            blocks += [(g, o, k, everything) for g in upstream for o in given for k in kept]
            blocks += [(g, everything) for g in upstream] + [(g, o) for g in upstream for o in given]
            blocks += [(g,) for g in upstream]
            blocks += [
                (everything,),
                *[(o,) for o in given],
                *[(o, everything) for o in given],
                *[(k,) for k in kept],
                (),
            ]
        for parts in blocks:
            for order in itertools.permutations(parts) if style == "auto" else [parts]:
                yield from _fitting(outputs, [role for part in order for role in part], s)
                # Inputs by their names: some of them, or in another order.
                if style != "cache" and everything in parts:
                    yield from _by_name(outputs, [role for part in order if part is not everything for role in part], s)


def _fitting(outputs: int, roles: Sequence[Role], s: Situation) -> Iterator[Call]:
    p = s.parameters
    count = len(roles) - len(p.keywords)
    if count >= p.required and (p.unlimited or count <= len(p.names)):
        yield Call(outputs, tuple(roles[:count]), tuple(zip(p.keywords, roles[count:], strict=True)))


def _by_name(outputs: int, others: Sequence[Role], s: Situation) -> Iterator[Call]:
    """A call in which inputs are what has their names, and the other roles what remains."""
    p = s.parameters
    required = p.names[: p.required]
    further = p.keywords
    # What has no name of its own, as it is one of any number, cannot be given by name.
    if p.any_keyword and all(map(str.isidentifier, s.inputs)):
        further = tuple(name for name in s.inputs if name not in p.names)
    slots = [*required, *further]
    named = {slot: Role("input", s.inputs.index(slot)) for slot in slots if slot in s.inputs}
    remaining = iter(others)
    if named and len(slots) - len(named) == len(others):
        roles = {slot: named[slot] if slot in named else next(remaining) for slot in slots}
        yield Call(
            outputs,
            tuple(roles[name] for name in required),
            tuple((name, roles[name]) for name in further),
        )


def _score(call: Call, s: Situation) -> float:
    p = s.parameters
    names = [*p.names, *[""] * len(call.roles)][: len(call.roles)] + [name for name, _ in call.keywords]
    fits = [_fit(name, role, s) for name, role in zip(names, call.all_roles(), strict=True)]
    # What has a default keeps it, unless its name asks for something else.
    total = sum(fits) - 3.0 * sum(fit < 2 for fit in fits[p.required : min(len(call.roles), len(p.names))])
    # What stands for any number of arguments, as in *weights, takes all inputs, or all parts of a cache.
    starred = [role.kind for role in call.roles[len(p.names) :]]
    total -= 0.5 * (sum(kind not in ("input", "part") for kind in starred) + ({"input", "part"} <= set(starred)))
    kinds = {role.kind for role in call.all_roles()}
    if not call.takes_upstream:
        total -= 2.5 if not s.is_scalar else 1.0 if any(map(may_be_upstream, p.names)) else 0.0
    if s.items > call.outputs and not kinds & {"cache", "caches", "part"}:
        total -= 4.0
    if kinds & {"upstreams", "outputs", "caches"}:
        total -= 0.5 if kinds == {"upstream", "caches"} else 1.5
    if call.passes_over or ("caches" in kinds and s.parts):
        # A cache that is one item of its own is the whole cache.
        total -= 1.0 if call.passes_over else 2.0
    # What is documented needs no names to speak for it.
    return total + (1.5 if call.is_documented or kinds in ({"upstream", "cache"}, {"upstream", "caches"}) else 0.0)


def _fit(name: str, role: Role, s: Situation) -> float:
    """How well the name of a parameter goes with what it would be given."""
    if not name:
        return 0.0
    is_input = name in s.inputs
    if role.kind == "input":
        own = s.inputs[role.position]
        if name == own:
            return 3.0
        if name.lower() == own.lower() and not is_input:
            return 2.5
        if is_input or is_upstream(name) or is_cache(name):
            return -6.0
        if may_be_upstream(name):
            return -2.0
        if name.lower() == "out" or (is_output(name) and len(name) > 2 and not s.is_scalar):
            return -3.0
        if any(map(is_target, s.inputs)) and is_target(name) != is_target(own):
            return -2.0
        if is_target(name) and is_target(own):
            return 1.0
        return 1.0 if s.is_scalar and is_output(name) and not is_target(own) else 0.0
    if role.kind in ("upstream", "upstreams"):
        if is_upstream(name) and not is_input:
            other = any(agreement(name, each) for each in s.inputs)
            return 2.5 if other else 3.0
        return -6.0 if is_cache(name) or is_input else 2.0 if may_be_upstream(name) else -1.0
    if is_upstream(name):
        return -6.0
    if may_be_upstream(name) and not is_cache(name):
        return -2.0
    if role.kind == "part":
        return -3.0 if is_cache(name) or name.lower().startswith("out") else 0.25
    if role.kind in ("cache", "caches"):
        return 3.0 if is_cache(name) else -1.0 if name.lower().startswith("out") else 0.5
    if is_cache(name) or is_input:
        return -5.0
    # A loss is no output that has another name than that: "output" is the prediction.
    is_named = name.lower() in ("out", "loss", "value", "cost", "result") if s.is_scalar else is_output(name)
    return 2.0 if is_named else -1.0
