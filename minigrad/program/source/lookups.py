"""How does a loop look up what is another value in each of its steps?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.program.ir import Var
from minigrad.program.source.elements import Element, Steps, affine, counted, unit_vectors, word_of, words
from minigrad.program.source.scope import Scope
from minigrad.program.source.surrounding import Surrounding
from minigrad.program.source.text import Text, filled


def ready(block: Surrounding, outer: Any) -> Text:
    """What stands for a value from outside, which is computed once."""
    if type(outer) is not Var:
        return block.argument(outer)
    block.give_line(outer)
    return block.scope.texts[outer]


class Lookups:
    """What stands at the top of a loop.

    Args:
        block: in which the loop stands.
        inner: what is known inside the loop.
        steps: how they are counted.

    Attributes:
        before: the lines before the loop.
        top: those at its top.
    """

    def __init__(self, block: Surrounding, inner: Scope, steps: Steps) -> None:
        self.block, self.scope, self.inner, self.steps = block, block.scope, inner, steps
        self.before: list[str] = []
        self.top: list[str] = []
        # By name, the lines by which something is looked up in a list that is written here.
        self._looked: dict[str, tuple[str, str]] = {}

    def add(self, indexed: Sequence[Var], lists: Sequence[Sequence[Any]]) -> None:
        """Write what looks values up, of which each step has its own in a list."""
        groups: dict[str, list[tuple[Var, Element]]] = {}
        for inside, values in zip(indexed, lists, strict=True):
            found = counted(values)
            if found is not None:
                self.inner.texts[inside] = self.steps.text(*found)
                continue
            place = affine([self.scope.elements.get(value, []) for value in values if type(value) is Var], len(values))
            if place is None:
                self.inner.texts[inside] = self._looked_up(inside, values)
                continue
            whole = f"{place.before}[{self.steps.text(place.start, place.rise).text}]"
            groups.setdefault(whole, []).append((inside, place))
        for whole, members in groups.items():
            self._look_up(whole, members)

    def _looked_up(self, inside: Var, values: Sequence[Any]) -> Text:
        """A value of a list that is written here."""
        unit = unit_vectors(values)
        if unit is not None:
            name = self._call(inside, "v")
            position = self.steps.text(*unit).text
            self.top += [f"{name} = np.zeros({len(values)})", f"{name}[{position}] = 1.0"]
            return Text(name, is_name=True)
        name = self._call(inside, "x")
        texts = [ready(self.block, value).text for value in (reversed(values) if self.steps.is_reversed else values)]
        listed = self.scope.names.own(f"{name}s")
        self.before.append(filled(f"{listed} = [", ", ".join(texts), "]", self.block.width))
        self.top.append(f"{name} = {listed}[{self.steps.name}]")
        self._looked[name] = self.before[-1], self.top[-1]
        return Text(name, is_name=True)

    def forget_unused(self, lines: Sequence[str], before: list[str]) -> None:
        """Leave out lists of what no line needs after all, such as sizes of what has a name with that size.

        Args:
            lines: the others in the loop.
            before: those before it, from which a list is taken away.
        """
        needed = words("\n".join(lines))
        for name, (opened, top) in self._looked.items():
            if name not in needed:
                before.remove(opened)
                self.top.remove(top)

    def _call(self, inside: Var, otherwise: str) -> str:
        named = self.scope.names_of_user.get(inside)
        name = self.scope.names.users(named) if named else self.scope.names.own(otherwise)
        self.inner.set_name(inside, name)
        return name

    def _look_up(self, whole: str, members: Sequence[tuple[Var, Element]]) -> None:
        list_name = members[0][1].before
        kept = self.scope.kept.get(list_name)
        if kept is not None:
            # What an earlier loop kept, a tuple for each step or one value.
            named = {place.after: self._reuse(inside, kept[place.after]) for inside, place in members}
            left = ", ".join(named.get(after, "_") for after in kept)
            self.top.append(f"{left} = {whole}")
            return
        texts = [f"{whole}{place.after}" for _, place in members]
        if len(members) > 1 and max(map(len, texts)) > len(whole):
            name = self.scope.names.users(list_name[:-1] if list_name.endswith("s") and len(list_name) > 1 else "each")
            self.top.append(f"{name} = {whole}")
            texts = [f"{name}{place.after}" for _, place in members]
        for (inside, _), text in zip(members, texts, strict=True):
            self.inner.set_name(inside, text)
            self.inner.words[inside] = word_of(text)

    def _reuse(self, inside: Var, word: str) -> str:
        """The name that a value had in the loop that kept it, unless something outside of it is still called so."""
        outside = {text.text for text in self.scope.texts.values() if text.is_name}
        name = word if word.isidentifier() and word not in outside else self.scope.names.users(word)
        self.inner.set_name(inside, name)
        return name
