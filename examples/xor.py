"""Learn the exclusive or of two bits, with the training loop written out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

import minigrad as mg
from minigrad import losses, nn, optim


def main(argv: Sequence[str] | None = None) -> float:
    """Train, print the four predictions, and return the accuracy on them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=300, help="steps of the optimiser (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first weights (default %(default)s)")
    args = parser.parse_args(argv)
    if args.epochs < 1 or args.seed < 0:
        parser.error("--epochs must be at least 1, and --seed at least 0")

    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    y = np.array([[0], [1], [1], [0]], np.float32)

    # No straight line separates the ones from the zeros, so the network needs a hidden layer.
    rng = np.random.default_rng(args.seed)
    model = nn.Sequential(nn.Dense(2, 8, rng=rng), nn.Tanh(), nn.Dense(8, 1, rng=rng), nn.Sigmoid())
    optimizer = optim.Adam(model.parameters(), lr=0.05)

    for epoch in range(1, args.epochs + 1):
        optimizer.zero_grad()  # backward() adds to the gradients of the step before
        prediction = model(x)
        loss = losses.bce(prediction, y)
        loss.backward()
        optimizer.step()
        if epoch % 50 == 0:
            print(f"epoch {epoch}: loss {loss.item():.4f}")

    probabilities = mg.predict(model, x)
    for (a, b), truth, probability in zip(x, y[:, 0], probabilities[:, 0], strict=True):
        print(f"{a:.0f} xor {b:.0f} = {truth:.0f}, predicted {probability:.3f}")
    accuracy = mg.accuracy(probabilities, y)
    print(f"accuracy: {100 * accuracy:.2f}%")
    return accuracy


if __name__ == "__main__":
    main()
