"""What the examples share: their options, the choice of data, saving and resuming, and how results are shown."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import minigrad as mg
from minigrad import checkpoint, data, losses, nn, optim
from minigrad.training.batching import Batches

SHADES = " .:-=+*#%@"


@dataclass
class Digits:
    """Images (N, 1, H, W) as float32 between 0 and 1, and labels 0 .. K - 1 of shape (N,)."""

    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    names: list[int]
    is_mnist: bool

    @property
    def side(self) -> int:
        """Height and width of an image."""
        return int(self.x_train.shape[-1])


def options(description: str | None) -> argparse.ArgumentParser:
    """The options that every example has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--data",
        default="auto",
        metavar="auto|mnist|digits|PATH",
        help="mnist: from Keras; digits: scikit-learn's 8x8 digits, no network needed; PATH: an npz file with Keras's "
        "keys; auto (default): mnist if Keras can give it, else digits",
    )
    parser.add_argument("--epochs", type=_at_least(1), help="in total, those of a resumed run included")
    parser.add_argument("--batch-size", type=_at_least(1), default=128, help="samples in a batch (default %(default)s)")
    parser.add_argument("--seed", type=_at_least(0), default=0, help="of weights and order (default %(default)s)")
    parser.add_argument("--limit", type=_at_least(1), help="use only so many training samples")
    parser.add_argument("--save", metavar="PATH", help="write a checkpoint after every epoch")
    parser.add_argument("--resume", metavar="PATH", help="go on from a checkpoint")
    return parser


def parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """The options given, or a usage error, also where `--resume` names no file."""
    args = parser.parse_args(argv)
    if args.resume and not Path(args.resume).is_file():
        parser.error(f"--resume {args.resume}: there is no such file")
    return args


def _at_least(least: int) -> Callable[[str], int]:
    def integer(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, not {number}")
        return number

    return integer


def load(parser: argparse.ArgumentParser, args: argparse.Namespace, classes: Sequence[int] | None = None) -> Digits:
    """The images that `--data` asks for, limited to some classes and to `--limit` training images."""
    try:
        (x_train, y_train), (x_test, y_test), is_mnist = _raw(args.data)
    except (OSError, ImportError, ValueError) as error:
        parser.error(f"--data {args.data}: {error}")
    names = sorted(set(range(10) if classes is None else classes))
    train, test = np.isin(y_train, names), np.isin(y_test, names)
    chosen = slice(args.limit)
    return Digits(
        _scaled(x_train[train][chosen]),
        np.searchsorted(names, y_train[train][chosen]),
        _scaled(x_test[test]),
        np.searchsorted(names, y_test[test]),
        names,
        is_mnist,
    )


def _raw(choice: str) -> tuple[Any, Any, bool]:
    if choice == "digits":
        return *data.load_digits(), False
    if choice == "mnist":
        return *data.load_mnist(), True
    if choice != "auto":
        return *data.load_mnist(choice), True
    try:
        return *data.load_mnist(), True
    except (OSError, ImportError) as error:
        print(f"MNIST is not to be had ({error}); using scikit-learn's 8x8 digits instead".replace("\n", " "))
        return *data.load_digits(), False


def _scaled(images: NDArray[Any]) -> NDArray[np.float32]:
    return (images.astype(np.float32) / 255.0)[:, None]


def run(
    args: argparse.Namespace,
    model: nn.Layer,
    optimizer: optim.Optimizer,
    pairs: Batches,
    validation: tuple[NDArray[Any], NDArray[Any]] | None,
    loss: Callable[[Any, Any], Any] = losses.cross_entropy,
) -> mg.History:
    """Train, with about ten lines of report, from and to a checkpoint if one is asked for."""
    history = mg.History()
    every = max(1, args.epochs // 10)
    if args.resume:
        try:
            history = checkpoint.load(args.resume, model, optimizer, pairs.rng)
        except (ImportError, KeyError, TypeError, ValueError) as error:
            raise SystemExit(f"--resume {args.resume}: {error.args[0]}") from error
        print(f"resumed after epoch {len(history)} of {args.resume}")

    def report(history: mg.History) -> None:
        if len(history) % every == 0 or len(history) == args.epochs:
            values = ", ".join(f"{name} {value:.4g}" for name, value in history.records[-1].items())
            print(f"epoch {len(history)}/{args.epochs}: {values}", flush=True)
        if args.save:
            checkpoint.save(args.save, model, optimizer, history, pairs.rng)

    checks = None if validation is None else mg.batches(*validation, batch_size=1000, shuffle=False)
    history = mg.train(
        model,
        loss,
        optimizer,
        pairs,
        epochs=args.epochs,
        validation=checks,
        metrics=[mg.accuracy],
        callbacks=[report],
        history=history,
    )
    if history.interrupted:
        print(f"interrupted after {len(history)} epochs")
    return history


def finish(model: nn.Layer, digits: Digits, shown: int = 4) -> float:
    """Show a few predictions beside the truth, then the accuracy over all test images; return that."""
    scores = mg.predict(model, digits.x_test, batch_size=1000)
    predicted = scores.argmax(axis=1)
    pictures = [_drawn(image[0]) for image in digits.x_test[:shown]]
    width = len(pictures[0][0])
    for lines in zip(*pictures, strict=True):
        print("   ".join(lines).rstrip())
    captions = [
        f"truth {digits.names[truth]}, predicted {digits.names[guess]}"
        for truth, guess in zip(digits.y_test[:shown], predicted, strict=False)
    ]
    print("   ".join(f"{caption:<{width}}" for caption in captions).rstrip())
    return report_accuracy(mg.accuracy(scores, digits.y_test))


def report_accuracy(accuracy: float) -> float:
    """Print the line with which every example ends."""
    print(f"test accuracy: {100 * accuracy:.2f}%")
    return accuracy


def _drawn(image: NDArray[np.float32]) -> list[str]:
    """An image as lines of text, whose characters are about twice as high as wide."""
    if image.shape[0] > 14:
        image = image[: image.shape[0] // 2 * 2].reshape(-1, 2, image.shape[1]).mean(axis=1)
    else:
        image = image.repeat(3, axis=1)
    levels = np.minimum(image * len(SHADES), len(SHADES) - 1).astype(int)
    return ["".join(SHADES[level] for level in row) for row in levels]
