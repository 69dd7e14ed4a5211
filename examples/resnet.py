"""Train a residual network on handwritten digits that are shifted anew in each epoch, until it gains no more.

A tenth of the training images is held out, to choose the epoch by. The test images are looked at once, at the end.
After He, Zhang, Ren and Sun (2016), "Deep residual learning for image recognition", arXiv:1512.03385.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import minigrad as mg
from minigrad import data, losses, nn, optim, plot


def conv(inputs: int, outputs: int, size: int, stride: int, rng: np.random.Generator) -> tuple[nn.Layer, nn.Layer]:
    """A convolution, and the normalisation that has its bias."""
    kernels = nn.Conv(inputs, outputs, size, stride, padding=size // 2, bias=False, rng=rng, init=nn.he_normal)
    return kernels, nn.BatchNorm(outputs)


def block(inputs: int, outputs: int, stride: int, rng: np.random.Generator) -> nn.Sequential:
    """relu(x + f(x)); where the shape changes, x goes through a convolution of size 1."""
    inner = nn.Sequential(*conv(inputs, outputs, 3, stride, rng), nn.ReLU(), *conv(outputs, outputs, 3, 1, rng))
    shortcut = None if inputs == outputs else nn.Sequential(*conv(inputs, outputs, 1, stride, rng))
    return nn.Sequential(nn.Residual(inner, shortcut), nn.ReLU())


def build(classes: int, rng: np.random.Generator) -> nn.Sequential:
    """Three blocks, the second and the third with half the rows and columns and twice the channels."""
    return nn.Sequential(
        *conv(1, 16, 3, 1, rng),
        nn.ReLU(),
        block(16, 16, 1, rng),
        block(16, 32, 2, rng),
        block(32, 64, 2, rng),
        nn.GlobalAvgPool(),
        nn.Dense(64, classes, rng=rng),
    )


def shifted(x: Any, y: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Each image moved by up to one pixel in each direction, with zeros at the edges."""
    rows, columns = x.shape[2:]
    wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    corners = rng.integers(0, 3, (len(x), 2))
    moved = [image[:, i : i + rows, j : j + columns] for image, (i, j) in zip(wide, corners, strict=True)]
    return np.stack(moved), y


def scaled(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Images of bytes as (N, 1, H, W), between 0 and 1."""
    return np.divide(images[:, np.newaxis], 255, dtype=np.float32)


def main(argv: Sequence[str] | None = None) -> float:
    """Train until nothing is gained, and return the accuracy on the test images."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data",
        default="digits",
        metavar="digits|mnist|PATH",
        help="digits: scikit-learn's, 8 by 8; mnist: from Keras; PATH: an npz file with Keras's names (default digits)",
    )
    parser.add_argument("--epochs", type=int, default=60, help="at most (default %(default)s)")
    parser.add_argument("--patience", type=int, default=15, help="epochs without a gain (default %(default)s)")
    parser.add_argument("--batch-size", type=int, default=64, help="(default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, batches and shifts (default %(default)s)")
    parser.add_argument("--engine", choices=("eager", "numpy", "jax"), default="numpy", help="what runs the steps")
    parser.add_argument("--save", metavar="PATH", help="keep the run in this file while it goes on")
    parser.add_argument("--resume", metavar="PATH", help="go on with the run in this file, other options as before")
    parser.add_argument("--plot", type=Path, metavar="DIR", help="draw pictures into this folder")
    args = parser.parse_args(argv)
    if args.epochs < 1 or args.patience < 1 or args.batch_size < 2 or args.seed < 0:
        parser.error("--epochs and --patience must be at least 1, --batch-size at least 2, and --seed at least 0")
    if args.plot and find_spec("matplotlib") is None:
        parser.error('--plot needs Matplotlib: pip install "minigrad-numpy[plot]"')
    if args.plot and not args.plot.is_dir():
        parser.error(f"--plot {args.plot}: there is no such folder")
    try:
        (images, labels), (test_images, test_labels) = (
            data.load_digits()
            if args.data == "digits"
            else data.load_mnist(None if args.data == "mnist" else args.data)
        )
    except (ImportError, OSError, ValueError) as error:
        parser.error(f"--data {args.data}: {error}")

    # One generator for weights, batches and shifts.
    rng = np.random.default_rng(args.seed)
    order = rng.permutation(len(images))
    held, kept = order[: len(order) // 10], order[len(order) // 10 :]
    x, x_test = scaled(images), scaled(test_images)
    model = build(10, rng)
    model.summary(x.shape[1:])
    batches = mg.batches(x[kept], labels[kept], args.batch_size, rng=rng, transform=shifted)
    optimizer = optim.AdamW(model.parameters(), lr=optim.cosine(3e-3, steps=args.epochs * len(batches)))
    compiled = args.engine != "eager" and {"engine": args.engine}
    stopping = mg.EarlyStopping(args.patience)
    path = args.save or args.resume
    try:
        history = mg.train(
            model,
            losses.cross_entropy,
            optimizer,
            batches,
            epochs=args.epochs,
            validation=mg.batches(x[held], labels[held], 500, shuffle=False),
            metrics=[mg.accuracy],
            callbacks=[stopping, mg.Checkpoint(path, resume=args.resume or False)] if path else [stopping],
            compile=compiled,
        )
    except (ImportError, KeyError, OSError, TypeError, ValueError) as error:
        if hasattr(error, "history"):  # the training had begun
            raise
        parser.error(str(error))

    scores = mg.predict(model, x_test, batch_size=500, compile=compiled)
    if args.plot:
        figures = {
            "learning_curves": plot.history(history),
            "confusion_matrix": plot.confusion_matrix(scores, test_labels),
            "mistakes": plot.mistakes(x_test, scores, test_labels),
            "filters": plot.filters(model),
        }
        for name, figure in figures.items():
            figure.savefig(args.plot / f"{name}.svg")
    accuracy = mg.accuracy(scores, test_labels)
    print(f"the parameters of epoch {stopping.best_epoch} are kept: a validation loss of {stopping.best_value:.4f}")
    print(f"test accuracy: {100 * accuracy:.2f}%")
    return accuracy


if __name__ == "__main__":
    main()
