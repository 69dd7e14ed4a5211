"""Of which value does this name say that it is the gradient: does ``dW``, ``grad_W`` or ``W.grad`` belong to ``W``?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def words_in(text: str) -> set[str]:
    """The words of a text."""
    return set(text.split())


# What people write before or after the name of a value to name its gradient; longer marks first.
_BEFORE = (
    "gradient_of_", "gradients_", "gradient_", "grads_", "grad_", "nabla_", "delta_", "deriv_", "diff_",
    "gradient", "nabla", "delta", "grad", "dloss_d_", "dloss_d", "dloss_", "dcost_d",
    "dL_d_", "dL_d", "dLd", "dL_", "dJ_d_", "dJ_d", "dJd", "dE_d", "dEd", "dC_d", "dCd", "d_L_d_", "d_", "d", "g_", "g",
)  # fmt: skip
_AFTER = (
    "_gradients", "_gradient", "_grads", "_grad", "_deriv", "_delta", "_diff", "_d", "Gradient", "Grad", "gradient",
    "grad",
)  # fmt: skip
# What holds gradients by the names of the values, and what holds values.
_HOLDERS = {"grads", "grad", "gradients", "gradient", "gradparams", "dparams", "derivatives", "deltas", "g", "d"}
_MARKS = {"grad", "gradient", "grads", "g", "diff", "derivative", "dvalue", "dvalues"}
_VALUES = {"data", "value", "values", "val", "array"}
_ALIKE = ({"w", "weight", "kernel"}, {"b", "bias"}, {"x", "input"})


def agreement(name: str, value: str, *, same: bool = False) -> int:
    """How well a name says that it is the gradient of a value: 0 for not at all, up to 4 for letter by letter.

    Args:
        name: of what may be a gradient, by its path, such as ``dW``, ``grads.W`` or ``layers[0].weights.grad``.
        value: of what it may be the gradient of, by its path, such as ``params.W``.
        same: whether what has the very name of the value is its gradient, as an entry of a dict of gradients is.
    """
    parts, wanted = _parts(name), _parts(value)
    if wanted and wanted[-1].lstrip("_").lower() in _VALUES and len(wanted) > 1:
        wanted = wanted[:-1]
    held = [part for part in parts if part.strip("_").lower() not in _HOLDERS]
    marked = same or len(held) < len(parts) or parts[-1].lower() in _MARKS
    if marked and held and held[-1].lower() in _MARKS and len(held) > 1:
        held = held[:-1]
    if marked and held and len(held) <= len(wanted):
        best = _lined_up(held, wanted, marked=True)
        if best:
            return best
    return _lined_up(parts, wanted, marked=False) if len(parts) <= len(wanted) else 0


def assigned(names: Iterable[str], values: Sequence[str], *, same: bool = False) -> dict[str, str]:
    """For each value the name of its gradient; the clearest first, and none where two would do as well.

    Args:
        names: of what may be gradients.
        values: of what may have gradients.
        same: as for `agreement`.
    """
    names = list(names)
    ranks = {(name, value): agreement(name, value, same=same) for name in names for value in values}
    found = {name: name for name in names if same and name in values}
    for rank in (4, 3, 2, 1):
        free = [value for value in values if value not in found]
        unused = [name for name in names if name not in found.values()]
        pairs = [(name, value) for name in unused for value in free if ranks[name, value] == rank]
        for name, value in pairs:
            if sum(name == other for other, _ in pairs) == 1 and sum(value == other for _, other in pairs) == 1:
                found[value] = name
    return found


def is_upstream(name: str) -> bool:
    """Whether a parameter of this name is, beyond doubt, the gradient that arrives from above."""
    lowered = name.strip("_").lower()
    if re.match(r"d[A-Z]", name):
        return True
    if lowered in _NOT_GRADIENTS or lowered.startswith(("d_model", "dropout", "n_")):
        return False
    if lowered in _UPSTREAM or lowered.startswith(("grad", "upstream", "delta", "dl_d", "dld", "dj_d", "dloss")):
        return True
    if lowered.endswith(("_grad", "_gradient", "_grads", "_gradients", "_diff", "_delta", "_error")):
        return True
    # da, dZ, dA2, d_out, dnext_h, dh_next; a word that only begins with a d is none of these.
    return bool(re.fullmatch(r"d_?([a-zA-Z]\d*|[A-Z]\w*|[a-zA-Z]\d*_\w+|next_\w+|prev_\w+|_\w+|h\w?|[a-z]{2})", name))


def may_be_upstream(name: str) -> bool:
    """Whether a parameter of this name could be a gradient: ``dmean`` or ``dweights``, and not ``data``."""
    lowered = name.strip("_").lower()
    if is_upstream(name):
        return True
    return lowered.startswith("d") and len(lowered) > 3 and not lowered.startswith(tuple(_WORDS))


_UPSTREAM = words_in(
    """
    g gs gy gout gz upstream error errors err top_diff accum_grad dout douts doutput doutputs dvalues dvalue dloss
    dprev dnext dupstream dscores dlogits dprobs dhidden dinput dactivation incoming cotangent seed vector
    output_gradient dl dj dstate dcell dresult dpred dtop residual_gradient
    """
)
_NOT_GRADIENTS = words_in(
    """
    d dt dim dims data depth decay dtype degree dilation device dk diag ddof debug deterministic dense drop
    den denom denominator d_model d_k d_v d_ff d_head d_in desired dist domain delta_t dict dataset dd df g_ratio
    gamma
    """
)


def _parts(path: str) -> list[str]:
    return [part for part in path.removeprefix("self.").replace("[", ".[").split(".") if part]


def _lined_up(parts: Sequence[str], wanted: Sequence[str], marked: bool) -> int:
    """How well the last parts of a path agree; not `marked` for one part that has to say that it is a gradient."""
    if not parts or not wanted:
        return 0
    pairs = list(zip(reversed(parts), reversed(wanted), strict=False))
    if marked:
        last = max(_alike(*pairs[0]), _stem_agreement(*pairs[0]))
        rest = [_alike(*pair) for pair in pairs[1:]]
        return min([last, *rest])
    best = 0
    for position, pair in enumerate(pairs):
        rest = [_alike(*other) for index, other in enumerate(pairs) if index != position]
        best = max(best, min([_stem_agreement(*pair), *rest]))
    return best


def _stem_agreement(name: str, value: str) -> int:
    """How well a name agrees with a value when the mark of a gradient is taken off it."""
    hidden = name.lstrip("_")
    stems = {hidden[len(mark) :] for mark in _BEFORE if hidden.lower().startswith(mark.lower())}
    stems |= {hidden[: -len(mark)] for mark in _AFTER if hidden.endswith(mark)}
    return max((_alike(stem, value) for stem in stems if stem), default=0)


def _alike(name: str, value: str) -> int:
    """4 for the same name, 3 in other letters, 2 in other words or another number, 1 for another word for it."""
    if name == value:
        return 4
    name, value = name.strip("_"), value.strip("_")
    if not name or not value or name.startswith("[") or value.startswith("["):
        return 0
    if name == value or name.lower() == value.lower():
        return 3
    words, others = _words(name), _words(value)
    if words == others:
        return 2
    return int([_common(word) for word in words] == [_common(word) for word in others])


def _words(name: str) -> list[str]:
    """The words of a name in an order that does not matter, each in the singular."""
    split = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)
    return sorted(_singular(word.lower()) for word in split)


def _singular(word: str) -> str:
    if word in ("bias", "biases"):
        return "bias"
    return word.removesuffix("s") if len(word) > 2 else word


def _common(word: str) -> str:
    return next((min(group, key=len) for group in _ALIKE if word in group), word)


# Words that begin with a d of their own.
_WORDS = words_in(
    """
    data date day deb dec deep def deg delay den dep desc desi det dev dia dic diff dig dil dim dir dis div doc dom done
    dot doub down draw drop dtype dual dummy dur dyn
    """
)
