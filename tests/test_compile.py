"""Does compiled code do what the function does, notice what has changed, and refuse what it cannot keep?"""

import copy
import functools
import gc
import pickle
import threading
import types
import warnings
from collections import deque, namedtuple

import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, optim
from minigrad.engine.stand_ins import StandIn
from minigrad.program.compiled.function import Compiled

RNG = np.random.default_rng(0)


def reals(*shape, dtype=np.float64):
    return RNG.standard_normal(shape).astype(dtype)


def model_of(dtype=np.float64, dropout=0.0):
    rng = np.random.default_rng(0)
    return nn.Sequential(
        nn.Dense(4, 5, rng=rng, dtype=dtype),
        nn.Tanh(),
        nn.Dropout(dropout, rng=rng),
        nn.Dense(5, 3, rng=rng, dtype=dtype),
    )


def step_of(model, optimizer, criterion=losses.mse):
    def step(x, y):
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


# ---- What is given and what comes back ----


@pytest.mark.parametrize(
    "arguments",
    [
        ({"w": reals(3), "b": 0.5}, reals(2, 3)),
        ({"w": reals(3), "b": np.float64(0.5)}, [[1.0, 2.0, 3.0]]),
        ({"w": mg.Tensor(reals(3)), "b": None}, reals(2, 3)),
    ],
)
def test_trees_go_in_and_out(arguments):
    def function(parameters, x):
        rows = x if isinstance(x, np.ndarray) else np.stack([np.stack(row) for row in x])
        out = rows @ parameters["w"] + (0.0 if parameters["b"] is None else parameters["b"])
        return {"out": out, "twice": (out * 2.0, [out.sum()]), "nothing": None, "text": "text"}

    compiled = mg.compile(function)
    for _ in range(2):
        got, expected = compiled(*arguments), function(*arguments)
        assert got.keys() == expected.keys()
        assert got["nothing"] is None
        assert got["text"] == "text"
        np.testing.assert_array_equal(got["out"], np.asarray(mg.Tensor(expected["out"]).data))
        assert type(got["twice"]) is tuple
        assert type(got["twice"][1]) is list


def test_keyword_arguments_are_arguments():
    compiled = mg.compile(lambda x, *, scale, power=2: scale * x**power)
    x = reals(3)
    np.testing.assert_array_equal(compiled(x, scale=2.0), 2.0 * x**2)
    np.testing.assert_array_equal(compiled(x, scale=3.0, power=3), 3.0 * x**3)
    np.testing.assert_array_equal(compiled(x, scale=3.0), 3.0 * x**2)
    assert len(compiled.cached) == 2


def test_a_number_beside_float32_keeps_it_float32():
    compiled = mg.compile(lambda x, lr: x * lr)
    x = reals(3, dtype=np.float32)
    for lr in (0.1, 0.2, 0.1):
        got = compiled(x, lr)
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, x * lr)


def test_shapes_dtypes_and_structures_are_kinds_of_their_own():
    compiled = mg.compile(lambda x: (x * 2).sum(axis=0))
    given = [reals(3), reals(4), reals(2, 3), reals(3, dtype=np.float32), np.arange(3), np.float64(1.0)[None]]
    for x in given * 2:
        got = compiled(x)
        assert got.dtype == (x * 2).sum(axis=0).dtype
        np.testing.assert_array_equal(got, (x * 2).sum(axis=0))
    assert len(compiled.cached) == len(given)


def test_arrays_in_any_layout():
    compiled = mg.compile(lambda x: np.tanh(x) @ x.T + x.sum(axis=0) @ x.T)
    x = reals(6, 8)
    for layout in (x, np.asfortranarray(x), reals(8, 6).T, reals(12, 16)[::2, ::2], x[::-1]):
        np.testing.assert_allclose(
            compiled(layout), np.tanh(layout) @ layout.T + layout.sum(axis=0) @ layout.T, rtol=1e-12
        )


def test_a_decorator_with_and_without_settings():
    @mg.compile
    def twice(x):
        """Two times x."""
        return 2.0 * x

    @mg.compile(limit=2)
    def thrice(x):
        return 3.0 * x

    assert isinstance(twice, Compiled)
    assert twice.__doc__ == "Two times x."
    assert (twice(1.0), thrice(1.0)) == (2.0, 3.0)
    assert "twice" in repr(twice)


@pytest.mark.parametrize("settings", [{"engine": "fortran"}, {"limit": 0}, {"limit": True}])
def test_settings_that_do_not_exist(settings):
    with pytest.raises(ValueError, match="compile: "):
        mg.compile(lambda x: x, **settings)


def test_what_is_no_function():
    with pytest.raises(TypeError, match=r"write mg\.compile"):
        mg.compile(np.ones(3))


# ---- Results are the caller's own ----


def test_results_do_not_change_with_the_next_call():
    compiled = mg.compile(lambda x: (x, x.T, np.tanh(x) * 2.0, (x * 3.0)[::2], np.ones_like(x)))
    x, y = reals(40, 40), reals(40, 40)
    first = compiled(x)
    kept = [each.copy() for each in first]
    for each in compiled(y):
        each[...] = 7.0
    compiled(y)
    for found, before in zip(first, kept, strict=True):
        np.testing.assert_array_equal(found, before)
    first[0][...] = 0.0
    assert x.any()


def test_results_that_hold_until_the_next_call():
    compiled = mg.compile(lambda x: np.tanh(x) + 1.0, copy=False)
    x = reals(50, 50)
    first = compiled(x)
    np.testing.assert_array_equal(first, np.tanh(x) + 1.0)
    assert compiled(2.0 * x) is first


def test_threads_have_memory_of_their_own():
    compiled = mg.compile(lambda x: np.tanh(np.tanh(x @ x.T) + 1.0) @ x)
    given = [reals(64, 64) for _ in range(8)]
    expected = [compiled(x) for x in given]
    wrong = []

    def work(position):
        for turn in range(30):
            number = (position + turn) % len(given)
            if not np.array_equal(compiled(given[number]), expected[number]):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(position,)) for position in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(compiled.cached) == 1


def test_steps_in_several_threads_happen_one_after_the_other():
    weight = mg.Tensor(np.zeros(1000), requires_grad=True)
    optimizer = optim.SGD([weight], lr=1.0)

    @mg.compile
    def step(x):
        optimizer.zero_grad()
        (weight * x).sum().backward()
        optimizer.step()

    step(np.zeros(1000))
    threads = [threading.Thread(target=lambda: [step(np.ones(1000)) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(weight.data, -200.0)
    assert optimizer.steps == 201


# ---- Training steps ----

OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "SGD by schedule": lambda p: optim.SGD(p, lr=optim.cosine(0.1, 40)),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "Adam by schedule": lambda p: optim.Adam(p, lr=optim.cosine(1e-2, 40, warmup=5)),
    "AdamW clipped": lambda p: optim.AdamW(p, lr=1e-2, max_norm=0.2),
    "RMSprop": lambda p: optim.RMSprop(p, lr=1e-3),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_has_the_same_bits(name, dtype):
    data = [(reals(size, 4, dtype=dtype), reals(size, 3, dtype=dtype)) for size in (6, 6, 1, 6, 2) * 4]
    found = []
    for is_compiled in (False, True):
        model = model_of(dtype, dropout=0.4)
        optimizer = OPTIMIZERS[name](model.parameters())
        step = step_of(model, optimizer)
        run = mg.compile(step) if is_compiled else step
        values = [np.asarray(run(x, y) if is_compiled else run(x, y).data) for x, y in data]
        found.append(
            [*values, *model.state_dict().values(), *optimizer.state_dict().values(), model.layers[2].rng.random()]
        )
    # One sample with plain descent is one call of BLAS, which rounds once less.
    for eager, compiled in zip(*found, strict=True):
        assert np.asarray(eager).dtype == np.asarray(compiled).dtype
        if name.startswith("SGD"):
            np.testing.assert_allclose(
                compiled,
                eager,
                rtol=1e-13 if dtype is np.float64 else 1e-5,
                atol=1e-12 if dtype is np.float64 else 1e-6,
            )
        else:
            np.testing.assert_array_equal(compiled, eager)


def test_switching_between_eager_and_compiled():
    def run(order):
        model = model_of(dropout=0.3)
        optimizer = optim.Adam(model.parameters())
        step = step_of(model, optimizer)
        compiled = mg.compile(step)
        rng = np.random.default_rng(1)
        for is_compiled in order:
            (compiled if is_compiled else step)(rng.standard_normal((5, 4)), rng.standard_normal((5, 3)))
        return [*model.state_dict().values(), *optimizer.state_dict().values()]

    for eager, mixed in zip(run([False] * 6), run([True, True, False, True, False, True]), strict=True):
        np.testing.assert_array_equal(eager, mixed)


def test_parameters_that_are_set_and_learning_rates_are_seen():
    weight = mg.Tensor(np.ones(3), requires_grad=True)
    optimizer = optim.SGD([weight], lr=1.0)

    @mg.compile
    def step(x):
        optimizer.zero_grad()
        (weight * x).sum().backward()
        optimizer.step()

    step(np.ones(3))
    weight.data = np.full(3, 10.0)
    step(np.ones(3))
    optimizer.lr = 0.5
    step(np.ones(3))
    np.testing.assert_array_equal(weight.data, 8.5)
    assert weight.grad is None
    assert len(step.cached) == 1


def test_two_optimisers_and_two_losses_in_one_step():
    def run(is_compiled):
        first, second = (mg.Tensor(np.linspace(1.0, 2.0, 3), requires_grad=True) for _ in range(2))
        one, two = optim.Adam([first], lr=0.1), optim.SGD([second], lr=0.1, momentum=0.5)

        def step(x):
            one.zero_grad()
            ((first * second.detach() - x) ** 2).sum().backward()
            one.step()
            two.zero_grad()
            loss = ((first.detach() * second) ** 2).sum()
            loss.backward()
            two.step()
            return loss

        function = mg.compile(step) if is_compiled else step
        for turn in range(4):
            function(np.full(3, 1.0 + turn))
        return [first.data, second.data]

    for eager, compiled in zip(run(False), run(True), strict=True):
        np.testing.assert_array_equal(eager, compiled)


def test_a_batch_that_lies_in_the_memory_of_a_parameter():
    def run(is_compiled):
        layer = nn.Dense(4, 3, rng=0, dtype=np.float64)
        optimizer = optim.SGD(layer.parameters(), lr=0.1)

        def step(x):
            optimizer.zero_grad()
            (layer(x) ** 2).sum().backward()
            optimizer.step()

        (mg.compile(step) if is_compiled else step)(layer.weight.data.ravel()[:4][None])
        return layer.weight.data

    np.testing.assert_allclose(run(True), run(False), rtol=1e-14)


def test_a_graph_from_before_a_compiled_step_is_refused():
    model = model_of()
    step = mg.compile(step_of(model, optim.Adam(model.parameters())))
    x, y = reals(2, 4), reals(2, 3)
    step(x, y)
    loss = losses.mse(model(x), y)
    step(x, y)
    with pytest.raises(RuntimeError, match="updated after it was used"):
        loss.backward()


def test_gradients_that_would_be_added_to_are_refused():
    weight = mg.Tensor(np.ones(3), requires_grad=True)
    optimizer = optim.SGD([weight], lr=1.0)

    def forgets(x):
        (weight * x).sum().backward()
        optimizer.step()

    with pytest.raises(mg.ProgramError, match="zero_grad"):
        mg.compile(forgets)(np.ones(3))

    @mg.compile
    def clears_in_the_end(x):
        (weight * x).sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    clears_in_the_end(np.ones(3))
    np.testing.assert_array_equal(weight.data, 0.0)
    (weight * 2.0).sum().backward()
    with pytest.raises(mg.ProgramError, match="zero_grad"):
        clears_in_the_end(np.ones(3))


def test_gradients_that_are_left_are_refused():
    weight = mg.Tensor(np.ones(3), requires_grad=True)
    with pytest.raises(mg.ProgramError, match=r"leaves a gradient in weight\.grad"):
        mg.compile(lambda x: (weight * x).sum().backward())(np.ones(3))


def test_checks_of_values_are_made_in_each_call():
    model = model_of()

    def step(x, labels):
        return losses.cross_entropy(model(x), labels)

    compiled = mg.compile(step)
    x = reals(2, 4)
    with mg.no_grad():
        compiled(x, np.array([0, 2]))
        for labels in ([0, 3], [-1, 0]):
            with pytest.raises(ValueError, match="labels go from 0 to 2"):
                compiled(x, np.array(labels))
    clipped = optim.SGD(model.parameters(), lr=0.1, max_norm=1.0)
    clipping = mg.compile(step_of(model, clipped))
    clipping(x, reals(2, 3))
    before = model.state_dict()
    with pytest.raises(FloatingPointError, match="joint norm"), np.errstate(all="ignore"):
        clipping(np.full((2, 4), np.inf), np.zeros((2, 3)))
    for name, values in model.state_dict().items():
        np.testing.assert_array_equal(values, before[name])


# ---- What changes between calls ----

SCALE = 2.0


def test_variables_of_the_module_and_of_closures_are_watched(monkeypatch):
    shift = np.zeros(3)
    factors = [1.0, 2.0]

    def function(x):
        return SCALE * x * factors[0] + shift

    compiled = mg.compile(function)
    x = reals(3)
    compiled(x)
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    np.testing.assert_array_equal(compiled(x), function(x))
    factors[0] = 5.0
    np.testing.assert_array_equal(compiled(x), function(x))
    # Elements of an array are read anew; so is another array.
    shift += 1.0
    np.testing.assert_array_equal(compiled(x), function(x))
    shift = reals(3)
    np.testing.assert_array_equal(compiled(x), function(x))


def test_settings_in_modules_and_names_of_inner_functions_are_watched(monkeypatch):
    settings = types.ModuleType("settings")
    settings.FACTOR = 2.0
    monkeypatch.setitem(globals(), "settings", settings)

    def function(x):
        def inner(y):
            return SCALE * y

        return inner(x) * settings.FACTOR

    compiled = mg.compile(function)
    x = reals(3)
    compiled(x)
    monkeypatch.setitem(globals(), "SCALE", 7.0)
    np.testing.assert_array_equal(compiled(x), function(x))
    settings.FACTOR = 5.0
    np.testing.assert_array_equal(compiled(x), function(x))


def test_settings_of_layers_are_watched():
    model = model_of(dropout=0.5)
    compiled = mg.compile(model)
    x = reals(2, 4)
    with mg.no_grad():
        compiled(x)
        model.eval()
        np.testing.assert_array_equal(compiled(x), model(x).data)
        model.layers[3].bias = mg.Tensor(np.full(3, 7.0), requires_grad=True)
        np.testing.assert_array_equal(compiled(x), model(x).data)


def test_attributes_of_objects_are_watched():
    class Scaled:
        def __init__(self):
            self.factor, self.offset = 2.0, np.ones(3)

        def apply(self, x):
            return self.factor * x + self.offset

    scaled = Scaled()
    compiled = mg.compile(scaled.apply)
    x = reals(3)
    compiled(x)
    scaled.factor = 3.0
    np.testing.assert_array_equal(compiled(x), scaled.apply(x))
    scaled.offset = np.zeros(3)
    np.testing.assert_array_equal(compiled(x), scaled.apply(x))


def test_what_a_function_changes_itself_is_refused():
    seen = []
    counter = {"calls": 0}

    def appends(x):
        seen.append(1)
        return x * 2.0

    def counts(x):
        counter["calls"] += 1
        return x * 2.0

    for function in (appends, counts):
        with pytest.raises(mg.ProgramError, match=r"changes .* while it runs|the same inputs give other"):
            mg.compile(function)(np.ones(3))


def test_chance_is_refused_and_generators_advance():
    with pytest.raises(mg.ProgramError, match=r"test_compile\.py:\d+: the same inputs give other calls or numbers"):
        mg.compile(lambda x: x * np.random.default_rng().random())(np.ones(3))
    rng = np.random.default_rng(3)
    compiled = mg.compile(lambda x, generator: x + generator.standard_normal(3))
    other = copy.deepcopy(rng)
    for _ in range(3):
        np.testing.assert_array_equal(compiled(np.zeros(3), rng), other.standard_normal(3))
    held = mg.compile(lambda x: x + rng.random(3))
    for _ in range(3):
        np.testing.assert_array_equal(held(np.zeros(3)), other.random(3))


def test_branches_are_compiled_each():
    def function(x):
        return np.exp(x) if x.sum() > 0 else -x

    compiled = mg.compile(function)
    for x in (np.ones(3), -np.ones(3), np.full(3, 2.0), np.zeros(3)):
        np.testing.assert_array_equal(compiled(x), function(x))
    assert len(compiled.cached) == 2


def test_counts_that_depend_on_values_are_compiled_each():
    def function(x):
        return np.tanh(x[x > 0]).mean() + np.unique(np.round(x)).sum()

    compiled = mg.compile(function)
    for x in (np.array([1.0, -1.0, 2.0]), np.array([1.0, 3.0, 2.0]), np.array([1.0, -2.0, 3.0])):
        assert compiled(x) == function(x)
    assert len(compiled.cached) == 2


# ---- What cannot be compiled ----


def test_numbers_that_leave_are_refused_with_their_line():
    with pytest.raises(mg.ProgramError, match=r"test_compile\.py:\d+: float\(x\)"):
        mg.compile(lambda x: float(x.sum()))(np.ones(3))


def test_a_fallback_warns_once_and_calls_the_function():
    compiled = mg.compile(lambda x: x * float(x.sum()), fallback=True)
    with pytest.warns(RuntimeWarning, match=r"not compiled, and called as it is: test_compile\.py:\d+"):
        np.testing.assert_array_equal(compiled(np.ones(3)), 3.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(compiled(np.full(3, 2.0)), 12.0)
    weight = mg.Tensor(np.ones(2), requires_grad=True)
    tensors = mg.compile(lambda x: weight * float(x.sum()), fallback=True)
    with mg.no_grad(), pytest.warns(RuntimeWarning, match="not compiled"):
        assert type(tensors(np.ones(2))) is np.ndarray
    with pytest.raises(mg.ProgramError, match="nothing flows back"):
        tensors(np.ones(2))


def test_nothing_is_detached_silently():
    weight = mg.Tensor(reals(3), requires_grad=True)
    compiled = mg.compile(lambda x: (weight * x).sum())
    with pytest.raises(mg.ProgramError, match="nothing flows back"):
        compiled(np.ones(3))
    with mg.no_grad():
        assert compiled(np.ones(3)) == weight.data.sum()
    with pytest.raises(mg.ProgramError, match="nothing flows back"):
        compiled(np.ones(3))
    plain = mg.compile(lambda x: np.tanh(x))
    with pytest.raises(mg.ProgramError, match="nothing flows back"):
        plain(weight * 2.0)
    with pytest.raises(mg.ProgramError, match="nothing flows back"):
        plain(weight)
    with pytest.raises(mg.ProgramError, match="nothing flows back"):
        mg.grad(lambda x: plain(x).sum())(np.ones(3))


def test_errors_tell_the_line_they_come_from():
    compiled = mg.compile(lambda a, b: np.linalg.solve(a, b))
    compiled(np.eye(2), np.ones(2))
    with pytest.raises(np.linalg.LinAlgError) as caught:
        compiled(np.zeros((2, 2)), np.ones(2))
    assert any("test_compile.py" in note for note in caught.value.__notes__)


def test_the_oldest_kinds_are_forgotten_with_one_warning():
    compiled = mg.compile(lambda x: x + 1.0, limit=2)
    compiled(np.ones(1))
    compiled(np.ones(2))
    with pytest.warns(RuntimeWarning, match="limit=2"):
        compiled(np.ones(3))
    compiled(np.ones(4))
    assert len(compiled.cached) == 2
    compiled.clear()
    assert not compiled.cached
    np.testing.assert_array_equal(compiled(np.ones(3)), 2.0)


def test_what_is_cached_can_be_looked_at():
    compiled = mg.compile(lambda x: np.tanh(x @ x.T) * 2.0)
    compiled(reals(30, 30))
    (entry,) = compiled.cached
    assert entry.instructions == 4
    assert "def run(a0):" in entry.source
    assert entry.kept_bytes > 0


def test_code_leaves_no_cycles_and_runs_inside_itself():
    model = model_of()
    step = mg.compile(step_of(model, optim.Adam(model.parameters())))
    x, y = reals(2, 4), reals(2, 3)
    step(x, y)
    gc.collect()
    gc.disable()
    try:
        step(x, y)
        assert gc.collect() == 0
    finally:
        gc.enable()
    inner = mg.compile(lambda x: np.tanh(x))
    outer = mg.compile(lambda x: inner(x) + 1.0)
    np.testing.assert_array_equal(outer(x), np.tanh(x) + 1.0)


def test_methods_are_compiled_where_they_are_written():
    class Line(nn.Layer):
        def __init__(self):
            self.slope, self.power = mg.Tensor(2.0, requires_grad=True), 1

        @mg.compile
        def error(self, x):
            return mg.grad(lambda slope: np.sum((slope * x) ** self.power))(self.slope.detach().data)

    line = Line()
    assert line.error(np.ones(3)) == 3.0
    line.power = 2
    line.slope.data = 5.0
    assert line.error(np.ones(3)) == 30.0
    other = Line()
    assert other.error(np.ones(3)) == 3.0


def test_hooks_are_refused_and_debugging_looks_at_every_step():
    weight = mg.Tensor(np.ones(3), requires_grad=True)
    optimizer = optim.SGD([weight], lr=1.0)

    @mg.compile
    def step(x):
        optimizer.zero_grad()
        np.log(weight * x).sum().backward()
        optimizer.step()

    step(np.ones(3))
    with mg.debug(), pytest.raises(mg.NotFiniteError), np.errstate(all="ignore"):
        step(np.zeros(3))
    handle = weight.register_hook(lambda gradient: None)
    with pytest.raises(mg.ProgramError, match="register_hook"):
        step(np.ones(3))
    handle.remove()
    weight.data = np.ones(3)
    step(np.full(3, 2.0))
    np.testing.assert_array_equal(weight.data, 0.0)


def test_copies_of_what_is_compiled_with(tmp_path):
    model = model_of()
    optimizer = optim.Adam(model.parameters())
    step = mg.compile(step_of(model, optimizer))
    step(reals(2, 4), reals(2, 3))
    for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        for name, array in twin.state_dict().items():
            np.testing.assert_array_equal(array, optimizer.state_dict()[name])


# ---- Single numbers ----


def test_single_numbers_are_computed_by_python_within_an_ulp():
    def function(x, y):
        return mg.tanh(x * y) - 0.1 * mg.log(x) / y**2

    compiled = mg.compile(mg.value_and_grad(function, argnums=(0, 1)))
    value, slopes = compiled(0.5, 1.5)
    expected, wanted = mg.value_and_grad(function, argnums=(0, 1))(0.5, 1.5)
    np.testing.assert_allclose([value, *slopes], [expected, *wanted], rtol=1e-15)
    assert all(type(each) is np.float64 for each in (value, *slopes))
    with np.errstate(all="ignore"):
        for x, y in ((-1.0, 1.0), (0.0, 2.0), (1.0, 0.0), (1e308, 1e308), (np.inf, 1.0), (np.nan, 1.0)):
            value, slopes = compiled(x, y)
            expected, wanted = mg.value_and_grad(function, argnums=(0, 1))(np.float64(x), np.float64(y))
            np.testing.assert_allclose([value, *slopes], [expected, *wanted], rtol=1e-14)


def test_single_numbers_come_back_in_any_structure():
    pair = namedtuple("pair", "first second")
    compiled = mg.compile(lambda x: {"pair": pair(x * 2.0, [mg.tanh(x)])})
    for _ in range(2):
        got = compiled(0.5)["pair"]
        assert type(got) is pair
        assert got.first == 1.0
        assert type(got.second[0]) is np.float64


# ---- With what else there is ----


def test_transforms_are_compiled():
    def energy(x):
        return np.sum(np.sin(x) * x[::-1])

    x = reals(4)
    for transformed in (mg.grad(energy), mg.hessian(energy), mg.jacobian(lambda x: np.tanh(x) * x.sum()), energy):
        np.testing.assert_array_equal(mg.compile(transformed)(x), transformed(x))
    product = functools.partial(mg.hvp, energy)
    np.testing.assert_array_equal(mg.compile(lambda x, v: product(x, v))(x, x)[1], product(x, x)[1])


def test_training_and_prediction_compiled():
    x, y = reals(50, 4), RNG.integers(0, 3, 50)

    def run(compile):
        model = model_of(dropout=0.2)
        batches = mg.batches(x, y, 16, rng=np.random.default_rng(2))
        history = mg.train(
            model,
            losses.cross_entropy,
            optim.Adam(model.parameters(), lr=0.01),
            batches,
            epochs=3,
            metrics=[mg.accuracy],
            validation=[(x, y)],
            progress=False,
            compile=compile,
        )
        records = [{name: value for name, value in each.items() if name != "seconds"} for each in history.records]
        return records, mg.predict(model, x, batch_size=16, compile=compile)

    eager, compiled = run(False), run(True)
    assert eager[0] == compiled[0]
    np.testing.assert_array_equal(eager[1], compiled[1])
    with pytest.raises(TypeError, match="compile= is True, or a dict"):
        run("numpy")


@pytest.mark.parametrize("compile", [False, True, {"engine": "jax"}], ids=["eager", "numpy", "jax"])
@pytest.mark.parametrize("earlier", [0, 1, 2])
def test_a_loss_that_is_not_finite_stops_before_anything_is_updated(compile, earlier):
    if isinstance(compile, dict):
        pytest.importorskip("jax")

    def run(with_bad):
        model = model_of()
        optimizer = optim.Adam(model.parameters())
        rng = np.random.default_rng(0)
        good, bad = (rng.standard_normal((2, 4)), np.zeros((2, 3))), (np.full((2, 4), np.nan), np.zeros((2, 3)))
        data = [good] * earlier + [bad] * with_bad
        if with_bad:
            with pytest.raises(mg.NonFiniteLossError, match=f"epoch 1, step {earlier + 1}"):
                mg.train(model, losses.mse, optimizer, data, epochs=1, progress=False, compile=compile)
        elif data:
            mg.train(model, losses.mse, optimizer, data, epochs=1, progress=False, compile=compile)
        return [*model.state_dict().values(), *optimizer.state_dict().values()]

    for now, then in zip(run(True), run(False), strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_look_at_values_counts_wherever_it_was_written():
    # Nobody watches what is in it.
    seen = deque()

    def note(values):
        seen.append(values)

    @mg.primitive(lambda g, out, x: g)
    def inspected(x):
        if isinstance(x, StandIn):
            x.looked_at(note)
        return x * 1.0

    compiled = mg.compile(lambda x: (inspected(mg.Tensor(x)), x + 1.0)[1])
    for number in (1.0, 2.0, 3.0):
        compiled(np.full(2, number))
        np.testing.assert_array_equal(seen.pop(), number)
