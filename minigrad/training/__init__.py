"""Training a model, and using it."""

from minigrad.training.batching import batches
from minigrad.training.evaluation import evaluate, predict
from minigrad.training.history import History
from minigrad.training.loop import NonFiniteLossError, train
from minigrad.training.metrics import accuracy

__all__ = ["History", "NonFiniteLossError", "accuracy", "batches", "evaluate", "predict", "train"]
