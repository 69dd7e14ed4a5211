"""Learn the exclusive or of two bits, the smallest problem that needs a hidden layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from _common import options, parse, report_accuracy, run

import minigrad as mg
from minigrad import losses, nn, optim


def main(argv: Sequence[str] | None = None) -> float:
    """Train, show the four predictions, and return the accuracy on them."""
    parser = options(__doc__)
    args = parse(parser, argv)
    if args.data != "auto":
        print(f"--data {args.data} is not used: the data are the four rows of the truth table")
    args.epochs = args.epochs or 300
    rng = np.random.default_rng(args.seed)
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    y = np.array([[0], [1], [1], [0]], np.float32)
    model = nn.Sequential(nn.Dense(2, 8, rng=rng), nn.Tanh(), nn.Dense(8, 1, rng=rng), nn.Sigmoid())
    model.summary()
    pairs = mg.batches(x[: args.limit], y[: args.limit], args.batch_size, rng=rng)
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    run(args, model, optimizer, pairs, validation=None, loss=losses.bce)
    predictions = mg.predict(model, x)
    for row, truth, prediction in zip(x.astype(int), y[:, 0].astype(int), predictions[:, 0], strict=True):
        print(f"{row[0]} xor {row[1]}: truth {truth}, predicted {prediction:.3f}")
    return report_accuracy(mg.accuracy(predictions, y))


if __name__ == "__main__":
    main()
