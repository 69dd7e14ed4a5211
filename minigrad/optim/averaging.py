"""How is the average of parameters over many steps kept, and used in their place?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from threading import get_ident
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.stand_ins import StandIn
from minigrad.engine.tensor import Tensor
from minigrad.optim.arithmetic import Move, adding, in_one_go, scratch_for, telling_afterwards
from minigrad.optim.checks import Parameters, fraction, named, require_trainable
from minigrad.optim.state import load_into


class EMA:
    """An exponential moving average of parameters: their mean, in which older values count less and less.

    The average often predicts better than the parameters of the last step. With the parameter w after the t-th call of
    `update`, counted from 1, and its average a:

        a  <-  a + (1 - decay) / (1 - decay**t) * (w - a)

    That is ``(1 - decay) / (1 - decay**t) * sum(decay**(t - i) * w_i)``, a mean with weights that add up to 1 from the
    first call on, in which a starting value has no part. Kingma, Ba 2015, "Adam: a method for stochastic optimization",
    arXiv:1412.6980, section 7.2; averaging itself: Polyak, Juditsky 1992, "Acceleration of stochastic approximation by
    averaging".

    Only parameters are averaged. The state of layers, such as the running means of `minigrad.nn.BatchNorm`, stays that
    of the training: these means belong to activations under the parameters of the last steps, to which the average is
    close. For a model with such layers, a pass over some batches in training mode inside ``with ema.averaged():``
    brings them up to date (Izmailov et al. 2018, "Averaging weights leads to wider optima and better generalization",
    arXiv:1803.05407, section 3.2); it also changes what the training goes on with.

    Args:
        parameters: leaf Tensors of any shapes and floating dtypes that require a gradient; at least one. Or pairs of a
            name and such a Tensor.
        decay: how much older values count from one call to the next, in [0, 1): about 1 / (1 - decay) calls matter.

    Raises:
        ValueError: for no parameters, one that requires no gradient or is not a leaf, the same one twice, or a decay
            out of range.
        TypeError: for a parameter that is not a Tensor, or that a transform differentiates by.

    Examples:
        >>> w = mg.Tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer, ema = optim.SGD([w], lr=0.25), optim.EMA([w], decay=0.5)
        >>> for _ in range(2):
        ...     optimizer.zero_grad()
        ...     (w * w).sum().backward()
        ...     optimizer.step()
        ...     ema.update()
        >>> w
        Tensor([0.25, 0.5 ], requires_grad=True)
        >>> with ema.averaged():
        ...     w.numpy().round(3)
        array([0.333, 0.667])
        >>> w
        Tensor([0.25, 0.5 ], requires_grad=True)
    """

    def __init__(self, parameters: Parameters, decay: float = 0.999) -> None:
        self._parameters = named(parameters)[1]
        require_trainable("optim.EMA([x])", self._parameters, "average x.detach() outside of the function")
        self._decay = fraction("decay", decay)
        self._scratch = scratch_for(self._parameters)
        self._updates = np.zeros((), np.int64)
        self._averages: list[NDArray[Any]] = [np.zeros(each.shape, each.dtype) for each in self._scratch]
        # How many blocks there are in which the averages are in the place of the parameters, and in which thread.
        self._blocks = 0
        self._thread: dict[str, int] = {}

    def __repr__(self) -> str:
        numbers = sum(parameter.size for parameter in self._parameters)
        held = f"{len(self._parameters)} parameters of {numbers:,} numbers"
        return f"<EMA(decay={self._decay}): {held}, {self.updates} updates>"

    @property
    def parameters(self) -> tuple[Tensor, ...]:
        """The Tensors that are averaged."""
        return self._parameters

    @property
    def updates(self) -> int:
        """How often `update` was called."""
        return int(self._updates)

    def update(self) -> None:
        """Take the values of now into the averages; call it after ``optimizer.step()``.

        Where Ctrl-C breaks it off, all averages have changed, or none. Overflows and the like are told afterwards, as
        those of `Optimizer.step`.

        Raises:
            RuntimeError: inside of ``with ema.averaged():``, where the values of now are averages themselves.
            TypeError: inside of a function that is recorded or compiled.
        """
        if self._blocks:
            raise RuntimeError("ema.update() inside `with ema.averaged():` would average the averages; call it after")
        self._refuse_recorded("update")
        telling_afterwards("EMA.update()", self._update)

    def _update(self) -> None:
        count = self.updates + 1
        rate = (1.0 - self._decay) / (1.0 - self._decay**count)
        moves: list[Move] = [(self._updates.fill, count)]
        for parameter, average, scratch in zip(self._parameters, self._averages, self._scratch, strict=True):
            moves.append((np.subtract, parameter._writable(), average, scratch))
            moves += adding(average, rate, scratch, scratch)
        in_one_go(*moves)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """A block in which the parameters have the average values; afterwards, also after errors, their own again.

        A graph from before is refused by a later backward pass, as after a step. What is written to the parameters
        inside the block is lost at its end.

        Raises:
            RuntimeError: where `update` was never called, and while another thread is in such a block.
            TypeError: inside of a function that is recorded or compiled.

        Examples:
            >>> w = mg.Tensor([1.0, 2.0], requires_grad=True)
            >>> ema = optim.EMA([w])
            >>> ema.update()
            >>> with ema.averaged():
            ...     saved = w.numpy().copy()
        """
        self._require_updates("averaged")
        this = get_ident()
        try:
            # One call of C: of two threads, one comes first.
            if self._thread.setdefault("inside", this) != this:
                raise RuntimeError(
                    "ema.averaged(): another thread is in such a block, and would take the averages for the values of "
                    "the parameters; let it end first, or average a copy of the model"
                )
            own = [parameter._writable().copy() for parameter in self._parameters]
            before = self._blocks
            try:
                self._blocks = before + 1
                _write(self._parameters, self._averages)
                yield
            finally:
                try:
                    _write(self._parameters, own)
                except BaseException:
                    # Ctrl-C, in the middle of it.
                    _write(self._parameters, own)
                    raise
                finally:
                    self._blocks = before
        finally:
            if not self._blocks and self._thread.get("inside") == this:
                self._thread.clear()

    def copy_to(self, parameters: Parameters | None = None) -> None:
        """Write the averages to the parameters for good, or to those of another model.

        Args:
            parameters: as many Tensors of the same shapes, in the same order, that require a gradient; their own
                parameters where none are given.

        Raises:
            RuntimeError: where `update` was never called; for their own parameters inside of ``with ema.averaged():``,
                at whose end they have their own values again.
            ValueError: for another number of them or another shape, or one that is no leaf.
            TypeError: for what is no Tensor; inside of a function that is recorded or compiled.

        After each of these nothing was written.

        Examples:
            >>> w = mg.Tensor([1.0, 2.0], requires_grad=True)
            >>> ema, other = optim.EMA([w]), mg.Tensor([0.0, 0.0], requires_grad=True)
            >>> ema.update()
            >>> ema.copy_to([other])
            >>> other
            Tensor([1., 2.], requires_grad=True)
        """
        self._require_updates("copy_to")
        if parameters is None:
            if self._blocks:
                raise RuntimeError(
                    "ema.copy_to() inside `with ema.averaged():` would be undone at its end; call it after"
                )
            _write(self._parameters, self._averages)
            return
        others = named(parameters)[1]
        require_trainable("ema.copy_to([x])", others, "compute with the values of x instead")
        if len(others) != len(self._parameters):
            raise ValueError(f"copy_to was given {len(others)} parameters; there are averages of {len(self._averages)}")
        for position, (other, average) in enumerate(zip(others, self._averages, strict=True)):
            if other.shape != average.shape:
                raise ValueError(
                    f"copy_to: parameters[{position}] has shape {other.shape}; the average has shape {average.shape}"
                )
        _write(others, self._averages)

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """The averages, as copies of arrays: ``np.savez(file, **state)`` saves them.

        ``"updates"`` is how often `update` was called, of shape () and dtype int64; ``"average.<position>"`` belongs to
        the parameter at that position, and is float32 for a parameter of float16.
        """
        return {key: array.copy() for key, array in self._arrays().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another one of the same parameters was when it gave its `state_dict`.

        Raises:
            KeyError: for missing or unexpected keys.
            ValueError: for an array of another shape.
            TypeError: for an array of another dtype, a Tensor that requires a gradient, or no dict at all.

        After each of these nothing was loaded.
        """
        load_into(self._arrays(), state, "EMA")

    def _arrays(self) -> dict[str, NDArray[Any]]:
        averages = {f"average.{position}": array for position, array in enumerate(self._averages)}
        return {"updates": self._updates, **averages}

    def _require_updates(self, method: str) -> None:
        self._refuse_recorded(method)
        if not self.updates:
            raise RuntimeError(f"ema.{method}(): there is nothing to average yet; call ema.update() after each step")

    def _refuse_recorded(self, method: str) -> None:
        if any(isinstance(parameter._array, StandIn) for parameter in self._parameters):
            raise TypeError(
                f"ema.{method}() inside of a function that is recorded or compiled would not be a part of it; call it "
                "after the function"
            )


def _write(parameters: Sequence[Tensor], values: Sequence[NDArray[Any]]) -> None:
    """Write all of these values, or none where Ctrl-C comes; graphs from before are told first."""
    for parameter in parameters:
        parameter._mark_changed()
    # In a context of its own, whose settings go with it wherever Ctrl-C comes.
    copy_context().run(_copy, parameters, values)


def _copy(parameters: Sequence[Tensor], values: Sequence[NDArray[Any]]) -> None:
    np.seterr(all="ignore")
    in_one_go(*[(np.copyto, each._writable(), new, "same_kind") for each, new in zip(parameters, values, strict=True)])
