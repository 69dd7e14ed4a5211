"""How do Adam and AdamW change a parameter?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.optim.arithmetic import Move, adding, in_dtype, in_one_go
from minigrad.optim.checks import Parameters, fraction, not_negative, positive
from minigrad.optim.groups import GroupSettings
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.schedules import Schedule


class Adam(Optimizer):
    """Steps of about `lr` in every element, whatever the scale of its gradient.

    With the parameter w, its gradient g, its moments m and v, which are 0 at first, and t counting the updates of this
    parameter from 1:

        m  <-  beta1 * m + (1 - beta1) * g
        v  <-  beta2 * v + (1 - beta2) * g**2
        w  <-  w - lr * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps)

    Kingma, Ba 2015, "Adam: a method for stochastic optimization", arXiv:1412.6980, algorithm 1.

    Args:
        parameters: leaf Tensors of any shapes and floating dtypes that require a gradient; at least one. Or pairs of
            a name and such a Tensor.
        lr: the learning rate, positive and finite; or a schedule, a function from the number of steps taken so far.
        betas: the share of the first and of the second moment that is left after a step, each in [0, 1).
        eps: what keeps the division from exploding, in the units of the gradients; positive.
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
        >>> optimizer = optim.Adam([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        Tensor([0.9, 1.9], requires_grad=True)
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        max_norm: float | None = None,
        groups: GroupSettings | None = None,
    ) -> None:
        super().__init__(parameters, lr, max_norm)
        self._set({"betas": betas, "eps": eps})
        self._divide(groups)
        self._remember_count("updates")
        # The moments without the factors 1 - beta, which cost a pass over the arrays each.
        self._remember_zeros("sum")
        self._remember_zeros("square_sum")

    def _set(self, settings: Mapping[str, Any]) -> None:
        betas = settings["betas"]
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ValueError(f"betas must be two numbers, such as (0.9, 0.999), not {betas!r}")
        self._beta1 = fraction("betas[0]", betas[0])
        self._beta2 = fraction("betas[1]", betas[1])
        self._eps = positive("eps", settings["eps"])

    def _settings(self) -> dict[str, Any]:
        return {"betas": (self._beta1, self._beta2), "eps": self._eps}

    def _equation(self, w: Any, g: Any, lr: float, memory: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        beta1, beta2 = self._beta1, self._beta2
        t = memory["updates"] + 1
        total = beta1 * memory["sum"] + g
        squares = beta2 * memory["square_sum"] + g**2
        # Numbers computed from t are float64, and would make the moments so.
        m = in_dtype((1.0 - beta1) / (1.0 - beta1**t), total.dtype) * total
        v = in_dtype((1.0 - beta2) / (1.0 - beta2**t), total.dtype) * squares
        return w - lr * m / (np.sqrt(v) + self._eps), {"updates": t, "sum": total, "square_sum": squares}

    def _update(
        self, position: int, values: NDArray[Any], gradient: NDArray[Any], scratch: NDArray[Any], lr: float
    ) -> None:
        in_one_go(*self._moves(position, values, gradient, scratch, lr))

    def _moves(
        self, position: int, values: NDArray[Any], gradient: NDArray[Any], scratch: NDArray[Any], lr: float
    ) -> list[Move]:
        beta1, beta2 = self._beta1, self._beta2
        memory = self._memories[position]
        total, squares = memory["sum"], memory["square_sum"]
        updates = int(memory["updates"]) + 1
        # So that m / (1 - beta1**t) is first * total, and sqrt(v / (1 - beta2**t)) is second * sqrt(squares).
        first = (1.0 - beta1) / (1.0 - beta1**updates)
        second = math.sqrt((1.0 - beta2) / (1.0 - beta2**updates))
        return [
            (memory["updates"].fill, updates),
            (np.multiply, total, beta1, total),
            (np.add, total, gradient, total),
            (np.multiply, squares, beta2, squares),
            (np.multiply, gradient, gradient, scratch),
            (np.add, squares, scratch, squares),
            (np.sqrt, squares, scratch),
            (np.add, scratch, self._eps / second, scratch),
            (np.divide, total, scratch, scratch),
            *adding(values, -lr * first / second, scratch, scratch),
        ]


class AdamW(Adam):
    """Adam with weight decay that does not pass through the moments.

    Each update begins with:

        w  <-  w - lr * weight_decay * w

    and goes on as `Adam`. Loshchilov, Hutter 2019, "Decoupled weight decay regularization", arXiv:1711.05101,
    algorithm 2, where `lr` stands for the paper's schedule multiplier in the decay, too.

    Args:
        parameters: leaf Tensors of any shapes and floating dtypes that require a gradient; at least one. Or pairs of
            a name and such a Tensor.
        lr: the learning rate, positive and finite; or a schedule, a function from the number of steps taken so far.
        betas: the share of the first and of the second moment that is left after a step, each in [0, 1).
        eps: what keeps the division from exploding, in the units of the gradients; positive.
        weight_decay: the share of a parameter that it loses per step and learning rate; at least 0.
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
        >>> optimizer = optim.AdamW([w], lr=0.1, weight_decay=0.5)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        Tensor([0.85, 1.8 ], requires_grad=True)
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        max_norm: float | None = None,
        groups: GroupSettings | None = None,
    ) -> None:
        # What Adam sets comes first, and the groups after all settings.
        self._weight_decay = not_negative("weight_decay", weight_decay)
        super().__init__(parameters, lr, betas, eps, max_norm, groups)

    def _set(self, settings: Mapping[str, Any]) -> None:
        super()._set(settings)
        self._weight_decay = not_negative("weight_decay", settings.get("weight_decay", self._weight_decay))

    def _settings(self) -> dict[str, Any]:
        return super()._settings() | {"weight_decay": self._weight_decay}

    def _equation(self, w: Any, g: Any, lr: float, memory: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        return super()._equation(w - lr * self._weight_decay * w, g, lr, memory)

    def _moves(
        self, position: int, values: NDArray[Any], gradient: NDArray[Any], scratch: NDArray[Any], lr: float
    ) -> list[Move]:
        # As a subtraction: in float32 the factor 1 - lr * weight_decay would be rounded to steps of 6e-8.
        decay = adding(values, -lr * self._weight_decay, values, scratch)
        return decay + super()._moves(position, values, gradient, scratch, lr)
