"""A program as a function of JAX arrays gives what NumPy gives, or is refused by name."""

import contextlib
import functools
import os
import re
import subprocess
import sys
import warnings

import effort
import numpy as np
import pytest
from operation_checks import BUILTIN
from program_checks import assert_same
from test_program_operations import REFUSED, calls, first_order

import minigrad as mg
from minigrad import losses, nn, optim
from minigrad.program.errors import ProgramError
from minigrad.program.inputs import Inputs
from minigrad.program.ir import Instruction, Var
from minigrad.program.record import Recording
from minigrad.program.run import evaluated

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Programs run once; compiling them takes most of the time.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
import jax
import jax.numpy as jnp

from minigrad.program.to_jax import lowered
from minigrad.program.to_jax.rules import RULES

# What has no counterpart in JAX, for at least one of the examples, and what the refusal says.
REFUSED_BY_JAX = {
    **{name: rf"special\.{name} has no counterpart" for name in ("j0", "j1", "jv", "k0", "k1", "kv", "y0", "y1", "yv")},
    **dict.fromkeys(["cov", "geomspace"], "the function goes on by a value here"),
}


@pytest.fixture
def _double():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def _single():
    with jax.enable_x64(False):
        yield


# What makes compiling quicker, as far as this version knows it.
QUICKLY = {
    "xla_cpu_use_fusion_emitters": False,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_parallel_codegen_split_count": 1,
}


@functools.cache
def options():
    found = {}
    for key, value in QUICKLY.items():
        with contextlib.suppress(RuntimeError):
            jax.jit(jnp.sin).lower(1.0).compile(compiler_options={key: value})
            found[key] = value
    return found


def compiled(function, given):
    """What a function gives when JAX has compiled it."""
    return jax.jit(function).lower(*given).compile(compiler_options=options())(*given)


def telling(operation):
    """Calls at the examples; but for thorough runs, at the one with the most elements in up to four axes."""
    found = [pair for pair in (calls(operation, example) for example in operation.examples) if pair[0].arrays]
    if effort.thorough or operation.name in REFUSED_BY_JAX:
        return found
    return [max(found, key=lambda pair: sum(array.size + 100 * array.ndim for array in pair[0].arrays))]


def recorded(function, arrays):
    """The instructions, the inputs, and the outputs with the gradients: of a program, or of one recording."""
    if effort.thorough:
        program = mg.program(function, *arrays, wrt=list(range(len(arrays))))
        return program.code, [each.var for each in program.inputs], list(dict.fromkeys(program.outputs))
    inputs = Inputs(function, arrays, list(range(len(arrays))))
    recording = Recording(inputs, [slot.value for slot in inputs.slots])
    outputs = [recording.returned, *(gradient for gradient in recording.gradients if gradient is not None)]
    return recording.code, recording.inputs_made, list(dict.fromkeys(outputs))


def check(operation):
    for first, second in telling(operation):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code, inputs, outputs = recorded(first_order(first), first.arrays)
            values = evaluated(code, dict(zip(inputs, second.arrays, strict=True)), outputs)
            expected = [values[out] for out in outputs]
        found = compiled(lowered(code, inputs, outputs), second.arrays)
        assert [each.dtype for each in found] == [np.asarray(each).dtype for each in expected]
        assert_same([np.asarray(each) for each in found], expected, 1e-10)


@pytest.mark.usefixtures("_double")
@pytest.mark.parametrize("name", [name for name in BUILTIN if name not in REFUSED])
def test_operations(name):
    if name in REFUSED_BY_JAX:
        with pytest.raises(ProgramError, match=REFUSED_BY_JAX[name]):
            check(BUILTIN[name])
    else:
        check(BUILTIN[name])


def test_most_operations_have_a_counterpart():
    assert len(BUILTIN) - len(REFUSED_BY_JAX) - len(REFUSED) >= 235


def layers(x, w1, b1, w2, b2):
    return np.tanh(x @ w1 + b1) @ w2 + b2


def error(x, w1, b1, w2, b2, y):
    return np.mean((layers(x, w1, b1, w2, b2) - y) ** 2)


def arrays(dtype=np.float64, rows=6):
    rng = np.random.default_rng(0)
    shapes = [(rows, 4), (4, 5), (5,), (5, 2), (2,), (rows, 2)]
    return [rng.uniform(-1.0, 1.0, shape).astype(dtype) for shape in shapes]


def training(kind, dtype):
    """A step of a two-layer classifier, and a batch."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Dense(5, 7, rng=0, dtype=dtype), nn.Tanh(), nn.Dense(7, 3, rng=1, dtype=dtype))
    optimizer = kind(model.parameters(), lr=0.01)

    def step(x, y):
        loss = losses.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step, rng.normal(size=(8, 5)).astype(dtype), rng.integers(0, 3, 8)


@pytest.mark.usefixtures("_double")
@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam])
def test_a_training_step(kind):
    step, x, y = training(kind, np.float64)
    program = mg.program(step, x, y)
    expected = program(x, y)
    found = jax.jit(program.to_jax())(x, y)
    assert_same([np.asarray(each) for each in found], expected, 1e-12)
    assert [each.dtype for each in found] == [each.dtype for each in expected]


@pytest.mark.usefixtures("_double")
def test_what_layers_hold_can_be_given():
    step, x, y = training(optim.SGD, np.float64)
    program = mg.program(step, x, y)
    function = jax.jit(program.to_jax())
    loss, w1, *_ = function(x, y)
    again, *_ = function(x, y, held={"W1": w1})
    assert float(again) < float(loss)
    with pytest.raises(ProgramError, match="held= names W3"):
        function(x, y, held={"W3": w1})


@pytest.mark.usefixtures("_double")
def test_arguments_have_the_structure_of_the_recorded_ones():
    x, w1, b1, w2, b2, y = arrays()
    parameters = {"first": (w1, b1), "second": (w2, b2)}

    def function(parameters, x, y):
        return error(x, *parameters["first"], *parameters["second"], y)

    program = mg.program(function, parameters, x, y)
    found, expected = jax.jit(program.to_jax())(parameters, x, y), program(parameters, x, y)
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    assert_same([np.asarray(each) for each in jax.tree.leaves(found)], jax.tree.leaves(expected))
    with pytest.raises(ProgramError, match="another structure"):
        program.to_jax()([w1, b1], x, y)


@pytest.mark.usefixtures("_double")
def test_gradients_of_jax_are_ours():
    given = arrays()
    value = mg.program(error, *given, wrt=[]).to_jax()
    theirs = jax.jit(jax.grad(value, argnums=(1, 2, 3, 4)))(*given)
    _, *ours = mg.program(error, *given, wrt=["w1", "b1", "w2", "b2"])(*given)
    assert_same([np.asarray(each) for each in theirs], ours)


@pytest.mark.usefixtures("_double")
def test_a_batch_of_inputs():
    given = arrays()
    program = mg.program(error, *given, wrt=["w1"])
    batch = np.stack([given[0], 2.0 * given[0], -given[0]])
    values, slopes = jax.vmap(program.to_jax(), in_axes=(0, *[None] * 5))(batch, *given[1:])
    for row, value, slope in zip(batch, values, slopes, strict=True):
        assert_same([np.asarray(value), np.asarray(slope)], program(row, *given[1:]))


@pytest.mark.usefixtures("_double")
def test_other_sizes():
    program = mg.program(error, *arrays(), wrt=["w1"])
    others = arrays(rows=3)
    assert_same([np.asarray(each) for each in program.to_jax()(*others)], program(*others))
    others[1] = np.ones((4, 7))
    with pytest.raises(ProgramError, match="axis 0 of b1 has size 5"):
        program.to_jax()(*others)


@pytest.mark.usefixtures("_single")
def test_single_precision_stays_what_it_is():
    step, x, y = training(optim.SGD, np.float32)
    program = mg.program(step, x, y)
    found = jax.jit(program.to_jax())(x, y.astype(np.int32))
    assert {each.dtype for each in found} == {np.dtype(np.float32), np.dtype(np.int32)}
    assert_same([np.asarray(each) for each in found], program(x, y), 1e-6)


@pytest.mark.usefixtures("_single")
def test_double_precision_is_not_dropped():
    program = mg.program(error, *arrays())
    with pytest.raises(ProgramError, match=r'jax\.config\.update\("jax_enable_x64", True\)'):
        program.to_jax()
    with jax.enable_x64(True):
        function = program.to_jax()
    with pytest.raises(ProgramError, match="jax_enable_x64"):
        function(*arrays())
    one = mg.program(lambda x: np.sum(x * np.arange(x.shape[0])), np.ones(3, np.float32))
    with pytest.raises(ProgramError, match=r"test_to_jax\.py:\d+: what np\.\w+ gives has dtype float64"):
        one.to_jax()


@pytest.mark.usefixtures("_double")
def test_numbers_of_python_and_of_numpy_promote_as_in_numpy():
    x = np.linspace(0.1, 0.9, 5, dtype=np.float32)
    counts = np.arange(5)

    def function(x, counts):
        return x * 2.0, x * np.float64(0.1), x + counts, counts / 3, np.mean(counts), np.sum(counts > 2), counts**2

    program = mg.program(function, x, counts, wrt=[])
    found, expected = program.to_jax()(x, counts), program(x, counts)
    assert [each.dtype for each in found] == [each.dtype for each in expected]
    assert_same([np.asarray(each) for each in found], expected)


def chance(rng, x):
    kept = rng.random(x.shape) < 0.5
    noise = rng.normal(0.0, 0.1, size=x.shape)
    order = rng.permutation(x)
    return np.sum(x * kept) + np.sum(noise) + np.sum(order[:2]) + rng.uniform(1.0, 2.0)


@pytest.mark.usefixtures("_double")
def test_random_numbers_come_from_a_key():
    x = np.linspace(0.0, 1.0, 6)
    function = jax.jit(mg.program(chance, np.random.default_rng(0), x, wrt=[]).to_jax())
    first, again = (float(function(jax.random.key(0), x)) for _ in range(2))
    assert first == again != float(function(jax.random.key(1), x))
    with pytest.raises(ProgramError, match=r"jax\.random\.key\(0\) in the place of a generator"):
        function.__wrapped__(np.random.default_rng(0), x)


def two_draws(rng):
    return rng.random(3), rng.random(3)


DRAWS = {
    "random": (lambda rng: rng.random(4000), 0.5),
    "uniform": (lambda rng: rng.uniform(1.0, 3.0, 4000), 2.0),
    "standard_normal": (lambda rng: rng.standard_normal(4000), 0.0),
    "normal": (lambda rng: rng.normal(2.0, 0.5, (40, 100)), 2.0),
    "standard_exponential": (lambda rng: rng.standard_exponential(4000), 1.0),
    "exponential": (lambda rng: rng.exponential(2.0, 4000), 2.0),
    "integers": (lambda rng: rng.integers(0, 4, 4000), 1.5),
    "integers with the last": (lambda rng: rng.integers(4, size=4000, endpoint=True), 2.0),
    "permutation": (lambda rng: rng.permutation(np.arange(9)), 4.0),
    "choice": (lambda rng: rng.choice(5, 4000), 2.0),
    "choice without putting back": (lambda rng: rng.choice(9, 9, replace=False), 4.0),
    "choice by chances": (lambda rng: rng.choice(3, 4000, p=[0.5, 0.0, 0.5]), 1.0),
    "binomial": (lambda rng: rng.binomial(8, 0.25, 4000), 2.0),
}


@pytest.mark.usefixtures("_double")
@pytest.mark.parametrize("name", DRAWS)
def test_draws(name):
    function, mean = DRAWS[name]
    program = mg.program(function, np.random.default_rng(0), wrt=[])
    found, like = program.to_jax()(jax.random.key(0)), program(np.random.default_rng(1))
    assert (found.shape, found.dtype) == (like.shape, like.dtype)
    assert abs(float(jnp.mean(found)) - mean) < 0.2
    assert (np.min(found) >= 0.0) == (np.min(like) >= 0.0)


@pytest.mark.usefixtures("_double")
def test_each_draw_has_numbers_of_its_own():
    first, second = mg.program(two_draws, np.random.default_rng(0), wrt=[]).to_jax()(jax.random.key(0))
    assert not np.array_equal(first, second)


@pytest.mark.usefixtures("_double")
def test_a_draw_without_a_counterpart():
    program = mg.program(lambda rng: rng.wald(1.0, 1.0, 3), np.random.default_rng(0), wrt=[])
    with pytest.raises(ProgramError, match=r"test_to_jax\.py:\d+: rng\.wald has no counterpart"):
        program.to_jax()


def branching(x):
    return np.sum(x) if np.sum(x) > 0.0 else np.sum(x**2)


@pytest.mark.usefixtures("_double")
def test_a_branch_on_a_value():
    program = mg.program(branching, np.ones(3), wrt=[])
    with pytest.raises(ProgramError, match=r"test_to_jax\.py:\d+: the function goes on by a value here"):
        program.to_jax()


def one_call(function, *args, gives=np.float64, **kwargs):
    """The lowering of one call, whose first argument is a vector of three."""
    x = Var(1, (3,), np.dtype(np.float64))
    made = Var(2, (3,), np.dtype(gives))
    return lowered([Instruction(function, (x, *args), kwargs, made)], [x], [made])


@pytest.mark.usefixtures("_double")
@pytest.mark.parametrize(
    ("function", "args", "kwargs", "message"),
    [
        (np.interp, ([0.0], [1.0]), {}, "np.interp has no counterpart in JAX"),
        (np.reshape, ((3, 1),), {"order": "A"}, "np.reshape with order='A' has no counterpart"),
        (np.add, (1.0,), {"where": np.array([True, False, True])}, "np.add with where="),
        (np.add, (1.0,), {"casting": "unsafe"}, "np.add with casting='unsafe'"),
        (np.sum, (), {"out": np.zeros(())}, "np.sum with out="),
        (np.sort, (), {"order": "name"}, "np.sort with order='name'"),
        (np.tile, (2,), {"unheard_of": 1}, "np.tile is called here in a way.*unheard_of"),
        (np.ravel, ("K",), {}, "np.ravel with order='K'"),
    ],
)
def test_what_the_table_does_not_know_is_refused(function, args, kwargs, message):
    with pytest.raises(ProgramError, match=re.escape(message) if ".*" not in message else message):
        one_call(function, *args, **kwargs)


@pytest.mark.usefixtures("_double")
@pytest.mark.parametrize("kind", [np.longdouble, np.complex128, "U3"])
def test_other_dtypes_are_refused(kind):
    with pytest.raises(ProgramError, match=rf"what np\.add gives has dtype {np.dtype(kind)}, which"):
        one_call(np.add, 1.0, gives=kind)


@pytest.mark.usefixtures("_double")
def test_an_index_out_of_bounds_is_noticed_where_it_is_known():
    function = one_call(np.take, np.array([0, 3]))
    with pytest.raises(ProgramError, match="out of bounds"):
        function(np.ones(3))

    def chosen(x, places):
        return x[places]

    x = np.arange(3.0)
    program = mg.program(chosen, x, np.array([0, 2]), wrt=[])
    assert np.array_equal(program.to_jax()(x, np.array([-1, 0])), [2.0, 0.0])
    assert np.isnan(program.to_jax()(x, np.array([7, 0]))[0])


@pytest.mark.usefixtures("_double")
def test_large_constants_are_made_when_the_function_runs():
    program = mg.program(lambda x: np.sum(x), np.ones((200, 300)))
    text = jax.jit(program.to_jax()).lower(np.ones((200, 300))).as_text()
    assert len(text) < 5000


@pytest.mark.usefixtures("_double")
def test_the_first_of_equal_values_is_the_largest():
    x = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 0.0]])
    program = mg.program(lambda x: np.argmax(x, axis=1), x, wrt=[])
    assert np.array_equal(program.to_jax()(x), [1, 0])


@pytest.mark.usefixtures("_double")
def test_constants_among_the_outputs():
    x = Var(1, (), np.dtype(np.float64))
    same, number, array = lowered([], [x], [x, 2, np.arange(2)])(1.5)
    assert (float(same), int(number), array.tolist()) == (1.5, 2, [0, 1])
    assert all(isinstance(each, jax.Array) for each in (same, number, array))


def test_values_that_depend_on_sizes_alone_may_be_compared():
    function = mg.compile(lambda x: np.where(np.equal(np.cumsum(np.ones_like(x)), 2.0), x, 0.0), engine="jax")
    for size in (3, 4):
        np.testing.assert_array_equal(function(np.arange(1.0, size + 1)), [0.0, 2.0, *np.zeros(size - 2)])


def test_every_rule_belongs_to_a_function_of_somebody():
    assert len(RULES) >= 290
    assert all(callable(function) for function in RULES)


WITHOUT_JAX = """
import sys
from types import SimpleNamespace

sys.modules["jax"] = {module}
import numpy as np
import minigrad as mg

program = mg.program(lambda x: np.sum(x), np.ones(3))
try:
    program.to_jax()
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("module", "what"),
    [
        ("None", "a program becomes a function of JAX arrays with"),
        (
            'SimpleNamespace(__version__="0.8.3", __version_info__=(0, 8, 3))',
            "this is JAX 0.8.3, and 0.9 is needed:",
        ),
    ],
)
def test_without_jax_or_with_an_older_one(module, what):
    command = [sys.executable, "-c", WITHOUT_JAX.format(module=module)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f'{what} pip install "minigrad-numpy[jax]"\n'
