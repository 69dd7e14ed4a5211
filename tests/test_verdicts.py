"""Are side effects warnings, points without a derivative inconclusive, and reports complete?"""

import effort
import numpy as np
import pytest
from backward_checks import check, rules

import minigrad as mg
from minigrad import testing
from minigrad.testing import Finding, GradcheckResult

X = np.random.default_rng(0).standard_normal((5, 3))
W = np.random.default_rng(1).standard_normal((3, 2))


def words(result):
    return " ".join(str(result).split())


def test_a_forward_pass_that_writes_into_its_input_is_named_first_and_alone():
    def forward(x, w):
        x -= x.mean(axis=0)
        return np.tanh(x @ w)

    def backward(g, out, x, w):
        dz = g * (1 - out**2)
        return dz @ w.T, x.T @ dz

    result = check(forward, backward, (X, W))
    assert result.verdict == "fail"
    assert [(finding.leaf, finding.rule) for finding in result.findings] == [("x", "mutation.input")]
    assert "the forward pass wrote into its input x" in words(result)
    assert result.warnings == ()


def test_wrong_numbers_keep_their_reason_beside_a_side_effect():
    def backward(g, out, x):
        g *= 1 - out**2
        return g / len(x)

    result = check(np.tanh, backward, X)
    assert rules(result) == ["scale.batch"]
    assert [warning.rule for warning in result.warnings] == ["mutation.upstream"]
    assert "warning: grad_output: the backward pass wrote into its upstream gradient" in words(result)


def test_work_arrays_that_a_model_uses_again_are_no_mistake():
    product, slope = np.empty((5, 2)), np.empty((5, 2))

    def forward(x, w):
        np.dot(x, w, out=product)
        np.tanh(product, out=product)
        return product

    def backward(g, out, x, w):
        np.multiply(g, 1 - out**2, out=slope)
        return slope @ w.T, x.T @ slope

    for seed in range(4):
        result = testing.check_backward(forward, backward, (X, W), rng=seed)
        assert (result.verdict, result.warnings) == ("pass", ())


class Buffered:
    """A layer whose output is the same array each time."""

    def __init__(self):
        self.out = np.empty((5, 3))

    def forward(self, x):
        np.multiply(x, x, out=self.out)
        self.x = x
        return self.out

    def backward(self, g):
        return 2 * g * self.x


def test_layers_that_return_their_own_array_are_no_mistake():
    assert testing.check_backward(Buffered(), inputs=X)


def logistic(x):
    for _ in range(70):
        x = 3.9 * x * (1 - x)
    return x


def logistic_slope(g, out, x):
    for _ in range(70):
        g = g * 3.9 * (1 - 2 * x)
        x = 3.9 * x * (1 - x)
    return g


def test_a_chaotic_function_is_inconclusive_and_says_so():
    for seed in effort.seeds(3, thoroughly=6):
        x = np.random.default_rng(seed).uniform(0.2, 0.8, 4)
        for slope in (logistic_slope, lambda g, out, x: 3 * g):
            result = check(logistic, slope, x, rng=seed)
            assert (result.verdict, result.findings) == ("inconclusive", ())
            assert "the function is chaotic here: a change of the input by 1e-09" in words(result)
        result = testing.gradcheck(logistic, x, rng=seed, raise_exception=False)
        assert result.verdict == "inconclusive"


def few_steps(x):
    for _ in range(5):
        x = 3.9 * x * (1 - x)
    return x


def test_wrong_gradients_of_functions_that_are_not_chaotic_still_fail():
    for seed in effort.seeds(3, thoroughly=6):
        x = np.random.default_rng(seed).uniform(0.2, 0.8, 4)
        assert check(few_steps, logistic_slope, x, rng=seed).verdict == "fail"
        assert check(lambda x: np.sin(200 * x), lambda g, out, x: g * np.cos(200 * x), x, rng=seed).verdict == "fail"


EQUAL = [np.eye(3), 2.0 * np.eye(2), np.diag([1.0, 1.0, 3.0])]


@pytest.mark.parametrize("matrix", EQUAL)
@pytest.mark.parametrize(
    "function",
    [
        lambda a: np.linalg.eigh(a)[0] * np.arange(1.0, 1 + len(a)),
        lambda a: np.linalg.eigh(a)[1],
        lambda a: np.linalg.svd(a)[1] * np.arange(1.0, 1 + len(a)),
    ],
)
def test_where_eigenvalues_coincide_the_check_is_inconclusive(function, matrix):
    for seed in range(3):
        result = testing.gradcheck(function, matrix, rng=seed, raise_exception=False)
        assert (result.verdict, result.findings) == ("inconclusive", ())
        assert "derivative" in words(result)


def test_where_eigenvalues_differ_a_wrong_gradient_fails():
    def backward(g, out, a):
        vectors = np.linalg.eigh(a)[1]
        return vectors @ np.diag(g[::-1]) @ vectors.T

    matrix = np.diag([1.0, 2.0, 4.0])
    assert check(lambda a: np.linalg.eigh((a + a.T) / 2)[0], backward, matrix).verdict == "fail"


def test_gradients_that_are_not_finite_are_judged_by_whether_there_is_a_derivative():
    x = np.array([[0.0, 0.0], [3.0, 4.0]])

    def norms(x):
        return np.sqrt(np.sum(x * x, axis=1)) + np.sum(x)

    def backward(g, out, x):
        with np.errstate(invalid="ignore"):
            return g[:, None] * x / np.sqrt(np.sum(x * x, axis=1, keepdims=True)) + np.sum(g)

    result = check(norms, backward, x)
    assert (result.verdict, result.findings) == ("inconclusive", ())
    assert "no derivative here" in words(result)

    def squares(g, out, x):
        with np.errstate(invalid="ignore"):
            return 2 * g * x**2 / x

    result = check(lambda x: x**2, squares, np.array([0.0, 1.0, -2.0]))
    assert rules(result) == ["structure.not_finite"]

    def also_wrong(g, out, x):
        return 2 * backward(g, out, x)

    assert check(norms, also_wrong, x).verdict == "fail"


def hint_of(*inputs):
    result = testing.gradcheck(lambda *arrays: sum(np.sum(np.sin(a)) for a in arrays), inputs)
    return [note for note in result.notes if "cannot be seen" in note]


def test_inputs_that_hide_mistakes_are_told_in_one_line():
    (note,) = hint_of(np.ones((5, 3)), X[:3])
    assert note.startswith("args[0] is all ones and args[1] is square: some mistakes cannot be seen at such inputs")
    (note,) = hint_of(np.zeros((5, 3)))
    assert "all zeros" in note
    (note,) = hint_of(X[:1])
    assert "batch of one" in note
    (note,) = hint_of(X, X.T @ X)
    assert "args[1] is symmetric" in note
    assert hint_of(X, W, np.zeros(3), np.ones(1), np.array(1.0), np.array([[0.5, 0.2, 0.1]])) == []


def test_hints_never_change_a_verdict():
    result = check(lambda x, w: x @ w, lambda g, out, x, w: (g @ w.T, x.T @ g), (np.ones((3, 3)), np.eye(3)))
    assert result.verdict == "pass"
    assert "note: x is" in str(result)


def finding(*leaves, rule="scale.batch", text="got == expected / 7"):
    return Finding(leaves[0], rule, text, "sum over the batch", "", leaves=leaves)


def result_of(findings=(), warnings=(), notes=()):
    return GradcheckResult(
        "fail" if findings else "pass", findings, (), 1, 0, "model", "gradcheck", notes, "", warnings
    )


def test_reports_name_every_leaf_of_a_reason():
    text = str(result_of([finding("W1", "b1", "x")]))
    assert "why: W1, b1 and x: got == expected / 7  [scale.batch]" in text


def test_reports_wrap_long_lines_and_keep_their_end():
    text = "the derivative of a step is taken at the wrong place, " * 4 + "and this is the conclusion"
    shown = str(result_of([finding("W1", text=text)], [finding("x", text=text)], [text, "another note"]))
    assert max(map(len, shown.splitlines())) <= 120
    assert " ".join(shown.split()).count("and this is the conclusion") == 3
    assert "note: another note" in shown
    assert "..." not in shown.replace("model, ...", "")
    continued = [line for line in shown.splitlines() if line.startswith("        ")]
    assert len(continued) >= 3


def test_long_reports_leave_out_leaves_before_reasons():
    def backward(g, out, *arrays):
        return tuple(g[:, None] * a / 5 for a in arrays)

    arrays = tuple(np.random.default_rng(i).standard_normal((5, 3)) for i in range(9))
    result = check(lambda *arrays: sum((a * a).sum(axis=1) for a in arrays), backward, arrays)
    lines = str(result).splitlines()
    assert len(lines) <= 15
    assert any(line.strip().startswith("and ") and "more: " in line for line in lines)
    assert "again: check_backward(" in lines[-1]


def test_properties_hand_their_options_on():
    xs = testing.strategies.arrays((3, 2))

    def backward(g, out, x):
        g *= 1 - out**2
        return g

    testing.grad_property(backward, x=xs)(lambda x: np.tanh(x))()
    with pytest.raises(testing.GradcheckError, match=r"mutation\.upstream"):
        testing.grad_property(backward, x=xs, strict=True)(lambda x: np.tanh(x))()
    testing.grad_property(lambda g, cache: g * (1 - cache**2), x=xs, style="cache")(
        lambda x: (np.tanh(x), np.tanh(x))
    )()
    with pytest.raises(TypeError, match="style"):
        testing.grad_property(x=xs, style="cache")(lambda x: mg.tanh(x))
