"""Does compiled code stay right when values decide sizes, orders or branches, and when arrays around it change?"""

import threading

import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, optim

X, M, TWO, THREE = np.arange(1.0, 7.0), np.arange(6.0).reshape(2, 3), np.int64(2), np.int64(3)


def needs(engine):
    if engine == "jax":
        pytest.importorskip("jax")


def assert_as_uncompiled(function, calls, engine="numpy", refused=False):
    compiled = mg.compile(function, engine=engine)
    for args in calls:
        expected = function(*args)
        if refused:
            with pytest.raises(mg.ProgramError, match=r"test_compile_values\.py:\d+"):
                compiled(*args)
            return None
        found = compiled(*args)
        np.testing.assert_array_equal(found, expected)
        assert np.shape(found) == np.shape(expected)
    return compiled


@pytest.mark.parametrize("engine", ["numpy", "jax"])
@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (lambda x, n: np.mean(x[:n]), [(X, TWO), (X, THREE)]),
        (lambda x, n: x[n:] - x[n:].mean(), [(X, TWO), (X, THREE)]),
        (lambda x, n: np.ones_like(x[::n]), [(X, TWO), (X, THREE)]),
        (lambda x, n: x.reshape(n, -1), [(X, TWO), (X, THREE)]),
        (lambda x, n: np.expand_dims(x, n), [(X, np.int64(0)), (X, np.int64(1))]),
        (lambda x, n: np.mean(x, axis=n), [(M, np.int64(0)), (M, np.int64(1))]),
        (lambda x, n: x.sum(axis=n), [(M, np.int64(0)), (M, np.int64(1))]),
        (lambda x, n: np.broadcast_to(x[:1], (n,)).sum(), [(X, TWO), (X, THREE)]),
        (lambda x: x[np.nonzero(x > 3)].mean(), [(X,), (X + 2,)]),
        (lambda x: x[np.where(x > 3)].mean(), [(X,), (X + 2,)]),
        (lambda x, n: np.split(x, [n])[0].mean(), [(X, TWO), (X, THREE)]),
        (lambda x: x * len(x[x > 3]), [(X,), (X + 2,)]),
        (lambda x: x * np.unique(x).size, [(X,), (0 * X,)]),
        (lambda x, n: x * len(x[:n]), [(X, TWO), (X, THREE)]),
        (lambda x, n: x.reshape(n, -1), [(M, TWO), (M, THREE)]),
        (lambda x, n: np.broadcast_to(x, (n,)), [(X[:1], np.int64(1)), (X[:1], THREE)]),
        (lambda x, n: np.ones_like(x, shape=(n,)) * 1.0, [(X, TWO), (X, THREE)]),
        (lambda x: x * len(x[[x[0] > 1, x[1] > 1, x[2] > 1]]), [(X[:3],), (X[:3] + 3,)]),
        (lambda x, n: len(np.array_split(x, n)) * x.sum(), [(X, TWO), (X, np.int64(7))]),
        (lambda x: np.bincount(x), [(np.array([1, 2]),), (np.array([5, 1]),)]),
    ],
)
def test_sizes_that_depend_on_values(function, calls, engine):
    needs(engine)
    assert_as_uncompiled(function, calls, engine, refused=engine == "jax")


LARGE = np.random.default_rng(0).standard_normal((300, 200))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.sum(np.tanh(x), axis=0),
        lambda x: np.sum(np.copy(x)),
        lambda x: np.sum(x * 1.0),
        lambda x: x.T.copy().sum(),
    ],
)
@pytest.mark.parametrize("first", [0, 1, 2])
def test_arrays_that_lie_in_another_order_give_the_same_bits(function, first):
    arrays = [LARGE, np.asfortranarray(LARGE), LARGE[::2, ::2]]
    assert_as_uncompiled(function, [(array,) for array in (*arrays[first:], *arrays)])


def test_powers_of_single_numbers_are_those_of_numpy():
    with np.errstate(invalid="ignore"):
        assert np.isnan(mg.compile(lambda x: np.power(x, 0.5))(np.float64(-np.inf)))


def test_results_share_no_memory():
    one, other = mg.compile(lambda x: (x * 2, x * 2))(X)
    part, whole = mg.compile(lambda x: (x[1:], x))(X)
    one[0] = part[0] = 99.0
    assert (other[0], whole[1], X[1]) == (2.0, 2.0, 2.0)
    assert mg.compile(lambda x: np.zeros_like(x).T)(M).flags.writeable


def test_an_argument_that_shares_memory_with_a_parameter():
    def run(wrap):
        w, v = (mg.Tensor(np.full(3, value), requires_grad=True) for value in (1.0, 2.0))
        optimizer = optim.SGD([w, v], lr=0.1)

        def step(x):
            loss = np.dot(w, x) + np.dot(v, x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

        wrap(step)(w.data)
        return v.data

    np.testing.assert_array_equal(run(mg.compile), run(lambda step: step))


def model_and_step(end):
    model = nn.Dense(2, 3, rng=0, dtype=np.float64)
    optimizer = optim.Adam(model.parameters())

    def step(x, *more):
        loss = (model(x) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return end(loss.detach(), x, *more)

    return model, optimizer, step


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_a_check_that_raises_after_the_update_has_changed_nothing(engine):
    needs(engine)
    model, optimizer, step = model_and_step(lambda loss, x, labels: losses.cross_entropy(x, labels))
    compiled = mg.compile(step, engine=engine)
    compiled(np.ones((2, 2)), np.array([0, 1]))
    before = model.weight.numpy().copy()
    with pytest.raises(ValueError, match="these go from 0 to 6"):
        compiled(np.ones((2, 2)), np.array([0, 6]))
    np.testing.assert_array_equal(model.weight.data, before)
    assert optimizer.steps == 1


def test_a_branch_after_the_update_is_compiled_for_each_way():
    model, optimizer, step = model_and_step(lambda loss, x: loss * 2 if x.sum() > 0 else loss * 3)
    other, _, uncompiled = model_and_step(lambda loss, x: loss * 2 if x.sum() > 0 else loss * 3)
    compiled = mg.compile(step)
    for sign in (1, -1, 1, 1, -1):
        assert compiled(sign * np.ones((2, 2))) == uncompiled(sign * np.ones((2, 2))).item()
    np.testing.assert_array_equal(model.weight.data, other.weight.data)
    assert (optimizer.steps, len(compiled.cached)) == (5, 2)


def test_a_branch_after_a_draw_draws_once():
    def function(rng, x):
        noise = rng.random(3)
        return x + noise if (x + noise).sum() > 0 else x - noise

    compiled, mine, other = mg.compile(function), np.random.default_rng(0), np.random.default_rng(0)
    for x in (np.ones(3), -5 * np.ones(3), np.ones(3), -np.ones(3)):
        np.testing.assert_array_equal(compiled(mine, x), function(other, x))
    assert mine.random() == other.random()


AROUND = {
    "product": lambda d: lambda x: x * (d * 2),
    "element": lambda d: lambda x: x * d[0],
    "sum": lambda d: lambda x: x * d.sum(),
    "dtype": lambda d: lambda x: x * d.astype(np.float32),
    "itself": lambda d: lambda x: x * d,
    "branch": lambda d: lambda x: x * d if d.sum() > 10 else x - d,
    "in a tuple": lambda d: (lambda pair: lambda x: x * (pair[0] * pair[1]))((d, 2.0)),
    "in a list": lambda d: (lambda held: lambda x: x * (held[0]["d"] * 2))([{"d": d}]),
    "a default": lambda d: lambda x, d=d: x * (d * 2),
}


@pytest.mark.parametrize("engine", ["numpy", "jax"])
@pytest.mark.parametrize("name", AROUND)
def test_arrays_around_the_function_are_read_in_each_call(name, engine):
    needs(engine)
    d, x = np.ones(3), np.arange(3.0)
    function = AROUND[name](d)
    compiled = mg.compile(function, engine=engine)
    if name == "branch" and engine == "jax":
        with pytest.raises(mg.ProgramError, match=r"np\.where"):
            compiled(x)
        return
    for value in (1.0, 5.0, 2.0):
        d[:] = value
        np.testing.assert_array_equal(compiled(x), function(x))


@pytest.mark.parametrize(
    "function", [lambda t: lambda x: t * 2 * x, lambda t: lambda x: t[0] * x, lambda t: lambda x: x * t]
)
def test_tensors_without_a_gradient_are_read_in_each_call(function):
    t = mg.Tensor(np.ones(3))
    compiled = mg.compile(function(t))
    for value in (1.0, 5.0):
        t.data = np.full(3, value)
        np.testing.assert_array_equal(compiled(np.arange(3.0)), function(t)(np.arange(3.0)).data)


def test_what_asks_for_elements_is_compiled_anew_when_they_change():
    counts = np.array([1, 2, 3])
    compiled = mg.compile(lambda x: np.repeat(x, counts))
    for turn in range(4):
        np.testing.assert_array_equal(compiled(np.arange(3.0)), np.repeat(np.arange(3.0), counts))
        if turn % 2:
            counts[0] += 1
    assert len(compiled.cached) == 2


def test_an_array_that_nobody_may_write_to_is_a_constant():
    pytest.importorskip("jax")
    mask = np.array([True, False, True])

    def chosen(x):
        return x[mask] * 2

    with pytest.raises(mg.ProgramError, match="how many elements"):
        mg.compile(chosen, engine="jax")(np.arange(3.0))
    mask.flags.writeable = False
    np.testing.assert_array_equal(mg.compile(chosen, engine="jax")(np.arange(3.0)), [0.0, 4.0])
    compiled = mg.compile(chosen)
    compiled(np.arange(3.0))
    mask.flags.writeable = True
    mask[0] = False
    np.testing.assert_array_equal(compiled(np.arange(3.0)), [4.0])


def test_numbers_of_python_stay_weak_beside_float32_that_is_made_inside():
    compiled = mg.compile(lambda s: np.ones(3, np.float32) * s)
    assert compiled(0.1).dtype == np.float32
    np.testing.assert_array_equal(compiled(0.25), np.full(3, 0.25, np.float32))
    wide = mg.compile(lambda s: np.ones(3) * s)
    assert (wide(0.1)[0], wide(0.2)[0], len(wide.cached)) == (0.1, 0.2, 1)


def test_inside_a_transform_it_is_called_as_it_is():
    double, seen = mg.compile(lambda x: x * 2), []
    mg.grad(lambda w: (seen.append(double(np.ones(3))), w * 2)[1])(1.0)
    np.testing.assert_array_equal(seen[0], 2.0)

    def hidden(w):
        return mg.compile(lambda x: x * w)(np.ones(3)).sum()

    with pytest.raises(mg.ProgramError, match="nothing flows back"):
        mg.grad(hidden)(1.0)


class Trainer:
    """What many write: a model and its optimiser in one object."""

    def __init__(self):
        self.model = nn.Dense(2, 2, rng=0, dtype=np.float64)
        self.optimizer = optim.Adam(self.model.parameters())

    def update(self, loss):
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def step(self, x, y):
        loss = losses.cross_entropy(self.model(x), y)
        self.update(loss)
        return loss

    compiled = mg.compile(step)


def test_a_method_that_trains_what_its_object_holds():
    one, other, third = Trainer(), Trainer(), Trainer()
    x, y, bound = np.eye(2), np.array([0, 1]), mg.compile(third.step)
    for _ in range(3):
        assert one.step(x, y).item() == other.compiled(x, y) == bound(x, y)
    np.testing.assert_array_equal(one.model.weight.data, other.model.weight.data)


def descent(lr):
    w = mg.Tensor(np.ones(3), requires_grad=True)
    optimizer = optim.SGD([w], lr=lr)

    def step(x):
        loss = (w * x).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return w, optimizer, step


def test_rates_that_a_call_cannot_keep_apart_are_refused():
    _, _, scheduled = descent(optim.cosine(0.1, 10))
    with pytest.raises(mg.ProgramError, match=r"test_compile_values\.py:\d+: the second step"):
        mg.compile(lambda: (scheduled(np.ones(3)), scheduled(np.ones(3)))[0])()
    w, optimizer, step = descent(0.1)
    mg.compile(lambda: (step(np.ones(3)), step(np.ones(3)))[0])()
    np.testing.assert_allclose(w.data, 0.8)
    with pytest.raises(mg.ProgramError, match="sets the learning rate"):
        mg.compile(lambda: setattr(optimizer, "lr", 0.01))()
    assert optimizer.lr == 0.1


def test_parameters_may_be_changed_by_hand():
    def run(wrap):
        w = mg.Tensor(np.ones(3), requires_grad=True)

        def step(x):
            ((w * x) ** 2).sum().backward()
            w.data -= 0.1 * w.grad.data
            w.zero_grad()

        compiled = wrap(step)
        for _ in range(3):
            compiled(np.arange(3.0))
        return w.data

    np.testing.assert_array_equal(run(mg.compile), run(lambda step: step))
    w = mg.Tensor(np.ones(3), requires_grad=True)

    def alias(x):
        data = w.data
        data -= x

    with pytest.raises(mg.ProgramError, match="changed in place"):
        mg.compile(alias)(np.ones(3))


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_no_update_is_lost_between_threads(engine):
    needs(engine)
    w, optimizer, step = descent(0.1)
    compiled, errors = mg.compile(step, engine=engine), []
    compiled(np.ones(3))

    def run(inputs):
        try:
            for x in inputs:
                compiled(x)
        except Exception as error:
            errors.append(error)

    # One thread goes on while the other one has new kinds of calls recorded.
    work = [[np.ones(3)] * 300, [np.ones((rows, 3)) for rows in range(2, 6)]]
    threads = [threading.Thread(target=run, args=(inputs,)) for inputs in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert optimizer.steps == 305
    np.testing.assert_allclose(w.data, 1.0 - 0.1 * (301 + 2 + 3 + 4 + 5))


def test_a_largest_element_has_its_gradient_under_xla():
    pytest.importorskip("jax")

    def normalised(z):
        return (z - z.mean(axis=1, keepdims=True)) / (z.std(axis=1, keepdims=True) + 0.5)

    def function(x):
        z = normalised(normalised(x))
        return z.max() - 0.5 * z.min(axis=0).sum()

    x = np.random.default_rng(0).uniform(-1.0, 1.0, (1, 2))
    np.testing.assert_allclose(mg.compile(mg.grad(function), engine="jax")(x), mg.grad(function)(x), rtol=1e-12)


@pytest.mark.parametrize(
    "function",
    [lambda x, y: mg.lstsq(x, y)[0], mg.grad(lambda x, y: np.sum(np.linalg.lstsq(x, y)[0] ** 2))],
)
def test_least_squares_of_a_matrix_without_full_rank_raises_as_uncompiled(function):
    full, deficient, y = np.arange(8.0).reshape(4, 2) ** 2, np.ones((4, 2)), np.arange(4.0)
    compiled = assert_as_uncompiled(function, [(full, y), (full + 1.0, y)])
    for each in (function, compiled):
        with pytest.raises(np.linalg.LinAlgError, match="rank 1"):
            each(deficient, y)
