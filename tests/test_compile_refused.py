"""Does a recording refuse what it would freeze without a word: errors that are caught, settings, unseen chance?"""

import contextlib
import copy
import random
import warnings

import numpy as np
import pytest

import minigrad as mg
from minigrad import losses

LABELS, OTHER_LABELS = np.array([0, 7]), np.array([0, 1])
POSITIONS = np.array([2])
OLD_STYLE = np.random.RandomState(0)
PYTHONS = random.Random(0)


def refused(function, *arguments, message):
    with pytest.raises(mg.ProgramError, match=message):
        mg.compile(function)(*arguments)


# ---- Errors that the function catches ----


def root_or_zeros(x):
    try:
        return np.linalg.cholesky(x)
    except np.linalg.LinAlgError:
        return np.zeros_like(x)


def inverse_or_x(x):
    with contextlib.suppress(np.linalg.LinAlgError):
        x = np.linalg.inv(x)
    return x


def picked_or_zeros(x, index):
    try:
        return x[index]
    except IndexError:
        return np.zeros_like(x)


def third_or_zero(x):
    try:
        return x[POSITIONS]
    except IndexError:
        return np.zeros_like(x)


def loss_or_zero(scores, labels):
    try:
        return losses.cross_entropy(scores, labels)
    except ValueError:
        return np.zeros(())


@pytest.mark.parametrize(
    ("function", "arguments", "what"),
    [
        (root_or_zeros, (-np.eye(2),), "cholesky raised LinAlgError"),
        (inverse_or_x, (np.zeros((2, 2)),), "inv raised LinAlgError"),
        (picked_or_zeros, (np.ones(3), np.array([0, 7])), "item raised IndexError"),
        (third_or_zero, (np.ones(2),), "item raised IndexError"),
        (loss_or_zero, (np.ones((2, 3)), LABELS), "a check of values raised ValueError"),
    ],
)
def test_a_caught_error_that_depends_on_values(function, arguments, what):
    message = rf"^test_compile_refused\.py:\d+: {what}, and the function went on; whether it does depends on values: "
    refused(function, *arguments, message=message)


@pytest.mark.parametrize("function", [root_or_zeros, inverse_or_x])
def test_a_caught_error_in_a_program(function):
    with pytest.raises(mg.ProgramError, match=r"raised LinAlgError, and the function went on"):
        mg.program(function, np.zeros((2, 2)), wrt=[])


def test_what_raises_no_error_is_compiled_and_raises_later():
    roots, loss = mg.compile(root_or_zeros), mg.compile(loss_or_zero)
    np.testing.assert_array_equal(roots(np.eye(2)), np.eye(2))
    loss(np.ones((2, 3)), OTHER_LABELS)
    with pytest.raises(np.linalg.LinAlgError):
        roots(-np.eye(2))
    with pytest.raises(ValueError, match="label"):
        loss(np.ones((2, 3)), LABELS)


def test_an_error_that_leaves_the_function_is_its_own():
    def root(x):
        try:
            return np.linalg.cholesky(x)
        except np.linalg.LinAlgError:
            raise ValueError("no such matrix") from None

    with pytest.raises(ValueError, match="no such matrix"):
        mg.compile(root)(-np.eye(2))


def test_a_caught_refusal_is_a_refusal():
    def scaled(x):
        try:
            return x * float(x[0])
        except Exception:
            return x

    refused(scaled, np.ones(3), message=r"test_compile_refused\.py:\d+: float\(x\) of a value")


def test_a_caught_error_about_shapes_and_types_is_none():
    def product(x, y):
        try:
            return x @ y
        except ValueError:
            return x

    def masked(x):
        try:
            return x & 1
        except TypeError:
            return x + 1

    def last(x):
        try:
            return x[5]
        except IndexError:
            return x[-1]

    x, y = np.arange(3.0), np.ones((2, 2))
    for function, arguments in [(product, (x, y)), (masked, (x,)), (last, (x,))]:
        np.testing.assert_array_equal(mg.compile(function)(*arguments), function(*arguments))


# ---- Settings by which a function hears of bad numbers ----


def divided(x, inside=contextlib.nullcontext, **words):
    with inside(**words):
        return 1.0 / x


def with_warnings_as_errors(x):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return 1.0 / x


def with_warnings_kept(x):
    with warnings.catch_warnings(record=True) as told:
        y = 1.0 / x
    return x if told else y


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: divided(x, np.errstate, divide="raise"), r'np\.errstate\(divide="raise"\) holds inside'),
        (lambda x: divided(x, np.errstate, over="call", call=print), r'np\.errstate\(over="call"\) holds inside'),
        (with_warnings_as_errors, r'warnings\.simplefilter\("error"\) holds inside'),
        (with_warnings_kept, r"warnings\.catch_warnings\(record=True\) holds inside"),
    ],
)
def test_settings_inside_of_the_function(function, message):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        refused(function, np.ones(3), message=rf"test_compile_refused\.py:\d+: {message} of the function")


def test_settings_around_the_call_and_silence_inside():
    compiled = mg.compile(divided)
    with np.errstate(divide="raise"):
        np.testing.assert_array_equal(compiled(np.ones(3)), np.ones(3))
        with pytest.raises(FloatingPointError):
            compiled(np.zeros(3))
    quiet = mg.compile(lambda x: divided(x, np.errstate, all="ignore"))
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(quiet(np.zeros(3)), np.full(3, np.inf))


# ---- Chance that no recording sees ----


@pytest.mark.parametrize(
    ("draw", "source"),
    [
        (np.random.random, r"np\.random itself"),
        (random.random, r"random itself"),
        (OLD_STYLE.random_sample, r"a RandomState"),
        (PYTHONS.random, r"a Random"),
    ],
)
def test_chance_in_a_branch(draw, source):
    holder = getattr(draw, "__self__", None)

    def maybe(x, kept):
        return x if draw() < 2.0 else -x

    message = rf"maybe draws from {source} while it is recorded.*write rng\.random\(\)"
    refused(maybe, np.ones(2), [holder], message=message)
    with pytest.raises(mg.ProgramError, match=message):
        mg.program(maybe, np.ones(2), [holder], wrt=[])


def test_chance_is_not_used_up_by_a_refusal():
    def noisy(x):
        return x if np.random.random() < 0.5 else -x

    np.random.seed(0)
    expected = [noisy(1.0) for _ in range(10)]
    np.random.seed(0)
    compiled = mg.compile(noisy, fallback=True)
    with pytest.warns(RuntimeWarning, match="called as it is"):
        found = [compiled(1.0) for _ in range(10)]
    assert found == expected


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda rng: np.random.Generator(rng.bit_generator).random(3), r"rng\.bit_generator draws.*rng\.random\(3\)"),
        (lambda rng: rng.bit_generator.random_raw() * np.ones(2), r"rng\.bit_generator draws"),
        (lambda rng: rng.spawn(2)[0].random(2), r"rng\.spawn\(2\) makes generators.*pass them as arguments"),
        (lambda rng: rng.random(out=np.zeros(3)), r"rng\.random with out= writes into an array.*leave out= out"),
        (lambda rng: rng.standard_normal(3, np.float64, np.zeros(3)), r"rng\.standard_normal with out="),
        (lambda rng: copy.deepcopy(rng).random(3), r"a copy of a generator"),
    ],
)
def test_generators_behind_a_generator(function, message):
    refused(function, np.random.default_rng(0), message=rf"^test_compile_refused\.py:\d+: {message}")
