"""Train a Keras model on Keras's NumPy engine, which cannot train: minigrad does it, and Keras gets the weights."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import data, losses, optim


def import_keras() -> Any:
    """Keras, with the engine that computes with NumPy unless KERAS_BACKEND names another."""
    os.environ.setdefault("KERAS_BACKEND", "numpy")  # read when Keras is imported; its convolutions need JAX
    import keras

    return keras


def build(keras: Any) -> Any:
    """A small network for digits of 8 by 8 pixels, as one writes it in Keras."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(8, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(10),
        ]
    )


def main(argv: Sequence[str] | None = None) -> float:
    """Train, show that both give the same scores, and return the accuracy on the test images."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=5, help="(default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches (default %(default)s)")
    parser.add_argument("--save", metavar="PATH", help="write the trained model to a .keras file")
    args = parser.parse_args(argv)
    if args.epochs < 1 or args.seed < 0:
        parser.error("--epochs must be at least 1, and --seed at least 0")
    if args.save and not args.save.endswith(".keras"):
        parser.error(f"--save {args.save}: the name ends in .keras")
    try:
        keras = import_keras()
        (x_train, y_train), (x_test, y_test) = data.load_digits()
    except ImportError as error:
        parser.error(f'{error}; pip install "minigrad-numpy[keras,data]"')

    keras.utils.set_random_seed(args.seed)
    theirs = build(keras)
    print(f"Keras {keras.__version__} on {keras.config.backend()}, {theirs.count_params():,} numbers")

    # The same images for both: Keras has the channels last, minigrad first.
    train, test = (images[..., np.newaxis].astype(np.float32) / 255 for images in (x_train, x_test))
    ours = mg.exchange.from_keras(theirs)
    mg.train(
        ours,
        losses.cross_entropy,
        optim.Adam(ours.parameters(), lr=0.01),
        mg.batches(np.moveaxis(train, -1, 1), y_train, 64, rng=args.seed),
        epochs=args.epochs,
        validation=mg.batches(np.moveaxis(test, -1, 1), y_test, 360, shuffle=False),
        metrics=[mg.accuracy],
    )

    trained = mg.exchange.to_keras(ours, (1, 8, 8))
    scores = np.asarray(trained.predict(test, verbose=0))
    difference = np.abs(scores - mg.predict(ours, np.moveaxis(test, -1, 1))).max()
    print(f"Keras and minigrad differ by at most {difference:.1e} in scores of up to {np.abs(scores).max():.0f}")
    if args.save:
        trained.save(args.save)
        print(f"written: {args.save}")
    accuracy = float(np.mean(scores.argmax(axis=1) == y_test))
    print(f"test accuracy in Keras: {100 * accuracy:.2f}%")
    return accuracy


if __name__ == "__main__":
    main()
