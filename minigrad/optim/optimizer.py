"""What do all optimisers have in common?"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.away import Memory
from minigrad.engine.stand_ins import StandIn, ongoing
from minigrad.engine.tensor import Tensor
from minigrad.optim.arithmetic import in_dtype, scratch_for, telling_afterwards
from minigrad.optim.checks import Parameters, named, positive, refuse_dependent, require_trainable
from minigrad.optim.clipping import clip_by_norm, require_a_gradient
from minigrad.optim.groups import Groups, GroupSettings
from minigrad.optim.schedules import Schedule
from minigrad.optim.showing import page, text
from minigrad.optim.state import load_into
from minigrad.optim.updating import Updating


class Optimizer(ABC):
    """Changes parameters in place, by a rule that a subclass writes as `_update`, and as an equation in `_equation`.

    A subclass that lets groups of parameters have settings of their own gives its settings in `_settings`, takes others
    in `_set`, and calls `_divide` once it is set.

    Args:
        parameters: leaf Tensors of any shapes and floating dtypes that require a gradient; at least one.
            Or pairs of a name and such a Tensor.
        lr: the learning rate, positive and finite; or a schedule, which is called with the number of steps taken so
            far (0 for the first) and returns the learning rate of the next, finite and not negative.
        max_norm: where given, `step` first calls `clip_by_norm` on the gradients with it.

    Raises:
        ValueError: for no parameters, one that requires no gradient or is not a leaf, the same one twice, or numbers
            out of range.
        TypeError: for a parameter that is not a Tensor, or that a transform differentiates by.
    """

    def __init__(self, parameters: Parameters, lr: float | Schedule, max_norm: float | None) -> None:
        self._names, self._parameters = named(parameters)
        require_trainable(
            f"optim.{type(self).__name__}([x])",
            self._parameters,
            "write x = x - lr * gradient, with (gradient,) = mg.gradients(loss, [x], create_graph=True)",
        )
        self.lr = lr
        self._max_norm = None if max_norm is None else positive("max_norm", max_norm)
        self._own: dict[str, Any] = {"steps": np.zeros((), np.int64)}
        self._scratch = scratch_for(self._parameters)
        # What is remembered of each parameter, by name.
        self._memories: list[Memory] = [Memory() for _ in self._parameters]
        self._remembered: list[str] = []
        self._groups: Groups | None = None

    # Whether an update is ``w - lr * g`` and nothing else, which compiled code does in one call of BLAS.
    _is_plain_descent = False

    def _settings(self) -> dict[str, Any]:
        """What a subclass was set to, but for the learning rate, by the names of its arguments."""
        return {}

    def _set(self, settings: Mapping[str, Any]) -> None:
        """Check settings with the names of `_settings`, and keep them."""
        if settings:
            raise TypeError(
                f"{type(self).__name__} has no method _set(settings), which lets groups of parameters have settings of "
                "their own"
            )

    def _divide(self, groups: GroupSettings | None) -> None:
        """Let some parameters have settings of their own."""
        self._groups = None if groups is None else Groups(self, self._names, groups)

    def _rules(self) -> list[Optimizer]:
        """This optimiser, and it as it is set for groups of parameters; all of them share what they remember."""
        return [self, *(self._groups.distinct if self._groups else ())]

    def _rates(self) -> list[float]:
        """The learning rate of the next step for each parameter."""
        lr = self.lr
        if self._groups is None:
            return [lr] * len(self._parameters)
        own = {id(rule): rule.lr for rule in self._groups.distinct if rule._lr is not None}
        return [own.get(id(rule), lr) for rule in self._groups.rules]

    def __repr__(self) -> str:
        return text(self)

    def _repr_html_(self) -> str:
        """What notebooks show: the settings, and how far it is."""
        return page(self)

    @property
    def lr(self) -> float:
        """The learning rate of the next step; a positive finite number or a schedule can be assigned."""
        if not callable(self._lr):
            return self._lr
        if isinstance(self._own["steps"], StandIn):
            raise TypeError(
                "the learning rate comes from a schedule, a function of the number of steps, and that number is a "
                "value that a program computes here; record the step with a number: optimizer.lr = 0.1"
            )
        given = self._lr(self.steps)
        # One number of NumPy's will do, too.
        value = float(given) if np.size(given) == 1 and np.asarray(given).dtype.kind in "iuf" else math.nan
        if math.isnan(value) and not isinstance(given, (float, np.floating)):
            raise ValueError(f"the schedule gives {given!r} after {self.steps} steps, not a learning rate")
        if not 0.0 <= value < math.inf:
            raise ValueError(f"the schedule gives a learning rate of {value} after {self.steps} steps")
        return value

    @lr.setter
    def lr(self, lr: float | Schedule) -> None:
        self._lr: float | Schedule = lr if callable(lr) else positive("lr, unless it is a schedule,", lr)

    @property
    def parameters(self) -> tuple[Tensor, ...]:
        """The Tensors that are updated."""
        return self._parameters

    def settings(self) -> dict[str, dict[str, Any]]:
        """What each parameter is updated with at the next step, its learning rate first, by names or positions.

        Examples:
            >>> model = nn.Dense(3, 2, rng=0)
            >>> groups = {"*bias": {"lr": optim.linear(0.5, 0.1, steps=4)}}
            >>> optimizer = optim.RMSprop(model.named_parameters(), lr=0.1, groups=groups)
            >>> {name: settings["lr"] for name, settings in optimizer.settings().items()}
            {'weight': 0.1, 'bias': 0.5}
        """
        names = self._names or [f"parameters[{position}]" for position in range(len(self._parameters))]
        rules = [self] * len(names) if self._groups is None else [rule or self for rule in self._groups.rules]
        return {
            name: {"lr": lr, **rule._settings()} for name, lr, rule in zip(names, self._rates(), rules, strict=True)
        }

    @property
    def steps(self) -> int:
        """How many steps were taken so far."""
        return int(self._own["steps"])

    def step(self) -> None:
        """Update every parameter that has a gradient, in place; one without is left alone, its buffers included.

        A graph recorded before is refused by a later backward pass. Gradients stay as they are, unless clipped.

        Raises:
            RuntimeError: where no parameter has a gradient.
            FloatingPointError: with `max_norm`, where a gradient is not finite.
            ValueError: for a schedule that returns a negative or non-finite learning rate.
            TypeError: inside a transform, where a gradient depends on its argument: the update would hide that.

        After each of these no parameter has changed. Where Ctrl-C breaks it off, every parameter has its values and
        buffers from before, or those from after the step. Overflows and the like in an update stop nothing: where NumPy
        computes the update, they are told once the step is done as `np.errstate` asks for, by a RuntimeWarning or a
        FloatingPointError. BLAS, which adds a multiple of one array to another in float32 and float64 where their
        memory allows it, tells of none: plain `SGD` gives inf or nan silently there.

        The updates run in a context of their own. `_update` of an optimiser of yours sees neither context variables
        that were set around `step()`, nor `no_grad` or `np.errstate` around it.
        """
        rates = self._rates()
        refuse_dependent(type(self).__name__, self._parameters)
        if self._max_norm is not None:
            clip_by_norm(self._parameters, self._max_norm)
        telling_afterwards(f"{type(self).__name__}.step()", self._update_all, rates)

    def _update_all(self, rates: Sequence[float]) -> None:
        updated = False
        for position, parameter in enumerate(self._parameters):
            if (deposited := parameter.grad) is not None:
                gradient, scratch, lr = deposited._array, self._scratch[position], rates[position]
                rule = self if self._groups is None else self._groups.rules[position] or self
                if gradient.dtype is not scratch.dtype:
                    gradient = gradient.astype(scratch.dtype, copy=False)
                values = parameter._writable()
                try:
                    # Graphs from before are told first: should Ctrl-C come, none of them meets values it does not know.
                    parameter._mark_changed()
                    if ongoing and (isinstance(values, StandIn) or isinstance(gradient, StandIn)):
                        rule._update_recorded(position, gradient, lr)
                    else:
                        rule._update(position, values, gradient, scratch, lr)
                except BaseException:
                    # A tracer may raise where no signal can come, in the middle of marking.
                    parameter._mark_changed()
                    raise
                updated = True
        if not updated:
            require_a_gradient(self._parameters)
        if isinstance(self._own["steps"], StandIn):
            self._own["steps"] = self._own["steps"] + 1  # type: ignore[operator]  # as arrays do
        else:
            self._own["steps"].fill(self.steps + 1)

    def _update_recorded(self, position: int, gradient: Any, lr: float) -> None:
        """Update one parameter by its equation: what stands in for an array is not written to, but replaced."""
        parameter, memory = self._parameters[position], self._memories[position]
        frozen = [key for key, holder, name in self._kept() if not isinstance(holder[name], StandIn)]
        if frozen:
            raise TypeError(
                f"{type(self).__name__}.step() changes values that a program computes, but what it remembers is no "
                f"input of that program ({', '.join(frozen[:3])}), and would be frozen; pass the optimiser to the "
                "function as an argument"
            )
        if gradient.takes_kernels:
            given = (parameter._array, gradient, lr, *memory.values())
            parameter._array, *changed = gradient.taken_whole(Updating(self, position), given, {})
            memory.update(zip(memory, changed, strict=True))
            return
        if isinstance(lr, StandIn):
            # A number of Python takes on the dtype of the parameter; a value of a program does not.
            lr = in_dtype(lr, self._scratch[position].dtype)
        values, kept = self._equation(parameter._array, gradient, lr, memory)
        parameter._array = in_dtype(values, parameter.dtype)
        memory.update(kept)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters: each ``.grad`` is None afterwards."""
        for parameter in self._parameters:
            parameter.zero_grad()

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """What the optimiser remembers between steps, as copies of arrays: ``np.savez(file, **state)`` saves it.

        ``"steps"`` is how many were taken, of shape () and dtype int64; ``"<buffer>.<position>"`` belongs to the
        parameter at that position. Parameters and settings such as the learning rate are not part of it.
        """
        return {key: holder[name].copy() for key, holder, name in self._kept()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another optimiser of the same kind, settings and parameters was when it gave its `state_dict`.

        Raises:
            KeyError: for missing or unexpected keys.
            ValueError: for an array of another shape.
            TypeError: for an array of another dtype, a Tensor that requires a gradient, or no dict at all.

        After each of these nothing was loaded.
        """
        load_into({key: holder[name] for key, holder, name in self._kept()}, state, type(self).__name__)

    @abstractmethod
    def _update(
        self, position: int, values: NDArray[Any], gradient: NDArray[Any], scratch: NDArray[Any], lr: float
    ) -> None:
        """Update one parameter: write to `values` and `scratch`, only read `gradient`; all of the same shape.

        It is called in a context of its own, where NumPy raises and warns of nothing before the step is done, and where
        context variables and blocks such as `no_grad` from around `step` do not hold.
        """

    def _equation(self, w: Any, g: Any, lr: float, memory: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """What `_update` does, as expressions: for a program, which writes down how new values follow from old ones.

        Args:
            w: the parameter.
            g: its gradient.
            lr: the learning rate.
            memory: what is remembered of it, by the names given to `_remember_zeros` and `_remember_count`.

        Returns:
            The new values of the parameter, and those of what is remembered.
        """
        raise TypeError(
            f"{type(self).__name__}.step() cannot be part of a program, because {type(self).__name__} has no method "
            "_equation(w, g, lr, memory), which gives the new values of w and of what is remembered as expressions"
        )

    def _remember_zeros(self, name: str) -> None:
        """Keep a buffer for each parameter, of its shape, between steps and as a part of the state."""
        self._remembered.append(name)
        for memory, scratch in zip(self._memories, self._scratch, strict=True):
            memory[name] = np.zeros(scratch.shape, scratch.dtype)

    def _remember_count(self, name: str) -> None:
        """Keep a 0-d integer for each parameter between steps and as a part of the state."""
        self._remembered.append(name)
        for memory in self._memories:
            memory[name] = np.zeros((), np.int64)

    def _kept(self) -> Iterator[tuple[str, dict[str, Any], str]]:
        """Where every array of the state is kept: its key in `state_dict`, a dict that holds it, and its key there."""
        yield "steps", self._own, "steps"
        for position, memory in enumerate(self._memories):
            for name in self._remembered:
                yield f"{name}.{position}", memory, name
