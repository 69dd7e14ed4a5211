"""Which losses give their gradient without an upstream gradient: from one call or from a pair?"""

# ruff: noqa: N806 -- matrices have the names that they have on paper

import numpy as np
from form_cases import away, drawn, form, normal, onehot, pair, single

# ---- (loss, gradient) from one call ----


def softmax_loss(x, y):
    shifted = x - np.max(x, axis=1, keepdims=True)
    log_probs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    N = x.shape[0]
    loss = -np.sum(log_probs[np.arange(N), y]) / N
    dx = np.exp(log_probs)
    dx[np.arange(N), y] -= 1
    return loss, dx / N


def softmax_loss_summed(x, y):
    loss, dx = softmax_loss(x, y)
    return loss, dx * x.shape[0]


def softmax_loss_next_label(x, y):
    loss, dx = softmax_loss(x, y)
    N = x.shape[0]
    dx[np.arange(N), y] += 1 / N
    dx[np.arange(N), y - 1] -= 1 / N
    return loss, dx


def scores_and_labels(rng):
    return rng.standard_normal((7, 3)), rng.integers(0, 3, 7)


form(
    "softmax loss", "loss", single(scores_and_labels), softmax_loss,
    ("not divided by the batch", softmax_loss_summed, "x"),
    ("labels off by one", softmax_loss_next_label, "x"),
)  # fmt: skip


def svm_loss(x, y):
    N = x.shape[0]
    correct = x[np.arange(N), y]
    margins = np.maximum(0, x - correct[:, None] + 1.0)
    margins[np.arange(N), y] = 0
    dx = np.zeros_like(x)
    dx[margins > 0] = 1
    dx[np.arange(N), y] -= np.sum(margins > 0, axis=1)
    return np.sum(margins) / N, dx / N


def svm_loss_one_for_right(x, y):
    loss, dx = svm_loss(x, y)
    rows = np.arange(x.shape[0])
    dx[rows, y] = -1 / x.shape[0]
    return loss, dx


def svm_inputs(rng):
    def margins(x, y):
        distance = x - x[np.arange(5), y][:, None] + 1.0
        return distance[np.arange(4) != y[:, None]]

    return drawn(rng, lambda rng: (rng.standard_normal((5, 4)), rng.integers(0, 4, 5)), margins)


form(
    "multiclass svm loss", "loss", single(svm_inputs), svm_loss,
    ("one for the right class however many violate the margin", svm_loss_one_for_right, "x"),
)  # fmt: skip


def focal_loss(logits, targets, gamma=2.0, alpha=0.25):
    p = 1 / (1 + np.exp(-logits))
    pt = np.where(targets == 1, p, 1 - p)
    at = np.where(targets == 1, alpha, 1 - alpha)
    loss = np.mean(-at * (1 - pt) ** gamma * np.log(pt))
    dpt = at * (gamma * (1 - pt) ** (gamma - 1) * np.log(pt) - (1 - pt) ** gamma / pt)
    sign = np.where(targets == 1, 1.0, -1.0)
    return loss, dpt * sign * p * (1 - p) / logits.size


def focal_loss_frozen_weight(logits, targets, gamma=2.0, alpha=0.25):
    p = 1 / (1 + np.exp(-logits))
    pt = np.where(targets == 1, p, 1 - p)
    at = np.where(targets == 1, alpha, 1 - alpha)
    sign = np.where(targets == 1, 1.0, -1.0)
    grad = -at * (1 - pt) ** gamma / pt * sign * p * (1 - p)
    return focal_loss(logits, targets)[0], grad / logits.size


form(
    "focal loss", "loss", single(lambda rng: (rng.standard_normal((5, 3)), rng.integers(0, 2, (5, 3)))), focal_loss,
    ("the weight taken as a constant", focal_loss_frozen_weight, "logits"),
)  # fmt: skip


def triplet_loss(anchor, positive, negative, margin=1.0):
    d_pos, d_neg = anchor - positive, anchor - negative
    violation = (d_pos**2).sum(axis=1) - (d_neg**2).sum(axis=1) + margin
    active = (violation > 0)[:, None]
    loss = np.maximum(violation, 0).mean()
    n = len(anchor)
    return loss, (
        2 * active * (d_pos - d_neg) / n,
        -2 * active * d_pos / n,
        2 * active * d_neg / n,
    )


def triplet_loss_sign(anchor, positive, negative, margin=1.0):
    loss, (d_anchor, d_positive, d_negative) = triplet_loss(anchor, positive, negative, margin)
    return loss, (d_anchor, d_positive, -d_negative)


def triplet_inputs(rng):
    def violation(a, p, n):
        return ((a - p) ** 2 - (a - n) ** 2).sum(axis=1) + 1.0

    while True:
        inputs = drawn(rng, normal((5, 3), (5, 3), (5, 3)), violation)
        if np.max(violation(*inputs)) > 0:
            return inputs


form(
    "triplet loss", "loss nested", single(triplet_inputs), triplet_loss,
    ("sign of the negative", triplet_loss_sign, "negative"),
)  # fmt: skip


def kl_divergence(mu, logvar):
    """Of a normal distribution from the standard one: the value and each gradient, side by side."""
    kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar)) / mu.shape[0]
    return kl, mu / mu.shape[0], 0.5 * (np.exp(logvar) - 1) / mu.shape[0]


def kl_divergence_deviation(mu, logvar):
    kl, dmu, _ = kl_divergence(mu, logvar)
    return kl, dmu, 0.5 * (np.exp(0.5 * logvar) - 1) / mu.shape[0]


form(
    "KL divergence, loss, dmu, dlogvar", "loss", single(normal((5, 3), (5, 3))), kl_divergence,
    ("deviation for variance", kl_divergence_deviation, "logvar"),
)  # fmt: skip


# ---- A function and its derivative ----


def mse(y_true, y_pred):
    return np.mean(np.power(y_true - y_pred, 2))


def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / np.size(y_true)


form(
    "mse and mse_prime, truth first", "loss", pair(mse, normal((5, 1), (5, 1))), mse_prime,
    ("true minus predicted", lambda y_true, y_pred: 2 * (y_true - y_pred) / np.size(y_true), "y_pred"),
    ("not divided", lambda y_true, y_pred: 2 * (y_pred - y_true), "y_pred"),
)  # fmt: skip


def cross_entropy(y_hat, y):
    return -np.sum(y * np.log(y_hat)) / y_hat.shape[0]


def cross_entropy_grad(y_hat, y):
    return -y / y_hat / y_hat.shape[0]


def probabilities_and_onehot(rng):
    p = rng.uniform(0.2, 1.0, (7, 3))
    return p / p.sum(axis=1, keepdims=True), onehot(rng, 7, 3)


form(
    "cross entropy and its gradient, prediction first", "loss",
    pair(cross_entropy, probabilities_and_onehot), cross_entropy_grad,
    ("gradient of the softmax in it", lambda y_hat, y: (y_hat - y) / y_hat.shape[0], "y_hat"),
)  # fmt: skip


def huber(pred, target, delta=1.0):
    r = np.abs(pred - target)
    return np.sum(np.where(r <= delta, 0.5 * r**2, delta * (r - 0.5 * delta)))


def huber_grad(pred, target, delta=1.0):
    return np.clip(pred - target, -delta, delta)


def huber_grad_whole(pred, target, delta=1.0):
    return pred - target


def huber_inputs(rng):
    target = rng.standard_normal((7, 3))
    residual = rng.choice([-1.0, 1.0], (7, 3)) * (rng.choice([0.2, 1.2], (7, 3)) + rng.uniform(0, 0.6, (7, 3)))
    return target + residual, target


form(
    "Huber loss, said to be one", "loss", pair(huber, huber_inputs, style="loss"), huber_grad,
    ("not clipped", huber_grad_whole, "pred"),
)  # fmt: skip


def hinge(scores, labels):
    return np.maximum(0, 1 - labels * scores).mean()


def hinge_grad(scores, labels):
    return np.where(labels * scores < 1, -labels, 0) / len(scores)


def hinge_grad_at_zero(scores, labels):
    return np.where(labels * scores < 0, -labels, 0) / len(scores)


def hinge_inputs(rng):
    """On both sides of the margin, and some on the right side of 0 yet within the margin."""
    labels = rng.choice([-1, 1], 7)
    distance = 0.5 * away(rng, 7) - 0.02
    distance[0] = -np.abs(distance[0])
    return labels * (1 + distance), labels


form(
    "hinge loss with labels of -1 and 1", "loss", pair(hinge, hinge_inputs), hinge_grad,
    ("margin of 0 for 1", hinge_grad_at_zero, "scores"),
)  # fmt: skip
