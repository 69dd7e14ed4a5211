"""How does an optimiser look, as text and in a notebook?"""

from __future__ import annotations

from typing import Any

from minigrad.engine import html

# Any is an `Optimizer`, whose file imports this one.


def text(optimizer: Any) -> str:
    """One line."""
    settings = ", ".join(f"{name}={value}" for name, value in _settings(optimizer).items())
    return f"<{type(optimizer).__name__}({settings}): {_held(optimizer)}>"


def page(optimizer: Any) -> str:
    """A table of HTML."""
    title = f"{type(optimizer).__name__}, {_held(optimizer)}"
    return html.box(title, html.table(("setting", "value"), _settings(optimizer).items()))


def _settings(optimizer: Any) -> dict[str, str]:
    """All settings, the learning rate first."""
    limit = {} if optimizer._max_norm is None else {"max_norm": optimizer._max_norm}
    others = {name: repr(value) for name, value in (optimizer._settings() | limit).items()}
    return {"lr": _rate(optimizer)} | others


def _rate(optimizer: Any) -> str:
    if not callable(optimizer._lr):
        return f"{optimizer._lr:.6g}"
    try:
        return f"schedule, now {optimizer.lr:.6g}"
    except Exception:  # of a function that somebody else wrote; looking at an optimiser raises nothing
        return "schedule"


def _held(optimizer: Any) -> str:
    numbers = sum(parameter.size for parameter in optimizer.parameters)
    return f"{len(optimizer.parameters)} parameters of {numbers:,} numbers, {optimizer._own['steps']} steps taken"
