"""Which layer leaves out units at random?"""

from __future__ import annotations

import numpy as np

from minigrad.engine.values import shape_of
from minigrad.nn.initializers import Seed
from minigrad.nn.stateless import Stateless, Values


class Dropout(Stateless):
    """In training, each element is 0 with probability `rate` and multiplied by 1 / (1 - rate) otherwise.

    Srivastava et al. (2014), "Dropout: a simple way to prevent neural networks from overfitting", in the inverted form
    that needs no scaling afterwards: in evaluation nothing happens.

    Args:
        rate: at least 0 and below 1.
        rng: a seed or generator.

    Raises:
        ValueError: for a rate outside [0, 1).
    """

    def __init__(self, rate: float, rng: Seed = None) -> None:
        if not (isinstance(rate, (int, float)) and 0.0 <= rate < 1.0):
            raise ValueError(f"Dropout: a rate is a number of at least 0 and below 1, not {rate!r}")
        self.rate = rate
        self.rng = np.random.default_rng(rng)

    def forward(self, x: Values) -> Values:
        """x * mask / (1 - rate)."""
        if not self.training or self.rate == 0.0:
            return x
        kept = self.rng.random(shape_of(x)) >= self.rate
        return x * kept * (1.0 / (1.0 - self.rate))

    def __repr__(self) -> str:
        return f"Dropout({self.rate})"
