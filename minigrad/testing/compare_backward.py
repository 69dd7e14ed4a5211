"""Which line of this hand-written backward pass is wrong, compared with the same model in minigrad?"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from minigrad.engine.blocks import recording
from minigrad.engine.graph import Node
from minigrad.engine.tensor import Tensor
from minigrad.testing.checking.check import Options
from minigrad.testing.checking.invariants import Claim, read_claim
from minigrad.testing.checking.last_place import CALLS, ROUNDING, shaken, spreads_on_tape
from minigrad.testing.checking.outcome import Finding, LeafResult, Verdict
from minigrad.testing.checking.result import GradcheckResult
from minigrad.testing.checking.verdict import judge
from minigrad.testing.diagnosis import explain
from minigrad.testing.diagnosis.conventions import convention
from minigrad.testing.diagnosis.edges import edges_of, node_op, parent_of, true_share
from minigrad.testing.diagnosis.evidence import Array, Evidence, named_sizes
from minigrad.testing.diagnosis.keys import leaf_nodes, step_nodes
from minigrad.testing.diagnosis.tape import Tape
from minigrad.testing.numerical.reference import Reference
from minigrad.testing.subjects.base import TensorSubject
from minigrad.testing.subjects.inputs import Leaf


def compare_backward(
    fn: Callable[..., Any],
    grads: Mapping[str, Any],
    inputs: Any,
    *,
    steps: Mapping[str, Any] | None = None,
    grad_output: Any = None,
    rtol: float = 1e-8,
    raise_exception: bool = True,
) -> GradcheckResult:
    """Compare a hand-written backward pass with a model in minigrad, line by line.

    Every gradient, of a step or of an input, is judged by the rules of the operations between it and the next steps
    above, applied to the gradients that *you* computed for those. So a mistake is blamed on the line that makes it,
    not on the lines that use its result, and two mistakes give two findings.

    Args:
        fn: the model; it returns one Tensor, and names intermediate results with ``.named("z1")``.
        grads: your gradients of inputs by name, such as ``{"W1": dW1}``; ``dW1``, ``grad_W1`` or ``W1.grad`` mean the
            same, and a name may leave out the beginning of a path if it stays unique.
        inputs: as for `gradcheck`.
        steps: your gradients of intermediate results, by the names that `fn` gives them.
        grad_output: the upstream gradient, for an output of more than one element.
        rtol: the relative error allowed beyond rounding; 1e-4 at the least for float32.
        raise_exception: whether a verdict other than *pass* is raised.

    Returns:
        A result that is true for *pass*, with one leaf for each entry of `steps` and `grads`.

    Raises:
        GradcheckError: for any other verdict, unless ``raise_exception=False``.
        ValueError: for names that do not exist or are given twice, nothing to compare, and an upstream gradient of
            another shape.
        TypeError: for a model that does not return one Tensor.

    Examples:
        >>> def model(x, W):
        ...     z = (x @ W).named("z")
        ...     return np.sum(np.tanh(z))
        >>> x, W = np.linspace(-1, 1, 35).reshape(7, 5), np.linspace(0.5, 2, 15).reshape(5, 3)
        >>> dz = 1 - np.tanh(x @ W)
        >>> result = testing.compare_backward(model, {"W": x.T @ dz}, (x, W), steps={"z": dz}, raise_exception=False)
        >>> [finding.leaf for finding in result.findings]
        ['z']
    """
    __tracebackhide__ = True
    settings = Options(rtol=rtol, raise_exception=raise_exception)
    steps = {} if steps is None else steps
    for what, given in (("grads", grads), ("steps", steps)):
        if not isinstance(given, Mapping):
            raise TypeError(f"{what} is a dict of gradients by name, not a {type(given).__name__}")
    if not grads and not steps:
        raise ValueError("nothing was checked: grads and steps are empty")
    subject = TensorSubject(fn, inputs)
    tape = _recorded(subject, [leaf.value for leaf in subject.leaves], grad_output)
    twice = sorted(set(steps) & set(grads))
    if twice:
        raise ValueError(f"{twice[0]!r} is a step and an input; give the step another name")
    targets = {**step_nodes(tape, steps), **leaf_nodes(tape, subject.leaves, grads)}
    claims = {
        name: read_claim(Leaf(name, np.asarray(node.out)), {**steps, **grads}[name]) for name, node in targets.items()
    }
    comparable = {
        name: claim.value.astype(targets[name].out.dtype)
        for name, claim in claims.items()
        if claim.value.shape == targets[name].out.shape and np.isfinite(claim.value).all()
    }
    single = any(min(targets[name].out.dtype.itemsize, claims[name].itemsize) < 8 for name in comparable)
    followed = convention(tape, targets, comparable, list(steps), 1e-4 if single else 1e-8)
    for name in followed.steps if followed is not None else ():
        assert followed is not None
        comparable[name] = comparable[name] / followed.factor
        claims[name] = replace(claims[name], value=claims[name].value / followed.factor)
    tape.given = {targets[name]: comparable[name] for name in steps if name in comparable}
    judged = _Judgement(tape, targets, claims, list(steps), settings.rtol, lambda: _nearby(subject, grad_output))
    leaves = [judged.leaf(name) for name in targets]
    findings = judged.told_once([judged.cause(leaf.name) for leaf in leaves if leaf.verdict == "fail"])
    notes = () if followed is None else (followed.note(judged.sizes()),)
    unsure = any(leaf.verdict == "inconclusive" for leaf in leaves)
    verdict: Verdict = "fail" if findings else "inconclusive" if unsure else "pass"
    return settings.delivered(
        GradcheckResult(verdict, tuple(findings), tuple(leaves), 1, None, subject.name, "compare_backward", notes)
    )


def _recorded(subject: TensorSubject, values: Sequence[Array], grad_output: Any) -> Tape:
    tensors = [
        Tensor(value, requires_grad=True, name=leaf.name) for leaf, value in zip(subject.leaves, values, strict=True)
    ]
    with recording(complete=True):
        outputs = subject._called(tensors)
    if len(outputs) != 1:
        raise TypeError(f"{subject.name} returned {len(outputs)} Tensors; compare_backward needs one")
    return Tape(outputs[0], tensors, _seed(grad_output, outputs[0]))


def _nearby(subject: TensorSubject, grad_output: Any) -> list[Tape]:
    """The same computation at inputs that differ in the last place."""
    rng = np.random.default_rng(0)
    return [_recorded(subject, [shaken(leaf.value, rng) for leaf in subject.leaves], grad_output) for _ in range(CALLS)]


class _Judgement:
    """What should have been computed for each name, from the user's own gradients above it."""

    def __init__(
        self,
        tape: Tape,
        targets: Mapping[str, Node],
        claims: Mapping[str, Claim],
        steps: Sequence[str],
        rtol: float,
        nearby: Callable[[], list[Tape]],
    ) -> None:
        self.tape, self.targets, self.claims, self.steps, self.rtol = tape, targets, claims, steps, rtol
        self.nearby = nearby
        self.expected = tape.run({})
        self.rounding = _rounding(tape, self.expected)
        self.right: list[str] = []

    def leaf(self, name: str) -> LeafResult:
        node, claim = self.targets[name], self.claims[name]
        truth, error = self._truth(name)
        if claim.problem is not None and (claim.problem.rule != "structure.missing" or truth.any()):
            return LeafResult(name, truth.shape, "fail", note=claim.problem.text)
        reference = Reference(truth.reshape(-1), np.full(truth.size, error), flat=not truth.any())
        # What was computed in single precision agrees to single precision.
        rtol = self.rtol if min(node.out.dtype.itemsize, claim.itemsize) == 8 else max(self.rtol, 1e-4)
        found = judge(name, truth.shape, claim.value.reshape(-1), reference, rtol)
        spread = self._spreads.get(name) if found.verdict != "pass" and np.isfinite(claim.value).all() else None
        if spread is not None:
            # Perhaps terms cancel, and what is left is rounding.
            reference.floor = ROUNDING * spread.reshape(-1)
            reference.scale = float(np.max(spread, initial=0.0)) / float(np.finfo(node.out.dtype).eps)
            found = judge(name, truth.shape, claim.value.reshape(-1), reference, rtol)
        if found.verdict == "pass":
            self.right.append(name)
        return found

    @cached_property
    def _spreads(self) -> dict[str, Array | None]:
        """By how much rounding changes what is expected."""
        spreads = spreads_on_tape(self.tape, list(self.targets.values()), self.nearby())
        return dict(zip(self.targets, spreads, strict=True))

    def _truth(self, name: str) -> tuple[Array, float]:
        node = self.targets[name]
        truth = np.asarray(self.expected.get(node, np.zeros_like(node.out)), dtype=np.float64)
        return truth, self.rounding.get(node, 0.0)

    def cause(self, name: str) -> Finding:
        node, claim = self.targets[name], self.claims[name]
        where = self._where([name])
        if claim.problem is not None and not claim.diagnosable:
            return Finding(name, claim.problem.rule, claim.problem.text, claim.problem.fix, where)
        truth, error = self._truth(name)
        tensors = {other: np.asarray(n.out) for other, n in self.targets.items() if other != name}
        tensors |= {f"your gradient of {other}": self.claims[other].value for other in self.steps if other != name}
        self.tape.leaves = [node]
        evidence = Evidence(name, claim.value, truth, error, tensors, self.sizes(), tape=self.tape)
        found = explain(evidence)
        if claim.problem is not None and found.rule == "unexplained":
            found = claim.problem
        return Finding(name, found.rule, found.text, found.fix, where, found.confidence)

    def sizes(self) -> dict[str, int]:
        """The sizes that a factor may come from, by name."""
        shapes = {name: np.shape(node.out) for name, node in self.targets.items()}
        return named_sizes(shapes, np.shape(self._batch()))

    def told_once(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings, with those that say the same of several gradients put together."""
        alike: dict[tuple[str, str, bool], list[Finding]] = {}
        for finding in findings:
            same = finding.leaf if finding.rule == "unexplained" else finding.text
            # What is wrong with a step is not what is wrong with the lines that use it.
            key = (finding.rule, same, finding.leaf in self.steps)
            alike.setdefault(key, []).append(finding)
        groups = [(group[0], [finding.leaf for finding in group]) for group in alike.values()]
        return [replace(first, where=self._where(names), leaves=tuple(names)) for first, names in groups]

    def _batch(self) -> Any:
        """A result whose first axis is the batch: the last one that has two axes."""
        return next((node.out for node in self.tape.nodes if np.ndim(node.out) > 1), self.tape.root.out)

    def _where(self, names: Sequence[str]) -> str:
        above = [other for other in self.steps if any(other != n and self._feeds(n, other) for n in names)]
        own = f", judged on your own {_listed(above)}" if above else ""
        right = f"; {_listed(self.right[:6])} {'is' if len(self.right) == 1 else 'are'} right" if self.right else ""
        kind = "step" if names[0] in self.steps else "gradient"
        return f"{kind}{'s' if len(names) > 1 else ''} {_listed(names)}{own}{right}"

    def _feeds(self, name: str, other: str) -> bool:
        """Whether a step is used for the gradient of this name with no other step between."""
        wanted, start = self.targets[name], self.targets[other]
        others = {self.targets[step] for step in self.steps} - {start}
        stack, seen = [start], {start}
        while stack:
            node = stack.pop()
            for edge in edges_of(node):
                parent = parent_of(edge)
                if parent is wanted:
                    return True
                if parent not in seen and parent not in others:
                    seen.add(parent)
                    stack.append(parent)
        return False


def _rounding(tape: Tape, arrived: Mapping[Node, Array]) -> dict[Node, float]:
    """How far each gradient can be off by rounding, from the size of the terms that it is a sum of."""
    found: dict[Node, float] = {}
    for node in tape.nodes:
        gradient = tape.given.get(node, arrived.get(node))
        if gradient is None:
            continue
        sizes = [np.abs(arg) if isinstance(arg, np.ndarray) and arg.dtype.kind == "f" else arg for arg in node.args]
        for edge in edges_of(node):
            parent = parent_of(edge)
            terms = [np.abs(true_share(*edge, gradient))]
            # The terms of a product with a matrix cancel; those of the product of their sizes do not.
            with contextlib.suppress(ValueError, TypeError), np.errstate(all="ignore"):
                rule = node_op(node).rule(edge[1])
                terms.append(np.abs(rule(np.abs(gradient), node.out, *sizes, **node.params)))
            largest = max((float(np.max(t[np.isfinite(t)], initial=0.0)) for t in map(np.asarray, terms)), default=0.0)
            tiny = float(np.finfo(parent.out.dtype).eps)
            found[parent] = found.get(parent, 0.0) + 4 * tiny * largest
    found.setdefault(tape.root, 0.0)
    return found


def _seed(given: Any, output: Tensor) -> Array:
    if given is None:
        if output.size != 1:
            raise ValueError(f"the model's output has shape {output.shape}; pass grad_output in that shape")
        return np.ones(output.shape)
    seed = np.asarray(given.data if isinstance(given, Tensor) else given)
    if seed.shape != output.shape:
        raise ValueError(f"grad_output has the shape of the output, {output.shape}, not {seed.shape}")
    return seed


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
