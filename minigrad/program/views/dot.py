"""What does a program look like as a picture, in the language of Graphviz?"""

from __future__ import annotations

from dataclasses import dataclass, field

from minigrad.program.ir import Instruction, Var, guard
from minigrad.program.program_like import ProgramLike
from minigrad.program.views.folding import Repeat, repeats
from minigrad.program.views.labels import Labels

_COLOURS = {"forward": "#d6e6f7", "backward": "#fbe0c8", "update": "#d9efd3"}
_INPUT, _PARAMETER, _OUTPUT = "#ffffff", "#fff6c9", "#2b6cb0"
_LONGEST_CALL = 48


@dataclass
class _Cluster:
    """A box with a title around nodes and other boxes."""

    title: str
    nodes: list[str] = field(default_factory=list)
    inner: dict[str, _Cluster] = field(default_factory=dict)


def dot(program: ProgramLike) -> str:
    """The program as a graph: a node for each input and each call, an edge with its shape for each value it is given.

    Layers are boxes, colours tell the phases apart, results have thick borders. Of three or more equal blocks that
    follow one another the first is shown, in a box that says how many there are.
    """
    return "\n".join(_Picture(program).lines()) + "\n"


class _Picture:
    def __init__(self, program: ProgramLike) -> None:
        self.program, self.labels = program, Labels(program)
        # The value that is shown in the place of each, and all that it is shown for.
        self.shown: dict[Var, Var] = {}
        self.names: dict[Var, list[str]] = {}
        # For each value of a repeated block: the repeat, and which of its blocks.
        self.blocks: dict[Var, tuple[Repeat, int]] = {}
        for repeat in repeats(program.code):
            self._fold(repeat)
        for each in program.inputs:
            self._name(each.var)
        for instruction in program.code:
            self._name(instruction.out)

    def _name(self, var: Var) -> None:
        self.names.setdefault(self._stands_for(var), []).append(self.labels.value(var))

    def _fold(self, repeat: Repeat) -> None:
        """Let the instructions and inputs of the first block stand for those of all."""
        code, inputs = self.program.code, {each.var for each in self.program.inputs}
        for position in range(repeat.start, repeat.stop):
            block, offset = divmod(position - repeat.start, repeat.period)
            own, first = code[position], code[repeat.start + offset]
            self.blocks[own.out] = repeat, block
            if block:
                self.shown[own.out] = first.out
                for var, like in zip(own.uses(), first.uses(), strict=True):
                    var, like = self._stands_for(var), self._stands_for(like)
                    if var in inputs and like in inputs and var is not like:
                        self.shown[var] = like

    def _stands_for(self, var: Var) -> Var:
        """What is shown for a value: an input may stand for another one that a second repeat puts with a third."""
        while var in self.shown:
            var = self.shown[var]
        return var

    def lines(self) -> list[str]:
        """The text, line by line."""
        found = [
            f"digraph {_quoted(self.program.name)} {{",
            '  graph [fontname="Helvetica", rankdir=TB, nodesep=0.25, ranksep=0.35];',
            '  node [fontname="Helvetica", fontsize=11, shape=box, style="filled,rounded", color="#555555"];',
            '  edge [fontname="Helvetica", fontsize=9, color="#555555", fontcolor="#555555"];',
        ]
        top = _Cluster("")
        for each in self.program.inputs:
            if each.var not in self.shown:
                is_data = each.held is None and not each.wanted
                colour = _INPUT if is_data else _PARAMETER
                title = f"{self._called(each.var)}\n{self.labels.shape(each.var.shape)}"
                top.nodes.append(_node(each.var, title, "ellipse", colour, each.var in self._outputs()))
        for instruction in self.program.code:
            if instruction.out not in self.shown:
                self._place(top, instruction).nodes.append(self._step(instruction))
        found += _drawn(top, "  ")
        found += self._edges()
        return [*found, "}"]

    def _outputs(self) -> set[Var]:
        return {self._stands_for(var) for var in self.program.outputs}

    def _called(self, var: Var) -> str:
        names = self.names[var]
        return ", ".join(names) if len(names) < 4 else f"{names[0]}, {names[1]}, ... {names[-1]}"

    def _step(self, instruction: Instruction) -> str:
        call = self.labels.call(instruction)
        if len(call) > _LONGEST_CALL:
            call = call[: _LONGEST_CALL - 4] + " ..."
        title = call if instruction.function is guard else f"{self._called(instruction.out)} = {call}"
        if instruction.function is not guard and len(self._called(instruction.out)) > 12:
            title = f"{self._called(instruction.out)}\n= {call}"
        colour = _COLOURS.get(instruction.phase, "#eeeeee")
        is_output = instruction.out in self._outputs()
        shape = "diamond" if instruction.function is guard else "box"
        return _node(instruction.out, title, shape, colour, is_output)

    def _place(self, top: _Cluster, instruction: Instruction) -> _Cluster:
        """The box that a call belongs to."""
        phase = "" if instruction.phase == "forward" else f", {instruction.phase}"
        path = [(name, name + phase) for name in instruction.scope]
        if instruction.out in self.blocks:
            repeat, _ = self.blocks[instruction.out]
            # What the first block and the second one lie in; layers that repeat stand inside the box that counts.
            block = self.program.code[repeat.start : repeat.start + repeat.period + 1]
            shared = min(_common(each.scope, instruction.scope) for each in block)
            path.insert(shared, (f"repeat {repeat.start}", f"x {repeat.count}"))
        found = top
        for name, title in path:
            found = found.inner.setdefault(f"{name}{phase}", _Cluster(title))
        return found

    def _edges(self) -> list[str]:
        found: dict[str, None] = {}
        for instruction in self.program.code:
            for var in instruction.uses():
                source, target = self._stands_for(var), self._stands_for(instruction.out)
                label = _quoted(self.labels.shape(source.shape))
                style = ""
                if var in self.blocks and instruction.out in self.blocks:
                    (repeat, block), (other, other_block) = self.blocks[var], self.blocks[instruction.out]
                    if repeat is other and block != other_block:
                        # From each block to the next one.
                        style = ', style=dashed, constraint=false, color="#b83280"'
                found[f"  n{source.number} -> n{target.number} [label={label}{style}];"] = None
        return list(found)


def _common(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    """How many layers two instructions share, from the outermost."""
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count


def _node(var: Var, title: str, shape: str, colour: str, is_output: bool) -> str:
    marked = f', penwidth=3, color="{_OUTPUT}"' if is_output else ""
    return f'n{var.number} [label={_quoted(title)}, shape={shape}, fillcolor="{colour}"{marked}];'


def _drawn(cluster: _Cluster, indent: str, name: str = "c") -> list[str]:
    lines = [f"{indent}{node}" for node in cluster.nodes]
    for position, inner in enumerate(cluster.inner.values()):
        own = f"{name}_{position}"
        is_count = inner.title.startswith("x ")
        style = 'style=rounded; color="#b83280"; penwidth=2' if is_count else 'style=rounded; color="#999999"'
        lines += [f"{indent}subgraph cluster_{own} {{", f"{indent}  label={_quoted(inner.title)}; {style};"]
        lines += _drawn(inner, f"{indent}  ", own)
        lines.append(f"{indent}}}")
    return lines


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
