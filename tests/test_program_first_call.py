"""What does somebody read who calls mg.program or mg.numpy_source in a wrong way, prints, or keeps values?"""

import contextlib

import numpy as np
import pytest

import minigrad as mg


def of_two(w, x):
    return np.sum(np.tanh(x @ w))


def squares(x):
    return (x**2).sum()


def scaled(x, *, by):
    return np.sum(x * by)


W, X = np.ones((3, 2)), np.ones((4, 3))


@pytest.mark.parametrize(
    ("function", "examples", "message"),
    [
        (of_two, (), r"of_two\(w, x\) cannot be called with 0 examples: missing a required argument: 'w'"),
        (of_two, (W,), r"cannot be called with 1 examples: missing a required argument: 'x'; give one for each"),
        (squares, (W, X), r"squares\(x\) cannot be called with 2 examples: too many positional arguments"),
        (W, (X,), r"a function comes first, .* this is a ndarray"),
        (lambda x: None, (X,), r"returns None; .* return the arrays that it computes"),
        (lambda x: (None, "done"), (X,), r"returns \(None, 'done'\)"),
        (lambda x: [], (X,), r"returns \[\]; a program is what a function returns"),
        (lambda x: (each for each in x), (X,), "returns a generator, .*; return a list"),
        (lambda x: {"h": map(np.sin, x)}, (X,), "returns a map, .*; return a list"),
        (lambda x: {np.sin(x)}, (X,), "returns a set, .*; return a list"),
        (scaled, (X,), "missing a required .*argument: 'by'; .* give with functools.partial"),
    ],
)
def test_refused(function, examples, message):
    with pytest.raises(mg.ProgramError, match=message):
        mg.numpy_source(function, *examples)


@pytest.mark.parametrize(
    ("example", "given"),
    [
        ([1.0, 2.0], "x was given as a list"),
        ((3, 2), "x was given as a tuple"),
        ("abc", "x was given as a str"),
        (None, "x was given as a NoneType"),
        (range(3), "x was given as a range"),
        (np.array([None, 1]), "x was given as an array of dtype object"),
    ],
)
def test_the_functions_own_error_tells_what_it_was_given(example, given):
    with pytest.raises(TypeError, match="unsupported operand type") as caught:
        mg.program(squares, example)
    assert caught.value.__notes__ == [f"{given}; for an array of the program give one of numbers"]


def test_an_error_of_a_right_call_is_the_functions_own():
    def fails(x):
        raise ValueError("not today")

    with pytest.raises(ValueError, match=r"^not today$") as caught:
        mg.program(fails, X)
    assert not hasattr(caught.value, "__notes__")


def test_functions_that_print_their_values(capsys):
    def shown(x):
        h = np.tanh(x)
        print(h, f"{h}")  # noqa: T201  # the point of the test
        return np.sum(h)

    source = mg.numpy_source(shown, np.array([0.5, 0.5]))
    assert "print" not in source
    assert "Tensor(Recorded(array([0.46211716, 0.46211716])), from=tanh)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "use",
    [
        lambda h: h + 1.0,
        lambda h: np.sum(h),
        lambda h: h[1:],
        lambda h: mg.relu(h),
        lambda h: mg.sigmoid(h),
        lambda h: mg.matmul(h, h),
        lambda h: mg.losses.mse(h, np.ones(2000)),
        lambda h: np.asarray(h.numpy()),
        lambda h: float(h[0]),
        lambda h: h.item(0),
        lambda h: h.tolist(),
        lambda h: bool(np.sum(h)),
        lambda h: bool(h.numpy()[0]),
    ],
)
@pytest.mark.parametrize("ends", [True, False])
def test_values_that_a_function_left_somewhere_are_refused(use, ends):
    kept = []

    def leaves(x):
        kept.append(np.tanh(x))
        if not ends and len(kept) == 1:
            raise ValueError
        return np.sum(kept[-1])

    with contextlib.nullcontext() if ends else pytest.raises(ValueError):  # noqa: PT011  # it says nothing
        mg.program(leaves, np.ones(2000))
    assert "Recorded" in repr(kept[0])
    with pytest.raises(mg.ProgramError, match="keeps a value from an earlier call, in a list or an attribute"):
        use(kept[0])
    assert mg.program(leaves, np.ones(2000))(np.ones(2000))[0] > 0
