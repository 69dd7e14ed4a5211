"""Is a run that is broken off between two steps saved as it was after the last one, whatever it draws from?"""

import collections
import dataclasses
import functools
import random
from contextlib import suppress

import numpy as np
import pytest
import random_parts
from runs import EPOCHS, LABELS, Counting, X, parts, trained

import minigrad as mg
from minigrad import nn, optim


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


def saver(path, **options):
    return mg.Checkpoint(path, **({"resume": True, "every_minutes": None} | options))


class Visits:
    """Raises an error at one of the places that visit it."""

    def __init__(self, last=None):
        self.count, self.last = 0, last

    def __call__(self):
        self.count += 1
        if self.count == self.last:
            raise ZeroDivisionError


class Visiting(mg.Callback):
    """Visits at every moment."""

    def __init__(self, visit):
        self.visit = visit

    def on_epoch_begin(self, run):
        self.visit()

    on_step_begin = on_step_end = on_epoch_end = on_end = on_epoch_begin


class Drawing:
    """Data with noise, or a validation, that may end before and after numbers are drawn."""

    def __init__(self, pairs, visit, seed):
        self.pairs, self.visit, self.noise = pairs, visit, np.random.default_rng(seed)

    def __iter__(self):
        self.visit()
        for x, y in self.pairs:
            x = x + self.noise.normal(0.0, 0.05, x.shape).astype(np.float32)
            self.visit()
            yield x, y
            self.visit()


@pytest.mark.parametrize("every_epochs", [1, 3])
@pytest.mark.parametrize("visit", range(1, 38))
def test_an_error_at_any_moment_loses_nothing(path, visit, every_epochs):
    def run(visits, *savers):
        model, optimizer, data = parts(noisy=False)
        average, stopping, counting = optim.EMA(model.parameters(), 0.9), mg.EarlyStopping(1), Counting()
        callbacks = [*savers, Visiting(visits), mg.AverageWeights(average), stopping, counting]
        left = trained(
            callbacks,
            (model, optimizer, Drawing(data, visits, 1)),
            validation=Drawing([(X[:20], LABELS[:20])], visits, 2),
            epochs=2,
        )
        return left, average.state_dict(), stopping.state_dict(), counting.seen

    visits = Visits()
    whole = run(visits)
    assert visits.count == 37
    with pytest.raises(ZeroDivisionError):
        run(Visits(visit), saver(path, every_epochs=every_epochs))
    # Once more, where so much is left.
    with suppress(ZeroDivisionError):
        run(Visits(7), saver(path, every_epochs=every_epochs))
    np.testing.assert_equal(run(Visits(), saver(path)), whole)


class Slots:
    __slots__ = ("late", "rng")

    def __init__(self, rng):
        self.rng = rng


class Listed(list):
    """Pairs that are in a new order each time."""

    def __iter__(self):
        return iter([list.__getitem__(self, place) for place in self.rng.permutation(len(self))])


def sources():
    """Data by where they have their random numbers from, each made anew."""
    slots, deque, legacy = Slots(np.random.default_rng(3)), collections.deque([random.Random(4)]), random.Random(5)
    uniform, bits = np.random.RandomState(6).uniform, np.random.PCG64(7)
    by_system = random.SystemRandom()
    random_parts.GENERATOR.bit_generator.state = np.random.default_rng(31).bit_generator.state

    class Shared:
        rng = np.random.default_rng(8)

    @dataclasses.dataclass(slots=True)
    class Held:
        rng: object

    class Methods:
        @staticmethod
        def fixed():
            return slots.rng.random()

        @classmethod
        def of_class(cls):
            return legacy.random()

        @property
        def looked_up(self):
            return deque[0].random()

        def __iter__(self):
            return noisy(lambda: self.fixed() + self.of_class() + self.looked_up)()

    def imported():
        import random_parts as inside

        return inside.noise(())

    def noisy(draw):
        def data():
            for begin in range(0, len(X), 16):
                yield X[begin : begin + 16] + np.float32(0.1 * draw()), LABELS[begin : begin + 16]

        return data

    def samples():
        for place in slots.rng.permutation(len(X)):
            yield X[place] + np.float32(0.01 * slots.rng.random()), LABELS[place]

    listed = Listed([(X[begin : begin + 16], LABELS[begin : begin + 16]) for begin in range(0, len(X), 16)])
    listed.rng = np.random.default_rng(9)
    held = Held(np.random.default_rng(10))
    return {
        "slots": noisy(lambda: slots.rng.random()),
        "slots of a dataclass": noisy(functools.partial(lambda of: of.rng.random(), held)),
        "a deque": noisy(lambda: deque[0].random()),
        "a method of C": noisy(uniform),
        "a method of the global generator": noisy(functools.partial(np.random.uniform)),
        "a method": noisy(legacy.gauss),
        "bits": noisy(lambda: np.random.Generator(bits).random()),
        "attributes of a class": noisy(lambda: Shared.rng.random()),
        "attributes of the class of an object": noisy(functools.partial(lambda of: of.rng.random(), Shared())),
        "kinds of methods": Methods(),
        "a module": noisy(lambda: random_parts.noise(())),
        "a generator of a module": noisy(lambda: random_parts.GENERATOR.random()),
        "an import in a function": noisy(imported),
        "a list of its own kind": listed,
        "samples of a function": mg.batches(samples, batch_size=16, shuffle=False),
        "samples that wait": mg.batches(samples, batch_size=16, shuffle=5, rng=0),
        "beside the system": noisy(lambda: slots.rng.random() + 0.0 * by_system.random()),
    }


@pytest.mark.parametrize("step", [2, 5, 10])
@pytest.mark.parametrize("place", sources())
def test_generators_are_found_wherever_they_are(path, place, step):
    def run(callbacks):
        np.random.seed(0)
        model, optimizer, _ = parts()
        return trained(callbacks, (model, optimizer, sources()[place]))

    whole = run([Counting()])
    with pytest.raises(ZeroDivisionError):
        run([saver(path), Counting(step, ZeroDivisionError())])
    np.testing.assert_equal(run([saver(path), Counting()]), whole)


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_generators_of_all_kinds_are_saved_with_those_that_they_made(path, kind):
    def run(callbacks):
        rng = np.random.Generator(getattr(np.random, kind)(5))

        def data():
            (own,) = rng.spawn(1)
            for place in own.permutation(3):
                yield X[15 * place : 15 * place + 15] * np.float32(rng.random()), LABELS[15 * place : 15 * place + 15]

        return trained(callbacks, (*parts()[:2], data))

    whole = run([])
    with pytest.raises(ZeroDivisionError):
        run([saver(path), Counting(7, ZeroDivisionError())])
    np.testing.assert_equal(run([saver(path), Counting()]), whole)


def test_a_schedule_and_an_optimiser_may_draw_numbers(path):
    class Langevin(optim.SGD):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.noise = np.random.default_rng(1)

        def step(self):
            super().step()
            for parameter in self.parameters:
                parameter.data[...] += 0.01 * self.noise.normal(size=parameter.shape)

    def run(callbacks):
        rates = np.random.default_rng(2)

        def rate(step):
            return 0.1 * rates.uniform(0.9, 1.1)

        model = nn.Dense(6, 2, rng=0)
        optimizer = Langevin(model.parameters(), lr=optim.warmup(rate, 4))
        return trained(callbacks, (model, optimizer, mg.batches(X, LABELS, 16, rng=1)))

    whole = run([])
    with pytest.raises(ZeroDivisionError):
        run([saver(path), Counting(5, ZeroDivisionError())])
    np.testing.assert_equal(run([saver(path), Counting()]), whole)


def test_a_callback_may_set_generators_when_an_epoch_begins(path):
    class Seeding(mg.Callback):
        def on_epoch_begin(self, run):
            np.random.seed(run.epoch)

    def data():
        for place in np.random.permutation(3):
            yield X[15 * place : 15 * place + 15], LABELS[15 * place : 15 * place + 15]

    def run(callbacks):
        return trained([*callbacks, Seeding()], (*parts()[:2], data))

    whole = run([])
    with pytest.raises(ZeroDivisionError):
        run([saver(path), Counting(4, ZeroDivisionError())])
    np.testing.assert_equal(run([saver(path), Counting()])[:2], whole[:2])


@pytest.mark.parametrize("step", [3, 4])
def test_what_callbacks_draw_at_the_beginning_is_drawn_once(path, step):
    class Drawing(mg.Callback):
        def on_begin(self, run):
            np.random.random()

    def data():
        for place in np.random.permutation(3):
            yield X[15 * place : 15 * place + 15], LABELS[15 * place : 15 * place + 15]

    def run(callbacks):
        np.random.seed(0)
        return trained([*callbacks, Drawing()], (*parts()[:2], data))

    whole = run([])
    with pytest.raises(ZeroDivisionError):
        run([saver(path), Counting(step, ZeroDivisionError())])
    np.testing.assert_equal(run([saver(path), Counting()]), whole)


def test_data_that_draw_their_order_late_from_a_generator_of_others_are_told(path):
    def run(callbacks):
        rng = np.random.default_rng(0)
        model = nn.Sequential(nn.Dense(6, 2, rng=rng), nn.Dropout(0.1, rng=rng))

        def data():
            left = list(range(3))
            while left:
                place = left.pop(rng.integers(len(left)))
                yield X[15 * place : 15 * place + 15], LABELS[15 * place : 15 * place + 15]

        return trained(callbacks, (model, optim.SGD(model.parameters(), lr=0.1), data))

    with pytest.raises(ZeroDivisionError):
        run([saver(path), Counting(5, ZeroDivisionError())])
    with pytest.warns(RuntimeWarning, match="rest of epoch 2 may differ.*give the data a generator of their own"):
        run([saver(path), Counting()])


def test_data_that_are_shorter_than_what_was_seen_are_told(path):
    def run(number, callbacks):
        pairs = [(X[:15], LABELS[:15])] * number
        return trained(callbacks, (*parts()[:2], lambda: iter(pairs)))

    with pytest.raises(ZeroDivisionError):
        run(5, [saver(path), Counting(8, ZeroDivisionError())])
    before = path.read_bytes()
    with pytest.raises(ValueError, match="epoch 2: the data gave 2 batches, and the run was saved after 3"):
        run(2, [saver(path), Counting()])
    assert path.read_bytes() == before


def test_a_batch_that_is_no_pair_loses_nothing(path):
    pairs = [(X[:15], LABELS[:15])] * 3

    def run(given):
        return trained([saver(path)], (*parts()[:2], given))

    with pytest.raises(TypeError, match="data are pairs") as caught:
        run([*pairs, X])
    assert "in epoch 1, after 3 of its steps" in "".join(caught.value.__notes__)
    assert len(run([*pairs, pairs[0]])[2]) == EPOCHS


def test_a_second_ctrl_c_while_callbacks_are_told_is_not_saved_half_done(path):
    def run(callbacks):
        model, optimizer, data = parts()
        average = optim.EMA(model.parameters(), 0.9)
        return trained([*callbacks, mg.AverageWeights(average)], (model, optimizer, data)), average.state_dict()

    class Breaking(mg.Callback):
        last = 5

        def on_step_end(self, run):
            if run.steps == self.last:
                raise KeyboardInterrupt

    run([saver(path, every_steps=1), Breaking()])
    Breaking.last = None
    np.testing.assert_equal(run([saver(path, every_steps=1), Breaking()]), run([Breaking()]))


def test_statistics_of_metrics_may_have_any_names(path):
    class Sums(mg.metrics.Metric):
        def __init__(self, name):
            self.__name__ = name

        def statistics(self, prediction, target):
            return {"a.b": prediction.sum(0), "0.c": np.array(len(target))}

        def value(self, statistics):
            return float(statistics["a.b"][0] / statistics["0.c"])

    metrics = {"metrics": [Sums("one"), Sums("one.a")]}
    whole = trained([Counting()], **metrics)
    with pytest.raises(ZeroDivisionError):
        trained([saver(path), Counting(5, ZeroDivisionError())], **metrics)
    np.testing.assert_equal(trained([saver(path), Counting()], **metrics), whole)
