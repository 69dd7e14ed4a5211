"""Is everything in a layer as before, bit by bit, after every check, also one that raises or is interrupted?"""

import itertools

import layer_forms as forms
import numpy as np
import pytest
from backward_checks import check

X = np.random.default_rng(3).standard_normal((7, 5))


def contents(value, path="", seen=None):
    """Every attribute and item by path: which object it is, and what is in it."""
    seen = set() if seen is None else seen
    found = {path: (id(value), value.tobytes() if isinstance(value, np.ndarray) else None)}
    if id(value) in seen:
        return found
    seen.add(id(value))
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(value)
    elif hasattr(type(value), "__slots__"):
        items = [(name, getattr(value, name)) for name in type(value).__slots__ if hasattr(value, name)]
    else:
        items = [*getattr(value, "__dict__", {}).items()] if not callable(value) or hasattr(value, "W") else []
    for key, item in items:
        found |= contents(item, f"{path}/{key!r}", seen)
    return found


def interrupted(method, error, countdown, late):
    """A method that raises an error when the countdown is over, when it starts or when it ends."""

    def call(*args, **kwargs):
        over = next(countdown) == 1
        if over and not late:
            raise error
        result = method(*args, **kwargs)
        if over:
            raise error
        return result

    call.__wrapped__ = method
    return call


NAMES = {forms.OptimiserReturns: ("forward_pass", "backward_pass"), forms.Called: ("__call__", "grad")}
NAMES[forms.Propagation] = ("forward_propagation", "backward_propagation")


@pytest.mark.parametrize("form", forms.FORMS)
def test_layers_are_as_before_after_a_check(form):
    layer = form()
    before, shared = contents(layer), contents(form.__dict__.get("grads"))
    assert check(layer, inputs=X)
    assert contents(layer) == before
    assert contents(form.__dict__.get("grads")) == shared


@pytest.mark.parametrize("form", forms.FORMS)
@pytest.mark.parametrize("late", [False, True])
def test_layers_are_as_before_where_a_check_is_interrupted(form, late):
    forward, backward = NAMES.get(form, ("forward", "backward"))
    for number, error in (
        (1, KeyboardInterrupt),
        (2, ZeroDivisionError),
        (5, KeyboardInterrupt),
        (14, KeyboardInterrupt),
    ):
        # A countdown that is no attribute, which would be put back as well.
        countdown = itertools.count(number, -1)
        methods = {name: interrupted(getattr(form, name), error, countdown, late) for name in (forward, backward)}
        layer = type(form.__name__, (form,), {"__slots__": (), **methods} if form is forms.Slots else methods)()
        before = contents(layer)
        with pytest.raises(error):
            check(layer, inputs=X)
        assert contents(layer) == before


def test_layers_are_as_before_where_they_are_used_wrongly():
    for options in ({"inputs": X.T}, {"inputs": X, "wrt": "nothing"}, {"inputs": X, "methods": ("forward", "update")}):
        layer = forms.Added()
        before = contents(layer)
        with pytest.raises((ValueError, TypeError)):
            check(layer, **options)
        assert contents(layer) == before


class Untidy(forms.Attributes):
    """Writes wherever it can: into what it keeps, its class, a tuple, its weights, an array of integers."""

    calls = 0

    def __init__(self):
        super().__init__()
        self.history, self.table = [np.zeros(3)], {"count": np.zeros(2, dtype=int), "nested": {"mean": np.zeros(5)}}
        self.pair, self.view = (np.zeros(4), [np.zeros(2)]), self.W[1:3]
        self.nothing = np.array([np.nan, -0.0])

    def forward(self, x):
        type(self).calls += 1
        self.history.append(x)
        self.table["count"] += 1
        self.table["nested"]["mean"][...] = x.mean(axis=0)
        self.table["new"] = x
        self.pair[0][0] += 1.0
        self.pair[1].append(x)
        self.nothing[...] = 1.0
        return super().forward(x)

    def backward(self, g):
        del self.history[0]
        self.new_attribute = g
        self.history = self.history[:1]
        return super().backward(g)


def test_untidy_layers_are_as_before_bit_by_bit():
    layer = Untidy()
    before = contents(layer)
    check(layer, inputs=X)
    assert contents(layer) == before
    assert "calls" in vars(Untidy)
    assert Untidy.calls == 0
    assert np.shares_memory(layer.view, layer.W)


def test_mistakes_are_explained_without_changing_the_layer():
    class Wrong(Untidy):
        def backward(self, g):
            return 2.0 * np.tanh(super().backward(g))

    layer = Wrong()
    before = contents(layer)
    assert check(layer, inputs=X).verdict == "fail"
    assert contents(layer) == before
