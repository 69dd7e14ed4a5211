"""How are averages of the weights kept up in a training?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from minigrad.optim import EMA
from minigrad.training.callbacks.base import Callback
from minigrad.training.runs.run import Run


class AverageWeights(Callback):
    """Brings averages up to date after every step. `Checkpoint` saves them with the run.

    Args:
        average: of the weights of the model that is trained.

    Raises:
        TypeError: for something else.
        ValueError: when training begins, for averages of another model.

    Examples:
        >>> model = nn.Dense(2, 1, rng=0)
        >>> average = optim.EMA(model.parameters(), decay=0.99)
        >>> x, optimizer = np.ones((4, 2), np.float32), optim.SGD(model.parameters(), lr=0.1)
        >>> callbacks = [mg.AverageWeights(average)]
        >>> _ = mg.train(model, losses.mse, optimizer, [(x, x[:, :1])], epochs=3, callbacks=callbacks, progress=False)
        >>> with average.averaged():
        ...     model(x).shape
        (4, 1)
    """

    def __init__(self, average: EMA) -> None:
        if not isinstance(average, EMA):
            raise TypeError(
                f"AverageWeights takes averages such as optim.EMA(model.parameters()), not a {type(average).__name__}"
            )
        self.average = average

    def on_begin(self, run: Run) -> None:
        """See that they are averages of this model."""
        if not {id(each) for each in self.average.parameters} & {id(each) for each in run.model.parameters()}:
            raise ValueError(
                "AverageWeights: the averages are of no parameter of this model, but of those of another one; make "
                "them with optim.EMA(model.parameters())"
            )

    def on_step_end(self, run: Run) -> None:
        """Take in the new weights."""
        self.average.update()

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """The averages."""
        return self.average.state_dict()

    def load_state_dict(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from these averages."""
        self.average.load_state_dict(state)
