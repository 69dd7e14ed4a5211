"""Which parameters of an optimiser have settings of their own?"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from minigrad.engine.tensor import Tensor

# What an optimiser is given: patterns or functions, and the settings of what they are true for.
GroupSettings = Mapping[Any, Mapping[str, Any]]

# Any is an `Optimizer`, whose file imports this one.


def vectors(name: str | None, parameter: Tensor) -> bool:
    """Whether a parameter has fewer than two axes, as biases have, and what layers of norms scale and shift by.

    Such parameters are often left out of weight decay, in one line. It is a function for the ``groups=`` of an
    optimiser, and so may be one of yours. ``nn.LayerNorm((4, 5))`` has parameters of two axes, which this leaves out.

    Args:
        name: of the parameter, or None where the optimiser was given Tensors without names; it does not matter here.
        parameter: of any shape.

    Examples:
        >>> model = nn.Dense(3, 2, rng=0)
        >>> optimizer = optim.AdamW(
        ...     model.parameters(), lr=0.01, weight_decay=0.1, groups={optim.vectors: {"weight_decay": 0.0}}
        ... )
        >>> [settings["weight_decay"] for settings in optimizer.settings().values()]
        [0.1, 0.0]
    """
    return parameter.ndim < 2


@dataclass(frozen=True)
class Entry:
    """One entry of what an optimiser was given as groups.

    Attributes:
        label: the pattern in quotes, or the name of the function.
        settings: those that it names.
        positions: of the parameters that it is for.
    """

    label: str
    settings: dict[str, Any]
    positions: tuple[int, ...]


class Groups:
    """The settings that some parameters of an optimiser have for themselves.

    Of the optimiser there is a copy for each kind of parameter, which shares all memory with it and is set otherwise.

    Args:
        optimizer: with the settings of all other parameters.
        names: of its parameters, where it was given names.
        groups: as it was given.

    Attributes:
        entries: what was given.
        rules: for each position, what updates that parameter; None for the optimiser itself.

    Raises:
        TypeError, ValueError: for what cannot be meant, with the entry.
    """

    __slots__ = ("entries", "rules")

    def __init__(self, optimizer: Any, names: Sequence[str] | None, groups: Any) -> None:
        if not isinstance(groups, Mapping):
            raise TypeError(
                f"groups is a {type(groups).__name__}; give a dict from patterns of names, or functions of a name and "
                'a parameter, to settings, such as {"*bias": {"weight_decay": 0.0}}'
            )
        self.entries = [_entry(optimizer, names, key, settings) for key, settings in groups.items()]
        self.rules: list[Any] = [None] * len(optimizer.parameters)
        made: dict[tuple[int, ...], Any] = {}
        for position in range(len(self.rules)):
            chosen = tuple(number for number, each in enumerate(self.entries) if position in each.positions)
            if chosen:
                if chosen not in made:
                    made[chosen] = _with_settings(optimizer, [self.entries[number] for number in chosen])
                self.rules[position] = made[chosen]

    @property
    def distinct(self) -> list[Any]:
        """Each of the copies once."""
        return list({id(rule): rule for rule in self.rules if rule is not None}.values())


def _entry(optimizer: Any, names: Sequence[str] | None, key: Any, settings: Any) -> Entry:
    label = repr(key) if isinstance(key, str) else getattr(key, "__name__", repr(key))
    known = ["lr", *optimizer._settings()]
    if not isinstance(settings, Mapping) or not settings:
        given = "is empty" if isinstance(settings, Mapping) else f"is a {type(settings).__name__}"
        raise TypeError(f'groups[{label}] {given}; give settings by name, such as {{"{known[-1]}": ...}}')
    for name in settings:
        if name == "max_norm":
            raise ValueError(
                f"groups[{label}] sets max_norm, which is the joint norm of all gradients; give it to the optimiser"
            )
        if name not in known:
            raise ValueError(
                f"groups[{label}] sets {name!r}; the settings of {type(optimizer).__name__} are {', '.join(known)}"
            )
    positions = tuple(_matching(optimizer.parameters, names, key, label))
    if not positions:
        there = f"the names are {_listed(names)}" if names else _listed(_without_names(optimizer.parameters))
        raise ValueError(f"groups[{label}] is for none of the parameters; {there}")
    return Entry(label, dict(settings), positions)


def _matching(parameters: Sequence[Tensor], names: Sequence[str] | None, key: Any, label: str) -> Iterable[int]:
    if isinstance(key, str):
        if names is None:
            raise ValueError(
                f"groups[{label}] is a pattern of names, and the parameters have none; give pairs of a name and a "
                "Tensor, such as model.named_parameters()"
            )
        return (position for position, name in enumerate(names) if fnmatchcase(name, key))
    if not callable(key):
        raise TypeError(
            f"groups[{label}]: the keys are patterns of names, such as '*bias', or functions of a name and a parameter "
            f"that give True or False, not a {type(key).__name__}"
        )
    found = []
    for position, parameter in enumerate(parameters):
        name = None if names is None else names[position]
        try:
            answer = key(name, parameter)
        except Exception as error:
            error.add_note(f"minigrad: groups[{label}] is called as {label}(name, parameter), and gives True or False.")
            raise
        if not isinstance(answer, (bool, np.bool_)):
            raise TypeError(
                f"groups[{label}] gives {answer!r:.60} for {name or f'parameters[{position}]'}, not True or False"
            )
        if answer:
            found.append(position)
    return found


def _with_settings(optimizer: Any, entries: Sequence[Entry]) -> Any:
    """A copy of the optimiser that shares its memory; without a learning rate of its own it has None for one."""
    rule = copy.copy(optimizer)
    settings = {name: value for each in entries for name, value in each.settings.items()}
    labels = " and ".join(f"groups[{each.label}]" for each in entries)
    try:
        if "lr" in settings:
            rule.lr = settings.pop("lr")
        else:
            rule._lr = None
        rule._set(optimizer._settings() | settings)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{labels}: {error}") from None
    return rule


def _without_names(parameters: Sequence[Tensor]) -> list[str]:
    return [f"parameters[{position}] of shape {parameter.shape}" for position, parameter in enumerate(parameters)]


def _listed(words: Sequence[str]) -> str:
    """The first of some words; a large model has hundreds."""
    most = 20
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")
