"""Which measures of a model are there, beside its loss?

A function is averaged over all samples. What is no such average, or has settings, is a class: write
``metrics=[mg.accuracy, mg.metrics.F1("macro")]``.
"""

from typing import TYPE_CHECKING, Any

from minigrad.engine.names import missing
from minigrad.training.metrics.classification import Accuracy, TopKAccuracy, accuracy, confusion_matrix
from minigrad.training.metrics.metric import Metric
from minigrad.training.metrics.regression import R2, RMSE, mae
from minigrad.training.metrics.shares import F1, Precision, Recall

__all__ = [
    "F1",
    "R2",
    "RMSE",
    "Accuracy",
    "Metric",
    "Precision",
    "Recall",
    "TopKAccuracy",
    "accuracy",
    "confusion_matrix",
    "mae",
]

_ELSEWHERE = {
    **dict.fromkeys(["f1score", "fscore", "fbeta"], 'metrics.F1(), or metrics.F1("macro")'),
    **dict.fromkeys(["precisionscore"], "metrics.Precision()"),
    **dict.fromkeys(["recallscore", "sensitivity", "truepositiverate"], "metrics.Recall()"),
    **dict.fromkeys(["r2score", "rsquared"], "metrics.R2()"),
    **dict.fromkeys(["rootmeansquarederror"], "metrics.RMSE()"),
    **dict.fromkeys(["meanabsoluteerror"], "metrics.mae"),
    **dict.fromkeys(["mse", "meansquarederror"], "losses.mse, which is a metric, too"),
    **dict.fromkeys(
        ["accuracyscore", "binaryaccuracy", "categoricalaccuracy", "sparsecategoricalaccuracy"], "metrics.accuracy"
    ),
    **dict.fromkeys(
        [
            *("topkaccuracyscore", "topkcategoricalaccuracy", "sparsetopkcategoricalaccuracy"),
            *("top5accuracy", "top3accuracy"),
        ],
        "metrics.TopKAccuracy(k)",
    ),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        raise missing("metrics", name, __all__, _ELSEWHERE)


def __dir__() -> list[str]:
    return __all__
