"""Train a multilayer perceptron on handwritten digits: MNIST if it can be had, else scikit-learn's 8x8 digits."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import checkpoint, data, losses, nn, optim

SHADES = " .:-=+*#%@"


def load(choice: str) -> Any:
    """What `--data` asks for, as ((x_train, y_train), (x_test, y_test)): images of bytes, and labels."""
    if choice == "digits":
        return data.load_digits()
    if choice == "mnist":
        return data.load_mnist()
    if choice != "auto":
        return data.load_mnist(choice)
    try:
        return data.load_mnist()
    except (ImportError, OSError) as error:
        reason = " ".join(str(error).split())
        print(f"Using scikit-learn's 8x8 digits instead of MNIST. {reason}")
        return data.load_digits()


def build(features: int, rng: np.random.Generator) -> nn.Sequential:
    """The network: two hidden layers."""
    return nn.Sequential(
        nn.Dense(features, 256, rng=rng, init=nn.he_normal),
        nn.ReLU(),
        nn.Dense(256, 128, rng=rng, init=nn.he_normal),
        nn.ReLU(),
        nn.Dense(128, 10, rng=rng),
    )


def scaled(images: Any) -> Any:
    """One row of numbers between 0 and 1 for each image."""
    return images.reshape(len(images), -1).astype(np.float32) / 255


def draw(images: Any) -> None:
    """Print images side by side."""
    picture = np.hstack(list(images))
    # A character is about twice as high as it is wide.
    picture = picture[::2] if len(picture) > 14 else picture.repeat(2, axis=1)
    for row in picture // 26:
        print("".join(SHADES[shade] for shade in row).rstrip())


def main(argv: Sequence[str] | None = None) -> float:
    """Train, show some predictions, and return the accuracy on the test images."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data",
        default="auto",
        metavar="auto|mnist|digits|PATH",
        help="mnist: from Keras; digits: scikit-learn's, 8 by 8; PATH: an npz file with Keras's names; "
        "auto (default): mnist, or digits where Keras or the network is missing",
    )
    parser.add_argument("--epochs", type=int, help="in total, also of a resumed run (default 10; few images: 40)")
    parser.add_argument("--batch-size", type=int, default=128, help="(default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches (default %(default)s)")
    parser.add_argument("--engine", choices=("eager", "numpy", "jax"), default="eager", help="what runs the steps")
    parser.add_argument("--devices", type=int, metavar="N", help="with --engine jax: how many share each batch")
    parser.add_argument("--save", metavar="PATH", help="write a checkpoint after each epoch")
    parser.add_argument("--resume", metavar="PATH", help="go on from a checkpoint, with the other options as before")
    args = parser.parse_args(argv)
    if (args.epochs is not None and args.epochs < 1) or args.batch_size < 1 or args.seed < 0:
        parser.error("--epochs and --batch-size must be at least 1, and --seed at least 0")

    if args.devices is not None and (args.engine != "jax" or args.devices < 1):
        parser.error("--devices must be at least 1, and needs --engine jax")
    compiled = args.engine != "eager" and {"engine": args.engine, "devices": args.devices}

    try:
        (train_images, y_train), (test_images, y_test) = load(args.data)
    except (ImportError, OSError, ValueError) as error:
        parser.error(f"--data {args.data}: {error}")
    x_train, x_test = scaled(train_images), scaled(test_images)
    epochs = args.epochs or (10 if len(x_train) > 5000 else 40)

    # One generator for weights and batches: a checkpoint keeps its state, and a resumed run goes on exactly.
    rng = np.random.default_rng(args.seed)
    model = build(x_train.shape[1], rng)
    model.summary()
    batches = mg.batches(x_train, y_train, args.batch_size, rng=rng)
    optimizer = optim.Adam(model.parameters(), lr=optim.cosine(2e-3, steps=epochs * len(batches)))
    history = mg.History()

    def save(history: mg.History) -> None:
        checkpoint.save(args.save, model, optimizer, history, rng)

    try:
        if args.resume:
            history = checkpoint.load(args.resume, model, optimizer, rng)
        if args.save:
            save(history)  # where that is impossible, it is better known now than after an epoch
    except (ImportError, KeyError, OSError, TypeError, ValueError) as error:
        parser.error(f"checkpoint: {error}")

    mg.train(
        model,
        losses.cross_entropy,
        optimizer,
        batches,
        epochs=epochs,
        validation=mg.batches(x_test, y_test, 1000, shuffle=False),
        metrics=[mg.accuracy],
        callbacks=[save] if args.save else [],
        history=history,
        compile=compiled,
    )

    scores = mg.predict(model, x_test, batch_size=1000, compile=compiled)
    draw(test_images[:4])
    print(f"predicted {scores[:4].argmax(axis=1)}, truth {y_test[:4]}")
    accuracy = mg.accuracy(scores, y_test)
    print(f"test accuracy: {100 * accuracy:.2f}%")
    return accuracy


if __name__ == "__main__":
    main()
