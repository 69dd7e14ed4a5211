"""Which pictures are there of training runs, predictions, networks and gradients?"""

from minigrad.plot.boundary import decision_boundary
from minigrad.plot.checks import gradient_check
from minigrad.plot.classification import confusion_matrix, mistakes
from minigrad.plot.hidden import hidden_pca
from minigrad.plot.landscape import loss_surface
from minigrad.plot.network import distributions, filters
from minigrad.plot.rates import learning_rate_search, schedule
from minigrad.plot.training import history

__all__ = [
    "confusion_matrix",
    "decision_boundary",
    "distributions",
    "filters",
    "gradient_check",
    "hidden_pca",
    "history",
    "learning_rate_search",
    "loss_surface",
    "mistakes",
    "schedule",
]


def __dir__() -> list[str]:
    return __all__
