"""Do random programs of aliases, views, containers and updates in place mean what they mean with NumPy?"""

import alias_programs
import numpy as np
import pytest
from alias_programs import explained, judge, shrunk, survey
from alias_writer import Program, write

import minigrad as mg

COUNT = 500


def test_no_program_is_silently_wrong_and_at_most_half_are_refused():
    counts, wrong, reasons = survey(range(COUNT))
    assert not wrong, "\n".join(explained(seed) for seed in wrong[:3])
    assert counts["refused"] <= COUNT / 2, reasons.most_common(10)
    assert counts["unclear"] <= COUNT / 50


def rebinding(function):
    def operator(self, other):
        return function(self, other)

    return operator


@pytest.mark.parametrize("name", ["__iadd__", "__imul__"])
def test_a_program_that_is_silently_wrong_is_found(monkeypatch, name):
    function = {"__iadd__": np.add, "__imul__": np.multiply}[name]
    monkeypatch.setattr(mg.Tensor, name, rebinding(function))
    _, wrong, _ = survey(range(60))
    assert wrong
    program = shrunk(write(wrong[0]))
    assert len(program.statements) <= 4
    assert "wrong" in explained(wrong[0])


PROGRAM = Program(np.array([0.3, 1.2, 0.7]), ("q1 = p * 1.0", "q2 = q1", "q2 *= 2.0"), ("np.sum(q1) * 0.5",))


def test_a_program_is_judged_by_its_value_its_gradient_and_its_errors():
    assert set(judge(PROGRAM).values()) == {"right"}
    ways = {
        "value": lambda function, start: (3.0, start),
        "gradient": lambda function, start: (alias_programs.numpy_value(function, start), start),
        "shape": lambda function, start: (alias_programs.numpy_value(function, start), np.zeros(2)),
        "error": lambda function, start: 1 / 0,
    }
    assert all(verdict.startswith("wrong") for verdict in judge(PROGRAM, ways).values())
    failing = Program(PROGRAM.start, ("q1 = p * 1.0", "q1 += np.ones(7)"))
    assert all(verdict.startswith("refused") for verdict in judge(failing).values())
    assert judge(failing, {"none": lambda function, start: (0.0, start)})["none"].startswith("wrong")


def test_a_number_gives_the_same_program_every_time():
    assert write(7).source == write(7).source
    assert len({write(seed).source for seed in range(30)}) > 25
