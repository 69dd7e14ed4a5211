"""Train a variational autoencoder on handwritten digits, and let it draw digits that nobody wrote.

The encoder gives a normal distribution of two to a few numbers for each image; the decoder draws an image from such
numbers. Kingma and Welling (2014), "Auto-encoding variational Bayes", arXiv:1312.6114.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import minigrad as mg
from minigrad import data, nn, optim


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


def unlikeliness(found: tuple[Any, Any, Any], x: Any) -> Any:
    """The negative evidence lower bound: what reconstructions miss, and how far latent numbers are from N(0, 1).

    In nats for each image; grey values are taken as the probabilities of ink.
    """
    logits, mean, log_variance = found
    missed = np.sum(mg.softplus(logits) - x * logits, axis=1)
    divergence = 0.5 * np.sum(mean**2 + np.exp(log_variance) - 1.0 - log_variance, axis=1)
    return np.mean(missed + divergence)


def missed(found: tuple[Any, Any, Any], x: Any) -> float:
    """The first part of it: the cross-entropy of the reconstruction."""
    logits = found[0]
    return float(np.mean(np.sum(np.logaddexp(0.0, logits) - x * logits, axis=1)))


def nats_of_pixels(train: NDArray[Any], test: NDArray[Any]) -> float:
    """The cross-entropy of an image where each pixel is drawn by itself, with its mean over all images."""
    chances = np.clip(train.mean(axis=0), 1e-3, 1.0 - 1e-3)
    return float(-np.mean(np.sum(test * np.log(chances) + (1.0 - test) * np.log(1.0 - chances), axis=1)))


def draw(rows: Sequence[NDArray[Any]]) -> None:
    """Images side by side, as letters; each row is an array (N, 8, 8) of grey values from 0 to 1."""
    shades = np.array(list(" .:-=+*#%@"))
    for images in rows:
        for line in np.concatenate(list(images), axis=1):
            print("".join(np.repeat(shades[np.rint(9 * line).astype(int)], 2)).rstrip())


def main(argv: Sequence[str] | None = None) -> float:
    """Train, draw, and return the nats for each image of the test."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=200, help="(default %(default)s)")
    parser.add_argument("--batch-size", type=int, default=64, help="(default %(default)s)")
    parser.add_argument("--latent", type=int, default=8, help="numbers between the two networks (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, noise and batches (default %(default)s)")
    parser.add_argument("--engine", choices=("eager", "numpy", "jax"), default="numpy", help="what runs the steps")
    args = parser.parse_args(argv)
    if args.epochs < 1 or args.batch_size < 1 or args.latent < 1 or args.seed < 0:
        parser.error("--epochs, --batch-size and --latent must be at least 1, and --seed at least 0")
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
    batches = mg.batches(x_train, x_train, args.batch_size, rng=rng)
    optimizer = optim.Adam(model.parameters(), lr=optim.cosine(2e-3, steps=args.epochs * len(batches)))
    mg.train(
        model,
        unlikeliness,
        optimizer,
        batches,
        epochs=args.epochs,
        validation=mg.batches(x_test, x_test, 1000, shuffle=False),
        metrics=[missed],
        compile=args.engine != "eager" and {"engine": args.engine},
    )

    means = mg.predict(model.encoder, x_test)[:, : args.latent]
    print("digits of the test, and what is left of them after the bottleneck:")
    draw([x_test[:8].reshape(-1, 8, 8), model.images(means[:8]).reshape(-1, 8, 8)])
    print("from the first to the second of them:")
    along = np.linspace(0.0, 1.0, 8)[:, np.newaxis]
    draw([model.images((1 - along) * means[0] + along * means[1]).reshape(-1, 8, 8)])
    print("digits that nobody wrote:")
    draw([model.images(rng.standard_normal((8, args.latent))).reshape(-1, 8, 8) for _ in range(2)])
    # A mean over many draws of the noise: one has chance in it.
    checks = mg.batches(np.tile(x_test, (20, 1)), np.tile(x_test, (20, 1)), 1000, shuffle=False)
    nats = mg.evaluate(model, unlikeliness, checks)["loss"]
    print(f"pixels drawn by themselves: {nats_of_pixels(x_train, x_test):.2f} nats for each image")
    print(f"test nats for each image: {nats:.2f}")
    return nats


if __name__ == "__main__":
    main()
