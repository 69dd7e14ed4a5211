"""Train a transformer on a short tale, letter by letter, and let it go on writing.

The model sees up to 48 letters and gives a probability to each letter that could come next. How surprised it is by the
end of the tale, which it has not seen, is told in bits for each letter, beside the same of a table of pairs of letters.
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
from minigrad import losses, nn, optim, plot

TALE = Path(__file__).with_name("lamp.txt")


def block(features: int, heads: int, rng: np.random.Generator) -> nn.Sequential:
    """Each place looks at those before it; then a small network looks at each place alone."""
    attention = nn.MultiHeadAttention(features, heads, causal=True, rng=rng)
    wide, narrow = nn.Dense(features, 4 * features, rng=rng), nn.Dense(4 * features, features, rng=rng)
    return nn.Sequential(
        nn.Residual(nn.Sequential(nn.LayerNorm(features), attention, nn.Dropout(0.1, rng=rng))),
        nn.Residual(nn.Sequential(nn.LayerNorm(features), wide, nn.GELU(), narrow, nn.Dropout(0.1, rng=rng))),
    )


def small(shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> NDArray[Any]:
    """Normal with deviation 0.5: vectors of letters start smaller than the waves that tell their places."""
    return rng.normal(0.0, 0.5, shape)


def build(letters: int, features: int, blocks: int, rng: np.random.Generator) -> nn.Sequential:
    """From whole numbers (N, T) to scores of the next letter (N, T, letters)."""
    return nn.Sequential(
        nn.Embedding(letters, features, rng=rng, init=small),
        nn.SinusoidalPositions(features),
        *(block(features, 4, rng) for _ in range(blocks)),
        nn.LayerNorm(features),
        nn.Dense(features, letters, rng=rng),
    )


def bits(scores: Any, letters: Any) -> float:
    """The cross-entropy in bits for each letter."""
    return float(losses.cross_entropy(scores, letters) / np.log(2))


def windows(numbers: NDArray[Any], length: int, apart: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Windows of the text, and the letter that follows at each of their places."""
    found = np.lib.stride_tricks.sliding_window_view(numbers, length + 1)[::apart]
    return found[:, :-1], found[:, 1:]


def bits_of_pairs(train: NDArray[Any], test: NDArray[Any], letters: int) -> NDArray[Any]:
    """How surprised a table is by each letter after the first, that counts which letter follows which."""
    counts = np.ones((letters, letters))
    np.add.at(counts, (train[:-1], train[1:]), 1.0)
    chances = counts / counts.sum(axis=1, keepdims=True)
    found: NDArray[Any] = -np.log2(chances[test[:-1], test[1:]])
    return found


def write(
    model: nn.Layer, numbers: NDArray[Any], count: int, length: int, temperature: float, rng: np.random.Generator
) -> NDArray[Any]:
    """So many more letters, each drawn from what the model expects; a low temperature takes fewer risks."""
    for _ in range(count):
        scores = mg.predict(model, numbers[np.newaxis, -length:])[0, -1]
        chances = mg.softmax(scores.astype(float) / temperature)
        numbers = np.append(numbers, rng.choice(chances.size, p=chances))
    return numbers


def draw(text: NDArray[Any], transformer: NDArray[Any], table: NDArray[Any]) -> Any:
    """How surprised both are by each letter of a text."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 2.4), layout="constrained")
    ax = figure.subplots()
    ax.bar(range(len(text)), table, color="#dddddd", width=0.9, label="table of pairs")
    ax.bar(range(len(text)), transformer, color="#0072B2", width=0.5, label="transformer")
    ax.set_xticks(range(len(text)), ["\N{MIDDLE DOT}" if each.isspace() else each for each in text])
    ax.set(ylabel="surprise (bits)", xlim=(-1, len(text)))
    ax.legend(ncols=2, loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return figure


def main(argv: Sequence[str] | None = None) -> float:
    """Train, write some lines, and return the bits for each letter of the part that was held out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", default=TALE, metavar="PATH", help="a text of yours (default: a tale of 5 kB)")
    parser.add_argument("--epochs", type=int, default=12, help="(default %(default)s)")
    parser.add_argument("--batch-size", type=int, default=32, help="(default %(default)s)")
    parser.add_argument("--letters", type=int, default=300, help="how many to write (default %(default)s)")
    parser.add_argument("--start", default="On Monday", help="what to go on from (default %(default)r)")
    parser.add_argument("--temperature", type=float, default=0.5, help="(default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, batches and letters (default %(default)s)")
    parser.add_argument("--engine", choices=("eager", "numpy", "jax"), default="numpy", help="what runs the steps")
    parser.add_argument("--save", metavar="PATH", help="keep the run in this file while it goes on")
    parser.add_argument("--resume", metavar="PATH", help="go on with the run in this file, other options as before")
    parser.add_argument("--plot", type=Path, metavar="DIR", help="draw pictures into this folder")
    args = parser.parse_args(argv)
    if args.epochs < 1 or args.batch_size < 1 or args.seed < 0 or args.letters < 0:
        parser.error("--epochs and --batch-size must be at least 1, --letters and --seed at least 0")
    if not 0.0 < args.temperature < np.inf:
        parser.error("--temperature must be a positive number")
    if args.plot and find_spec("matplotlib") is None:
        parser.error('--plot needs Matplotlib: pip install "minigrad-numpy[plot]"')
    if args.plot and not args.plot.is_dir():
        parser.error(f"--plot {args.plot}: there is no such folder")
    try:
        text = Path(args.text).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        parser.error(f"--text {args.text}: {error}")
    length, features, blocks = 48, 64, 2
    letters, numbers = np.unique(list(text), return_inverse=True)
    end = 9 * len(numbers) // 10
    if len(numbers) - end <= length:
        parser.error(f"--text {args.text}: a tenth of it has to be longer than {length} letters")
    if not args.start or not set(args.start) <= set(text):
        parser.error("--start: at least one letter, and none that the text does not have")

    # One generator for weights, dropout and batches.
    rng = np.random.default_rng(args.seed)
    model = build(len(letters), features, blocks, rng)
    model.summary((length,))
    batches = mg.batches(*windows(numbers[:end], length, 3), args.batch_size, rng=rng)
    steps = args.epochs * len(batches)
    schedule = optim.cosine(3e-3, steps=steps, warmup=min(50, steps // 2))
    optimizer = optim.AdamW(model.parameters(), lr=schedule, weight_decay=0.1, max_norm=1.0)
    path = args.save or args.resume
    try:
        history = mg.train(
            model,
            losses.cross_entropy,
            optimizer,
            batches,
            epochs=args.epochs,
            validation=mg.batches(*windows(numbers[end:], length, length), args.batch_size, shuffle=False),
            metrics=[bits],
            callbacks=[mg.Checkpoint(path, resume=args.resume or False)] if path else [],
            compile=args.engine != "eager" and {"engine": args.engine},
        )
    except (ImportError, KeyError, OSError, TypeError, ValueError) as error:
        if hasattr(error, "history"):  # the training had begun
            raise
        parser.error(str(error))

    start = np.searchsorted(letters, list(args.start))
    written = write(model, start, args.letters, length, args.temperature, np.random.default_rng(args.seed))
    print("".join(letters[written]))
    # Only the last place of each window: it has all the letters before it to look at.
    x, y = windows(numbers[end:], length, 1)
    scores, following = mg.predict(model, x, batch_size=256)[:, -1], y[:, -1]
    table = bits_of_pairs(numbers[:end], numbers[end:], len(letters))[length - 1 :]
    if args.plot:
        each = losses.cross_entropy(scores, following, reduction="none") / np.log(2)
        draw(letters[following[:48]], each[:48], table[:48]).savefig(args.plot / "surprise.svg")
        plot.history(history).savefig(args.plot / "learning_curves.svg")
    found = bits(scores, following)
    print(f"a table of pairs needs {table.mean():.2f} bits for each letter")
    print(f"bits for each letter: {found:.2f}")
    return found


if __name__ == "__main__":
    main()
