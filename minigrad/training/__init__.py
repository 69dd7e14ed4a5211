"""Training a model, and using it."""

from minigrad.training.averaging import AverageWeights
from minigrad.training.batching import batches
from minigrad.training.batching.sequences import pad_sequences
from minigrad.training.callbacks import Callback
from minigrad.training.early_stopping import EarlyStopping
from minigrad.training.errors import NonFiniteLossError
from minigrad.training.evaluation import evaluate, predict
from minigrad.training.fitting import train, train_with
from minigrad.training.history import History
from minigrad.training.metrics import accuracy
from minigrad.training.rate_search import RateSearch, find_learning_rate
from minigrad.training.run import Run
from minigrad.training.saving import Checkpoint

__all__ = [
    "AverageWeights",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "History",
    "NonFiniteLossError",
    "RateSearch",
    "Run",
    "accuracy",
    "batches",
    "evaluate",
    "find_learning_rate",
    "pad_sequences",
    "predict",
    "train",
    "train_with",
]
