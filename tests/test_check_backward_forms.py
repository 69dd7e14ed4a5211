"""Are functions checked in the forms in which people write them, with no adapter?"""

import functools
import types
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
from backward_checks import (
    RNG,
    W,
    X,
    _same_values_in_any_order,  # noqa: F401 -- the fixture acts on every test here
    check,
)

B = np.linspace(-1.0, 1.0, 3)
LABELS = np.array([0, 2, 1, 1, 0, 2, 2])
SCORES = np.random.default_rng(1).standard_normal((7, 3))
TARGET = np.random.default_rng(2).standard_normal((7, 3))


def probabilities(scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# ---- a loss and its gradients from one call; `wrong` is a factor that belongs there only when it is 1


def softmax_loss(wrong):
    def softmax_loss(x, y):
        p = probabilities(x)
        loss = -np.sum(np.log(p[np.arange(len(y)), y])) / len(y)
        dx = p.copy()
        dx[np.arange(len(y)), y] -= 1
        return loss, wrong * dx / len(y)

    return softmax_loss


def svm_loss(wrong):
    def svm_loss(w, x, y, reg):
        scores = x @ w
        margins = np.maximum(0, scores - scores[np.arange(len(y)), y][:, None] + 1)
        margins[np.arange(len(y)), y] = 0
        loss = margins.sum() / len(y) + reg * np.sum(w * w)
        d = (margins > 0).astype(float)
        d[np.arange(len(y)), y] = -d.sum(axis=1)
        return loss, x.T @ d / len(y) + 2 * wrong * reg * w

    return svm_loss


def model_grads(x, w, b, t):
    out = x @ w + b
    d = 2 * (out - t) / out.size
    return np.mean((out - t) ** 2), x.T @ d, d.sum(axis=0)


def by_name(wrong):
    def loss(params, x, t):
        value, dw, db = model_grads(x, params["W"], params["b"], t)
        return value, {"dW": dw, "db": wrong * db}

    return loss


def in_a_row(wrong):
    def loss(w, b, x, t):
        value, dw, db = model_grads(x, w, b, t)
        return value, dw, wrong * db

    return loss


def in_a_tuple(wrong):
    def loss(w, b, x, t):
        value, dw, db = model_grads(x, w, b, t)
        return value, (dw, wrong * db)

    return loss


def cost_last(wrong):
    def propagate(w, b, x, y):
        a = 1 / (1 + np.exp(-(w.T @ x + b)))
        cost = -np.sum(y * np.log(a) + (1 - y) * np.log(1 - a)) / x.shape[1]
        return {"dw": x @ (a - y).T / x.shape[1], "db": wrong * np.sum(a - y) / x.shape[1]}, np.squeeze(cost)

    return propagate


VALUE_AND_GRAD = [
    (softmax_loss, (SCORES, LABELS), {"x"}),
    (svm_loss, (W, X, LABELS, 0.1), {"w"}),
    (by_name, ({"W": W, "b": B}, X, TARGET), {"params.W", "params.b"}),
    (in_a_row, (W, B, X, TARGET), {"w", "b"}),
    (in_a_tuple, (W, B, X, TARGET), {"w", "b"}),
    (cost_last, (W[:, :1], 0.3, X.T, (LABELS > 0)[None] * 1.0), {"w", "b"}),
]


@pytest.mark.parametrize(("build", "inputs", "leaves"), VALUE_AND_GRAD)
def test_a_loss_gives_its_gradients_in_one_call(build, inputs, leaves):
    right = check(build(1.0), inputs=inputs)
    assert right.verdict == "pass", str(right)
    assert {leaf.name for leaf in right.leaves} == leaves
    assert check(build(1.0), inputs=inputs, style="value_and_grad").ok
    wrong = check(build(1.5), inputs=inputs)
    assert wrong.verdict == "fail"
    assert any(leaf.verdict == "fail" for leaf in wrong.leaves)


class Net:
    def __init__(self, wrong=1.0, names="{}"):
        rng = np.random.default_rng(0)
        self.params = {"W1": rng.standard_normal((5, 4)), "b1": np.zeros(4), "W2": rng.standard_normal((4, 3))}
        self.wrong, self.names = wrong, names
        self.seen = 0

    def loss(self, x, y):
        p = self.params
        self.h = np.tanh(x @ p["W1"] + p["b1"])
        loss, d = softmax_loss(1.0)(self.h @ p["W2"], y)
        self.seen += 1
        dz = d @ p["W2"].T * (1 - self.h**2)
        grads = {"W1": x.T @ dz, "b1": self.wrong * dz.sum(axis=0), "W2": self.h.T @ d}
        return loss, {self.names.format(name): gradient for name, gradient in grads.items()}

    def only_loss(self, x, y):
        return self.loss(x, y)[0]

    def gradient(self, x, y):
        return self.loss(x, y)[1]

    def without_a_bias(self, x, y):
        loss, grads = self.loss(x, y)
        return loss, {"W1": grads["W1"], "W2": grads["W2"]}


def unchanged(net, before):
    assert sorted(vars(net)) == ["names", "params", "seen", "wrong"]
    assert net.seen == 0
    for name, (array, content) in before.items():
        assert net.params[name] is array
        assert array.tobytes() == content


@pytest.mark.parametrize("names", ["{}", "d{}", "grad_{}"])
def test_a_model_gives_gradients_of_its_parameters_by_name(names):
    for wrong, verdict in [(1.0, "pass"), (1.5, "fail")]:
        net = Net(wrong, names)
        before = {name: (array, array.tobytes()) for name, array in net.params.items()}
        for forms in [(net.loss,), (net.only_loss, net.gradient)]:
            result = check(*forms, inputs=(X, LABELS))
            assert result.verdict == verdict, str(result)
            assert {leaf.name for leaf in result.leaves} == {"params.W1", "params.b1", "params.W2"}
            assert any("params.W1" in note and names.format("W1") in note for note in result.notes)
            unchanged(net, before)


def test_a_parameter_without_a_gradient_is_never_part_of_a_pass():
    result = check(Net().without_a_bias, inputs=(X, LABELS))
    assert result.verdict == "inconclusive"
    assert "params.b1" in str(result)
    assert check(Net().without_a_bias, inputs=(X, LABELS), wrt=["params.W1", "params.W2"]).ok


# ---- a pair without an upstream gradient


def mse(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)


def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / y_true.size


def mse_turned(prediction, target):
    return np.mean((target - prediction) ** 2)


def mse_turned_prime(target, prediction):
    return 2 * (prediction - target) / target.size


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_prime(x):
    return sigmoid(x) * (1 - sigmoid(x))


def sigmoid_of_output(out):
    return out * (1 - out)


@pytest.mark.parametrize(
    ("forward", "backward", "inputs", "leaf"),
    [
        (mse, mse_prime, (SCORES, TARGET), "y_pred"),
        (mse_turned, mse_turned_prime, (SCORES, TARGET), "prediction"),
        (lambda a, y: 0.5 * np.sum((a - y) ** 2), lambda a, y: a - y, (SCORES, TARGET), "a"),
        (sigmoid, sigmoid_prime, X, "x"),
        (sigmoid, sigmoid_of_output, X, "x"),
        (np.sin, np.cos, X, "x"),
        (lambda z: np.maximum(0, z), lambda z: (z > 0) * 1.0, X, "z"),
        (lambda p, t: np.sum((p - t) ** 2, axis=1), lambda p, t: 2 * (p - t), (SCORES, TARGET), "p"),
    ],
)
def test_a_function_and_its_derivative_need_no_upstream_gradient(forward, backward, inputs, leaf):
    result = check(forward, backward, inputs)
    assert result.verdict == "pass", str(result)
    assert [each.name for each in result.leaves] == [leaf]
    wrong = check(forward, functools.wraps(backward)(lambda *args: 2 * backward(*args)), inputs)
    assert wrong.verdict == "fail"
    assert wrong.findings[0].rule == "scale.constant"


def test_targets_are_told():
    result = check(mse, mse_prime, (SCORES, TARGET))
    assert any("y_true: taken as constants: targets" in note for note in result.notes)


def test_the_derivative_of_what_is_not_elementwise_is_no_diagonal():
    def softmax(x):
        return probabilities(x)

    def softmax_prime(x):
        return softmax(x) * (1 - softmax(x))

    assert check(softmax, softmax_prime, X).verdict == "fail"
    assert check(lambda x: x - x.mean(), lambda x: 0.0 * x, X).verdict == "fail"


# ---- which argument is which


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
    ],
)
def test_outputs_and_caches_are_told_apart(forward, backward):
    result = check(forward, backward, X)
    assert result.verdict == "pass", str(result)


# ---- configurations


def batchnorm(x, gamma, beta, bn_param):
    if bn_param["mode"] == "train":
        mean, var = x.mean(axis=0), x.var(axis=0)
        bn_param["running_mean"] = bn_param["momentum"] * bn_param["running_mean"] + 0.1 * mean
        bn_param["calls"] = bn_param.get("calls", 0) + 1
    else:
        mean, var = bn_param["running_mean"], np.ones(x.shape[1])
    inverse = 1 / np.sqrt(var + bn_param["eps"])
    normal = (x - mean) * inverse
    return gamma * normal + beta, (normal, gamma, inverse)


def batchnorm_backward(dout, cache):
    normal, gamma, inverse = cache
    d = dout * gamma
    dx = inverse * (d - d.mean(axis=0) - normal * (d * normal).mean(axis=0))
    return dx, (dout * normal).sum(axis=0), dout.sum(axis=0)


def test_a_configuration_is_constant_and_stays_as_it_is():
    mean = np.zeros(5)
    settings = {"mode": "train", "eps": 1e-5, "momentum": 0.9, "running_mean": mean}
    inputs = (X, np.linspace(0.5, 2, 5), np.ones(5), settings)
    result = check(batchnorm, batchnorm_backward, inputs)
    assert result.verdict == "pass", str(result)
    assert [leaf.name for leaf in result.leaves] == ["x", "gamma", "beta"]
    assert any("bn_param.eps" in note and "constant" in note for note in result.notes)
    assert settings == {"mode": "train", "eps": 1e-5, "momentum": 0.9, "running_mean": mean}
    assert settings["running_mean"] is mean
    assert not mean.any()


def normed(x, gamma, eps, running_mean, momentum=0.9):
    running_mean *= momentum
    running_mean += (1 - momentum) * x.mean(axis=0)
    inverse = 1 / np.sqrt((x**2).mean(axis=1, keepdims=True) + eps)
    return x * inverse * gamma, (x, inverse, gamma)


def normed_backward(dout, cache):
    x, inverse, gamma = cache
    d = dout * gamma
    return d * inverse - x * inverse**3 * (d * x).mean(axis=1, keepdims=True), (dout * x * inverse).sum(axis=0)


def test_numbers_and_running_statistics_are_constant():
    mean = np.ones(5)
    result = check(normed, normed_backward, (X, np.linspace(0.5, 2, 5), 1e-5, mean))
    assert result.verdict == "pass", str(result)
    assert [leaf.name for leaf in result.leaves] == ["x", "gamma"]
    notes = " ".join(result.notes)
    assert "eps" in notes
    assert "running_mean" in notes
    np.testing.assert_array_equal(mean, 1)


def test_an_array_without_a_gradient_is_not_passed_over():
    def forward(x, w, b):
        return x @ w + b, (x, w)

    def backward(g, cache):
        x, w = cache
        return g @ w.T, x.T @ g

    result = check(forward, backward, (X, W, B))
    assert result.verdict == "inconclusive"
    assert [leaf.name for leaf in result.leaves if leaf.verdict == "inconclusive"] == ["b"]
    assert "b" in str(result)
    assert check(forward, backward, (X, W, B), wrt=["x", "w"]).ok


# ---- random numbers


def dropout(rng):
    def dropout(x, p=0.4):
        mask = (rng.random(x.shape) > p) / (1 - p)
        return x * mask, mask

    return dropout


def test_generators_are_set_by_a_seed():
    rng = np.random.default_rng(3)
    forward = dropout(rng)
    with pytest.raises(ValueError, match=r"another output each time.*seed=0"):
        check(forward, lambda dout, mask: dout * mask, X)
    assert check(forward, lambda dout, mask: dout * mask, X, seed=0).ok
    assert check(forward, lambda dout, mask: dout * mask * 1.1, X, seed=0).verdict == "fail"
    assert rng.random() == np.random.default_rng(3).random()
    with pytest.raises(ValueError, match="generator of its own in every call"):
        check(lambda x: (x * np.random.default_rng().random(), x), lambda g, c: g, X, seed=0)


# ---- gradients in structures

Grads = namedtuple("Grads", ["w", "x"])


@dataclass
class Both:
    dx: np.ndarray
    dw: np.ndarray


@pytest.mark.parametrize(
    "form",
    [
        lambda dx, dw, db: (dx, [dw, db]),
        lambda dx, dw, db: (dx, {"W": dw, "b": db}),
        lambda dx, dw, db: (dx, {"db": db, "dW": dw}),
        lambda dx, dw, db: {"dX": dx, "dW": dw, "grad_b": db},
        lambda dx, dw, db: {"x": dx, "params": {"b": db, "W": dw}},
        lambda dx, dw, db: (dx, (dw, db)),
        lambda dx, dw, db: [dx, dw, db],
        lambda dx, dw, db: types.SimpleNamespace(dx=dx, dW=dw, db=db),
    ],
)
def test_gradients_come_in_structures(form):
    def forward(x, params):
        return x @ params["W"] + params["b"], (x, params)

    def backward(wrong):
        def backward(g, cache):
            x, params = cache
            return form(g @ params["W"].T, x.T @ g, wrong * g.sum(axis=0))

        return backward

    inputs = (X, {"W": W, "b": B})
    result = check(forward, backward(1.0), inputs)
    assert result.verdict == "pass", str(result)
    assert len(result.leaves) == 3
    result = check(forward, backward(2.0), inputs)
    assert [leaf.name for leaf in result.leaves if leaf.verdict == "fail"] == ["params.b"]


@pytest.mark.parametrize("form", [lambda dx, dw: Grads(dw, dx), Both, lambda dx, dw: {"dw": dw, "dx": dx}])
def test_gradients_are_known_by_their_names(form):
    square = RNG.standard_normal((7, 7))
    result = check(dense, lambda g, out, x, w: form(g @ w.T, x.T @ g), (square, square.T.copy()))
    assert result.verdict == "pass", str(result)


# ---- static methods with a context


class Multiply:
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        ctx.scale = 2.0
        return 2 * x * y

    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        return grad_output * ctx.scale * y, grad_output * ctx.scale * x


class MultiplyWrongly(Multiply):
    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        return grad_output * ctx.scale * y, grad_output * x


def test_static_methods_share_a_context():
    inputs = (X, X + 1)
    assert check(Multiply, inputs=inputs).ok
    assert check(Multiply.forward, Multiply.backward, inputs).ok
    result = check(MultiplyWrongly, inputs=inputs)
    assert [leaf.name for leaf in result.leaves if leaf.verdict == "fail"] == ["y"]
    assert result.subject == "MultiplyWrongly"


# ---- nothing is left changed


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("calls", [1, 4, 9])
def test_interrupted_checks_leave_everything_as_it_was(error, calls):
    total = np.zeros((5, 3))
    rows, counted, x, w = [], 0, X.copy(), W.copy()

    def forward(x, w, settings):
        nonlocal counted
        counted += 1
        if counted > calls:
            raise error
        rows.append(x)
        settings["cache"] = x
        return x @ w, (x, w)

    def backward(g, cache):
        x, w = cache
        np.add(total, x.T @ g, out=total)
        x *= 2
        return g @ w.T, total

    settings = {"scale": 1.0}
    with pytest.raises(error):
        check(forward, backward, (x, w, settings))
    assert counted == 0
    assert rows == []
    assert not total.any()
    assert settings == {"scale": 1.0}
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(w, W)
