"""Every transform of a function of one argument."""

import pytest

import minigrad as mg

TRANSFORMS = {
    "grad": lambda f, x: mg.grad(f)(x),
    "value_and_grad": lambda f, x: mg.value_and_grad(f)(x),
    "vjp": lambda f, x: mg.vjp(f, x),
    "jvp": lambda f, x: mg.jvp(f, x, x),
    "jacobian": lambda f, x: mg.jacobian(f)(x),
    "hessian": lambda f, x: mg.hessian(f)(x),
    "hvp": lambda f, x: mg.hvp(f, x, x),
}
every_transform = pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
