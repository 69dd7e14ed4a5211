"""How does RMSprop change a parameter?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.optim.arithmetic import Move, adding, in_one_go
from minigrad.optim.checks import Parameters, fraction, positive
from minigrad.optim.groups import GroupSettings
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.schedules import Schedule


class RMSprop(Optimizer):
    """Gradients divided by the root of a running mean of their squares.

    With the parameter w, its gradient g, its second moment v and its velocity u, which are 0 at first:

        v  <-  decay * v + (1 - decay) * g**2
        u  <-  momentum * u + g / (sqrt(v) + eps)
        w  <-  w - lr * u

    Tieleman, Hinton 2012, "Neural networks for machine learning", lecture 6.5.

    Args:
        parameters: leaf Tensors of any shapes and floating dtypes that require a gradient; at least one. Or pairs of
            a name and such a Tensor.
        lr: the learning rate, positive and finite; or a schedule, a function from the number of steps taken so far.
        decay: the share of the second moment that is left after a step, in [0, 1).
        eps: what keeps the division from exploding, in the units of the gradients; positive.
        momentum: the share of the velocity that is left after a step, in [0, 1).
        max_norm: where given, the gradients are first scaled by `clip_by_norm` to this joint norm.
        groups: settings that some parameters have for themselves: a dict from patterns of names, such as ``"*bias"``,
            or functions of a name and a parameter, such as `vectors`, to settings by name, `lr` among them. Later
            entries override earlier ones. Patterns need names: give ``model.named_parameters()``.

    Raises:
        ValueError: for no parameters, one that requires no gradient or is not a leaf, the same one twice, numbers out
            of range, or groups that are for none of the parameters or set what is no setting.
        TypeError: for a parameter that is not a Tensor.

    Examples:
        >>> w = mg.Tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = optim.RMSprop([w], lr=0.1, decay=0.75)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        Tensor([0.8, 1.8], requires_grad=True)
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float | Schedule = 1e-2,
        decay: float = 0.9,
        eps: float = 1e-8,
        momentum: float = 0.0,
        max_norm: float | None = None,
        groups: GroupSettings | None = None,
    ) -> None:
        super().__init__(parameters, lr, max_norm)
        self._set({"decay": decay, "eps": eps, "momentum": momentum})
        self._divide(groups)
        self._remember_zeros("second_moment")
        if any(rule._settings()["momentum"] for rule in self._rules()):
            self._remember_zeros("momentum")

    def _set(self, settings: Mapping[str, Any]) -> None:
        self._decay = fraction("decay", settings["decay"])
        self._eps = positive("eps", settings["eps"])
        self._momentum = fraction("momentum", settings["momentum"])

    def _settings(self) -> dict[str, Any]:
        return {"decay": self._decay, "eps": self._eps, "momentum": self._momentum}

    def _equation(self, w: Any, g: Any, lr: float, memory: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        v = self._decay * memory["second_moment"] + (1.0 - self._decay) * g**2
        u = g / (np.sqrt(v) + self._eps)
        if not self._momentum:
            return w - lr * u, {"second_moment": v}
        u = self._momentum * memory["momentum"] + u
        return w - lr * u, {"second_moment": v, "momentum": u}

    def _update(
        self, position: int, values: NDArray[Any], gradient: NDArray[Any], scratch: NDArray[Any], lr: float
    ) -> None:
        memory = self._memories[position]
        second = memory["second_moment"]
        moves: list[Move] = [
            (np.multiply, second, self._decay, second),
            (np.multiply, gradient, gradient, scratch),
            *adding(second, 1.0 - self._decay, scratch, scratch),
            (np.sqrt, second, scratch),
            (np.add, scratch, self._eps, scratch),
            (np.divide, gradient, scratch, scratch),
        ]
        change = scratch
        if self._momentum:
            change = memory["momentum"]
            moves += [(np.multiply, change, self._momentum, change), (np.add, change, scratch, change)]
        in_one_go(*moves, *adding(values, -lr, change, scratch))
