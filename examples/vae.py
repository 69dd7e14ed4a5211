"""Train a variational autoencoder on handwritten digits, and let it draw digits that nobody wrote.

The encoder gives a normal distribution of a few numbers for each image; the decoder draws an image from such numbers.
Kingma and Welling (2014), "Auto-encoding variational Bayes", arXiv:1312.6114.
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


class VAE(nn.Layer):
    """Images (N, pixels) give logits of the same shape, and mean and log variance of what lies between."""

    def __init__(self, pixels: int, hidden: int, latent: int, rng: np.random.Generator) -> None:
        self.rng, self.latent = rng, latent
        self.encoder = nn.Sequential(
            nn.Dense(pixels, hidden, rng=rng, init=nn.he_normal),
            nn.ReLU(),
            nn.Dense(hidden, 2 * latent, rng=rng),
        )
        self.decoder = nn.Sequential(
            nn.Dense(latent, hidden, rng=rng, init=nn.he_normal),
            nn.ReLU(),
            nn.Dense(hidden, hidden, rng=rng, init=nn.he_normal),
            nn.ReLU(),
            nn.Dense(hidden, pixels, rng=rng),
        )

    def forward(self, x: Any) -> tuple[Any, Any, Any]:
        """Through a draw from the distribution, written as mean + deviation * noise, so that gradients pass."""
        encoded: Any = self.encoder(x)
        mean, log_variance = np.split(encoded, 2, axis=1)
        noise = self.rng.standard_normal(mean.shape, mean.dtype)
        return self.decoder(mean + np.exp(0.5 * log_variance) * noise), mean, log_variance

    def images(self, z: Any) -> Any:
        """What the decoder draws from numbers (N, latent): grey values from 0 to 1."""
        return mg.sigmoid(mg.predict(self.decoder, z.astype(np.float32), batch_size=1000))


def missed(found: tuple[Any, Any, Any], x: Any) -> Any:
    """The cross-entropy of the reconstruction, in nats for each image; grey values are the probabilities of ink."""
    return losses.bce_with_logits(found[0], x, reduction="sum") / len(x)


def unlikeliness(found: tuple[Any, Any, Any], x: Any) -> Any:
    """The negative evidence lower bound: what is missed, and how far the numbers between are from N(0, 1)."""
    _, mean, log_variance = found
    divergence = 0.5 * np.sum(mean**2 + np.exp(log_variance) - 1.0 - log_variance, axis=1)
    return missed(found, x) + np.mean(divergence)


def nats_of_pixels(train: NDArray[Any], test: NDArray[Any]) -> float:
    """The cross-entropy of an image where each pixel is drawn by itself, with its mean over all images."""
    chances = np.clip(train.mean(axis=0), 1e-3, 1.0 - 1e-3)
    return float(-np.mean(np.sum(test * np.log(chances) + (1.0 - test) * np.log(1.0 - chances), axis=1)))


def draw(shown: dict[str, NDArray[Any]], folder: Path | None) -> None:
    """Images (rows, columns, 8, 8) of grey values from 0 to 1, by titles: as letters, and as a picture in a folder."""
    shades = np.array(list(" .:-=+*#%@"))
    for title, rows in shown.items():
        print(f"{title}:")
        for line in np.rint(9 * rows.swapaxes(1, 2).reshape(8 * len(rows), -1)).astype(int):
            print("".join(np.repeat(shades[line], 2)).rstrip())
    if folder:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(5.0, 4.4), layout="constrained")
        panels = figure.subplots(len(shown), 1, height_ratios=[len(rows) for rows in shown.values()])
        for ax, (title, rows) in zip(panels, shown.items(), strict=True):
            # A pixel of white on each side.
            apart = np.pad(rows, ((0, 0), (0, 0), (1, 1), (1, 1)))
            ax.imshow(apart.swapaxes(1, 2).reshape(10 * len(rows), -1), cmap="gray_r", vmin=0.0, vmax=1.0)
            ax.set_title(title, fontsize="small")
            ax.set_axis_off()
        figure.savefig(folder / "digits.svg")


def main(argv: Sequence[str] | None = None) -> float:
    """Train, draw, and return the nats for each image of the test."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=200, help="(default %(default)s)")
    parser.add_argument("--batch-size", type=int, default=64, help="(default %(default)s)")
    parser.add_argument("--latent", type=int, default=8, help="numbers between the two networks (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, noise and batches (default %(default)s)")
    parser.add_argument("--engine", choices=("eager", "numpy", "jax"), default="numpy", help="what runs the steps")
    parser.add_argument("--save", metavar="PATH", help="keep the run in this file while it goes on")
    parser.add_argument("--resume", metavar="PATH", help="go on with the run in this file, other options as before")
    parser.add_argument("--plot", type=Path, metavar="DIR", help="draw pictures into this folder")
    args = parser.parse_args(argv)
    if args.epochs < 1 or args.batch_size < 1 or args.latent < 1 or args.seed < 0:
        parser.error("--epochs, --batch-size and --latent must be at least 1, and --seed at least 0")
    if args.plot and find_spec("matplotlib") is None:
        parser.error('--plot needs Matplotlib: pip install "minigrad-numpy[plot]"')
    if args.plot and not args.plot.is_dir():
        parser.error(f"--plot {args.plot}: there is no such folder")
    try:
        (train_images, _), (test_images, _) = data.load_digits()
    except ImportError as error:
        parser.error(str(error))
    x_train, x_test = (
        images.reshape(len(images), -1).astype(np.float32) / 255 for images in (train_images, test_images)
    )

    # One generator for weights, noise and batches.
    rng = np.random.default_rng(args.seed)
    model = VAE(x_train.shape[1], 256, args.latent, rng)
    model.summary(x_train.shape[1:])
    batches = mg.batches(x_train, batch_size=args.batch_size, rng=rng)
    optimizer = optim.Adam(model.parameters(), lr=optim.cosine(2e-3, steps=args.epochs * len(batches)))
    path = args.save or args.resume
    try:
        history = mg.train(
            model,
            unlikeliness,
            optimizer,
            batches,
            epochs=args.epochs,
            validation=mg.batches(x_test, batch_size=1000, shuffle=False),
            metrics=[missed],
            callbacks=[mg.Checkpoint(path, resume=args.resume or False)] if path else [],
            compile=args.engine != "eager" and {"engine": args.engine},
        )
    except (ImportError, KeyError, OSError, TypeError, ValueError) as error:
        if hasattr(error, "history"):  # the training had begun
            raise
        parser.error(str(error))

    means = mg.predict(model.encoder, x_test)[:, : args.latent]
    along = np.linspace(0.0, 1.0, 8)[:, np.newaxis]
    between = (1 - along) * means[0] + along * means[1]
    nobodys = rng.standard_normal((16, args.latent))
    shown = {
        "digits of the test, and what is left of them after the bottleneck": [x_test[:8], model.images(means[:8])],
        "from the first to the second of them": model.images(between),
        "digits that nobody wrote": model.images(nobodys),
    }
    draw({title: np.reshape(images, (-1, 8, 8, 8)) for title, images in shown.items()}, args.plot)
    if args.plot:
        plot.history(history).savefig(args.plot / "learning_curves.svg")
    # A mean over many draws of the noise: one has chance in it.
    checks = mg.batches(np.tile(x_test, (20, 1)), batch_size=1000, shuffle=False)
    nats = mg.evaluate(model, unlikeliness, checks)["loss"]
    print(f"pixels drawn by themselves: {nats_of_pixels(x_train, x_test):.2f} nats for each image")
    print(f"test nats for each image: {nats:.2f}")
    return nats


if __name__ == "__main__":
    main()
