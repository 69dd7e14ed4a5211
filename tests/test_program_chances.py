"""Are sizes told apart that are equal by chance: as many samples as features, classes or rows of a table?"""

# ruff: noqa: N803 -- matrices have the names that they have on paper

import numpy as np
import pytest
from program_by_hand import uniform
from program_checks import assert_same
from source_checks import executed

import minigrad as mg
from minigrad import losses


def numbers(*shape, below, seed=0):
    return np.random.default_rng(seed).integers(0, below, shape)


def regression(n, seed):
    return lambda w, x, y: np.mean((x @ w - y) ** 2), [uniform(3), uniform(n, 3, seed=seed), uniform(n, seed=seed + 1)]


def a_step(n, seed):
    loss, given = regression(n, seed)
    return lambda w, x, y: np.sum(np.sin(w - 0.1 * mg.grad(loss)(w, x, y))), given


def network(n, seed):
    def loss(W, b, v, x, y):
        return np.mean((np.tanh(x @ W + b) @ v - y) ** 2)

    return loss, [uniform(2, 3), uniform(3), uniform(3, seed=1), uniform(n, 2, seed=seed), uniform(n, seed=seed + 1)]


def of_a_step(n, seed):
    loss, given = network(n, seed)

    def after(W, b, v, x, y):
        return loss(W - 0.1 * mg.grad(loss)(W, b, v, x, y), b, v, x, y)

    return after, given


def classes(n, seed):
    def loss(W, x, labels):
        logs = mg.log_softmax(x @ W)
        return -np.mean(logs[np.arange(len(x)), labels])

    return loss, [uniform(2, 3), uniform(n, 2, seed=seed), numbers(n, below=3, seed=seed)]


def classes_of_a_loss(n, seed):
    def loss(W, x, labels):
        return losses.cross_entropy(x @ W, labels)

    return loss, classes(n, seed)[1]


def factors(n, seed):
    def loss(U, V, i, j, target):
        return np.mean((np.sum(U[i] * V[j], axis=1) - target) ** 2)

    rows = [numbers(n, below=3, seed=seed), numbers(n, below=5, seed=seed + 1)]
    return loss, [uniform(3, 4), uniform(5, 4, seed=1), *rows, uniform(n, seed=seed)]


def factors_of_that_rank(n, seed):
    loss, given = factors(n, seed)
    return loss, [uniform(6, 3), uniform(5, 3, seed=1), *given[2:]]


def words(n, seed):
    def loss(U, V, centre, context, others):
        near = np.sum(U[centre] * V[context], axis=1)
        far = np.einsum("bd,bkd->bk", U[centre], V[others])
        return -np.mean(np.log(mg.sigmoid(near))) - np.mean(np.log(mg.sigmoid(-far)))

    rows = [numbers(n, below=5, seed=seed), numbers(n, below=5, seed=seed + 1), numbers(n, 2, below=5, seed=seed)]
    return loss, [uniform(5, 3), uniform(5, 3, seed=1), *rows]


def bags(n, seed):
    def loss(table, W, rows, target):
        logs = mg.log_softmax(table[rows].mean(axis=1) @ W)
        return -np.mean(np.sum(logs * target, axis=1))

    return loss, [uniform(3, 4), uniform(4, 2), numbers(n, 5, below=3, seed=seed), uniform(n, 2, seed=seed)]


def pairs(n, seed):
    def loss(table, a, b):
        return -np.mean(np.diag(mg.log_softmax((a @ table) @ (b @ table).T)))

    return loss, [uniform(3, 2), uniform(n, 3, seed=seed), uniform(n, 3, seed=seed + 1)]


def attention(n, seed):
    def loss(Wq, Wk, Wv, x, y):
        scores = (x @ Wq) @ (x @ Wk).swapaxes(-1, -2) / np.sqrt(Wk.shape[1])
        return np.mean((mg.softmax(scores) @ (x @ Wv) - y) ** 2)

    weights = [uniform(3, 3, seed=each) for each in range(3)]
    return loss, [*weights, uniform(n, 4, 3, seed=seed), uniform(n, 4, 3, seed=seed + 1)]


def distances(n, seed):
    def loss(x, y):
        return np.exp(-((x[:, None] - y[None]) ** 2).sum(axis=-1)).mean()

    return loss, [uniform(n, 2, seed=seed), uniform(3, 2, seed=seed + 1)]


def normal(n, seed):
    def loss(lower, mean, x):
        lower = np.tril(lower)
        z = np.linalg.solve(lower, (x - mean).T)
        return 0.5 * np.mean(np.sum(z * z, axis=0)) + np.sum(np.log(np.abs(np.diag(lower))))

    return loss, [uniform(3, 3) + 3.0 * np.eye(3), uniform(3), uniform(n, 3, seed=seed)]


def moved(n, seed):
    def loss(w, x):
        return np.mean(np.moveaxis(x, 0, -1) * w[:, None]) + np.mean(np.transpose(x, (1, 0)).T @ w)

    return loss, [uniform(3), uniform(n, 3, seed=seed)]


def an_outer_product(n, seed):
    def loss(v, x, y):
        return np.mean(np.outer(x, v) * y[:, None]) + np.mean(np.tanh(x * y))

    return loss, [uniform(3), uniform(n, seed=seed), uniform(n, seed=seed + 1)]


CASES = [
    regression, a_step, network, of_a_step, classes, classes_of_a_loss, factors, factors_of_that_rank, words, bags,
    pairs, attention, distances, normal, moved, an_outer_product,
]  # fmt: skip


def _floats(given):
    return [place for place, each in enumerate(given) if each.dtype.kind == "f"]


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.__name__)
def test_other_numbers_of_samples(case):
    """The example has three samples, and three of something else."""
    function, example = case(3, seed=5)
    wanted = _floats(example)
    program = mg.program(function, *example, wrt=wanted)
    source = executed(program.source())
    for samples in (1, 2, 3, 4, 7):
        _, given = case(samples, seed=10)
        tensors = [mg.Tensor(each, requires_grad=True) if each.dtype.kind == "f" else each for each in given]
        out = function(*tensors)
        expected = [out.numpy(), *[each.numpy() for each in mg.gradients(out, [tensors[place] for place in wanted])]]
        assert_same(program(*given), expected)
        assert_same(source(*given), expected)


def test_what_is_equal_by_a_call_that_is_not_known_is_checked():
    """Nothing tells whether the axes of a square belong together, and the calls would take others."""

    def loss(x, w):
        return np.sum(np.fft.fftshift(x) * w) + np.sum(np.diag(x))

    source = mg.numpy_source(loss, uniform(3, 3), uniform(3))
    try:
        found = executed(source)(uniform(2, 3), uniform(3))
    except AssertionError:
        return
    x, w = mg.Tensor(uniform(2, 3), requires_grad=True), mg.Tensor(uniform(3), requires_grad=True)
    out = loss(x, w)
    assert_same(found, [out.numpy(), *[each.numpy() for each in mg.gradients(out, [x, w])]])


def heat(u):
    return np.sum((u[2:] - 2.0 * u[1:-1] + u[:-2]) ** 2)


def laplace(u):
    return np.mean((u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1]) ** 2)


def lagged(u):
    return np.mean((u[5:] - 0.5 * u[:-5]) ** 2)


@pytest.mark.parametrize(
    ("loss", "example", "smaller", "others"),
    [
        (heat, (6,), (1,), [(3,), (4,), (9,), (50,)]),
        (laplace, (5, 6), (4, 1), [(3, 3), (9, 8)]),
        (lagged, (8,), (3,), [(6,), (20,)]),
        (lambda u: np.sum(np.diff(u, n=2) ** 2), (6,), (1,), [(2,), (3,), (9,)]),
        (lambda u: u.sum() if len(u) == 1 else (u * u).sum(), (5,), (1,), [(2,), (3,), (41,)]),
        (lambda u: (u * u).sum() / min(len(u), 32), (40,), (31,), [(32,), (33,), (90,)]),
        (lambda u: np.sum(u[3:] * u[:-3]) / (u[:4].sum() + 9.0), (7,), (2,), [(4,), (5,), (11,)]),
    ],
)
def test_slices_need_arrays_that_are_long_enough(loss, example, smaller, others):
    program = mg.program(loss, uniform(*example))
    source = executed(program.source())
    for shape in (example, *others):
        u = uniform(*shape, seed=3)
        value, gradient = mg.value_and_grad(loss)(u)
        assert_same(program(u), [value, gradient])
        assert_same(source(u), [value, gradient])
    with pytest.raises(mg.ProgramError, match="has to have at least"):
        program(uniform(*smaller))
    with pytest.raises(AssertionError):
        source(uniform(*smaller))
    again = mg.Program.from_json(program.to_json())
    assert again.text() == program.text()
    with pytest.raises(mg.ProgramError, match="has to have at least"):
        again(uniform(*smaller))
