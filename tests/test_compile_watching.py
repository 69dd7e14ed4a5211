"""Is what changes between two calls of a compiled function noticed, wherever the function finds it?"""

import array
import collections
import dataclasses
import functools
import math
import types
import warnings

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.program.compiled.watched import is_read_only

X = np.array([1.0, 2.0, 3.0])
SCALE = 2.0
NAN = float("nan")


def agree(compiled, function, arguments):
    """Compiled code gives what the function gives, to the sign of zero, also where it runs again."""
    with mg.no_grad(), np.errstate(all="ignore"):
        for _ in range(2):
            got, expected = compiled(*arguments), np.asarray(function(*arguments))
            assert (got.dtype, got.tobytes()) == (expected.dtype, expected.tobytes())


def check(function, change, *arguments):
    """They agree before and after a change."""
    arguments = arguments or (X,)
    compiled = mg.compile(function)
    agree(compiled, function, arguments)
    change()
    agree(compiled, function, arguments)
    return compiled


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (0.0, -0.0),
        (np.float64(0.0), np.float64(-0.0)),
        (complex(1.0, 0.0), complex(1.0, -0.0)),
        (NAN, 2.0),
        (2.0, NAN),
        (1, True),
        (1, 1.0),
        ((0.0, 1), (-0.0, 1)),
    ],
)
def test_a_number_that_is_equal_and_another(before, after):
    held = [before]

    def function(x):
        number = held[0]
        if type(number) is tuple:
            return x / number[0]
        return x / number if number != 1 else np.add(number, number) * x + number

    check(function, lambda: held.__setitem__(0, after))


@pytest.mark.parametrize(("before", "after"), [(NAN, NAN), (NAN, float("nan")), (1.5, float("1.5")), ((1, 2), (1, 2))])
def test_the_same_number_is_compiled_once(before, after):
    held = [before]
    compiled = check(
        lambda x: x * np.sum(held[0]) if type(held[0]) is tuple else x * held[0], lambda: held.__setitem__(0, after)
    )
    assert len(compiled.cached) == 1


def test_items_of_defaults():
    def function(x, numbers=[2.0], *, settings={"scale": 3.0}):  # noqa: B006
        return x * numbers[0] * settings["scale"]

    check(function, lambda: function.__defaults__[0].__setitem__(0, 5.0))
    check(function, lambda: function.__kwdefaults__["settings"].update(scale=7.0))


@pytest.mark.parametrize(
    ("attribute", "value"), [("__defaults__", (5.0,)), ("__kwdefaults__", {"shift": 7.0}), ("__kwdefaults__", None)]
)
def test_other_defaults_also_of_a_function_that_is_called(attribute, value):
    def helper(x, scale=2.0, *, shift=3.0):
        return x * scale + shift

    if value is None:
        check(lambda x: helper(x), lambda: helper.__kwdefaults__.update(shift=9.0))
    else:
        check(lambda x: helper(x), lambda: setattr(helper, attribute, value))


def scaled(function):
    factors = [2.0]

    @functools.wraps(function)
    def wrapper(*args):
        return SCALE * factors[0] * function(*args)

    wrapper.factors = factors
    return wrapper


class Scaled:
    def __init__(self, function):
        functools.update_wrapper(self, function)
        self.factor = 2.0

    def __call__(self, x):
        return self.factor * SCALE * self.__wrapped__(x)


SHIFT = 1.0
GAIN_NAME = "gain"


def shifted(x):
    return x + SHIFT


@pytest.mark.parametrize("wrapper", [scaled, Scaled, lambda f: scaled(scaled(f)), lambda f: mg.grad(scaled(f))])
@pytest.mark.parametrize("name", ["SCALE", "SHIFT"])
def test_globals_of_a_wrapper_and_of_what_it_wraps(wrapper, name, monkeypatch):
    function = wrapper(lambda x: np.sum(shifted(x) ** 2))
    check(function, lambda: monkeypatch.setitem(globals(), name, 5.0))
    check(lambda x: function(x), lambda: monkeypatch.setitem(globals(), name, 7.0))


def test_what_a_wrapper_closes_over_or_keeps():
    function, kept = scaled(shifted), Scaled(shifted)
    check(function, lambda: function.factors.__setitem__(0, 7.0))
    check(kept, lambda: setattr(kept, "factor", 7.0))


def test_a_wrapped_method_has_its_object():
    class Model:
        def __init__(self):
            self.offset = 1.0

        @scaled
        def apply(self, x):
            return x

        @mg.no_grad()
        def shifted(self, x):
            return x + self.offset

        @mg.compile
        def compiled(self, x):
            return x + self.offset

    model = Model()
    check(model.apply, lambda: Model.apply.factors.__setitem__(0, 7.0))
    check(model.shifted, lambda: setattr(model, "offset", 3.0))
    check(lambda x: model.compiled(x) * 2.0, lambda: setattr(model, "offset", 5.0))


def test_keywords_of_a_partial_function():
    function = functools.partial(lambda x, scale: x * scale, scale=2.0)
    check(function, lambda: function.keywords.update(scale=3.0))


def made_with_a_closure():
    factors = {"first": 2.0}

    class Helpers:
        def _helper(self, x):
            return factors["first"] * self._inner(x)

        def _inner(self, x):
            return SCALE * x

        @property
        def scale(self):
            return SCALE

        @functools.cached_property
        def once(self):
            return 1.0

        @staticmethod
        def fixed(x):
            return SCALE * x

        @classmethod
        def of_class(cls, x):
            return cls.fixed(x)

        def __mul__(self, x):
            return SCALE * x

        def __call__(self, x):
            return self * x

        def forward(self, x):
            return self.fixed(x)

    return Helpers, factors


Helpers, FACTORS = made_with_a_closure()


class Model(Helpers):
    def by_method(self, x):
        return self._helper(x)

    def by_property(self, x):
        return self.scale * x * self.once

    def by_class_method(self, x):
        return self.of_class(x)

    def by_super(self, x):
        return super().forward(x)

    def forward(self, x):
        return x


class Layer(Helpers, nn.Layer):
    __call__ = nn.Layer.__call__


class Holder:
    def __init__(self):
        self.inner = Model()

    def apply(self, x):
        return self.inner(x)


MODEL = Model()
FUNCTIONS = [
    *(MODEL.by_method, MODEL.by_property, MODEL.by_class_method, MODEL.by_super, MODEL),
    *(Layer(), nn.Sequential(Layer()), Holder().apply),
    *(lambda x: MODEL(x), lambda x: MODEL.by_method(x), lambda x: MODEL * x, lambda x: Model.fixed(x)),
    lambda x: Model().by_method(x),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_globals_that_methods_use(function, monkeypatch):
    check(function, lambda: monkeypatch.setitem(globals(), "SCALE", 5.0))


def test_variables_that_methods_close_over(monkeypatch):
    check(MODEL.by_method, lambda: monkeypatch.setitem(FACTORS, "first", 3.0))


@dataclasses.dataclass
class Parameters:
    weight: np.ndarray
    power: int = dataclasses.field(default=2, metadata={"static": True})

    def energy(self):
        return SCALE * self.weight**self.power


def test_methods_of_arguments(monkeypatch):
    check(lambda p: p.energy(), lambda: monkeypatch.setitem(globals(), "SCALE", 5.0), Parameters(X))
    check(lambda model, x: model.by_method(x), lambda: monkeypatch.setitem(globals(), "SCALE", 7.0), MODEL, X)


def test_an_attribute_that_hides_one_of_the_class():
    class Scaled:
        scale = 2.0

        def helper(self, x):
            return x

        def apply(self, x):
            return self.helper(x) * self.scale

    one = Scaled()
    check(one.apply, lambda: setattr(one, "scale", 3.0))
    check(one.apply, lambda: setattr(one, "helper", lambda x: x + 1.0))


def test_attributes_in_slots():
    @dataclasses.dataclass(slots=True)
    class Scaled:
        scale: float

        def apply(self, x):
            return x * self.scale

    one = Scaled(2.0)
    check(one.apply, lambda: setattr(one, "scale", 3.0))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": 2.0, "b": 3.0}, {"b": 3.0, "a": 2.0}),
        ({"a": 2.0, "b": None}, {"a": 2.0, "c": None}),
        ({1: 2.0}, {True: 2.0}),
        ({0.0: 2.0}, {-0.0: 2.0}),
        ({None: 2.0}, {None: 3.0}),
        ({}, {"a": 2.0}),
        ({"a": 2.0}, {}),
    ],
)
def test_keys_of_a_dict(before, after):
    held = dict(before)

    def function(x):
        for key, factor in held.items():
            x = x * key if isinstance(key, (int, float)) else x + 1.0
            x = x / x if factor is None or key == "c" else x * factor
        return x * (1.0 + ("c" in held))

    check(function, lambda: (held.clear(), held.update(after)), np.array([1, -2]))


def test_keys_that_are_set_anew_are_compiled_once():
    held = {(1, 2): 2.0, 1000: 3.0}

    def change():
        held.clear()
        held.update({tuple(range(1, 3)): 2.0, int("1000"): 3.0})

    assert len(check(lambda x: x * held[1, 2] * held[1000], change).cached) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({1: X}, {"1": X}),
        ({1: X}, {True: X}),
        ({1: X}, {1.0: X}),
        ({0.0: X}, {-0.0: X}),
        ({(1, 2): X}, {(1, True): X, (1, 3): X}),
        ({"a": X, "b": 2.0 * X}, {"b": X, "a": 2.0 * X}),
        (Parameters(X, 2), Parameters(X, 3)),
        (complex(1.0, 0.0), complex(1.0, -0.0)),
    ],
)
def test_arguments_that_differ_in_what_is_part_of_the_code(one, other):
    def function(given):
        if isinstance(given, Parameters):
            return given.energy()
        if isinstance(given, complex):
            return given / np.zeros(2)
        first = next(iter(given))
        kind = {int: 1.0, bool: 2.0, float: 3.0, str: 4.0, tuple: 5.0}[type(first)] + len(given)
        return given[first] * kind * np.copysign(1.0, first if isinstance(first, float) else 1.0)

    compiled = mg.compile(function)
    for given in (one, other, one, other):
        agree(compiled, function, (given,))
    assert len(compiled.cached) == 2


def test_a_static_field_that_is_equal_is_compiled_once():
    @dataclasses.dataclass
    class Shaped:
        weight: np.ndarray
        shape: tuple = dataclasses.field(metadata={"static": True})

    compiled = mg.compile(lambda p: np.reshape(p.weight, p.shape))
    for shape in ([3, 1], [3, 1], [1, 3]):
        assert compiled(Shaped(X, tuple(shape))).shape == tuple(shape)
    assert len(compiled.cached) == 2


class Plain:
    pass


def by_name(o, x):
    try:
        return x * o.gain
    except AttributeError:
        return x


def through_all(o, x):
    for factor in vars(o).values():
        x = x * factor
    return x


def by_match(o, x):
    match o:
        case Plain(gain=factor):
            return x * factor
    return x


ASKING = [
    *(by_name, through_all, by_match),
    lambda o, x: x * getattr(o, "gain", 1.0),
    lambda o, x: x * (o.gain if hasattr(o, "gain") else 1.0),
    lambda o, x: x * o.__dict__.get("gain", 1.0),
    lambda o, x: x * getattr(o, GAIN_NAME, 1.0),
    lambda o, x: x * np.prod([getattr(o, name, 1.0) for name in ("gain", "bias")]),
]


@pytest.mark.parametrize("function", ASKING)
def test_an_attribute_that_is_set_later(function):
    around, given = Plain(), Plain()
    assert len(check(lambda x: function(around, x), lambda: setattr(around, "gain", 3.0)).cached) == 2
    check(function, lambda: setattr(given, "gain", 3.0), given, X)


def test_another_attribute_that_is_set_later_is_compiled_once():
    around = Plain()
    compiled = check(lambda x: x * getattr(around, "gain", 1.0), lambda: setattr(around, "other", 3.0))
    assert len(compiled.cached) == 1


def test_a_slot_and_a_closure_that_are_filled_later():
    class Slotted:
        __slots__ = ("gain",)

    around = Slotted()
    check(lambda x: x * getattr(around, "gain", 1.0), lambda: setattr(around, "gain", 3.0))

    def fill():
        nonlocal later
        later = 3.0

    def function(x):
        try:
            return x * later
        except NameError:
            return x

    check(function, fill)
    later = 1.0


def by_variable(x):
    try:
        return x * SET_LATER
    except NameError:
        return x


@pytest.mark.parametrize("function", [by_variable, lambda x: x * globals().get("SET_LATER", 1.0)])
def test_a_variable_of_the_module_that_is_set_later(function, monkeypatch):
    check(function, lambda: monkeypatch.setitem(globals(), "SET_LATER", 3.0))
    check(lambda x: function(x), lambda: monkeypatch.setitem(globals(), "SET_LATER", 5.0))


def test_a_variable_of_another_module_that_is_set_later():
    settings = types.ModuleType("settings_of_the_user")
    check(lambda x: x * getattr(settings, "gain", 1.0), lambda: setattr(settings, "gain", 3.0))


@dataclasses.dataclass
class State:
    w: np.ndarray


def put(holder, key, value):
    holder[key] = value


@pytest.mark.parametrize(
    ("given", "change"),
    [
        ({"w": X}, lambda given: put(given, "w", given["w"] * 2.0)),
        ({"w": X}, lambda given: put(given, "v", X)),
        ({"w": X, "v": X}, lambda given: given.pop("v")),
        ({"w": X, "v": X}, lambda given: put(given, "w", given.pop("w"))),
        ({"w": {"v": [X]}}, lambda given: given["w"]["v"].append(X)),
        ([X, X], lambda given: given.reverse()),
        ([X], lambda given: given.append(given[0] * 2.0)),
        (State(X), lambda given: setattr(given, "w", given.w * 2.0)),
        (types.SimpleNamespace(w=1.0), lambda given: setattr(given, "w", X)),
        (types.SimpleNamespace(w=1.0), lambda given: setattr(given, "v", X)),
        (collections.deque([1.0]), lambda given: given.append(2.0)),
        ({1, 2}, lambda given: given.add(3)),
        (bytearray(b"a"), lambda given: given.append(3)),
    ],
)
def test_a_change_to_an_argument_is_refused(given, change):
    def function(given, x):
        change(given)
        return x * 2.0

    with pytest.raises(mg.ProgramError, match=r"(return the|return its) new value"):
        mg.compile(function)(given, X)


def test_what_an_argument_computes_once_may_be_kept_there():
    class Once:
        @functools.cached_property
        def scale(self):
            return 2.0

    check(lambda one, x: x * one.scale, lambda: None, Once(), X)
    check(lambda given: given["w"] * array.array("d", [2.0])[0], lambda: None, {"w": X})
    check(lambda given, x: x * given[0], lambda: None, array.array("d", [2.5]), X)


def set_in_place(array, attribute, value):
    with warnings.catch_warnings():
        # NumPy 2.5 would rather have a new array.
        warnings.simplefilter("ignore", DeprecationWarning)
        setattr(array, attribute, value)


@pytest.mark.parametrize(("attribute", "value"), [("shape", (1, 3)), ("dtype", np.uint64)])
def test_another_shape_or_dtype_of_an_array_whose_elements_are_compared(attribute, value):
    counts = np.array([1, 2, 3])

    def function(x):
        for _ in range(math.ceil(counts.sum())):
            x = x + counts.ndim * len(counts) + (counts.dtype == np.uint64)
        return x

    check(function, lambda: set_in_place(counts, attribute, value))


def closed(array, is_in_a_tuple=False):
    array.flags.writeable = False
    held = (array,)
    return (lambda x: x[held[0] > 1.0]) if is_in_a_tuple else lambda x: x[array > 1.0]


@pytest.mark.parametrize("is_in_a_tuple", [False, True])
def test_a_constant_that_is_written_to_by_an_earlier_view(is_in_a_tuple):
    own = np.array([1.0, 2.0, 3.0])
    view = own[:]
    check(closed(own, is_in_a_tuple), lambda: view.__setitem__(0, 5.0))
    memory = bytearray(np.array([1.0, 2.0, 3.0]).tobytes())
    change = np.array([5.0]).tobytes()
    check(closed(np.frombuffer(memory), is_in_a_tuple), lambda: memory.__setitem__(slice(8), change))


def test_who_may_write_to_an_array():
    own, memory = np.ones(3), bytearray(24)
    seen = own[:]
    seen.flags.writeable = False
    assert not is_read_only(own)
    assert not is_read_only(seen)
    for buffer in (memory, memoryview(memory).toreadonly(), array.array("d", [1.0])):
        of_buffer = np.frombuffer(buffer)
        of_buffer.flags.writeable = False
        assert not is_read_only(of_buffer)
    own.flags.writeable = False
    assert is_read_only(own)
    assert is_read_only(seen)
    assert is_read_only(np.frombuffer(bytes(24)))
    large = np.ones(1 << 17)
    large.flags.writeable = False
    check(lambda x: np.sum(x) * np.sum(large) * large.ndim, lambda: set_in_place(large, "shape", (2, 1 << 16)))
