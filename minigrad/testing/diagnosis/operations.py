"""Which operation has a wrong rule, if minigrad's own gradient is wrong?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minigrad.engine.apply import apply
from minigrad.engine.graph import Node
from minigrad.engine.shares import fitted
from minigrad.engine.tensor import Tensor
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.checking.verdict import judge
from minigrad.testing.diagnosis.edges import edges_of, node_op
from minigrad.testing.diagnosis.evidence import Array, Evidence, evidence_of
from minigrad.testing.diagnosis.tape import Tape
from minigrad.testing.numerical.reference import Point
from minigrad.testing.recording.recorder import Recorder
from minigrad.testing.subjects.base import Subject
from minigrad.testing.subjects.inputs import Leaf


@dataclass(frozen=True)
class Culprit:
    """A rule that is wrong on its own: of which argument of which operation, and what is known about it."""

    name: str
    argument: int
    evidence: Evidence


class _OperationSubject(Subject):
    """One recorded operation as a function of its array arguments, with its rules as the claim."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node, self.op = node, node_op(node)
        self.name, self.constants = self.op.name, {}
        self.arguments = [edge[1] for edge in edges_of(node)]
        self.leaves = [Leaf(f"argument {k}", np.array(node.args[k], dtype=np.float64)) for k in self.arguments]

    def _filled(self, values: Sequence[Any]) -> list[Any]:
        args = list(self.node.args)
        for k, value in zip(self.arguments, values, strict=True):
            args[k] = value
        return args

    def outputs(self, values: Sequence[Array]) -> list[Array]:
        return [np.asarray(self.op.forward(*self._filled(values), **self.node.params))]

    def claimed(self, values: Sequence[Array], upstream: Sequence[Array]) -> list[Any]:
        return self._rules(values, upstream, "", None)

    def recalled(self, values: Sequence[Array], upstream: Sequence[Array], name: str, array: Array) -> list[Any]:
        return self._rules(values, upstream, name, array)

    def _rules(self, values: Sequence[Array], upstream: Sequence[Array], name: str, array: Array | None) -> list[Any]:
        (out,) = self.outputs(values) if name != "out" else [array]
        used = [array if leaf.name == name else value for leaf, value in zip(self.leaves, values, strict=True)]
        args = self._filled(used)
        seed = upstream[0] if name != "g" else array
        return [
            fitted(self.op.rule(k)(seed, out, *args, **self.node.params), value, self.op, k)
            for k, value in zip(self.arguments, values, strict=True)
        ]

    def traced(self, tensors: Sequence[Tensor], recorder: Recorder) -> Tensor:
        out: Tensor = apply(self.op, self._filled(tensors), self.node.params)
        return out


def wrong_rule(tape: Tape) -> Culprit | None:
    """The first operation, in the order of computation, whose own derivative is wrong."""
    for node in reversed(tape.nodes):
        subject = _OperationSubject(node)
        values = [leaf.value for leaf in subject.leaves]
        rng = np.random.default_rng(0)
        shape = np.shape(node.out)
        upstream = [rng.choice([-1.0, 1.0], size=shape) * rng.uniform(0.5, 1.5, size=shape)]
        point = Point(subject, upstream)
        for position, claim in enumerate(subject.claimed(values, upstream)):
            leaf, reference = subject.leaves[position], point.elements(position)
            actual = np.asarray(claim, dtype=np.float64)
            if judge(leaf.name, actual.shape, actual.reshape(-1), reference, 1e-8).verdict == "fail":
                evidence = evidence_of(point, position, actual, reference, upstream, (), None)
                # The rule is what is looked at: its tape is nothing but itself.
                evidence.tape = evidence.suspect = None
                return Culprit(subject.name, subject.arguments[position], evidence)
    return None


def blamed(evidence: Evidence, culprit: Culprit, cause: Finding) -> Finding:
    """What is wrong with a rule, as a finding about the leaf whose gradient it spoils."""
    where = f"the rule of {culprit.name} for argument {culprit.argument}"
    if cause.rule == "unexplained":
        return evidence.finding("rule.wrong", f"{where} is wrong by itself", "derive it again", where)
    return replace(cause, leaf=evidence.leaf, where=where)


def detached(evidence: Evidence) -> Finding:
    """Every rule is right, but the function depends on the leaf in a way that was not recorded."""
    text = "every recorded operation is right, so a part of the computation was not recorded"
    return evidence.finding("path.detached", text, "look for .detach(), .data, .numpy(), .item() and no_grad")
