"""Train a residual network on handwritten digits that are shifted anew in each epoch, until it gains no more.

A tenth of the training images is held out, to choose the epoch by. The test images are looked at once, at the end.
After He, Zhang, Ren and Sun (2016), "Deep residual learning for image recognition", arXiv:1512.03385.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import minigrad as mg
from minigrad import data, losses, nn, optim


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


class Shifted:
    """The same batches, each image moved by up to so many pixels in each direction, with zeros at the edges."""

    def __init__(self, batches: Any, most: int, rng: np.random.Generator) -> None:
        self.batches, self.most, self.rng = batches, most, rng

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        for x, y in self.batches:
            rows, columns = x.shape[2:]
            wide = np.pad(x, ((0, 0), (0, 0), (self.most, self.most), (self.most, self.most)))
            corners = self.rng.integers(0, 2 * self.most + 1, (len(x), 2))
            moved = [image[:, i : i + rows, j : j + columns] for image, (i, j) in zip(wide, corners, strict=True)]
            yield np.stack(moved), y


class EarlyStopping:
    """Ends a training that gained nothing for some epochs, and remembers the best parameters."""

    def __init__(self, model: nn.Layer, patience: int) -> None:
        self.model, self.patience = model, patience
        self.best, self.epoch, self.state = np.inf, 0, model.state_dict()

    def __call__(self, history: mg.History) -> bool:
        """Whether to end."""
        loss = history[-1]["validation_loss"]
        if loss < self.best:
            self.best, self.epoch, self.state = loss, len(history), self.model.state_dict()
        return len(history) - self.epoch >= self.patience


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
    parser.add_argument("--patience", type=int, default=10, help="epochs without a gain (default %(default)s)")
    parser.add_argument("--batch-size", type=int, default=64, help="(default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, batches and shifts (default %(default)s)")
    parser.add_argument("--engine", choices=("eager", "numpy", "jax"), default="numpy", help="what runs the steps")
    args = parser.parse_args(argv)
    if args.epochs < 1 or args.patience < 1 or args.batch_size < 2 or args.seed < 0:
        parser.error("--epochs and --patience must be at least 1, --batch-size at least 2, and --seed at least 0")
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
    batches = Shifted(mg.batches(x[kept], labels[kept], args.batch_size, rng=rng), 1, rng)
    optimizer = optim.AdamW(model.parameters(), lr=optim.cosine(3e-3, steps=args.epochs * len(batches)))
    compiled = args.engine != "eager" and {"engine": args.engine}
    stop = EarlyStopping(model, args.patience)
    mg.train(
        model,
        losses.cross_entropy,
        optimizer,
        batches,
        epochs=args.epochs,
        validation=mg.batches(x[held], labels[held], 500, shuffle=False),
        metrics=[mg.accuracy],
        callbacks=[stop],
        compile=compiled,
    )
    model.load_state_dict(stop.state)

    accuracy = mg.accuracy(mg.predict(model, x_test, batch_size=500, compile=compiled), test_labels)
    print(f"the parameters of epoch {stop.epoch} are kept, with a validation loss of {stop.best:.4f}")
    print(f"test accuracy: {100 * accuracy:.2f}%")
    return accuracy


if __name__ == "__main__":
    main()
