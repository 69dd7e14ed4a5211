"""Are losses and models checked that give their gradients themselves, or without an upstream gradient?"""

import itertools

import numpy as np
import pytest
from backward_checks import W, X, check

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


def deep(wrong):
    def deep(x, t, layers):
        outputs, grads = [x], []
        for w, b in layers:
            outputs.append(np.tanh(outputs[-1] @ w + b))
        d = 2 * (outputs[-1] - t) / t.size
        for (w, _), before, out in zip(layers[::-1], outputs[-2::-1], outputs[:0:-1], strict=True):
            d = d * (1 - out**2)
            grads.insert(0, (before.T @ d, d.sum(axis=0)))
            d = d @ w.T
        grads[0] = (grads[0][0], wrong * grads[0][1])
        return np.mean((outputs[-1] - t) ** 2), grads

    return deep


@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_list_of_layers_has_a_list_of_gradients(count):
    rng = np.random.default_rng(0)
    sides = [*[5, 4, 6, 4, 6, 4, 6][:count], 3]
    layers = [(rng.standard_normal((i, o)), rng.standard_normal(o)) for i, o in itertools.pairwise(sides)]
    result = check(deep(1.0), inputs=(X, TARGET, layers))
    assert result.verdict == "pass", str(result)
    assert len(result.leaves) == 2 * len(layers)
    wrong = check(deep(1.5), inputs=(X, TARGET, layers))
    assert [leaf.name for leaf in wrong.leaves if leaf.verdict == "fail"] == ["layers[0][1]"]


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


# ---- the layers of a network that keep their weights where its dict of parameters has them


class Affine:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, dout):
        self.dw, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.w.T


class Layered:
    def __init__(self, wrong=1.0):
        rng = np.random.default_rng(0)
        self.first = Affine(rng.standard_normal((5, 4)), np.zeros(4))
        self.second = Affine(rng.standard_normal((4, 3)), np.zeros(3))
        self.params = {"W1": self.first.w, "b1": self.first.b, "W2": self.second.w, "b2": self.second.b}
        self.wrong = wrong

    def loss(self, x, t):
        self.h = np.tanh(self.first.forward(x))
        loss, self.d = softmax_loss(1.0)(self.second.forward(self.h), t)
        return loss

    def gradient(self, x, t):
        self.loss(x, t)
        self.first.backward(self.second.backward(self.d) * (1 - self.h**2))
        first, second = self.first, self.second
        return {"W1": first.dw, "b1": first.db, "W2": second.dw, "b2": self.wrong * second.db}

    def listed(self, x, t):
        return list(self.gradient(x, t).values())


@pytest.mark.parametrize("backward", ["gradient", "listed"])
def test_weights_that_are_kept_twice_are_checked_once(backward):
    for wrong, verdict in [(1.0, "pass"), (2.0, "fail")]:
        net = Layered(wrong)
        result = check(net.loss, getattr(net, backward), (X, LABELS))
        assert result.verdict == verdict, str(result)
        assert len(result.leaves) == 4
        assert net.first.w is net.params["W1"]
        assert net.first.b is net.params["b1"]
        assert not net.first.b.any()
    assert check(net.loss, net.gradient, (X, LABELS), wrt=["W1", "b1"]).ok


def test_integer_inputs_leave_the_parameters_of_an_object():
    class Table:
        def __init__(self):
            self.vectors = np.linspace(-1, 1, 12).reshape(4, 3)

        def loss(self, rows):
            picked = self.vectors[rows]
            gradient = np.zeros_like(self.vectors)
            np.add.at(gradient, rows, 2 * picked)
            return np.sum(picked**2), {"vectors": gradient}

    result = check(Table().loss, inputs=np.array([0, 2, 2]))
    assert result.verdict == "pass", str(result)
    assert [leaf.name for leaf in result.leaves] == ["vectors"]
