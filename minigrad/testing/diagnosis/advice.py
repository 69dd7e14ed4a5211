"""What is the derivative of an operation, in the words in which somebody would write it?"""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.testing.diagnosis.edges import Edge, node_op

# By the operation: its derivative, with g for the upstream gradient and out for what the operation returned.
DERIVATIVES = {
    "tanh": "for out = tanh(x): g * (1 - out**2)",
    "sigmoid": "for out = sigmoid(x): g * out * (1 - out)",
    "softplus": "for softplus(x): g * sigmoid(x)",
    "softmax": "for p = softmax(z): p * (g - sum(g * p)), the sum along the axis of the softmax, with keepdims=True",
    "log_softmax": "for y = log_softmax(z): g - exp(y) * sum(g), the sum along the axis of the softmax",
    "standardise": "for y = (x - mean) / std: (g - mean(g) - y * mean(g * y)) / std",
    "relu": "for relu(x): g where x > 0, and 0 elsewhere",
    "maximum": "for maximum(x, y): g goes to the larger of the two alone: g * (x > y)",
    "minimum": "for minimum(x, y): g goes to the smaller of the two alone: g * (x < y)",
    "max": "for x.max(): g goes to the largest element alone",
    "min": "for x.min(): g goes to the smallest element alone",
    "where": "for where(c, x, y): x gets g where c is true, and y gets it elsewhere",
    "clip": "for clip(x, low, high): g where low < x < high, and 0 elsewhere",
    "abs": "for |x|: g * sign(x)",
    "exp": "for out = exp(x): g * out",
    "expm1": "for out = expm1(x): g * (out + 1)",
    "exp2": "for out = 2**x: g * out * log(2)",
    "log": "for log(x): g / x",
    "log1p": "for log1p(x): g / (1 + x)",
    "log2": "for log2(x): g / (x * log(2))",
    "log10": "for log10(x): g / (x * log(10))",
    "sqrt": "for out = sqrt(x): g / (2 * out)",
    "square": "for x**2: g * 2 * x",
    "power": "for x**n: g * n * x**(n - 1)",
    "negative": "for -x: -g",
    "reciprocal": "for out = 1 / x: -g * out**2",
    "sin": "for sin(x): g * cos(x)",
    "cos": "for cos(x): -g * sin(x)",
    "sinh": "for sinh(x): g * cosh(x)",
    "cosh": "for cosh(x): g * sinh(x)",
    "arctan": "for arctan(x): g / (1 + x**2)",
    "erf": "for erf(x): g * 2 / sqrt(pi) * exp(-x**2)",
    "logaddexp": "for logaddexp(x, y): g * exp(x - out) for x",
    "logsumexp": "for logsumexp(z): g * softmax(z)",
    "multiply": "for x * y: g * y for x, and g * x for y",
    "divide": "for out = x / y: g / y for x, and -g * out / y for y",
    "subtract": "for x - y: g for x, and -g for y",
    "add": "for x + y: g for both",
    "matmul": "for x @ W: g @ W.T for x, and x.T @ g for W",
    "sum": "for x.sum(): every element gets g",
    "mean": "for x.mean(): every element gets g / n, for n elements",
    "cumsum": "for cumsum(x): the running sum of g from the other end",
    "correlate2d": "for a correlation in the forward pass: a convolution, with the kernel flipped",
    "convolve2d": "for a convolution in the forward pass: a correlation, with the kernel as it is",
}  # fmt: skip
_GENERAL = {
    "factor.missing": "multiply g by the local derivative",
    "factor.extra": "multiply g by the local derivative once",
    "operand.replaced": "look up which array the derivative is a function of",
    "operand.transposed": "transpose the operand",
    "operand.flipped": "correlating forward means convolving back",
    "layout.transposed": "transpose it",
    "layout.flipped": "flip it",
}


# What is said about an operand that lies the wrong way is of use for products only.
_PRODUCTS = ("matmul", "correlate2d", "convolve2d")


def advice(rule: str, edges: Sequence[Edge]) -> str:
    """What to write where a mistake was made at some operations: their own derivative, if they are of one kind."""
    names = {str(node_op(node).name) for node, _ in edges}
    name = names.pop() if len(names) == 1 else ""
    about_layout = rule.startswith("layout.") or rule in ("operand.transposed", "operand.flipped")
    if name not in DERIVATIVES or (about_layout and (name not in _PRODUCTS or rule.startswith("layout."))):
        return _GENERAL[rule]
    return DERIVATIVES[name]
