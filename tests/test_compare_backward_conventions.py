"""Is a convention taken for a convention, a common factor for one mistake, and a key for the gradient that it names?"""

import numpy as np
import pytest
from test_compare_backward import LINES, backward, classifier, inputs

from minigrad import testing

# Steps that are 7 times the derivative, 7 being the batch, made up for in different places of the chain.
COURSERA = {
    "z2": lambda v: v["p"] - v["y"],
    **{name: lambda v, line=LINES[name]: line(v) / 7 for name in ("W2", "b2", "W1", "b1")},
}
AFTER_ONE_LAYER = {
    "z2": lambda v: v["p"] - v["y"],
    **{name: lambda v, line=LINES[name]: line(v) / 7 for name in ("W2", "b2", "a1")},
}
TURNED_ROUND = {
    "z2": lambda v: (v["y"] - v["p"]) / 7,
    **{name: lambda v, line=LINES[name]: -line(v) for name in ("W2", "b2", "W1", "b1")},
}
HALVED = {
    "z1": lambda v: LINES["z1"](v) / 2,
    **{name: lambda v, line=LINES[name]: line(v) * 2 for name in ("W1", "b1")},
}


def compared(lines, seed=0, names=("W1", "b1", "W2", "b2"), with_steps=("z1", "a1", "z2"), key=lambda name: name):
    arrays, y = inputs(seed)
    grads, steps = backward(arrays, y, {**LINES, **lines})
    grads = {key(name): grads[name] for name in names}
    steps = {key(name): steps[name] for name in with_steps}
    return testing.compare_backward(classifier(y), grads, arrays, steps=steps, raise_exception=False)


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        (COURSERA, "your steps z2, a1 and z1 are 7 times the derivative, and 7 is the batch"),
        (AFTER_ONE_LAYER, "your step z2 is 7 times the derivative, and 7 is the batch"),
        (TURNED_ROUND, "your steps z2, a1 and z1 are -1 times the derivative"),
        (HALVED, "your step z1 is 0.5 times the derivative"),
    ],
)
def test_a_convention_passes_and_is_told(lines, note):
    for seed in range(12):
        result = compared(lines, seed)
        assert result.verdict == "pass", str(result)
        assert result.notes == (f"{note}; the gradients make up for it",)


@pytest.mark.parametrize("name", ["W2", "b2", "W1", "b1"])
def test_a_gradient_that_does_not_make_up_for_the_convention_is_blamed_alone(name):
    lines = {other: line for other, line in COURSERA.items() if other != name}
    result = compared(lines)
    assert [(finding.leaf, finding.rule) for finding in result.findings] == [(name, "scale.batch")]
    assert "got == expected * 7" in result.findings[0].text


def test_a_mistake_beside_a_convention_is_blamed_alone():
    lines = {**COURSERA, "z1": lambda v: v["da1"]}
    result = compared(lines)
    assert [(finding.leaf, finding.rule) for finding in result.findings] == [("z1", "factor.missing")]
    assert result.notes


def test_steps_without_gradients_that_make_up_for_them_are_wrong():
    for names in ((), ("W1", "b1", "W2", "b2")):
        result = compared({"z2": COURSERA["z2"]}, names=names)
        assert [(finding.leaf, finding.rule) for finding in result.findings] == [("z2", "scale.batch")]
        assert not result.notes


def test_a_factor_that_all_gradients_have_is_told_once_with_all_names():
    result = compared({"z2": COURSERA["z2"]}, names=("W1", "b1", "W2", "b2", "x"), with_steps=())
    (finding,) = result.findings
    assert (finding.rule, finding.leaves) == ("scale.batch", ("W1", "b1", "W2", "b2", "x"))
    assert "gradients W1, b1, W2, b2 and x" in finding.where
    # A mean over the batch in every gradient, after one in the first step.
    again = {name: COURSERA[name] for name in ("W1", "b1", "W2", "b2")}
    (finding,) = compared(again).findings
    assert (finding.rule, set(finding.leaves)) == ("scale.batch", {"W1", "b1", "W2", "b2"})
    assert "judged on your own" in finding.where


@pytest.mark.parametrize("key", ["d{}", "grad_{}", "{}_grad", "{}.grad", "grads.{}", "dL_d{}", "delta_{}"])
def test_keys_say_of_what_they_are_the_gradient(key):
    result = compared({}, key=key.format)
    assert result.verdict == "pass"
    assert {leaf.name for leaf in result.leaves} == {key.format(n) for n in ("W1", "b1", "W2", "b2", "z1", "a1", "z2")}
    result = compared({"W1": lambda v: -LINES["W1"](v)}, key=key.format)
    assert [finding.leaf for finding in result.findings] == [key.format("W1")]


def test_keys_for_one_value_are_refused():
    x = np.ones(3)
    with pytest.raises(ValueError, match="grads: 'x' and 'dx' are both the gradient of 'x'; give one"):
        testing.compare_backward(lambda x: np.sum(x * x), {"x": 2 * x, "dx": 2 * x}, (x,))
    params = {"a": {"W": x}, "b": {"W": x}}
    with pytest.raises(ValueError, match=r"'dW' may be any of 'params\.a\.W', 'params\.b\.W'"):
        testing.compare_backward(lambda params: np.sum(params["a"]["W"]), {"dW": x}, (params,))
