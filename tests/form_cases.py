"""In which forms are layers, losses and models handed to check_backward as they stand, and with which mistakes?"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# The rows of the table "Code as people really write it".
ROWS = {
    "loss": "a loss and its gradient, from one call or from two, without an upstream gradient",
    "cache": "(out, cache) and backward(dout, cache)",
    "config": "a dictionary of settings, running statistics or constants beside the arrays",
    "outputs": "several outputs, one upstream gradient for each",
    "kept": "layers that keep their gradients",
    "generator": "random numbers inside",
    "names": "other names than forward and backward",
    "nested": "gradients in lists and dictionaries",
    "flags": "a second argument of backward that is no learning rate",
    "rates": "weights that the backward pass updates",
    "bound": "bound methods, static methods with a context, closures, an optimiser inside",
}


@dataclass(frozen=True)
class Slip:
    what: str
    wrong: Callable  # wrong(rng) -> (args, inputs, options)
    leaf: str  # part of the name of a leaf whose gradient is wrong


@dataclass(frozen=True)
class Form:
    name: str
    rows: tuple[str, ...]
    right: Callable  # right(rng) -> (args, inputs, options) of testing.check_backward(*args, inputs=inputs, **options)
    slips: tuple[Slip, ...]


FORMS: list[Form] = []


def form(name, rows, given, right, *slips):
    """given(rng, subject) makes the call: with what is right, and with what is wrong in each (what, subject, leaf)."""
    assert slips, f"{name} has no wrong twin"
    assert set(rows.split()) <= set(ROWS), f"{name} is in no row: {rows}"

    def call(subject):
        return lambda rng: given(rng, subject)

    wrong = tuple(Slip(what, call(subject), leaf) for what, subject, leaf in slips)
    FORMS.append(Form(name, tuple(rows.split()), call(right), wrong))


def pair(forward, inputs, **options):
    """The subject is the backward pass of a pair; inputs(rng) gives the inputs."""
    return lambda rng, backward: ((forward, backward), inputs(rng), options)


def single(inputs, **options):
    """The subject is one function that gives a value and its gradients."""
    return lambda rng, function: ((function,), inputs(rng), options)


def layer(inputs, *sizes, **options):
    """The subject is a class of layers that draw their weights."""
    return lambda rng, build: ((build(*sizes, rng),), inputs(rng), options)


def plain(inputs, *settings, **options):
    """The subject is a class of layers or losses that draw nothing."""
    return lambda rng, build: ((build(*settings),), inputs(rng), options)


def normal(*shapes, scale=1.0):
    """One array, or a tuple of arrays where there are several shapes."""

    def draw(rng):
        arrays = tuple(scale * rng.standard_normal(shape) for shape in shapes)
        return arrays if len(shapes) > 1 else arrays[0]

    return draw


def away(rng, *shape):
    """Of both signs and far from 0, where relu and abs have a kink."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.3, 1.7, shape)


def distinct(rng, *shape):
    """Without ties, and without neighbours closer than a step of finite differences."""
    return rng.permutation(np.linspace(-2.0, 2.1, int(np.prod(shape)))).reshape(shape)


def drawn(rng, draw, clear):
    """Draws until no point is near a kink: clear(*drawn) gives what has to be far from 0."""
    for _ in range(10_000):
        result = draw(rng)
        if np.min(np.abs(clear(*result))) > 0.12:
            return result
    raise AssertionError("no draw is far from the kinks")


def onehot(rng, rows, classes):
    return np.eye(classes)[rng.integers(0, classes, rows)]


def slots(thing):
    return [name for cls in type(thing).__mro__ for name in getattr(cls, "__slots__", ()) if hasattr(thing, name)]


def parts(thing):
    """What a function, an object or a container holds, by name."""
    if isinstance(thing, dict):
        return {f"[{key!r}]": value for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return {f"[{position}]": value for position, value in enumerate(thing)}
    if isinstance(thing, functools.partial):
        return {".func": thing.func, ".args": thing.args, ".keywords": thing.keywords}
    if inspect.ismethod(thing):
        return {".__self__": thing.__self__}
    if inspect.isfunction(thing):
        held = inspect.getclosurevars(thing).nonlocals
        return {f".{name}": value for name, value in held.items()}
    if inspect.ismodule(thing) or inspect.isclass(thing) or isinstance(thing, (np.random.Generator, str, int, float)):
        return {}
    names = [*getattr(thing, "__dict__", {}), *slots(thing)]
    return {f".{name}": getattr(thing, name) for name in names}


def arrays_of(thing, path="", seen=()):
    """A copy of every array in what is handed to the check, by path: weights, gradients, statistics and inputs."""
    if isinstance(thing, np.ndarray):
        return {path: thing.copy()}
    if id(thing) in seen:
        return {}
    found = {}
    for name, part in parts(thing).items():
        found |= arrays_of(part, path + name, (*seen, id(thing)))
    return found
