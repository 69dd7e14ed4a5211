"""Programs in which a number goes bad: each with the cause that was planted, in the line that ends in ``# <-``."""

from dataclasses import dataclass
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import losses, nn, optim

STORIES = []


@dataclass(frozen=True)
class Story:
    """A function, the cause that was planted, the operation that shows it, and what the message has to say."""

    run: Any
    cause: str
    operation: str
    says: tuple[str, ...]

    @property
    def line(self):
        code = self.run.__code__
        with open(code.co_filename) as file:
            lines = file.read().splitlines()
        last = max(line for _, _, line in code.co_lines() if line is not None)
        (found,) = [n for n in range(code.co_firstlineno, last + 1) if lines[n - 1].endswith("# <-")]
        return found


def story(cause, operation, *says):
    def add(function):
        STORIES.append(Story(function, cause, operation, says))
        return function

    return add


def leaf(*values, name=None, dtype=np.float64):
    return mg.Tensor(np.array(values, dtype), requires_grad=True, name=name)


# The double where.


@story("double where", "sqrt", "argument 0 'x'", "at [1]", "safe = mg.where(mask, x, 0.5)", "mg.sqrt(safe)")
def root_of_a_branch_not_taken():
    x = leaf(4.0, 0.0, 9.0, name="x")
    roots = mg.sqrt(x)  # <-
    loss = mg.where(x.numpy() > 0.0, roots, 0.0).sum()
    loss.backward()


@story("double where", "log", "gave -inf at [2]", "mg.log(safe)")
def entropy_with_a_probability_of_zero():
    p = leaf(0.5, 0.5, 0.0)
    terms = mg.where(p.numpy() > 0.0, p * mg.log(p), 0.0)  # <-
    (-terms.sum()).backward()


@story("double where", "divide", "gave NaN at [1]", "y / safe")
def quotient_of_a_branch_not_taken():
    x, y = leaf(1.0, 0.0), leaf(2.0, 0.0)
    mg.where(y.numpy() != 0.0, x / y, 1.0).sum().backward()  # <-


@story("double where", "power", "safe ** p")
def power_that_an_index_leaves_out():
    x = leaf(0.0, 1.0, 2.0)
    powers = x**0.25  # <-
    powers[1:].sum().backward()


# Roots and norms.


@story("sqrt at 0", "sqrt", "gave inf at [0]", "mg.sqrt(x + 1e-12)")
def root_at_zero():
    x = leaf(0.0, 1.0)
    y = 3.0 * x
    (2.0 * np.sqrt(y)).sum().backward()  # <-


@story("norm at 0", "sqrt", "write mg.norm(x)")
def distance_of_a_point_to_itself():
    points = mg.Tensor(np.array([[1.0, 2.0], [3.0, 5.0]]), requires_grad=True)
    gaps = points[:, None] - points[None, :]
    distances = np.sqrt((gaps**2).sum(axis=-1))  # <-
    distances.sum().backward()


@story("norm at 0", "divide", "the length of a vector of zeros is 0", "x / (mg.norm(x) + 1e-12)")
def direction_of_a_zero_vector():
    x = leaf(0.0, 0.0, 0.0)
    direction = x / mg.norm(x)  # <-
    direction.sum().backward()


@story("norm at 0", "power")
def norm_written_as_a_power():
    x = leaf(0.0, 0.0)
    length = (x * x).sum() ** 0.5  # <-
    length.backward()


@story("std of a constant", "divide", "all values along an axis are equal")
def a_column_that_does_not_vary():
    x = mg.Tensor(np.array([[1.0, 3.0], [2.0, 3.0], [4.0, 3.0]]), requires_grad=True)
    z = (x - x.mean(axis=0)) / x.std(axis=0)  # <-
    (z**2).sum().backward()


@story("std of a constant", "divide")
def rows_that_do_not_vary():
    x = mg.Tensor(np.array([[1.0, 1.0], [2.0, 3.0]]), requires_grad=True)
    spread = np.sqrt(((x - x.mean(axis=1)[:, None]) ** 2).mean(axis=1))
    z = (x - x.mean(axis=1)[:, None]) / spread.reshape(-1, 1)  # <-
    (z**2).sum().backward()


@story("norm at 0", "divide")
def unit_rows():
    x = mg.Tensor(np.array([[0.0, 0.0], [2.0, 3.0]]), requires_grad=True)
    unit = x / np.sqrt((x**2).sum(axis=1))[:, None]  # <-
    unit.sum().backward()


@story("std of a constant", "sqrt", "mg.std has the gradient 0 there")
def std_by_formula_of_a_constant():
    x = leaf(2.0, 2.0, 2.0)
    std = np.sqrt(((x - x.mean()) ** 2).mean())  # <-
    std.backward()


@story("square root of a negative number", "sqrt", "mg.var(x) is never negative")
def variance_as_a_difference():
    x = leaf(0.7, 0.7, 0.7, 0.7, 0.7, 0.7)
    variance = (x**2).mean() - x.mean() ** 2
    np.sqrt(variance).backward()  # <-


@story("power of a negative number", "power", "-8 ** 0.333333")
def cube_root_as_a_power():
    x = leaf(8.0, -8.0)
    (x ** (1.0 / 3.0)).sum().backward()  # <-


@story("power of a negative number", "power", "the gradient by the exponent is x**p * log(x)", "p.detach()")
def exponent_that_is_learned():
    x, p = leaf(-2.0, 1.0), leaf(2.0, 2.0)
    (x**p).sum().backward()  # <-


@story("negative power of 0", "power", "0 ** -0.5")
def inverse_root_of_zero():
    x = leaf(4.0, 0.0)
    (x**-0.5).sum().backward()  # <-


@story("power at 0", "power", "x ** 0.25")
def small_power_at_zero():
    x = leaf(1.0, 0.0)
    (x**0.25).sum().backward()  # <-


# Logarithms and quotients.


@story("log of 0", "log", "at [0, 1]", "mg.log(mg.maximum(x, 1e-12))")
def likelihood_of_nothing():
    rates = mg.Tensor(np.array([[1.0, 0.0]]), requires_grad=True)
    (-np.log(rates)).sum().backward()  # <-


@story("log of a negative number", "log", "was given -0.5")
def log_below_zero():
    x = leaf(1.0, -0.5)
    x.log().sum().backward()  # <-


@story("division by 0", "divide", "3 was divided by 0")
def division_by_an_empty_class():
    sums, counts = leaf(3.0, 4.0), np.array([0.0, 2.0])
    (sums / counts).sum().backward()  # <-


@story("0 / 0", "divide")
def ratio_of_nothing_to_nothing():
    x = leaf(0.0, 2.0)
    (x / (2.0 * x)).sum().backward()  # <-


@story("at the bounds", "arccos", "the slope of arccos at 1")
def angle_of_a_vector_with_itself():
    u = mg.Tensor(np.array([1.0, 0.0]), requires_grad=True)
    angle = np.arccos(u @ u)  # <-
    angle.backward()


@story("outside the domain", "arcsin", "rounding may lead a cosine past 1")
def sine_above_one():
    x = leaf(0.5, 1.0 + 1e-15)
    np.arcsin(x).sum().backward()  # <-


@story("at the bounds", "logit", "mg.clip(p, 1e-6, 1.0 - 1e-6)")
def logit_of_certainty():
    p = leaf(0.5, 1.0)
    mg.logit(p).sum().backward()  # <-


@story("at the bounds", "arctanh")
def fisher_transform_of_a_perfect_correlation():
    r = leaf(0.3, -1.0)
    z = np.arctanh(r)  # <-
    z.sum().backward()


# Formulas that overflow.


@story("softmax by formula", "exp", "exp of 1000 does not fit into float64", "write mg.softmax(x)")
def softmax_by_hand():
    logits = leaf(1.0, 1000.0)
    powers = np.exp(logits)  # <-
    p = powers / powers.sum()
    p[0].backward()


@story("softmax by formula", "divide", "all exponentials rounded to 0")
def softmax_by_hand_of_small_numbers():
    logits = leaf(-1000.0, -1001.0)
    powers = np.exp(logits)
    p = powers / powers.sum()  # <-
    p[0].backward()


@story("log-softmax by formula", "log", "mg.log_softmax(x)")
def log_of_a_softmax():
    logits = leaf(0.0, 1000.0)
    np.log(mg.softmax(logits)).sum().backward()  # <-


@story("log-softmax by formula", "exp", "mg.logsumexp(x)")
def log_softmax_by_hand():
    logits = leaf(0.0, 1000.0)
    scores = logits - np.log(np.exp(logits).sum())  # <-
    scores[0].backward()


@story("logsumexp by formula", "log", "write mg.logsumexp(x)")
def log_of_a_sum_of_exponentials():
    x = leaf(-1000.0, -2000.0)
    total = mg.exp(x).sum()
    mg.log(total).backward()  # <-


@story("cross-entropy by formula", "log", "losses.cross_entropy(logits, labels)")
def cross_entropy_by_hand():
    logits = mg.Tensor(np.array([[0.0, 900.0], [1.0, 2.0]]), requires_grad=True)
    shifted = np.exp(logits - logits.numpy().max(axis=1, keepdims=True))
    p = shifted / shifted.sum(axis=1, keepdims=True)
    (-np.log(p[[0, 1], [0, 1]])).mean().backward()  # <-


@story("binary cross-entropy by formula", "log", "losses.bce_with_logits(logits, target)")
def binary_cross_entropy_by_hand():
    x, t = leaf(-0.5, 40.0), np.array([0.0, 0.0])
    p = mg.sigmoid(x)
    first = t * np.log(p)
    second = (1.0 - t) * np.log(1.0 - p)  # <-
    (-(first + second).mean()).backward()


@story("sigmoid by formula", "exp", "write mg.sigmoid(x)")
def sigmoid_by_hand():
    x = leaf(-1000.0, 1.0)
    (1.0 / (1.0 + np.exp(-x))).sum().backward()  # <-


@story("softplus by formula", "exp", "write mg.softplus(x)")
def softplus_by_hand():
    x = leaf(1000.0, 1.0)
    np.log(1.0 + np.exp(x)).sum().backward()  # <-


@story("exp overflow", "exp", "ends at exp(710)")
def rate_of_a_poisson_regression():
    w = leaf(400.0)
    rate = mg.exp(w * 2.0)  # <-
    rate.backward()


@story("exp overflow", "exp", "ends at exp(710)")
def another_formula_on_the_next_line():
    x = leaf(1000.0)
    rate = mg.exp(x)  # <-
    share = 1.0 / (1.0 + x)
    (rate * share).sum().backward()


@story("sigmoid by formula", "exp", "write mg.sigmoid(x)")
def sigmoid_by_hand_in_two_lines():
    x = leaf(-1000.0, 1.0)
    grown = np.exp(-x)  # <-
    offset = x * 2.0
    (offset * 1.0 / (1.0 + grown)).sum().backward()


@story("exp overflow", "sinh")
def a_hyperbola():
    x = leaf(1.0, 800.0)
    np.sinh(x).sum().backward()  # <-


# Infinities.


@story("0 times infinity", "multiply", "mg.where(mask, x, 0.0)")
def masking_by_a_product():
    x = leaf(1.0, 2.0)
    scores = mg.where(np.array([True, False]), x, -np.inf)
    (scores * np.array([1.0, 0.0])).sum().backward()  # <-


@story("infinity minus infinity", "subtract")
def difference_of_two_masks():
    x = leaf(1.0, 2.0)
    masked = mg.where(np.array([True, False]), x, -np.inf)
    (masked - mg.max(masked, axis=0) - masked).sum().backward()  # <-


@story("infinity divided by infinity", "divide")
def quotient_of_two_masks():
    x = leaf(1.0, 2.0)
    masked = mg.where(np.array([True, False]), x, np.inf)
    (masked / (2.0 * masked)).sum().backward()  # <-


@story("NaN of an infinity", "matmul", "0 * inf")
def selecting_by_a_matrix():
    x = leaf(1.0, 2.0)
    masked = mg.where(np.array([True, False]), x, np.inf)
    chosen = masked @ np.array([[1.0], [0.0]])  # <-
    chosen.sum().backward()


@story("gradient of an infinity", "multiply", "for argument 0, of a finite gradient")
def weights_that_are_infinite():
    x = leaf(1.0, 2.0)
    weighted = x * np.array([1.0, np.inf])  # <-
    weighted.backward(np.array([1.0, 1.0]))


@story("bad input", "where", "an infinity as argument 2", "a masked place was chosen after all, as by a label")
def label_of_a_masked_class():
    logits = mg.Tensor(np.zeros((1, 3)), requires_grad=True)
    masked = mg.where(np.array([True, True, False]), logits, -np.inf)  # <-
    losses.cross_entropy(masked, np.array([2])).backward()


@story("singular matrix", "log_abs_det", "np.eye(n)")
def log_determinant_of_nothing():
    a = mg.Tensor(np.zeros((3, 3)), requires_grad=True)
    _, size = np.linalg.slogdet(a)  # <-
    size.backward()


@story("pole", "gammaln", "gammaln is infinite there")
def pole_of_the_gamma_function():
    x = leaf(0.0, 1.0)
    mg.gammaln(x).sum().backward()  # <-


@story("division by a tiny number", "divide", "the divisor is 1e-200")
def inverse_of_a_tiny_number():
    x = leaf(1e-200, 1.0)
    (1.0 / x).sum().backward()  # <-


@story("NaN", "y0")
def bessel_function_below_zero():
    x = leaf(-1.0, 1.0)
    mg.y0(x).sum().backward()  # <-


@story("everything masked", "softmax", "every element is -inf")
def attention_to_nothing():
    scores = mg.Tensor(np.zeros((2, 3)), requires_grad=True)
    mask = np.array([[0.0, 0.0, -np.inf], [-np.inf, -np.inf, -np.inf]])
    mg.softmax(scores + mask).sum().backward()  # <-


@story("too few values", "var", "ddof=")
def variance_of_a_batch_of_one():
    x = mg.Tensor(np.ones((1, 3)), requires_grad=True)
    x.var(axis=0, ddof=1).sum().backward()  # <-


# Numbers that grow.


@story("float16 overflow", "multiply", "the result is 90000, and float16 ends at 65504")
def squares_in_half_precision():
    x = leaf(300.0, 2.0, dtype=np.float16)
    (x * x).sum().backward()  # <-


@story("float16 overflow", "multiply", "the gradient is 80000")
def scaled_loss_in_half_precision():
    x = leaf(1.0, 2.0, dtype=np.float16)
    y = x * np.float16(40.0)  # <-
    y.backward(np.array([2000.0, 1.0], np.float16))


@story("float16 overflow", "astype", "float16 ends at 65504")
def cast_to_half_precision():
    x = leaf(1e6, 1.0)
    x.astype(np.float16)  # <-


@story("overflow", "prod")
def likelihood_as_a_product():
    x = leaf(*[1e30] * 11)
    mg.prod(x).backward()  # <-


@story("overflow", "matmul", "which is the largest float32")
def product_in_single_precision():
    x = mg.Tensor(np.full((2, 3), 1e30, np.float32), requires_grad=True)
    (x @ x.T).sum().backward()  # <-


@story("exploding recurrence", "matmul", "the values grow by a factor of about 6 each time that matmul runs in line")
def recurrence_without_a_bound():
    weight = mg.Tensor(np.full((3, 3), 2.0, np.float32), requires_grad=True)
    h = mg.Tensor(np.ones(3, np.float32))
    for _ in range(60):
        h = h @ weight  # <-
    h.sum().backward()


@story("exploding recurrence", "multiply", "the gradients grow by a factor of about 5")
def recurrence_whose_gradient_explodes():
    x = mg.Tensor(np.zeros(3, np.float32), requires_grad=True)
    h = x
    for _ in range(60):
        h = h * np.float32(5.0)  # <-
    h.sum().backward()


@story("learning rate too high", "power", "from step to step: the Tensor 'w'", "by a factor of 10")
def steps_that_are_too_long():
    w = leaf(1.0, 2.0, name="w")
    optimizer = optim.SGD([w], lr=1.0)
    for _ in range(100):
        optimizer.zero_grad()
        loss = (w**4).sum()  # <-
        loss.backward()
        optimizer.step()


@story("learning rate too high", "matmul_with_bias", "inside Dense.forward", "layers.2.weight")
def network_with_steps_that_are_too_long():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    model = nn.Sequential(nn.Dense(3, 5, rng=rng), nn.ReLU(), nn.Dense(5, 2, rng=rng))
    for name, parameter in model.named_parameters():
        parameter.named(name)
    optimizer = optim.SGD(model.parameters(), lr=20.0)
    for _ in range(200):
        optimizer.zero_grad()
        losses.mse(model(x), y).backward()  # <-
        optimizer.step()


# What was bad before.


@story("bad input", "matmul", "argument 0, which is the constant 'rows'", "1 NaN, the first at [1, 0]")
def data_with_a_gap():
    rows = np.array([[1.0, 2.0], [np.nan, 3.0]])
    w = leaf(1.0, 2.0)
    (rows @ w).sum().backward()  # <-


@story("bad input", "multiply", "the Tensor 'scale'", "before any operation")
def parameter_that_was_never_set():
    scale = leaf(1.0, np.nan, name="scale")
    hidden = scale * 3.0  # <-
    np.tanh(hidden).sum().backward()


@story("bad input", "add", "argument 1, which is the constant 'bias'")
def bias_with_a_gap():
    x, bias = leaf(1.0, 2.0), np.array([0.0, np.nan])
    y = x + bias  # <-
    y.sum().backward()


@story("bad seed", "", "the seed of the pass back was not finite")
def seed_with_a_gap():
    x = leaf(1.0, 2.0)
    (x * x).backward(np.array([1.0, np.nan]))  # <-


@story("hook", "multiply", "look at the function that was given to register_hook")
def hook_that_divides_by_zero():
    x = leaf(0.0, 0.0)
    x.register_hook(lambda gradient: gradient / mg.norm(gradient))
    (x * x).sum().backward()  # <-


@story("at the bounds", "arctanh")
def a_line_of_a_layer_of_ones_own():
    class Stretch(nn.Layer):
        def forward(self, x):
            return np.arctanh(x)  # <-

    model = nn.Sequential(nn.Dense(2, 2, rng=np.random.default_rng(0)), nn.Tanh(), Stretch())
    model(np.full((3, 2), 100.0)).sum().backward()
