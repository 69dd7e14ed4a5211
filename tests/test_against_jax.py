"""Do random compositions of the registered operations have the derivatives that JAX gives them?"""

import functools
import math
import os
from dataclasses import dataclass

import numpy as np
from effort import examples
from hypothesis import HealthCheck, Phase, assume, given
from hypothesis import strategies as st
from scipy import special

import minigrad as mg
from minigrad.engine.examples import Sample
from minigrad.engine.registry import operations
from minigrad.testing.strategies.hypothesis import arrays

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Programs run once; compiling them takes most of the time.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
import jax
import jax.numpy as jnp
import jax.scipy.special

# Where JAX computes something else than NumPy, or has another convention.
DIFFERENT = {
    **dict.fromkeys(["cholesky", "eigh", "eigvalsh"], "JAX symmetrises the matrix first; NumPy reads one triangle"),
    **dict.fromkeys(["svd", "qr"], "the signs of vectors are free, and JAX's may differ"),
    **dict.fromkeys(["exp1", "expi"], "JAX's second derivative is an error"),
    "partition": "the order on either side of the chosen element is free, and JAX's differs",
}


def jax_function(operation):
    """JAX's function of the same name as the NumPy or SciPy function that an operation stands for."""
    for function in operation.overrides:
        home = getattr(function, "__module__", None) or "numpy"
        module = {"numpy": jnp, "numpy.linalg": jnp.linalg}.get(home)
        if isinstance(function, np.ufunc):
            module = jax.scipy.special if getattr(special, function.__name__, None) is function else jnp
        found = getattr(module, function.__name__, None) if module else None
        if found is not None:
            return found
    return None


@dataclass(frozen=True)
class Step:
    """One call of an operation, on values computed before."""

    name: str
    example: int
    sources: tuple[int, ...]
    seed: int

    @property
    def operation(self):
        return operations[self.name]


def run(steps, x, numpy, function_of):
    """The values of a program, computed with NumPy's or with JAX's functions."""
    values = [x]
    for step in steps:
        example = step.operation.examples[step.example]
        parts = list(example) if isinstance(example, tuple) else [example]
        params = parts.pop() if isinstance(parts[-1], dict) else {}
        rng = np.random.default_rng(step.seed)
        sources = iter([values[source % len(values)] for source in step.sources])
        position = iter(range(100))
        fill = functools.partial(_filled, sources=sources, rng=rng, numpy=numpy, position=position)
        result = function_of(step.operation)(*[fill(part) for part in parts], **params)
        if isinstance(result, (list, tuple)):
            parts = [numpy.reshape(part, (-1,)) for part in result if np.result_type(part).kind == "f"]
            result = numpy.concatenate(parts)
        values.append(result)
    return values


def _filled(part, sources, rng, numpy, position):
    """An argument near the point that a sample draws, but made from an earlier value; constants stay as they are."""
    if isinstance(part, list):
        return [_filled(item, sources, rng, numpy, position) for item in part]
    if not isinstance(part, Sample):
        return part
    source = next(sources)
    point = part.draw(rng, next(position))
    chosen = rng.permutation(max(point.size, 1)) % math.prod(np.shape(source))
    moved = numpy.reshape(numpy.reshape(source, (-1,))[chosen[: point.size]], point.shape)
    # So little that the point stays in the domain and away from kinks, but with a slope of about 1.
    width = (part.high - part.low) / 200
    return point + width * numpy.sin(moved / width)


@functools.cache
def usable():
    """The operations and examples that JAX has too, with results of the same shape."""
    found = []
    for name, operation in operations.items():
        jax_one = jax_function(operation) if operation.builtin and name not in DIFFERENT else None
        for number, example in enumerate(operation.examples if jax_one else ()):
            step = Step(name, number, (0,) * 5, 0)
            x = np.ones((2, 3))
            ours = run([step], x, np, lambda operation: operation.function)[-1]
            if not 0 < np.size(ours) <= 64 or np.ndim(ours) > 4:
                continue
            if name in ("std", "nanstd") and not np.all(ours):
                continue  # the deviation of one element is 0, and there JAX's derivative is NaN
            params = example[-1] if isinstance(example, tuple) and isinstance(example[-1], dict) else {}
            if params.get("hermitian"):
                continue  # JAX symmetrises, see above
            if getattr(params.get("q"), "dtype", None) == np.float32:
                continue  # JAX interpolates between quantiles in the precision of q
            try:
                theirs = jax.eval_shape(lambda x, step=step: run([step], x, jnp, jax_function)[-1], x)
            except Exception:
                continue  # arguments that JAX does not take; that enough is left is tested below
            if theirs.shape == np.shape(ours):
                found.append((name, number))
    return found


@st.composite
def programs(draw):
    steps = []
    for count in range(draw(st.integers(2, 8))):
        name, number = draw(st.sampled_from(usable()))
        # Every step takes what the one before gave, so that a program is as deep as it is long.
        sources = (count, *draw(st.tuples(*[st.integers(0, count)] * 4)))
        steps.append(Step(name, number, sources, draw(st.integers(0, 1000))))
    return steps


def total(values, numpy):
    """A weighted sum of the elements of the last value, in which none stands out."""
    last = numpy.reshape(values[-1], (-1,))
    return numpy.sum(numpy.sin(last) * np.cos(np.arange(last.shape[0]))) + 0.1 * numpy.sum(values[0] ** 2)


def test_most_operations_are_compared():
    assert len({name for name, _ in usable()}) >= 100


@examples(
    10,
    thoroughly=30,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(steps=programs(), x=arrays((2, 3)), vector=arrays((2, 3)))
def test_random_programs_agree_with_jax(steps, x, vector):
    def ours(x):
        return total(run(steps, x, np, lambda operation: operation.function), np)

    def theirs(x):
        return total(run(steps, x, jnp, jax_function), jnp)

    value, gradient = mg.value_and_grad(ours)(x)
    product = mg.hvp(ours, x, vector)
    with jax.enable_x64(True):

        def second(x, v):
            return theirs(x), *jax.jvp(jax.grad(theirs), (x,), (v,))

        expected = [np.asarray(each) for each in jax.jit(second)(x, vector)]
        if not all(np.isfinite(each).all() for each in expected):
            # Compiled, JAX may compute a maximum twice, with another rounding, and then divide by 0 ties.
            expected = [np.asarray(each) for each in second(x, vector)]
    np.testing.assert_allclose(value, ours(x), rtol=1e-12, atol=1e-12)
    # Where JAX's value is not NumPy's, it has chosen something else that is free, such as an order.
    assume(np.allclose(expected[0], value, rtol=1e-6, atol=1e-6))
    for found, truth in zip((value, gradient, product), expected, strict=True):
        np.testing.assert_allclose(found, truth, rtol=1e-7, atol=1e-7 * max(1e-3, np.abs(truth).max()))
