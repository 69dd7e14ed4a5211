"""Which well-known formula was written out, of which minigrad has a form that does not overflow?"""

from __future__ import annotations

import re

from minigrad.debugging.scenes import PICKED, argument, made_by, number
from minigrad.engine.graph import Node

_SUM = r"\bsum\("
# An exponential that may overflow is a part of these; the next lines of the user's code tell of which.
_WRITTEN = [
    ("softplus by formula", r"log1p\(|log\(\s*1"),
    ("sigmoid by formula", r"/\s*\(\s*1(\.0*)?\s*\+"),
    ("log-softmax by formula", rf"log\(.*{_SUM}|{_SUM}.*\blog\("),
    ("softmax by formula", rf"/.*{_SUM}|{_SUM}.*/"),
]
STABLE = {
    "softmax by formula": "write mg.softmax(x)",
    "log-softmax by formula": "write mg.log_softmax(x); for log(sum(exp(x))) alone, mg.logsumexp(x); for the loss of "
    "labels, losses.cross_entropy(logits, labels)",
    "logsumexp by formula": "write mg.logsumexp(x)",
    "softplus by formula": "write mg.softplus(x)",
    "sigmoid by formula": "write mg.sigmoid(x)",
    "cross-entropy by formula": "write losses.cross_entropy(logits, labels)",
    "binary cross-entropy by formula": "write losses.bce_with_logits(logits, target); for the logarithm alone, "
    "mg.log_sigmoid(x)",
}


def around_exp(formula: str) -> str | None:
    """The formula around an exponential, by the text of the user's lines."""
    text = " ".join(formula.split())
    return next((name for name, pattern in _WRITTEN if re.search(pattern, text)), None)


def below_log(node: Node | None) -> str | None:
    """The formula of which a logarithm is taken."""
    picked = made_by(node, *PICKED)
    if probability(node) == "softmax":
        return "cross-entropy by formula" if picked is not None else "log-softmax by formula"
    if probability(node) == "sigmoid":
        return "binary cross-entropy by formula"
    return "logsumexp by formula" if is_sum_of_exp(node) else None


def probability(node: Node | None) -> str | None:
    """Whether some numbers come from a softmax or a sigmoid, called or written out, or are 1 minus such."""
    if (found := made_by(node, "softmax", "sigmoid", past=PICKED)) is not None and found.op is not None:
        return found.op.name
    if (less := made_by(node, "subtract", past=PICKED)) is not None and number(less, 0) == 1.0:
        return probability(argument(less, 1))
    divided = made_by(node, "divide", past=PICKED)
    if divided is None:
        return None
    if is_sum_of_exp(argument(divided, 1)):
        return "softmax"
    below = made_by(argument(divided, 1), "add")
    if below is not None and any(made_by(parent, "exp") for parent in below.parents or ()):
        return "sigmoid"
    return None


def is_sum_of_exp(node: Node | None) -> bool:
    """Whether some numbers are sums of exponentials."""
    found = made_by(node, "sum", past=PICKED)
    return found is not None and made_by(argument(found, 0), "exp") is not None


def spread(node: Node | None) -> str | None:
    """Whether some numbers are a standard deviation or variance, or a norm, called or written out."""
    if made_by(node, "std", "var", past=PICKED) is not None:
        return "std"
    if made_by(node, "power_norm", past=PICKED) is not None:
        return "norm"
    root = made_by(node, "sqrt", "power", past=PICKED)
    return below_root(argument(root, 0)) if root is not None else None


def below_root(node: Node | None) -> str | None:
    """Whether a root of these numbers is a standard deviation or a norm."""
    if made_by(node, "var") is not None:
        return "std"
    found = made_by(node, "mean", "sum")
    if found is None or found.op is None:
        return None
    squared = made_by(argument(found, 0), "square", "power", "multiply")
    if squared is None:
        return None
    less = made_by(argument(squared, 0), "subtract")
    if less is not None and made_by(argument(less, 1), "mean", past=PICKED) is not None:
        return "std"
    return "norm"
