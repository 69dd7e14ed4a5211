"""Which optimisers and learning-rate schedules are there?"""

from typing import TYPE_CHECKING, Any

from minigrad.engine.names import missing
from minigrad.optim.adam import Adam, AdamW
from minigrad.optim.clipping import clip_by_norm
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.rmsprop import RMSprop
from minigrad.optim.schedules import Schedule, cosine, step_decay
from minigrad.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "Schedule", "clip_by_norm", "cosine", "step_decay"]

_ELSEWHERE = {
    **dict.fromkeys(["gradientdescent", "momentum", "nesterov"], "optim.SGD(parameters, lr, momentum=0.9)"),
    **dict.fromkeys(
        ["cosineannealinglr", "cosinedecay", "cosinedecayschedule", "cosineannealing"],
        "lr=optim.cosine(lr, steps), given to an optimiser",
    ),
    **dict.fromkeys(
        ["steplr", "exponentiallr", "exponentialdecay"], "lr=optim.step_decay(lr, every, factor), given to an optimiser"
    ),
    "lrscheduler": "lr=optim.cosine(lr, steps), given to an optimiser: a schedule is a function",
    **dict.fromkeys(["clipgradnorm", "clipbyglobalnorm"], "optim.clip_by_norm(parameters, max_norm)"),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        raise missing("optim", name, __all__, _ELSEWHERE)


def __dir__() -> list[str]:
    return __all__
