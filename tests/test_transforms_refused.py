"""Is everything that has no derivative, or would lose one, refused with an explanation?"""

import numpy as np
import pytest
from scipy import optimize

import minigrad as mg


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mg.grad(np.sin)(3), TypeError, r"argument 0 has dtype int64.*write 3\.0 for 3"),
        (lambda: mg.grad(np.sin)(np.int64(3)), TypeError, r"write 3\.0 for 3"),
        (lambda: mg.grad(np.sin)(True), TypeError, "dtype bool"),
        (lambda: mg.grad(np.sin)(1j), TypeError, "argument 0 is a complex"),
        (lambda: mg.grad(np.sum)(np.array([1, 2])), TypeError, r"\.astype\(float\)"),
        (lambda: mg.grad(lambda p: p["a"])({"a": 1.0, "n": [2]}), TypeError, r"argument 0\['n'\]\[0\] has dtype int64"),
        (lambda: mg.grad(lambda p: p["a"])({"a": 1.0, "n": "text"}), TypeError, r"argument 0\['n'\] is a str"),
        (lambda: mg.grad(np.sum)(np.ma.masked_array([1.0], [True])), TypeError, "MaskedArray"),
        (lambda: mg.grad(lambda x: x)(np.ones(3)), ValueError, r"shape \(3,\).*mg\.jacobian"),
        (lambda: mg.grad(np.argmax)(np.ones(3)), TypeError, "output has dtype int64, which has no derivative"),
        (lambda: mg.grad(lambda x: (x, x))(1.0), TypeError, r"returned a tuple.*mg\.vjp"),
        (lambda: mg.grad(lambda x: None)(1.0), TypeError, "is a return missing"),
        (lambda: mg.grad(lambda x: "text")(1.0), TypeError, "the output is a str"),
        (lambda: mg.grad(np.sin, 1)(1.0), ValueError, "argnums=1, and the function was called with 1"),
        (lambda: mg.grad(np.sin, "x"), TypeError, "argnums holds integers"),
        (lambda: mg.grad(np.sin, np.ones(2)), TypeError, r"argnums holds integers.*mg\.grad\(f\)\(x\)"),
        (lambda: mg.hessian(np.sin, True), TypeError, "hessian: argnums holds integers"),
        (lambda: mg.jacobian(3.0), TypeError, "jacobian takes a function, not a float"),
        (lambda: mg.hessian(np.sin)(3), TypeError, "hessian: argument 0 has dtype int64"),
        (lambda: mg.hessian(lambda x: x)(np.ones(3)), ValueError, r"hessian: the function returned shape \(3,\)"),
        (lambda: mg.grad(np.add, (0, -2))(1.0, 2.0), ValueError, "names an argument twice"),
        (lambda: mg.grad(lambda: 1.0)(), ValueError, "called with 0 positional"),
        (lambda: mg.grad(lambda x: 1.0)([]), ValueError, "nothing to differentiate by"),
        (lambda: mg.vjp(np.sin, np.ones(3))[1](1.0), ValueError, r"the seed has shape \(\).*shape \(3,\)"),
        (lambda: mg.vjp(np.sin, np.ones(3))[1](np.ones(3) * 1j), TypeError, "real numbers"),
        (lambda: mg.vjp(lambda x: [x, x], 1.0)[1](1.0), ValueError, "a list of 2 is needed, not a float"),
        (lambda: mg.vjp(lambda x: {"a": x}, 1.0)[1]({"b": 1.0}), ValueError, r"keys \['a'\]"),
        (lambda: mg.jvp(np.sin, np.ones(3), np.ones(2)), ValueError, r"the tangent has shape \(2,\)"),
        (lambda: mg.jvp(np.add, (1.0, 2.0), (1.0,)), ValueError, "a tuple of 2, not 1"),
        (lambda: mg.jvp(np.add, (1.0, 2.0), 1.0), ValueError, "a tuple of 2, not a float"),
        (lambda: mg.hvp(np.sin, np.ones(3), np.ones(3)), ValueError, r"hvp: the function returned shape \(3,\)"),
        (lambda: mg.hvp(np.sum, np.ones(3), np.ones(4)), ValueError, r"the vector has shape \(4,\)"),
        (lambda: mg.jacobian(lambda x: [x, 1])(1.0), TypeError, r"the output\[1\] has dtype int64"),
    ],
)
def test_what_cannot_be_differentiated_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_values_do_not_become_constants_in_silence():
    def filled(x):
        values = np.zeros(2)
        values[0] = x
        return np.sum(values)

    for f in (
        filled,
        lambda x: float(x) * 2.0,
        lambda x: np.float64(x),
        lambda x: np.sum(np.fromiter([x], float)),
        lambda x: x.item() * 2.0,
        lambda x: np.sum((x * np.ones(2)).tolist()),
        lambda x: optimize.brentq(lambda y: y - x, 0.0, 2.0) * x,
        lambda x: np.sum(np.array([x, x])),
    ):
        with pytest.raises(TypeError, match=r"a constant|gradients would be lost"):
            mg.grad(f)(1.0)
