"""How does gradient descent with momentum change a parameter?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.optim.arithmetic import Move, adding, in_one_go
from minigrad.optim.checks import Parameters, fraction, not_negative
from minigrad.optim.groups import GroupSettings
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.schedules import Schedule


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum and weight decay if wanted.

    With the parameter w, its gradient g and its velocity v, which is 0 at first:

        g  <-  g + weight_decay * w
        v  <-  momentum * v + g
        w  <-  w - lr * v                       or, with nesterov,    w  <-  w - lr * (g + momentum * v)

    Momentum: Polyak 1964, "Some methods of speeding up the convergence of iteration methods". Nesterov's, in the form
    above: Sutskever, Martens, Dahl, Hinton 2013, "On the importance of initialization and momentum in deep learning",
    section 2.

    Args:
        parameters: leaf Tensors of any shapes and floating dtypes that require a gradient; at least one. Or pairs of
            a name and such a Tensor.
        lr: the learning rate, positive and finite; or a schedule, a function from the number of steps taken so far.
        momentum: the share of the velocity that is left after a step, in [0, 1).
        nesterov: whether to use the gradient as it will be after the velocity's next move; needs momentum.
        weight_decay: the strength of the penalty ``weight_decay / 2 * sum(w**2)`` of each parameter; at least 0.
        max_norm: where given, the gradients are first scaled by `clip_by_norm` to this joint norm.
        groups: settings that some parameters have for themselves: a dict from patterns of names, such as ``"*bias"``,
            or functions of a name and a parameter, such as `vectors`, to settings by name, `lr` among them. Later
            entries override earlier ones. Patterns need names: give ``model.named_parameters()``.

    Raises:
        ValueError: for no parameters, one that requires no gradient or is not a leaf, the same one twice, numbers
            out of range, `nesterov` without momentum, or groups that are for none of the parameters or set what is no
            setting.
        TypeError: for a parameter that is not a Tensor.

    Examples:
        >>> w = mg.Tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = optim.SGD([w], lr=0.25)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        Tensor([0.5, 1. ], requires_grad=True)
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float | Schedule,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        max_norm: float | None = None,
        groups: GroupSettings | None = None,
    ) -> None:
        super().__init__(parameters, lr, max_norm)
        self._set({"momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay})
        self._divide(groups)
        if any(rule._settings()["momentum"] for rule in self._rules()):
            self._remember_zeros("momentum")

    def _set(self, settings: Mapping[str, Any]) -> None:
        self._momentum = fraction("momentum", settings["momentum"])
        self._nesterov = settings["nesterov"]
        self._weight_decay = not_negative("weight_decay", settings["weight_decay"])
        self._is_plain_descent = type(self) is SGD and not (self._momentum or self._weight_decay)
        if self._nesterov and not self._momentum:
            raise ValueError("nesterov=True needs a momentum above 0")

    def _settings(self) -> dict[str, Any]:
        return {"momentum": self._momentum, "nesterov": self._nesterov, "weight_decay": self._weight_decay}

    def _equation(self, w: Any, g: Any, lr: float, memory: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        if self._weight_decay:
            g = g + self._weight_decay * w
        if not self._momentum:
            return w - lr * g, {}
        v = self._momentum * memory["momentum"] + g
        step = g + self._momentum * v if self._nesterov else v
        return w - lr * step, {"momentum": v}

    def _update(
        self, position: int, values: NDArray[Any], gradient: NDArray[Any], scratch: NDArray[Any], lr: float
    ) -> None:
        moves: list[Move] = []
        if self._weight_decay:
            moves += [(np.multiply, values, self._weight_decay, scratch), (np.add, scratch, gradient, scratch)]
            gradient = scratch
        if self._momentum:
            velocity = self._memories[position]["momentum"]
            moves += [(np.multiply, velocity, self._momentum, velocity), (np.add, velocity, gradient, velocity)]
            if self._nesterov:
                # In two moves, lr * g and then lr * momentum * v, so that one scratch array is enough.
                moves += adding(values, -lr, gradient, scratch)
                lr = lr * self._momentum
            gradient = velocity
        in_one_go(*moves, *adding(values, -lr, gradient, scratch))
