"""Are expressions printed with the parentheses that they need, and sums without changing what is summed?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from program_by_hand import uniform

from minigrad.program.ir import Instruction, Var
from minigrad.program.source.block import Block
from minigrad.program.source.scope import Scope

BINARY = [np.add, np.subtract, np.multiply, np.divide, np.power, np.matmul, np.floor_divide, np.remainder]
COMPARED = [np.less, np.greater_equal, np.equal]
MASKS = [np.logical_and, np.logical_or, np.bitwise_xor]


@st.composite
def expressions(draw, depth=4):
    """Instructions that make one value of arrays (3, 3)."""
    inputs = [Var(number, (3, 3), np.dtype(float)) for number in range(3)]
    code = []

    def emit(function, *args, dtype=float):
        out = Var(10 + len(code), (3, 3), np.dtype(dtype))
        code.append(Instruction(function, args, {}, out))
        return out

    def value(depth):
        kind = draw(st.integers(0, 6)) if depth else 0
        if kind == 0:
            return draw(st.sampled_from(inputs))
        if kind == 1:
            return emit(np.negative, value(depth - 1))
        if kind == 2:
            return emit(np.where, mask(depth - 1), value(depth - 1), value(depth - 1))
        if kind == 3:
            number = draw(st.sampled_from([2, -2, 0.5, -0.5, 1e-05, 3]))
            pair = (value(depth - 1), number) if draw(st.booleans()) else (number, value(depth - 1))
            return emit(draw(st.sampled_from([function for function in BINARY if function is not np.matmul])), *pair)
        if kind == 4:
            return emit(np.transpose, value(depth - 1))
        return emit(draw(st.sampled_from(BINARY)), value(depth - 1), value(depth - 1))

    def mask(depth):
        kind = draw(st.integers(0, 2)) if depth > 0 else 0
        if kind == 0:
            return emit(draw(st.sampled_from(COMPARED)), value(depth - 1 if depth > 0 else 0), value(0), dtype=bool)
        if kind == 1:
            return emit(np.logical_not, mask(depth - 1), dtype=bool)
        return emit(draw(st.sampled_from(MASKS)), mask(depth - 1), mask(depth - 1), dtype=bool)

    return inputs, code, value(depth)


class Bare:
    """What a scope looks at in a program."""

    def __init__(self, inputs, result):
        self.names, self.gradient_of, self.gradients = {}, {}, []
        self.inputs, self.result = [], result


@pytest.mark.parametrize("outer", [*BINARY, *COMPARED, np.negative])
@pytest.mark.parametrize("inner", [*BINARY, *COMPARED, np.negative])
def test_parentheses_of_every_pair(outer, inner):
    inputs = [Var(number, (3, 3), np.dtype(float)) for number in range(3)]
    for position in range(outer.nin):
        kind = bool if inner in COMPARED else float
        if outer is np.negative and kind is bool:
            continue
        made = Instruction(inner, tuple(inputs[: inner.nin]), {}, Var(10, (3, 3), np.dtype(kind)))
        args = [inputs[2]] * outer.nin
        args[position] = made.out
        kind = bool if outer in COMPARED else float
        whole = Instruction(outer, tuple(args), {}, Var(11, (3, 3), np.dtype(kind)))
        check_expression(inputs, [made, whole], whole.out, 100)


@given(expressions(), st.integers(20, 100))
def test_parentheses_of_random_expressions(expression, width):
    check_expression(*expression, width)


@pytest.mark.parametrize("first", [None, np.transpose])
def test_contributions_are_added_to_no_array_of_somebody_else(first):
    inputs = [Var(number, (3, 3), np.dtype(float)) for number in range(3)]
    made = [Var(10 + number, (3, 3), np.dtype(float)) for number in range(5)]
    code = [] if first is None else [Instruction(first, (inputs[0],), {}, made[0])]
    begin = inputs[0] if first is None else made[0]
    code += [
        Instruction(np.matmul, (inputs[1], inputs[2]), {}, made[1]),
        Instruction(np.add, (begin, made[1]), {}, made[2]),
        Instruction(np.matmul, (inputs[2], inputs[1]), {}, made[3]),
        Instruction(np.add, (made[2], made[3]), {}, made[4]),
    ]
    assert any("+=" in line.text for line in check_expression(inputs, code, made[4], 20))


def check_expression(inputs, code, out, width):
    """The lines give what the instructions give, and change nothing that they are given."""
    scope = Scope(Bare(inputs, out), code)
    scope.gradients, scope.returned = {out}, None
    named = {scope.introduce_input(var, f"x{position}"): var for position, var in enumerate(inputs)}
    lines = Block(code, scope, [out], width).write()
    arrays = {name: 0.5 + position + uniform(3, 3, seed=position) for position, name in enumerate(named)}
    values = {var: arrays[name] for name, var in named.items()}
    with np.errstate(all="ignore"):
        for each in code:
            values[each.out] = each.function(
                *[values.get(part, part) if type(part) is Var else part for part in each.args]
            )
        found = dict(arrays, np=np)
        exec("\n".join(line.text for line in lines), found)
        np.testing.assert_array_equal(eval(scope.texts[out].text, found), values[out])
    for position, name in enumerate(named):
        np.testing.assert_array_equal(arrays[name], 0.5 + position + uniform(3, 3, seed=position))
    return lines
