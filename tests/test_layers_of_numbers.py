"""Is a plain number inside a layer checked, named as a constant, or named as unchecked?"""

import numpy as np
import pytest
from backward_checks import check

X = np.random.default_rng(3).standard_normal((7, 3))


class Neuron:
    """A neuron whose weights are plain numbers in a list, and whose gradients are kept under a name."""

    def __init__(self, kept, slip=1.0):
        self.w, self.slope, self.unused = [0.3, -0.5, 0.7], 0.2, 3.0
        self._name, self._slip = kept, slip

    def forward(self, x):
        self.x, self.z = x, sum(x[:, i] * self.w[i] for i in range(3))
        return np.where(self.z > 0, self.z, self.slope * self.z)

    def backward(self, g):
        dz = g * np.where(self.z > 0, 1.0, self.slope)
        setattr(self, self._name, [float(self._slip * dz @ self.x[:, i]) for i in range(3)])
        return np.outer(dz, self.w)


@pytest.mark.parametrize(("slip", "verdict"), [(1.0, "pass"), (2.0, "fail")])
def test_numbers_in_a_list_are_weights(slip, verdict):
    result = check(Neuron("dw", slip), inputs=X)
    assert {leaf.name: leaf.verdict for leaf in result.leaves} == {"x": "pass"} | {f"w[{i}]": verdict for i in range(3)}


def test_weights_whose_gradients_are_not_found_are_no_pass():
    result = check(Neuron("something", 2.0), inputs=X)
    assert result.verdict == "inconclusive"
    assert {leaf.name for leaf in result.leaves if leaf.verdict == "inconclusive"} == {"w[0]", "w[1]", "w[2]"}


def test_other_numbers_that_matter_are_named_as_constants():
    assert "slope: taken as a constant" in check(Neuron("dw"), inputs=X).notes
