"""minigrad: automatic gradients on NumPy, and a checker that says why a gradient is wrong."""

import builtins
import importlib
from typing import TYPE_CHECKING

from minigrad import data as data
from minigrad import losses as losses
from minigrad import nn as nn
from minigrad import ops
from minigrad import optim as optim
from minigrad.debugging import NotFiniteError as NotFiniteError
from minigrad.debugging import debug as debug
from minigrad.engine.blocks import no_grad as no_grad
from minigrad.engine.define import primitive as primitive
from minigrad.engine.recording import is_grad_enabled as is_grad_enabled
from minigrad.engine.tensor import Tensor as Tensor
from minigrad.kernels.threads import get_num_threads as get_num_threads
from minigrad.kernels.threads import set_num_threads as set_num_threads
from minigrad.ops import *
from minigrad.program.build import program as program
from minigrad.program.compiled.function import compile as compile
from minigrad.program.errors import ProgramError as ProgramError
from minigrad.program.program import Program as Program
from minigrad.program.source.function import numpy_source as numpy_source
from minigrad.training import AverageWeights as AverageWeights
from minigrad.training import Callback as Callback
from minigrad.training import Checkpoint as Checkpoint
from minigrad.training import EarlyStopping as EarlyStopping
from minigrad.training import History as History
from minigrad.training import NonFiniteLossError as NonFiniteLossError
from minigrad.training import RateSearch as RateSearch
from minigrad.training import Run as Run
from minigrad.training import accuracy as accuracy
from minigrad.training import batches as batches
from minigrad.training import evaluate as evaluate
from minigrad.training import find_learning_rate as find_learning_rate
from minigrad.training import metrics as metrics
from minigrad.training import pad_sequences as pad_sequences
from minigrad.training import predict as predict
from minigrad.training import train as train
from minigrad.training import train_with as train_with
from minigrad.training.runs import checkpoint as checkpoint
from minigrad.transforms.functions import grad as grad
from minigrad.transforms.functions import hessian as hessian
from minigrad.transforms.functions import hvp as hvp
from minigrad.transforms.functions import jacobian as jacobian
from minigrad.transforms.functions import jvp as jvp
from minigrad.transforms.functions import value_and_grad as value_and_grad
from minigrad.transforms.functions import vjp as vjp
from minigrad.transforms.gradients import gradients as gradients
from minigrad.transforms.raveling import ravel_pytree as ravel_pytree

__version__ = "0.1.0"

_OWN = [
    *("Tensor", "gradients", "no_grad", "is_grad_enabled", "primitive"),
    *("grad", "value_and_grad", "vjp", "jvp", "jacobian", "hessian", "hvp", "ravel_pytree"),
    *("program", "numpy_source", "compile", "ProgramError", "Program"),
    *("debug", "NotFiniteError"),
    *("get_num_threads", "set_num_threads"),
    *("train", "train_with", "evaluate", "predict", "batches", "accuracy", "History", "NonFiniteLossError"),
    *("Callback", "Checkpoint", "EarlyStopping", "AverageWeights", "Run"),
    *("find_learning_rate", "RateSearch", "pad_sequences"),
    *("nn", "losses", "optim", "data", "metrics", "checkpoint"),
]

# Type checkers take every name; that this module imports others for itself is nothing to them.
if TYPE_CHECKING:
    from minigrad import exchange as exchange
    from minigrad import plot as plot
    from minigrad import testing as testing
else:
    # abs, max, min and sum are public too, but `from minigrad import *` must not replace Python's.
    __all__ = [name for name in _OWN if not hasattr(builtins, name)] + [
        name for name in ops.__all__ if not hasattr(builtins, name)
    ]

    def __dir__():
        return sorted({*_OWN, *ops.__all__, "exchange", "plot", "testing", "__version__"})

    def __getattr__(name):
        # Most programs do without them, and need not wait for them.
        if name in ("exchange", "plot", "testing"):
            return importlib.import_module(f"minigrad.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
