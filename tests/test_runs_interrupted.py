"""Is a training, or the search for a learning rate, as it should be wherever Ctrl-C breaks it off at once?"""

import numpy as np
import pytest
from interrupts import interrupt, points_of
from runs import Counting, parts, trained

import minigrad as mg
from minigrad import losses, optim


@pytest.mark.parametrize("times", [1, 2])
def test_a_run_goes_on_bit_for_bit(tmp_path, times):
    path = tmp_path / "run.safetensors"

    def run(savers):
        model, optimizer, data = parts()
        average, counting, stopping = optim.EMA(model.parameters(), 0.9), Counting(), mg.EarlyStopping(3)
        left = trained([*savers, mg.AverageWeights(average), stopping, counting], (model, optimizer, data), epochs=2)
        return left, average.state_dict(), stopping.state_dict(), counting.seen

    def saving():
        return run([mg.Checkpoint(path, every_steps=2, every_minutes=None, resume=True)])

    whole = run([])

    def prepare():
        path.unlink(missing_ok=True)
        return saving, lambda: np.testing.assert_equal(saving(), whole)

    assert interrupt(prepare, times=times, most=30) > 15
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_search_leaves_everything_as_before():
    def prepare():
        model, optimizer, data = parts()
        schedule = optimizer._lr

        def now():
            generators = data.noise, data.pairs.rng
            states = [generator.bit_generator.state for generator in generators]
            return model.state_dict(), optimizer.state_dict(), states, optimizer._lr is schedule

        before = now()

        def search():
            mg.find_learning_rate(model, losses.cross_entropy, optimizer, data, steps=10)

        return search, lambda: np.testing.assert_equal(now(), before)

    # The last ones are those where all is put back.
    points = points_of(prepare)
    assert interrupt(prepare, [*points[:-400:300], *points[-400::20]]) > 15
