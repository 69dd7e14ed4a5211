"""Is a model that several threads use in the mode that each of them wants, or refused?"""

import os
import threading
import warnings

import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, optim

X, Y = np.ones((40, 3), np.float32), np.zeros((40, 1), np.float32)


class Waiting(nn.Layer):
    """A layer that lets another thread go on while it is called."""

    def __init__(self):
        self.meanwhile = None
        self.seen = []

    def forward(self, x):
        self.seen.append(self.training)
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            thread = threading.Thread(target=meanwhile)
            thread.start()
            thread.join(30.0)
            assert not thread.is_alive()
        return x


def model_of():
    return nn.Sequential(Waiting(), nn.Dense(3, 8, rng=0), nn.Dropout(0.5, rng=0), nn.Dense(8, 1, rng=0))


def train(model):
    data = mg.batches(X, Y, batch_size=20, rng=0)
    return mg.train(model, losses.mse, optim.SGD(model.parameters(), lr=0.01), data, epochs=1, progress=False)


USES = {
    "train": train,
    "predict": lambda model: mg.predict(model, X),
    "evaluate": lambda model: mg.evaluate(model, losses.mse, [(X, Y)]),
}


@pytest.mark.parametrize("second", USES)
@pytest.mark.parametrize("first", USES)
def test_two_threads_cannot_set_the_mode_of_one_model(first, second):
    model, errors = model_of(), []

    def meanwhile():
        try:
            USES[second](model)
        except RuntimeError as error:
            errors.append(str(error))

    model.layers[0].meanwhile = meanwhile
    USES[first](model)
    assert len(errors) == 1
    assert "in another thread" in errors[0]
    assert "model.eval()" in errors[0]
    assert set(model.layers[0].seen) == {first == "train"}
    assert model.training
    # Afterwards everybody may use it again.
    USES[second](model)


def test_several_threads_may_predict_with_a_model_in_evaluation_mode():
    model = model_of().eval()
    expected, found = mg.predict(model, X), []
    threads = [threading.Thread(target=lambda: found.append(mg.predict(model, X))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for each in found:
        np.testing.assert_array_equal(each, expected)
    assert not model.training


def test_a_part_of_a_model_counts_too():
    model, errors = model_of(), []

    def meanwhile():
        try:
            mg.predict(model.layers[2], X)
        except RuntimeError as error:
            errors.append(error)

    model.layers[0].meanwhile = meanwhile
    mg.predict(model, X)
    assert len(errors) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_was_broken_off_leaves_the_model_usable(error):
    model = model_of()

    def fail(x):
        raise error

    model.layers[0].forward = fail
    with pytest.raises(error):
        mg.predict(model, X)
    del model.layers[0].forward
    found = []
    thread = threading.Thread(target=lambda: found.append(mg.predict(model, X)))
    thread.start()
    thread.join()
    assert len(found) == 1
    assert model.training


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # JAX says so once it was imported
def test_a_child_that_is_forked_meanwhile_may_use_the_model():
    model = model_of()

    def in_a_child():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of Python, about forks with threads
            child = os.fork()
        if child == 0:
            status = 1
            try:
                mg.predict(model, X)
                status = 0
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    model.layers[0].meanwhile = in_a_child
    mg.predict(model, X)
