"""What is a value that the user gave no name: what would a person call it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import special

from minigrad.program import ir
from minigrad.program.ir import Instruction, Var

_BY_FUNCTION: dict[Any, str] = {
    np.tanh: "a", special.expit: "a", np.matmul: "z", np.exp: "exps", np.log: "logs", np.sum: "total",
    np.mean: "mean", np.var: "variance", np.std: "std", np.max: "largest", np.min: "smallest", np.sqrt: "root",
    np.argsort: "order", np.argmax: "best", np.argmin: "best", np.sort: "ordered", np.linalg.inv: "inverse",
    np.linalg.solve: "solution", np.linalg.cholesky: "factor", np.linalg.det: "determinant", np.arange: "rows",
    np.greater: "mask", np.greater_equal: "mask", np.less: "mask", np.less_equal: "mask", np.equal: "mask",
    np.not_equal: "mask", np.logical_not: "mask", np.logical_and: "mask", np.logical_or: "mask",
    np.absolute: "size", np.cumsum: "sums", np.concatenate: "joined", np.stack: "stacked", np.eye: "identity",
    np.linalg.norm: "norm", np.outer: "products", np.sign: "sign", np.where: "chosen",
}  # fmt: skip
_SQUARES = (np.square,)


def role(value: Var, made: Mapping[Var, Instruction], given: Sequence[Var] = ()) -> str | None:
    """A word for a value, or one letter that has to be numbered; None where nothing fits.

    Args:
        value: what is made by one of the instructions.
        made: the instruction that makes each value.
        given: inputs of which no gradient is asked for, such as targets.
    """
    instruction = made.get(value)
    if instruction is None:
        return None

    def by(part: Any) -> Any:
        return made[part].function if type(part) is Var and part in made else None

    function, args = instruction.function, instruction.args
    if function is np.divide and by(args[1]) is np.sum and made[args[1]].args[0] is args[0] and by(args[0]) is np.exp:
        return "probabilities"
    if function is special.softmax:
        return "probabilities"
    if function is np.subtract:
        inner = args[1]
        while by(inner) in (ir.item, np.expand_dims):
            inner = made[inner].args[0]
        if by(inner) is np.mean and made[inner].args[0] is args[0]:
            return "centred"
        if by(inner) is np.max and made[inner].args[0] is args[0]:
            return "shifted"
        if any(part in given for part in args if type(part) is Var):
            return "residual"
        return "difference" if all(type(part) is Var for part in args) else None
    if function is np.sqrt:
        return _root(args[0], made)
    if function in (np.matmul, np.divide) and instruction.phase == "forward":
        product = instruction if function is np.matmul else made.get(args[0]) if type(args[0]) is Var else None
        if product is not None and product.function is np.matmul and _is_transposed(product.args[1], made):
            return "scores"
        return "z" if function is np.matmul else None
    return _BY_FUNCTION.get(function)


def _root(value: Any, made: Mapping[Var, Instruction]) -> str:
    inner = made.get(value) if type(value) is Var else None
    while inner is not None and inner.function is np.add and type(inner.args[0]) is Var:
        inner = made.get(inner.args[0])
    if inner is None:
        return "root"
    if inner.function in (np.var, np.mean):
        return "std"
    return "norm" if inner.function is np.sum else "root"


def _is_transposed(value: Any, made: Mapping[Var, Instruction]) -> bool:
    instruction = made.get(value) if type(value) is Var else None
    return instruction is not None and instruction.function in (np.swapaxes, np.transpose, np.matrix_transpose)
