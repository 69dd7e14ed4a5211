"""Do random programs of aliases, views and updates in place mean with Tensors what they mean with arrays?

`python tests/alias_programs.py 5000` writes so many, and prints how many were right, refused and wrong.
"""

# ruff: noqa: T201 -- what was found is printed

import re
import sys
import traceback
import warnings
from collections import Counter
from dataclasses import replace

import numpy as np
from alias_writer import Program, write

import minigrad as mg


def numpy_value(function, start):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(start.copy(), np.array)


def slope(function, start, direction):
    """The derivative along a direction, by differences of fourth order, and how far it is to be trusted."""

    def differences(h):
        far, near, here, before, long_before = (
            numpy_value(function, start + k * h * direction) for k in (2, 1, 0, -1, -2)
        )
        return (8.0 * (near - before) - (far - long_before)) / (12.0 * h), (near - 2.0 * here + before) / h

    with np.errstate(all="ignore"):
        (coarse, bend), (fine, smaller_bend) = differences(2e-4), differences(1e-4)
        # At a kink the slope jumps, however near one looks.
        kink = abs(smaller_bend) > max(0.75 * abs(bend), 1e-7 * (1.0 + abs(fine)))
        return fine, np.inf if kink else abs(coarse - fine)


# The ways in which a program is run with Tensors: each gives a value, and a gradient or None.
def eager(function, start):
    leaf = mg.Tensor(start, requires_grad=True)
    # What is computed from a 0-d array is a scalar, which others do not see change.
    out = function(leaf if type(start) is np.ndarray and start.ndim == 0 else leaf * 1.0, mg.Tensor)
    if not isinstance(out, mg.Tensor) or not out.requires_grad:
        return out.data if isinstance(out, mg.Tensor) else out, np.zeros(np.shape(start))
    value = out.numpy().copy()
    out.backward()
    return value, np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.data


def transformed(function, start):
    return mg.value_and_grad(lambda p: function(p, mg.Tensor))(start)


def of_arrays(function, start):
    return transformed(lambda p, _: function(p, np.array), start)


def of_leaf(function, start):
    """A transform whose variable is itself part of a graph."""
    found = transformed(function, mg.Tensor(start, requires_grad=True))
    return tuple(each.numpy() if isinstance(each, mg.Tensor) else each for each in found)


def pushed(function, start):
    """Forward mode, which gives one slope: as a gradient with that slope."""
    direction = direction_at(start)
    value, tangent = mg.jvp(lambda p: function(p, mg.Tensor), start, direction)
    return value, tangent * direction / np.sum(direction**2)


def direction_at(start):
    return np.cos(np.arange(1.0, 1.0 + np.size(start))).reshape(np.shape(start))


def constant(function, start):
    out = function(mg.Tensor(start) if isinstance(start, np.ndarray) else mg.Tensor(start) * 1.0, mg.Tensor)
    return out.data if isinstance(out, mg.Tensor) else out, None


WAYS = {
    "eager": eager,
    "transformed": transformed,
    "of arrays": of_arrays,
    "of a leaf": of_leaf,
    "forward mode": pushed,
    "constant": constant,
}
# A sum takes another order where memory has another, which NumPy leaves open.
ROUNDING = 1e-14
REFUSALS = re.compile(
    r"write|detach|mg\.|Tensor|no gradient|in place|require|changed|operand|shape|read-only|cast|array"
)


def judge(program: Program, ways=WAYS) -> dict[str, str]:
    """For each way: "right", "refused: ..." or "wrong: ..."; nothing where the differences of NumPy are not clear."""
    function, start = program.compiled(), program.start
    try:
        expected = numpy_value(function, start)
        failure = None
    except Exception as error:
        expected, failure = None, error
    direction = direction_at(start)
    if failure is None:
        try:
            derivative, doubt = slope(function, start, direction)
        except Exception:
            return {}  # it fails a little beside the start
        if not doubt <= 3e-8 * (1.0 + abs(derivative)):
            return {}
    found = {}
    for name, way in ways.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", UserWarning)
                value, gradient = way(function, start.copy())
        except Exception as error:
            known = isinstance(error, (TypeError, ValueError, RuntimeError, UserWarning)) and REFUSALS.search(
                str(error)
            )
            if known or failure is not None:
                found[name] = f"refused: {str(error)[:100]}"
            else:
                trace = "".join(traceback.format_exception(error)[-3:])
                found[name] = f"wrong: an error that explains nothing\n{trace}"
            continue
        if failure is not None:
            found[name] = f"wrong: {value}, where NumPy raises {failure!r}"
        elif np.shape(value) != np.shape(expected) or not np.allclose(value, expected, rtol=ROUNDING, atol=ROUNDING):
            found[name] = f"wrong: {value!r}, where NumPy gives {expected!r}"
        elif gradient is not None and np.shape(gradient) != np.shape(start):
            found[name] = f"wrong: a gradient of shape {np.shape(gradient)}"
        elif gradient is not None and abs(np.sum(gradient * direction) - derivative) > 1e-6 * (1.0 + abs(derivative)):
            found[name] = f"wrong: slope {np.sum(gradient * direction)}, where NumPy's is {derivative}"
        else:
            found[name] = "right"
    return found


def is_wrong(program: Program, ways=WAYS) -> bool:
    try:
        return any(verdict.startswith("wrong") for verdict in judge(program, ways).values())
    except (NameError, AttributeError, SyntaxError, KeyError, IndexError):
        return False


def shrunk(program: Program, ways=WAYS) -> Program:
    """A program with fewer statements and terms that is wrong too."""
    for what in ("terms", "statements"):
        position = len(getattr(program, what))
        while position:
            position -= 1
            parts = getattr(program, what)
            smaller = replace(program, **{what: parts[:position] + parts[position + 1 :]})
            if is_wrong(smaller, ways):
                program = smaller
    return program


def verdict(found: dict[str, str]) -> str:
    """One word for all ways: wrong if one is, refused if one is, and right if all are."""
    kinds = {text.split(":")[0] for text in found.values()}
    return next((kind for kind in ("wrong", "refused", "right") if kind in kinds), "unclear")


def survey(seeds, ways=WAYS):
    """How many programs get each verdict, which ones are wrong, and why others are refused."""
    counts: Counter = Counter()
    wrong, reasons = [], Counter()
    for seed in seeds:
        program = write(seed)
        found = judge(program, ways)
        counts[verdict(found)] += 1
        for way, text in found.items():
            counts[way, text.split(":")[0]] += 1
            if text.startswith("refused"):
                reasons[text[:75]] += 1
        if verdict(found) == "wrong":
            wrong.append(seed)
    return counts, wrong, reasons


def explained(seed: int) -> str:
    """The shortest form of a wrong program, and what was wrong with it."""
    program = shrunk(write(seed))
    found = "\n".join(f"# {way}: {text}" for way, text in judge(program).items())
    return f"# program {seed}, p = {program.start!r}\n{program.source}\n{found}\n"


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    totals, bad, why = survey(range(first, first + number))
    for one in bad[:10]:
        print(explained(one))
    for reason, times in why.most_common(12):
        print(f"{times:6} {reason}")
    print({key: totals[key] for key in ("right", "refused", "wrong", "unclear")})
    print({" ".join(key): count for key, count in sorted(totals.items(), key=str) if isinstance(key, tuple)})
    print("wrong:", bad)
