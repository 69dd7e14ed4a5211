"""Is it understood with which arguments a backward pass is called, and for several outputs?"""

import functools

import numpy as np
import pytest
from backward_checks import (
    RNG,
    W,
    X,
    _same_values_in_any_order,  # noqa: F401 -- the fixture acts on every test here
    check,
)


def dense(x, w):
    return x @ w


@pytest.mark.parametrize(
    "backward",
    [
        lambda g, out, x, w: (g @ w.T, x.T @ g),
        lambda out, g, x, w: (g @ w.T, x.T @ g),
        lambda dout, x, w: (dout @ w.T, x.T @ dout),
        lambda x, w, dout: (dout @ w.T, x.T @ dout),
        lambda w, x, grad: (grad @ w.T, x.T @ grad),
        lambda dz, x, w, flag=True: (dz @ w.T, x.T @ dz) if flag else None,
        lambda *, x, w, upstream: {"w": x.T @ upstream, "x": upstream @ w.T},
        lambda upstream, **kept: (upstream @ kept["w"].T, kept["x"].T @ upstream),
        functools.partial(lambda scale, g, x, w: (scale * g @ w.T, x.T @ g), 1.0),
    ],
)
def test_arguments_of_the_backward_pass_are_known_by_their_names(backward):
    result = check(dense, backward, (X, W))
    assert result.verdict == "pass", str(result)
    assert {leaf.name for leaf in result.leaves} == {"x", "w"}


def product(x, *weights):
    for w in weights:
        x = x @ w
    return x


def product_backward(g, x, a, b):
    return g @ b.T @ a.T, x.T @ g @ b.T, (x @ a).T @ g


@pytest.mark.parametrize(
    "backward",
    [
        lambda g, out, x, *weights: product_backward(g, x, *weights),
        lambda g, out, *inputs: product_backward(g, *inputs),
        lambda *everything: product_backward(everything[0], *everything[2:]),
        lambda dout, *inputs: product_backward(dout, *inputs),
        lambda grad, x, *weights: product_backward(grad, x, *weights),
        lambda g, out, *weights, **options: product_backward(g, *weights, **options),
    ],
)
@pytest.mark.parametrize("forward", [product, lambda x, a, b: x @ a @ b])
def test_any_number_of_arguments_are_all_inputs(forward, backward):
    b = np.random.default_rng(2).standard_normal((3, 2))
    result = check(forward, backward, (X, W, b))
    assert result.verdict == "pass", str(result)
    assert len(result.leaves) == 3


@pytest.mark.parametrize(
    "backward",
    [
        lambda dout, *cache: product_backward(dout, *cache),
        lambda dout, x, *more: product_backward(dout, x, *more),
        lambda dout, out, *cache: product_backward(dout, *cache),
    ],
)
def test_any_number_of_arguments_are_all_parts_of_a_cache(backward):
    b = np.random.default_rng(2).standard_normal((3, 2))
    result = check(lambda x, u, v: (x @ u @ v, (x, u, v)), backward, (X, W, b))
    assert result.verdict == "pass", str(result)


def test_what_cannot_be_told_is_asked():
    def unclear(u, v):
        return u * v

    with pytest.raises(TypeError, match=r"cannot be told how .*unclear.* is to be called.*lambda g, out, x"):
        check(np.square, unclear, X)


# ---- caches and several outputs


def lstm_step(x, h, c, w):
    z = np.concatenate([x, h], axis=1) @ w
    i, f, o, u = (np.tanh(part) for part in np.split(z, 4, axis=1))
    new = f * c + i * u
    return o * np.tanh(new), new, (x, h, c, w, i, f, o, u, new)


def lstm_step_backward(dh, dc, cache):
    x, h, c, w, i, f, o, u, new = cache
    dc = dc + dh * o * (1 - np.tanh(new) ** 2)
    do, di, df, du = dh * np.tanh(new), dc * u, dc * c, dc * i
    dz = np.concatenate([d * (1 - a**2) for d, a in [(di, i), (df, f), (do, o), (du, u)]], axis=1)
    both = dz @ w.T
    return both[:, : x.shape[1]], both[:, x.shape[1] :], dc * f, np.concatenate([x, h], axis=1).T @ dz


def test_each_output_has_its_upstream_gradient():
    inputs = (X, RNG.standard_normal((7, 3)), RNG.standard_normal((7, 3)), RNG.standard_normal((8, 12)) / 3)
    result = check(lstm_step, lstm_step_backward, inputs)
    assert result.verdict == "pass", str(result)
    assert check(lstm_step, lstm_step_backward, inputs, style="cache").ok

    def forgets_dc(dh, dc, cache):
        return lstm_step_backward(dh, 0 * dc, cache)

    assert check(lstm_step, forgets_dc, inputs).verdict == "fail"


def two(x):
    return np.sin(x), x**2


def listed(x):
    return [np.sin(x), x**2]


def keyed(x):
    return {"a": np.sin(x), "b": x**2}


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        (two, lambda da, db, x: da * np.cos(x) + db * 2 * x),
        (two, lambda g, out, x: g[0] * np.cos(x) + g[1] * 2 * x),
        (two, lambda grads, outs, x: grads[0] * np.cos(x) + grads[1] * 2 * x),
        (listed, lambda g, out, x: g[0] * np.cos(x) + g[1] * 2 * x),
        (keyed, lambda g, out, x: g["a"] * np.cos(x) + g["b"] * 2 * x),
        (lambda x: (np.sin(x), x, x > 0), lambda dout, a, b: dout * np.cos(a)),
        (lambda x: (np.sin(x), x, x > 0), lambda dout, cache: dout * np.cos(cache[0])),
        (lambda x: (np.sin(x), {"x": x}), lambda d_out, cache: {"dx": d_out * np.cos(cache["x"])}),
        (lambda x: (np.sin(x), x), lambda g, kept: g * np.cos(kept)),
        (lambda x: (np.sin(x), x), lambda cache, dout: dout * np.cos(cache)),
        (lambda x: [np.sin(x), (x, 2.0)], lambda dout, cache: dout * np.cos(cache[0])),
        (lambda x: (np.sin(x), (x, 2)), lambda dout, angle, factor: factor / 2 * dout * np.cos(angle)),
    ],
)
def test_outputs_and_caches_are_told_apart(forward, backward):
    result = check(forward, backward, X)
    assert result.verdict == "pass", str(result)


def test_a_way_that_raises_is_not_meant():
    def forward(x, w):
        return x @ w, (x, w)

    # By their names, a is the output; only the parts of the cache are arrays.
    assert check(forward, lambda dout, a, b: (dout @ b.T, a.T @ dout), (X, W)).ok

    def breaks(dout, cache):
        raise OSError("of the user's own")

    with pytest.raises(OSError, match="of the user's own") as raised:
        check(forward, breaks, (X, W))
    assert raised.value.__notes__ == ["check_backward called breaks(g, cache)"]


def test_results_without_an_upstream_gradient_are_passed_over():
    def cell(x, state, params):
        after = np.tanh(x @ params["Wx"] + state @ params["Wh"])
        return after, after @ params["Wy"], (x, state, params, after)

    def backward(wrong):
        def cell_backward(dafter, cache):
            x, state, params, after = cache
            d = dafter * (1 - after**2)
            return {
                "dx": d @ params["Wx"].T,
                "dstate": wrong * d @ params["Wh"].T,
                "dWx": x.T @ d,
                "dWh": state.T @ d,
            }

        return cell_backward

    rng = np.random.default_rng(0)
    params = {name: rng.standard_normal((side, 3)) for name, side in [("Wx", 5), ("Wh", 3), ("Wy", 3)]}
    inputs = (X, rng.standard_normal((7, 3)), params)
    result = check(cell, backward(1.0), inputs)
    assert result.verdict == "pass", str(result)
    assert {leaf.name for leaf in result.leaves} == {"x", "state", "params.Wx", "params.Wh"}
    assert any("only the first result checked" in note for note in result.notes)
    wrong = check(cell, backward(2.0), inputs)
    assert [leaf.name for leaf in wrong.leaves if leaf.verdict == "fail"] == ["state"]
