"""What would be frozen in a program is refused, with the line."""

import numpy as np
import pytest
from program_checks import uniform

import minigrad as mg
from minigrad.program.errors import ProgramError


def branch(x):
    return (x * x).sum() if x.sum() > 0 else x.sum()


class TestRefused:
    @pytest.mark.parametrize(
        ("function", "message"),
        [
            (lambda x: (x * float(x.numpy().max())).sum(), r"float\(x\) of a value"),
            (lambda x: x.sum() * x.numpy().sum().item(), r"x\.item\(\) of a value"),
            (lambda x: (x * np.array(x.numpy())).sum(), "an array is made of a value"),
            (lambda x: (x * x.numpy().tolist()).sum(), r"x\.tolist\(\) of a value"),
            (lambda x: (x * np.random.random(x.shape)).sum(), "draws random numbers"),
        ],
    )
    def test_what_would_be_frozen(self, function, message):
        with pytest.raises(ProgramError, match=rf"test_program_refused\.py:\d+: .*({message})"):
            mg.program(function, uniform(5))

    def test_what_is_kept_between_calls(self):
        counter = [0]

        def count(x):
            counter[0] += 1
            return (x * counter[0]).sum()

        with pytest.raises(ProgramError, match=r"test_program_refused\.py:\d+: .*keeps something between calls"):
            mg.program(count, uniform(5))

    def test_a_value_of_an_earlier_call(self):
        kept = {}

        def remember(x):
            kept.setdefault("first", x * 2.0)
            return (x * kept["first"]).sum()

        with pytest.raises(ProgramError, match="keeps a value from an earlier call"):
            mg.program(remember, uniform(5))

    def test_a_loop_that_looks_at_values(self):
        def halve(x):
            while (x * x).sum() > 1e-3:
                x = x * 0.5
            return x.sum()

        with pytest.raises(ProgramError, match=r"test_program_refused\.py:\d+"):
            mg.program(halve, uniform(5))(100.0 * np.ones(5))

    def test_an_argument_changed_in_place(self):
        def change(x, y):
            y += 1.0
            return (x * y).sum()

        with pytest.raises(ProgramError, match=r"test_program_refused\.py:\d+: y \+= x changes an argument"):
            mg.program(change, uniform(5), uniform(5), wrt="x")

    def test_a_part_changed_in_place(self):
        def change(x, y):
            y = y.copy()
            y[0] = 3.0
            return (x * y).sum()

        with pytest.raises(ProgramError, match=r"test_program_refused\.py:\d+: .*mg\.set_at"):
            mg.program(change, uniform(5), uniform(5), wrt="x")

    def test_a_value_used_after_it_was_changed_in_place(self):
        def change(x, y):
            first = second = y * 1.0
            first += 1.0
            return (x * second).sum()

        with pytest.raises(ProgramError, match=r"test_program_refused\.py:\d+: .*changed in place at \w+\.py:\d+"):
            mg.program(change, uniform(5), uniform(5), wrt="x")

    def test_wrong_names(self):
        with pytest.raises(ProgramError, match="wrt= names 'z'; the inputs are x"):
            mg.program(branch, uniform(5), wrt="z")
        with pytest.raises(ProgramError, match="which holds int64"):
            mg.program(lambda x, n: (x * n).sum(), uniform(5), np.arange(5), wrt="n")
        with pytest.raises(ProgramError, match="does not return one number"):
            mg.program(lambda x: x * 2.0, uniform(5), wrt="x")
