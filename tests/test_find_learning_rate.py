"""Is the learning rate that is found a good one, and is everything as before afterwards?"""

import numpy as np
import pytest
from runs import parts

import minigrad as mg
from minigrad import losses, nn, optim

X = np.random.default_rng(0).normal(size=(64, 8))
Y = X @ np.random.default_rng(1).normal(size=(8, 1))


def linear():
    model = nn.Dense(8, 1, dtype=np.float64, rng=0)
    return model, optim.SGD(model.parameters(), lr=0.1)


@pytest.mark.parametrize("compiled", [False, True])
def test_descent_on_a_parabola_is_fastest_below_the_rate_where_it_explodes(compiled):
    model, optimizer = linear()
    found = mg.find_learning_rate(model, losses.mse, optimizer, [(X, Y)], compile=compiled)
    # The Hessian of the loss is 2 X^T X / N. Descent explodes above 2 / its largest eigenvalue.
    limit = 2.0 / np.linalg.eigvalsh(2.0 * X.T @ X / len(X)).max()
    assert limit / 100 < found.suggestion < limit
    assert found.rates[-1] > limit
    assert len(found.rates) == len(found.losses) == len(found.smoothed) < 100
    assert found.smoothed[-1] > 4.0 * found.smoothed.min()
    np.testing.assert_allclose(found.rates[1:] / found.rates[:-1], (10.0 / 1e-6) ** (1 / 99))
    assert f"try lr={found.suggestion:.2g}>" in repr(found)


def test_everything_is_as_before():
    model, optimizer, data = parts()
    model.eval()
    schedule = optimizer._lr
    before = (
        model.state_dict(),
        optimizer.state_dict(),
        data.noise.bit_generator.state,
        data.pairs.rng.bit_generator.state,
    )
    mg.find_learning_rate(model, losses.cross_entropy, optimizer, data, steps=20)
    after = (
        model.state_dict(),
        optimizer.state_dict(),
        data.noise.bit_generator.state,
        data.pairs.rng.bit_generator.state,
    )
    np.testing.assert_equal(after, before)
    assert optimizer._lr is schedule
    assert not model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_loss_that_raises_leaves_everything_as_before():
    model, optimizer = linear()
    calls = []

    def loss(prediction, y):
        calls.append(None)
        if len(calls) == 7:
            raise ZeroDivisionError
        return losses.mse(prediction, y)

    before = model.state_dict(), optimizer.state_dict()
    with pytest.raises(ZeroDivisionError):
        mg.find_learning_rate(model, loss, optimizer, [(X, Y)])
    np.testing.assert_equal((model.state_dict(), optimizer.state_dict()), before)
    assert optimizer.lr == 0.1


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"lowest": 1.0, "highest": 0.1}, ValueError, "lowest must be below highest; they are 1.0 and 0.1"),
        ({"steps": 3}, ValueError, "steps must be a whole number of at least 10"),
        ({"data": []}, ValueError, "the data gave no batches"),
        ({"lowest": 1e200, "highest": 1e300}, ValueError, r"infinite or NaN after \d steps.*give a smaller lowest="),
        ({"optimizer": 3}, TypeError, "find_learning_rate: the optimizer is a int"),
    ],
)
def test_what_cannot_be_searched_is_refused(options, error, message):
    model, optimizer = linear()
    arguments = {"loss": losses.mse, "optimizer": optimizer, "data": [(X, Y)]} | options
    with np.errstate(all="ignore"), pytest.raises(error, match=message):
        mg.find_learning_rate(model, **arguments)


def test_a_rate_that_no_parameter_learns_with_is_not_searched():
    model, _ = linear()
    for groups, refused in (
        ({"*": {"lr": 0.1}}, True),
        ({"*bias": {"lr": 0.1}}, False),
        ({"*": {"momentum": 0.5}}, False),
    ):
        optimizer = optim.SGD(model.named_parameters(), lr=0.1, groups=groups)
        if refused:
            with pytest.raises(ValueError, match=r"each parameter is in one of the groups= that have a learning rate"):
                mg.find_learning_rate(model, losses.mse, optimizer, [(X, Y)])
        else:
            assert mg.find_learning_rate(model, losses.mse, optimizer, [(X, Y)]).suggestion > 0.0
