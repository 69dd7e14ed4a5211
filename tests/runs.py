"""A training with everything that changes from step to step, to be ended and taken up."""

import numpy as np

import minigrad as mg
from minigrad import losses, nn, optim

X = np.random.default_rng(0).normal(size=(45, 6)).astype(np.float32)
LABELS = (X[:, 0] * X[:, 1] > 0).astype(int)
EPOCHS = 4
USUAL = {
    "epochs": EPOCHS,
    "validation": [(X[:20], LABELS[:20])],
    "metrics": [mg.accuracy, mg.metrics.F1()],
    "progress": False,
}


class Noisy:
    """Batches with noise from a generator of their own."""

    def __init__(self, pairs):
        self.pairs, self.noise = pairs, np.random.default_rng(11)

    def __iter__(self):
        for x, y in self.pairs:
            yield x + self.noise.normal(0.0, 0.05, x.shape).astype(np.float32), y


class Counting(mg.Callback):
    """Counts steps and epochs, and ends the training, or breaks it off, after one of the steps."""

    def __init__(self, last_step=None, error=None):
        self.seen, self.last_step, self.error = np.zeros(2, int), last_step, error

    def on_step_end(self, run):
        self.seen[0] += 1
        if run.steps == self.last_step and self.error is not None:
            raise self.error
        if run.steps == self.last_step:
            run.stop()

    def on_epoch_end(self, run):
        self.seen[1] += 1

    def state_dict(self):
        return {"seen": self.seen.copy()}

    def load_state_dict(self, state):
        self.seen = state["seen"].copy()


def parts(noisy=True):
    """Model, optimiser and data, whose random numbers come from three generators."""
    rng = np.random.default_rng(3)
    model = nn.Sequential(
        nn.Dense(6, 8, rng=rng),
        nn.BatchNorm(8),
        nn.ReLU(),
        nn.Dropout(0.2, rng=rng),
        nn.Dense(8, 2, rng=rng),
        nn.Dropout(0.1, rng=5),
    )
    optimizer = optim.Adam(model.parameters(), lr=optim.cosine(0.02, steps=12, warmup=3))
    pairs = mg.batches(X, LABELS, batch_size=16, rng=rng)
    return model, optimizer, Noisy(pairs) if noisy else pairs


def trained(callbacks, made=None, **options):
    """What is left of a run: arrays, and the history without the seconds."""
    model, optimizer, data = made or parts()
    history = mg.train(
        model,
        losses.cross_entropy,
        optimizer,
        data,
        callbacks=callbacks,
        **(USUAL | options),
    )
    records = [{name: value for name, value in record.items() if name != "seconds"} for record in history]
    return model.state_dict(), optimizer.state_dict(), records
