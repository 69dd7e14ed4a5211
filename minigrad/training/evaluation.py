"""How good is a model, and what does it predict?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain
from minigrad.nn import Layer
from minigrad.nn.mode import call_evaluating
from minigrad.program.compiled.function import compile as compile_function
from minigrad.training.batching import check_batch_size, count_samples, samples_at, shapes_of
from minigrad.training.checks import check_loss, check_model
from minigrad.training.means import Means, Metric, single_number
from minigrad.training.pairs import as_pairs

Loss = Callable[[Any, Any], Any]
Pairs = Iterable[tuple[Any, Any]] | Callable[[], Iterable[tuple[Any, Any]]]


def evaluate(model: Layer, loss: Loss, data: Pairs, metrics: Sequence[Metric] = ()) -> dict[str, float]:
    """Loss and metrics over all samples of some data, in evaluation mode, without recording.

    Args:
        model, loss, data, metrics: as for `train`.

    Returns:
        The means over all samples: "loss", and each metric under its name.

    Raises:
        RuntimeError: where another thread trains or evaluates the same model; call ``model.eval()`` once before several
            threads evaluate or predict.
        ValueError: for data without batches, a loss or metric that is not a single number, or metrics of one name.
        TypeError: for data that are not pairs, or arguments of other kinds.
    """
    check_model("evaluate", model)
    check_loss("evaluate", loss)
    pairs = as_pairs("evaluate", "data", data)
    means = Means(metrics, "evaluate")

    def measure() -> None:
        for pair in pairs:
            x, y, count = checked_pair(pair)
            prediction = model(x)
            value = single_number(loss(prediction, y), "loss", loss)
            means.add(count, {"loss": value}, plain(prediction), y)

    call_evaluating(model, measure)
    if not means.values():
        raise ValueError(
            "evaluate: the data gave no batches (a generator is used up after one use; pass mg.batches(x, y, "
            "batch_size) or a list)"
        )
    return means.values()


def predict(model: Layer, x: Any, batch_size: int | None = None, *, compile: Compile = False) -> Any:
    """What a model gives for samples, in evaluation mode, without recording: a plain array.

    Of a model that gives several results in a tuple or a dict, it is a tuple or a dict of plain arrays.

    Args:
        model: called as ``model(x)``.
        x: samples of shape (N, ...); or several such arrays in a tuple or a dict, for a model that takes these.
        batch_size: how many at a time, to limit memory; all at once by default.
        compile: as for `train`; it is compiled anew by each call of `predict`.

    Raises:
        RuntimeError: where another thread trains or evaluates the same model; call ``model.eval()`` once before several
            threads evaluate or predict.
        ValueError: for a batch size below 1, or, with one, a model that does not give a result for every sample.
        TypeError: for a model that gives something else than arrays, or arguments of other kinds.
    """
    check_model("predict", model)
    if batch_size is not None:
        check_batch_size(batch_size)
    x = plain(x)
    count = count_samples(x, "predict: x")
    if not isinstance(x, (dict, tuple)) and not hasattr(x, "__getitem__"):
        raise TypeError(f"predict: x is a {type(x).__name__}, not an array of samples; give x alone, without targets")
    size = batch_size or max(count, 1)
    run: Callable[[Any], Any] = compiled_as_told(model, compile)

    def part(start: int) -> Any:
        out = _arrays(run(samples_at(x, slice(start, start + size))))
        if batch_size is not None:
            _check_rows(out, min(size, count - start))
        return out

    parts = call_evaluating(model, lambda: [part(start) for start in range(0, max(count, 1), size)])
    return parts[0] if len(parts) == 1 else joined(parts)


def joined(parts: Sequence[Any]) -> Any:
    """Results for parts of the samples as one, one after the other: each array in them, which tuples and dicts hold."""
    first = parts[0]
    if isinstance(first, dict):
        return {key: joined([part[key] for part in parts]) for key in first}
    if isinstance(first, (tuple, list)):
        return _like(first, [joined(items) for items in zip(*parts, strict=True)])
    return np.concatenate(parts)


Compile = bool | Mapping[str, Any]


def compiled_as_told(function: Callable[..., Any], settings: Compile) -> Callable[..., Any]:
    """The function, compiled where `compile=` of `train` or `predict` says so.

    Raises:
        TypeError: for settings of another kind.
    """
    if not isinstance(settings, (bool, Mapping)):
        raise TypeError(
            f"compile= is True, or a dict of settings of mg.compile such as {{'engine': 'jax'}}, not {settings!r}"
        )
    if settings is False:
        return function
    found: Callable[..., Any] = compile_function(function, **({} if settings is True else settings))
    return found


def _arrays(out: Any) -> Any:
    """Results as plain arrays."""
    if isinstance(out, dict):
        return {key: _arrays(item) for key, item in out.items()}
    if isinstance(out, (tuple, list)):
        return _like(out, [_arrays(item) for item in out])
    if not isinstance(out, (np.ndarray, np.generic, Tensor)):
        raise TypeError(
            f"predict: the model gave a {type(out).__name__}; it has to give an array or Tensor, or several of them in "
            "a tuple or a dict"
        )
    return np.asarray(plain(out))


def _like(kind: Any, items: list[Any]) -> Any:
    """A tuple or list of the kind of another one."""
    return type(kind)(*items) if hasattr(kind, "_fields") else type(kind)(items)


def _check_rows(out: Any, samples: int) -> None:
    """Raise where results cannot be joined, because they do not have a row for each sample."""
    if isinstance(out, (dict, tuple, list)):
        for item in out.values() if isinstance(out, dict) else out:
            _check_rows(item, samples)
    elif out.shape[:1] != (samples,):
        raise ValueError(
            f"predict: the model gave shape {out.shape} for {samples} samples; only results with one row for each "
            "sample can be joined: leave batch_size out"
        )


def checked_pair(pair: Any) -> tuple[Any, Any, int]:
    """Samples and targets of one batch, if it is a pair, and how many samples they are."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        kind = (
            f"an array of shape {pair.shape}" if isinstance(pair, (np.ndarray, Tensor)) else f"a {type(pair).__name__}"
        )
        raise TypeError(f"data are pairs (x, y), as mg.batches(x, y, batch_size) makes them; this batch is {kind}")
    count = count_samples(pair[0], "x of a batch")
    if not count:
        raise ValueError(f"a batch has no samples (shape {shapes_of(pair[0])})")
    return pair[0], pair[1], count
