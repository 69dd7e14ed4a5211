"""Does a compiled step change parameters of every dtype and shape as one that is not compiled?"""

import numpy as np
import pytest

import minigrad as mg
from minigrad import optim

MAKERS = {
    "SGD": lambda parameters: optim.SGD(parameters, lr=0.1),
    "momentum": lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True),
    "decay": lambda parameters: optim.SGD(parameters, lr=0.1, weight_decay=0.1),
    "Adam": lambda parameters: optim.Adam(parameters, lr=0.1),
    "AdamW": lambda parameters: optim.AdamW(parameters, lr=0.1),
    "RMSprop": lambda parameters: optim.RMSprop(parameters, lr=0.1),
    "schedule": lambda parameters: optim.SGD(parameters, lr=optim.linear(0.1, 0.05, 3)),
    "clipped": lambda parameters: optim.SGD(parameters, lr=0.1, max_norm=0.1),
}


def values_after(make, dtype, compiled):
    """The parameters after three steps: a matrix, a vector and a number, whose gradients have one row and several."""
    rng = np.random.default_rng(0)
    shapes = {"matrix": (3, 2), "vector": (2,), "number": ()}
    own = {name: mg.Tensor(rng.normal(size=shape), True, dtype, name) for name, shape in shapes.items()}
    optimizer = make([*own.values()])

    def step(x):
        optimizer.zero_grad()
        out = np.tanh(x @ own["matrix"] + own["vector"]) * own["number"]
        loss = (out**2).sum()
        loss.backward()
        optimizer.step()
        return loss

    run = mg.compile(step) if compiled else step
    for rows in (1, 4, 4):
        run(rng.normal(size=(rows, 3)).astype(dtype))
    return {name: each.numpy() for name, each in own.items()}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", MAKERS)
def test_a_compiled_step_changes_parameters_of_every_dtype_and_shape(name, dtype):
    expected, found = (values_after(MAKERS[name], dtype, compiled) for compiled in (False, True))
    start = values_after(lambda parameters: optim.SGD(parameters, lr=1e-30), dtype, False)
    for path, values in expected.items():
        assert found[path].dtype == dtype
        assert (values != start[path]).any()
        np.testing.assert_allclose(
            found[path].astype(float), values.astype(float), rtol=4 * np.finfo(dtype).eps, atol=np.finfo(dtype).eps
        )
