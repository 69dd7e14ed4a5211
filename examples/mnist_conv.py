"""Train a convolutional network on handwritten digits; `--classes 0 1` for zeros against ones only."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import checkpoint, data, losses, nn, optim


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


def chosen(images: Any, labels: Any, classes: list[int]) -> tuple[Any, Any]:
    """The images of some digits, of shape (N, 1, H, W) and between 0 and 1, and where in `classes` their digit is."""
    keep = np.isin(labels, classes)
    x = images[keep].astype(np.float32) / 255
    return x[:, np.newaxis], np.searchsorted(classes, labels[keep])


def main(argv: Sequence[str] | None = None) -> float:
    """Train, name some mistakes, and return the accuracy on the test images."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data",
        default="auto",
        metavar="auto|mnist|digits|PATH",
        help="mnist: from Keras; digits: scikit-learn's, 8 by 8; PATH: an npz file with Keras's names; "
        "auto (default): mnist, or digits where Keras or the network is missing",
    )
    parser.add_argument(
        "--classes", type=int, nargs="+", default=range(10), choices=range(10), metavar="DIGIT", help="only these"
    )
    parser.add_argument("--epochs", type=int, help="in total, also of a resumed run (default 5; few images: 40)")
    parser.add_argument("--batch-size", type=int, default=64, help="(default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches (default %(default)s)")
    parser.add_argument("--engine", choices=("eager", "numpy", "jax"), default="eager", help="what runs the steps")
    parser.add_argument("--devices", type=int, metavar="N", help="with --engine jax: how many share each batch")
    parser.add_argument("--save", metavar="PATH", help="write a checkpoint after each epoch")
    parser.add_argument("--resume", metavar="PATH", help="go on from a checkpoint, with the other options as before")
    args = parser.parse_args(argv)
    classes = sorted(set(args.classes))
    if len(classes) < 2:
        parser.error("--classes needs at least two different digits")
    if (args.epochs is not None and args.epochs < 1) or args.batch_size < 1 or args.seed < 0:
        parser.error("--epochs and --batch-size must be at least 1, and --seed at least 0")

    if args.devices is not None and (args.engine != "jax" or args.devices < 1):
        parser.error("--devices must be at least 1, and needs --engine jax")
    compiled = args.engine != "eager" and {"engine": args.engine, "devices": args.devices}

    try:
        (train_images, train_labels), (test_images, test_labels) = load(args.data)
    except (ImportError, OSError, ValueError) as error:
        parser.error(f"--data {args.data}: {error}")
    x_train, y_train = chosen(train_images, train_labels, classes)
    x_test, y_test = chosen(test_images, test_labels, classes)
    epochs = args.epochs or (5 if len(x_train) > 5000 else 40)

    # One generator for weights and batches: a checkpoint keeps its state, and a resumed run goes on exactly.
    rng = np.random.default_rng(args.seed)
    model = build(x_train.shape[-1], len(classes), rng)
    model.summary(x_train.shape[1:])
    batches = mg.batches(x_train, y_train, args.batch_size, rng=rng)
    optimizer = optim.Adam(model.parameters(), lr=optim.cosine(3e-3, steps=epochs * len(batches)))
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
    predicted = scores.argmax(axis=1)
    wrong = np.flatnonzero(predicted != y_test)
    print(f"{len(wrong)} of {len(x_test)} images are taken for another digit")
    for index in wrong[:5]:
        print(f"  image {index}: {classes[y_test[index]]} taken for {classes[predicted[index]]}")
    accuracy = mg.accuracy(scores, y_test)
    print(f"test accuracy: {100 * accuracy:.2f}%")
    return accuracy


if __name__ == "__main__":
    main()
