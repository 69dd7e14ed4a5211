"""How is a loop written: its lists, what it starts with, its header and its body?

The steps of a loop hand values on under one name. What a later loop needs of each step is kept in a list, one tuple a
step; what is returned or joined of each step is a list of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.program.ir import Instruction, Var
from minigrad.program.repeats.loop import Carried, Loop, Result
from minigrad.program.source.carrying import is_overwritten, is_summed
from minigrad.program.source.elements import Element, Steps, is_reversed, word_of, words
from minigrad.program.source.lines import Line
from minigrad.program.source.lookups import Lookups, ready
from minigrad.program.source.sums import zeros_text
from minigrad.program.source.surrounding import Surrounding
from minigrad.program.source.text import Text

_INDENT = "    "


class LoopWriter:
    """The lines of one loop.

    Args:
        block: in which it stands.
        call: the instruction that runs it.
    """

    def __init__(self, block: Surrounding, call: Instruction) -> None:
        assert isinstance(call.function, Loop)
        self.block, self.call, self.loop = block, call, call.function
        self.scope, self.inner = block.scope, block.scope.child()
        self.firsts, self.values, self.shared, _ = call.args
        self.picks = {self.loop.results[position]: outer for position, outer in block.picks.get(call.out, {}).items()}
        self.before: list[str] = []
        self.bottom: list[str] = []
        self.steps = Steps(self.loop.count, is_reversed=is_reversed(self.values, self.scope.elements))

    def lines(self) -> list[Line]:
        """What is done before, in and after the loop."""
        self._share()
        self._name_step()
        self._lookups = Lookups(self.block, self.inner, self.steps)
        self._lookups.add(self.loop.indexed, self.values)
        self.before += self._lookups.before
        kept, lists = self._requests()
        self._kept = set(kept)
        self._carry()
        self._open_lists(lists)
        used = {var for each in self.loop.body for var in each.uses()}
        # Where nothing is written over, what is put into a list need not have a name.
        named = lists if self.loop.carried else [var for var in lists if var in used]
        wanted = [*[each.after for each in self.loop.carried], *kept, *named, *self._handed_out(lists)]
        wanted = [var for var in dict.fromkeys(wanted) if any(var is each.out for each in self.loop.body)]
        width = self.block.width - len(_INDENT)
        body = self.block.inner(self.loop.body, self.inner, wanted, width)
        self._keep(kept)
        self._fill_lists()
        self._hand_on()
        self._hand_out()
        rest = [*[line.text for line in body], *self.bottom]
        self._lookups.forget_unused(rest, self.before)
        inside = [*self._lookups.top, *rest]
        text = "\n".join(f"{_INDENT}{part}" for line in inside for part in line.split("\n"))
        self.before.append(f"for {self.name if self.name in words(text) else '_'} in {self.steps.header()}:\n{text}")
        # Another loop may call its step the same.
        self.scope.names.taken.discard(self.name)
        return [Line(line, self.call) for line in self.before]

    # What comes from outside.

    def _share(self) -> None:
        for inside, outer in zip(self.loop.shared, self.shared, strict=True):
            self.inner.texts[inside] = ready(self.block, outer)
            if self.inner.texts[inside].is_name:
                self.inner.sizes.introduce(inside, self.inner.texts[inside].text, False, False, True)

    def _name_step(self) -> None:
        self.name = self.scope.names.first_free(["t", "k", "step"])
        self.steps.name = self.name

    # What goes from step to step.

    def _carry(self) -> None:
        """Name what is carried."""
        self._names = [self._carried_name(each) for each in self.loop.carried]
        for each, first, name in zip(self.loop.carried, self.firsts, self._names, strict=True):
            self.inner.set_name(each.inside, name)
            self.before.append(f"{name} = {self._first(each, first)}")
            if is_overwritten(self.loop, each, self.inner) and each.inside not in self._kept:
                self.inner.planned[each.after] = name
                if is_summed(self.loop, each):
                    self.inner.summed.add(each.after)
            elif each.after not in self.inner.planned:
                self.inner.planned[each.after] = self.scope.names.users(f"{name}_new")

    def _hand_on(self) -> None:
        """What the next step is given, where it is not called so already."""
        new = [
            (name, self.inner.texts[each.after].text) for name, each in zip(self._names, self.loop.carried, strict=True)
        ]
        late = [(name, text) for name, text in new if name != text]
        if late:
            self.bottom.append(f"{', '.join(name for name, _ in late)} = {', '.join(text for _, text in late)}")

    def _carried_name(self, each: Carried) -> str:
        last = self._last(each)
        final = None if last is None else self.scope.final_name(last)
        if final is not None:
            return final
        for user in self.loop.body:
            # A share that the next step takes of a gradient.
            of = self.scope.gradient_name(user.out)
            takes_it = user.function is np.add and any(part is each.inside for part in user.args)
            if takes_it and of and each.after not in self.scope.gradients:
                return self.scope.names.own(f"{of}_next")
        return self.inner.name_for(each.after)

    def _last(self, each: Carried) -> Var | None:
        """What the value of the last step is called outside."""
        return self.picks.get(Result(each.after, self.loop.count - 1))

    def _first(self, each: Carried, first: Any) -> str:
        if not each.starts_at_zero:
            return self.block.argument(first).text
        if each.inside.shape == ():
            return "0.0"
        return zeros_text(each.inside, self.scope.owner_like(each.after, self._last(each)), self.scope)

    # What is needed of single steps.

    def _requests(self) -> tuple[list[Var], list[Var]]:
        """Values inside that a later loop looks up step by step, and those of which a list is needed."""
        kept: dict[Var, None] = {}
        lists: dict[Var, None] = {}
        single = self.block.needed_alone()
        for values in self.block.looked_up_later(self.call):
            inside = self._same_step(values)
            if inside is not None:
                kept[inside] = None
            else:
                single |= {value for value in values if type(value) is Var}
        for result, outer in self.picks.items():
            if outer in single and result.step != self.loop.count - 1:
                lists[result.inside] = None
        return list(kept), list(lists)

    def _same_step(self, values: Sequence[Any]) -> Var | None:
        """The value of the body, or the carried one before it changes, that is looked up here in every step."""
        count = self.loop.count
        if len(values) != count:
            return None
        for order in (range(count), range(count - 1, -1, -1)):
            by_step = {step: values[place] for place, step in enumerate(order)}
            for inside in dict.fromkeys(result.inside for result in self.picks):
                if all(self.picks.get(Result(inside, step)) is by_step[step] for step in range(count)):
                    return inside
            for each, first in zip(self.loop.carried, self.firsts, strict=True):
                before = [first, *[self.picks.get(Result(each.after, step)) for step in range(count - 1)]]
                if all(before[step] is by_step[step] for step in range(count)):
                    return each.inside
        return None

    def _keep(self, kept: Sequence[Var]) -> None:
        if not kept:
            return
        texts = [self.inner.texts[var].text for var in kept]
        name = self.scope.names.own("kept" if len(kept) > 1 else f"{texts[0]}s")
        self.before.append(f"{name} = []")
        self.bottom.append(f"{name}.append({texts[0] if len(kept) == 1 else '(' + ', '.join(texts) + ')'})")
        afters = [""] if len(kept) == 1 else [f"[{place}]" for place in range(len(kept))]
        self.scope.kept[name] = dict(zip(afters, texts, strict=True))
        for var, after in zip(kept, afters, strict=True):
            for step in range(self.loop.count):
                outer = self._outer(var, step)
                if outer is not None:
                    self.scope.elements.setdefault(outer, []).append(Element(name, step, after))
                    self.scope.texts.setdefault(outer, Text(f"{name}[{step}]{after}"))

    def _outer(self, inside: Var, step: int) -> Var | None:
        for each, first in zip(self.loop.carried, self.firsts, strict=True):
            if each.inside is inside:
                found = first if step == 0 else self.picks.get(Result(each.after, step - 1))
                return found if type(found) is Var else None
        return self.picks.get(Result(inside, step))

    def _open_lists(self, lists: Sequence[Var]) -> None:
        """Lists of what is needed of single steps."""
        self._lists: dict[Var, str] = {}
        for var in lists:
            name = self.scope.names.own(self._list_name(var))
            self._lists[var] = name
            self.scope.lists[name] = self.loop.count
            if self.steps.is_reversed:
                self.before.append(f"{name} = [None] * {self.steps.length or self.loop.count}")
                if var not in self._afters() and var not in self._kept:
                    self.inner.planned[var] = f"{name}[{self.name}]"
            else:
                self.before.append(f"{name} = []")
            for step in range(self.loop.count):
                outer = self.picks.get(Result(var, step))
                if outer is not None:
                    position = self.loop.count - 1 - step if self.steps.is_reversed else step
                    self.scope.elements.setdefault(outer, []).append(Element(name, position, ""))
                    self.scope.texts[outer] = Text(f"{name}[{position}]")

    def _list_name(self, var: Var) -> str:
        """What a list of a value of every step is called."""
        last = self.picks.get(Result(var, self.loop.count - 1))
        place = next(iter(self.scope.input_places(last)), None) if last is not None else None
        if place is not None:
            return f"d{word_of(place.before + place.after)}" + ("s" if place.after else "")
        named = self.scope.names_of_user.get(var)
        return "rows" if named is None else f"{named}s"

    def _handed_out(self, lists: Sequence[Var]) -> list[Var]:
        """The values of the body whose last ones are needed after the loop."""
        alone = self.block.needed_alone()
        last = self.loop.count - 1
        return [
            inside
            for (inside, step), outer in self.picks.items()
            if step == last and outer in alone and inside not in lists
        ]

    def _fill_lists(self) -> None:
        for var, name in self._lists.items():
            text = self.inner.texts[var].text
            if not self.steps.is_reversed:
                self.bottom.append(f"{name}.append({text})")
            elif text != f"{name}[{self.name}]":
                self.bottom.append(f"{name}[{self.name}] = {text}")

    def _hand_out(self) -> None:
        """Let what the last step gives stand for itself after the loop."""
        for (inside, step), outer in self.picks.items():
            if step == self.loop.count - 1 and (outer not in self.scope.texts or inside in self._afters()):
                self.scope.set_name(outer, self.inner.texts[inside].text)

    def _afters(self) -> set[Var]:
        return {each.after for each in self.loop.carried}
