"""A program: a function and its gradients as one flat list of NumPy calls, which runs on other inputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.pytrees import mapped
from minigrad.program.given import array_of, check_settings, check_sizes, values_of
from minigrad.program.inputs import is_array, is_holder
from minigrad.program.ir import Guard, Input, Instruction, Size, Var
from minigrad.program.run import Runner

if TYPE_CHECKING:
    from minigrad.program.to_onnx.model import ModelProto
    from minigrad.program.views.cost import Cost


class Program:
    """What `minigrad.program` records.

    It is called with arguments as the examples were, and gives the value of the function as it returns it, and after
    it one gradient for each argument that has some: an array for an array, a dict for a dict. All are arrays.

    Attributes:
        name: of the function.
        arguments: the names of its arguments.
        inputs: the arrays it takes, those of layers and of closed-over Tensors included.
        code: the instructions, in order.
        result: what the function returned, with values of the program in the places of arrays.
        gradients: for each input, the value that is its gradient; None where none was asked for.
        names: what values are called in the user's functions.
        size_names: what sizes are called there.
        gradient_of: for each gradient on the way, the value that it belongs to.
        guards: what has to hold for the sizes of inputs.
        examples: the arguments that it was recorded with; arrays among them are not used.
        settings: what layers and optimisers were set to: objects, attributes, and their values.
        samples: arrays that it was recorded with, on which printed code is tried; none where it was read from text.
    """

    def __init__(
        self,
        *,
        name: str,
        arguments: Sequence[str],
        inputs: Sequence[Input],
        code: Sequence[Instruction],
        result: Any,
        gradients: Sequence[Var | None],
        names: dict[Var, str],
        size_names: dict[Size, str],
        gradient_of: dict[Var, Var],
        guards: Sequence[Guard],
        examples: Sequence[Any],
        function: Callable[..., Any] | None = None,
        settings: Sequence[tuple[Any, str, Any]] = (),
        samples: Sequence[Sequence[Any]] = (),
    ) -> None:
        self.name, self.arguments, self.inputs = name, list(arguments), list(inputs)
        self.code, self.result, self.gradients = list(code), result, list(gradients)
        self.names, self.size_names, self.gradient_of = names, size_names, gradient_of
        self.guards, self.examples, self.function = list(guards), list(examples), function
        self.settings, self.samples = list(settings), list(samples)
        # Made when the program runs first, and anew for other code.
        self._runner: Runner | None = None

    def __repr__(self) -> str:
        takes = ", ".join(each.name for each in self.inputs)
        return f"<program {self.name}({takes}): {len(self.code)} instructions>"

    def _repr_html_(self) -> str:
        """What notebooks show: the printed code of a short program, and what a long one consists of."""
        from minigrad.program.views.notebook import page

        return page(self)

    @property
    def outputs(self) -> list[Var]:
        """The values that are wanted: those of the result, and the gradients."""
        found = [part for part in _leaves(self.result) if isinstance(part, Var)]
        return found + [gradient for gradient in self.gradients if gradient is not None]

    def __call__(self, *arguments: Any) -> Any:
        """The value of the function, and its gradients.

        Raises:
            ProgramError: for other structures, dtypes or numbers of axes than those that were recorded, for sizes that
                the recording fixed, and where a branch would be taken in another way.
        """
        check_settings(self)
        return self._returned(self._run(values_of(self, arguments)))

    def text(self) -> str:
        """The program as readable text, one line for each instruction."""
        from minigrad.program.views.text import text

        return text(self)

    def dot(self) -> str:
        """The program as a picture in the language of Graphviz, which ``dot -Tsvg`` draws."""
        from minigrad.program.views.dot import dot

        return dot(self)

    def html(self, path: str | os.PathLike[str], *arguments: Any) -> None:
        """Write a page on which a reader steps through what the program computes from these arguments.

        It is one file that needs no network; buttons and the arrow keys go from step to step.
        """
        from minigrad.program.views.html import write_page

        values = values_of(self, arguments)
        check_sizes(self, {each.var: np.shape(value) for each, value in zip(self.inputs, values, strict=True)})
        write_page(self, path, values)

    def to_json(self) -> str:
        """The program as text that `from_json` reads.

        What layers and closed-over Tensors hold is not written; it becomes arguments of its own, by name.
        """
        from minigrad.program.views.plain import to_json

        return to_json(self)

    def to_onnx(self, path: str | os.PathLike[str] | None = None) -> ModelProto:
        """The program as a model in ONNX, which other programs run; for inference.

        The arrays among the arguments are its inputs, by their names; sizes that are free in the program stay free.
        What layers and closed-over Tensors hold now is part of the model.

        Args:
            path: a file to which the model is written, too.

        Returns:
            the model, an ``onnx.ModelProto`` that ``onnx.checker`` has checked.

        Raises:
            ProgramError: for a call that has no counterpart in ONNX, with the line that it belongs to.
            ImportError: without onnx.
        """
        from minigrad.program.to_onnx.writer import to_onnx

        return to_onnx(self, path)

    @classmethod
    def from_json(cls, text: str) -> Program:
        """The program that was written by `to_json`.

        Raises:
            ProgramError: for text that is no program, and for functions that do not exist here.
        """
        from minigrad.program.views.reading import read

        return cls(**read(text))

    def difference(self, other: Program) -> str:
        """What differs first between two programs, in words; nothing where they compute the same in the same way."""
        from minigrad.program.views.difference import difference

        return difference(self, other)

    def __eq__(self, other: object) -> bool:
        """Whether two programs have the same inputs, calls, constants, sizes and results."""
        return isinstance(other, Program) and not self.difference(other)

    def __hash__(self) -> int:
        return hash((len(self.inputs), len(self.code)))

    def cost(self, *arguments: Any) -> Cost:
        """What the program takes at the sizes of these arguments; without any, at those that it was recorded with."""
        from minigrad.program.views.cost import cost

        if not arguments:
            return cost(self, None)
        values = values_of(self, arguments)
        check_sizes(self, {each.var: np.shape(value) for each, value in zip(self.inputs, values, strict=True)})
        return cost(self, values)

    def source(self, name: str | None = None, comments: bool = False) -> str:
        """The program as source of plain NumPy; see `minigrad.numpy_source`."""
        from minigrad.program.source.writer import source_of

        return source_of(self, name, comments)

    def to_jax(self) -> Callable[..., Any]:
        """The program as a function of JAX arrays, which ``jax.jit``, ``jax.vmap`` and ``jax.grad`` take.

        It takes the arguments that the program takes, with arrays of JAX in the places of arrays, and a key, such as
        ``jax.random.key(0)``, in that of a generator. In the place of a layer or an optimiser it takes the recorded one
        or None. What these and closed-over Tensors hold is read when the function is called, and can be given by the
        names of the program's inputs: ``function(*arguments, held={"weight": array})``.

        Returns:
            A function that gives what the program gives, as arrays of JAX. Where NumPy raises because of a value, as
            for an index out of bounds, or a matrix that is not positive definite, it gives NaN or what JAX gives.

        Raises:
            ProgramError: for what has no counterpart in JAX, with its name and line, for branches on values, and for
                values of 64 bits where ``jax_enable_x64`` is not set; and when the function is called, for arguments
                that the program does not take.
            ImportError: where JAX is not installed.
        """
        from minigrad.program.to_jax import function_of

        return function_of(self, self._returned)

    def of_arrays(self, values: Sequence[Any]) -> list[Any]:
        """The leaves of the result, and the gradients, for one array for each input.

        Raises:
            ProgramError: as where the program is called.
        """
        found = self._run([array_of(value) for value in values])
        results = [found[part] if isinstance(part, Var) else part for part in _leaves(self.result)]
        return results + [found[gradient] for gradient in self.gradients if gradient is not None]

    def _run(self, values: Sequence[Any]) -> dict[Var, Any]:
        check_sizes(self, {each.var: np.shape(value) for each, value in zip(self.inputs, values, strict=True)})
        given = {each.var: value for each, value in zip(self.inputs, values, strict=True)}
        outputs = self.outputs
        if self._runner is None or self._runner.code is not self.code or self._runner.wanted != outputs:
            self._runner = Runner(self.code, list(given), outputs)
        found = self._runner(given)
        return {var: _owned(value, values) for var, value in found.items()}

    def _returned(self, found: dict[Var, Any]) -> Any:
        """What the function returned and the gradients, given the values of the outputs."""
        result = mapped(self.result, lambda part: found[part] if isinstance(part, Var) else part)
        gradients = self._gradients_in_kind(found)
        return result if not gradients else (result, *gradients)

    def _gradients_in_kind(self, owned: dict[Var, Any]) -> list[Any]:
        """For each argument that has gradients, these in its structure; then those of closed-over Tensors."""
        found: list[Any] = []
        for position, example in enumerate(self.examples):
            own = [
                (each, gradient)
                for each, gradient in zip(self.inputs, self.gradients, strict=True)
                if each.argument == position
            ]
            if not any(gradient is not None for _, gradient in own):
                continue
            if any(is_holder(leaf) for leaf in _leaves(example)):
                found += [owned[gradient] for _, gradient in own if gradient is not None]
                continue
            remaining = iter(own)

            def gradient_of(leaf: Any, remaining: Any = remaining) -> Any:
                if not is_array(leaf):
                    return None
                _, gradient = next(remaining)
                return None if gradient is None else owned[gradient]

            found.append(mapped(example, gradient_of))
        found += [
            owned[gradient]
            for each, gradient in zip(self.inputs, self.gradients, strict=True)
            if each.argument is None and gradient is not None
        ]
        return found


def _owned(value: Any, inputs: Sequence[Any]) -> Any:
    """A result that shares no memory with what was passed in, and can be written to."""
    if not isinstance(value, np.ndarray):
        return value
    if not value.flags.writeable or value.base is not None or any(value is each for each in inputs):
        return value.copy()
    return value


def _leaves(tree: Any) -> list[Any]:
    found: list[Any] = []
    mapped(tree, found.append)
    return found
