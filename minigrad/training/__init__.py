"""How is a model trained, measured and used?"""

from minigrad.training.batching import batches
from minigrad.training.batching.sequences import pad_sequences
from minigrad.training.callbacks.averaging import AverageWeights
from minigrad.training.callbacks.base import Callback
from minigrad.training.callbacks.early_stopping import EarlyStopping
from minigrad.training.callbacks.saving import Checkpoint
from minigrad.training.errors import NonFiniteLossError
from minigrad.training.evaluation import evaluate, predict
from minigrad.training.fitting import train, train_with
from minigrad.training.history import History
from minigrad.training.metrics import accuracy
from minigrad.training.rate_search import RateSearch, find_learning_rate
from minigrad.training.runs.run import Run

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
