"""Which optimisers and learning-rate schedules are there, and what else goes with training and minimising?"""

from typing import TYPE_CHECKING, Any

from minigrad.engine.names import missing
from minigrad.optim.adam import Adam, AdamW
from minigrad.optim.averaging import EMA
from minigrad.optim.clipping import clip_by_norm, clip_by_value
from minigrad.optim.composing import join, scaled, warmup
from minigrad.optim.groups import vectors
from minigrad.optim.minimize import Minimum, minimize
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.plateau import Plateau
from minigrad.optim.rmsprop import RMSprop
from minigrad.optim.schedules import Schedule, constant, cosine, exponential, linear, one_cycle, step_decay
from minigrad.optim.sgd import SGD

__all__ = [
    "EMA",
    "SGD",
    "Adam",
    "AdamW",
    "Minimum",
    "Optimizer",
    "Plateau",
    "RMSprop",
    "Schedule",
    "clip_by_norm",
    "clip_by_value",
    "constant",
    "cosine",
    "exponential",
    "join",
    "linear",
    "minimize",
    "one_cycle",
    "scaled",
    "step_decay",
    "vectors",
    "warmup",
]

_ELSEWHERE = {
    **dict.fromkeys(["gradientdescent", "momentum", "nesterov"], "optim.SGD(parameters, lr, momentum=0.9)"),
    **dict.fromkeys(
        ["cosineannealinglr", "cosinedecay", "cosinedecayschedule", "cosineannealing"],
        "lr=optim.cosine(lr, steps), given to an optimiser",
    ),
    **dict.fromkeys(
        ["steplr", "piecewiseconstant", "piecewiseconstantdecay"],
        "lr=optim.step_decay(lr, every, factor), given to an optimiser",
    ),
    **dict.fromkeys(["exponentiallr", "exponentialdecay"], "lr=optim.exponential(lr, factor), given to an optimiser"),
    **dict.fromkeys(["linearlr", "linearschedule", "polynomiallr"], "lr=optim.linear(start, end, steps)"),
    **dict.fromkeys(
        ["onecyclelr", "onecycle", "linearonecycleschedule", "cosineonecycleschedule"], "lr=optim.one_cycle(lr, steps)"
    ),
    **dict.fromkeys(
        ["reducelronplateau", "reduceonplateau"], "lr=optim.Plateau(lr), and tell it each loss: schedule.tell(loss)"
    ),
    **dict.fromkeys(["constantlr", "constantschedule"], "lr=optim.constant(lr), or lr=0.1"),
    **dict.fromkeys(["sequentiallr", "joinschedules", "chainedscheduler"], "lr=optim.join([(schedule, steps), ...])"),
    **dict.fromkeys(["warmupcosinedecayschedule", "linearwarmup"], "lr=optim.warmup(schedule, steps)"),
    "lrscheduler": "lr=optim.cosine(lr, steps), given to an optimiser: a schedule is a function",
    **dict.fromkeys(["clipgradnorm", "clipbyglobalnorm"], "optim.clip_by_norm(parameters, max_norm)"),
    **dict.fromkeys(["clipgradvalue", "clipvalue", "clip"], "optim.clip_by_value(parameters, limit)"),
    **dict.fromkeys(
        ["lbfgs", "bfgs", "scipyminimize", "cg"],
        "optim.minimize(f, tree), which calls SciPy's L-BFGS-B and others",
    ),
    **dict.fromkeys(
        ["exponentialmovingaverage", "averagedmodel", "swautils", "getemamultiavgfn"],
        "optim.EMA(model.parameters(), decay=0.999)",
    ),
    **dict.fromkeys(
        ["paramgroups", "addparamgroup", "multitransform", "masked"],
        'groups={"*bias": {"weight_decay": 0.0}}, given to an optimiser such as optim.AdamW',
    ),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        raise missing("optim", name, __all__, _ELSEWHERE)


def __dir__() -> list[str]:
    return __all__
