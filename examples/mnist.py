"""Train a multilayer perceptron on handwritten digits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from _common import finish, load, options, parse, run

import minigrad as mg
from minigrad import nn, optim


def build(features: int, rng: np.random.Generator) -> nn.Sequential:
    """The network: two hidden layers."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Dense(features, 256, rng=rng, init=nn.he_normal),
        nn.ReLU(),
        nn.Dense(256, 128, rng=rng, init=nn.he_normal),
        nn.ReLU(),
        nn.Dense(128, 10, rng=rng),
    )


def main(argv: Sequence[str] | None = None) -> float:
    """Train, show some predictions, and return the accuracy on the test images."""
    parser = options(__doc__)
    args = parse(parser, argv)
    digits = load(parser, args)
    args.epochs = args.epochs or (10 if digits.is_mnist else 40)
    rng = np.random.default_rng(args.seed)
    model = build(digits.side**2, rng)
    model.summary((1, digits.side, digits.side))
    pairs = mg.batches(digits.x_train, digits.y_train, args.batch_size, rng=rng)
    optimizer = optim.Adam(model.parameters(), lr=optim.cosine(2e-3, steps=args.epochs * len(pairs)))
    run(args, model, optimizer, pairs, validation=(digits.x_test, digits.y_test))
    return finish(model, digits)


if __name__ == "__main__":
    main()
