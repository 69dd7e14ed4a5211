"""Train a convolutional network on handwritten digits; `--classes 0 1` for zeros against ones only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from _common import finish, load, options, parse, run

import minigrad as mg
from minigrad import nn, optim


def build(side: int, classes: int, rng: np.random.Generator) -> nn.Sequential:
    """The network: two convolutions, each followed by pooling, and a linear classifier."""
    return nn.Sequential(
        nn.Conv(1, 16, 3, padding="same", rng=rng, init=nn.he_normal),
        nn.ReLU(),
        nn.MaxPool(2),
        nn.Conv(16, 32, 3, padding="same", rng=rng, init=nn.he_normal),
        nn.ReLU(),
        nn.MaxPool(2),
        nn.Flatten(),
        nn.Dense(32 * (side // 4) ** 2, classes, rng=rng),
    )


def main(argv: Sequence[str] | None = None) -> float:
    """Train, show some predictions, and return the accuracy on the test images."""
    parser = options(__doc__)
    parser.set_defaults(batch_size=64)
    parser.add_argument(
        "--classes", type=int, nargs="+", choices=range(10), metavar="DIGIT", help="only these digits, at least two"
    )
    args = parse(parser, argv)
    if args.classes is not None and len(set(args.classes)) < 2:
        parser.error("--classes needs at least two different digits")
    digits = load(parser, args, args.classes)
    args.epochs = args.epochs or (5 if digits.is_mnist else 40)
    rng = np.random.default_rng(args.seed)
    model = build(digits.side, len(digits.names), rng)
    model.summary((1, digits.side, digits.side))
    pairs = mg.batches(digits.x_train, digits.y_train, args.batch_size, rng=rng)
    optimizer = optim.Adam(model.parameters(), lr=optim.cosine(3e-3, steps=args.epochs * len(pairs)))
    run(args, model, optimizer, pairs, validation=(digits.x_test, digits.y_test))
    return finish(model, digits)


if __name__ == "__main__":
    main()
