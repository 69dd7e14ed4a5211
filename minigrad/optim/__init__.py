"""Which optimisers and learning-rate schedules are there?"""

from minigrad.optim.adam import Adam, AdamW
from minigrad.optim.clipping import clip_by_norm
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.rmsprop import RMSprop
from minigrad.optim.schedules import Schedule, cosine, step_decay
from minigrad.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "Schedule", "clip_by_norm", "cosine", "step_decay"]


def __dir__() -> list[str]:
    return __all__
