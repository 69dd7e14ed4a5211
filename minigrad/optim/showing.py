"""How does an optimiser look, as text and in a notebook?"""

from __future__ import annotations

from typing import Any

from minigrad.engine import html

# Any is an `Optimizer`, whose file imports this one.


def text(optimizer: Any) -> str:
    """One line."""
    settings = _settings(optimizer)
    if entries := _entries(optimizer):
        parts = [f"{each.label}: {{{_joined(optimizer, each.settings, '{!r}: {}')}}}" for each in entries]
        settings["groups"] = f"{{{', '.join(parts)}}}"
    shown = ", ".join(f"{name}={value}" for name, value in settings.items())
    return f"<{type(optimizer).__name__}({shown}): {_held(optimizer)}>"


def page(optimizer: Any) -> str:
    """A table of HTML."""
    title = f"{type(optimizer).__name__}, {_held(optimizer)}"
    rows = list(_settings(optimizer).items())
    for each in _entries(optimizer):
        count = f"{len(each.positions)} of {len(optimizer.parameters)} parameters"
        rows.append((f"groups[{each.label}], {count}", _joined(optimizer, each.settings, "{}={}")))
    return html.box(title, html.table(("setting", "value"), rows))


def _entries(optimizer: Any) -> list[Any]:
    return [] if optimizer._groups is None else list(optimizer._groups.entries)


def _joined(optimizer: Any, settings: dict[str, Any], form: str) -> str:
    """The settings of a group."""
    return ", ".join(
        form.format(name, _rate(optimizer, value) if name == "lr" else repr(value)) for name, value in settings.items()
    )


def _settings(optimizer: Any) -> dict[str, str]:
    """All settings, the learning rate first."""
    limit = {} if optimizer._max_norm is None else {"max_norm": optimizer._max_norm}
    others = {name: repr(value) for name, value in (optimizer._settings() | limit).items()}
    return {"lr": _rate(optimizer, optimizer._lr)} | others


def _rate(optimizer: Any, lr: Any) -> str:
    if not callable(lr):
        return f"{lr:.6g}"
    try:
        return f"schedule, now {lr(optimizer.steps):.6g}"
    except Exception:  # of a function that somebody else wrote; looking at an optimiser raises nothing
        return "schedule"


def _held(optimizer: Any) -> str:
    numbers = sum(parameter.size for parameter in optimizer.parameters)
    return f"{len(optimizer.parameters)} parameters of {numbers:,} numbers, {optimizer._own['steps']} steps taken"
