"""Does a layer compute what Keras's layer does, with its gradients, in double precision where Keras has it?"""

import functools
import inspect
import os
import tempfile

import numpy as np
from peer_checks import differences, flat, of_minigrad, weights

# Of the largest number of an order or of 1; see `differences`.
DOUBLE, SINGLE = 1e-12, 1e-6


@functools.cache
def keras():
    """Keras with JAX as its engine; imported late, because it takes seconds."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    # What is compiled runs once; compiling takes most of the time.
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as home:
        # Keras writes its settings there.
        os.environ |= {"KERAS_BACKEND": "jax", "KERAS_HOME": home}
        try:
            import keras
        finally:
            for name in ("KERAS_BACKEND", "KERAS_HOME"):
                os.environ.pop(name)
                os.environ |= {name: before[name]} if name in before else {}
    assert keras.config.backend() == "jax"
    return keras


def made(name, *args, **settings):
    """What makes a layer of Keras's, without random weights, which would have to be compiled."""

    def make():
        kind = getattr(keras().layers, name)
        initial = {each: "zeros" for each in inspect.signature(kind).parameters if each.endswith("_initializer")}
        return kind(*args, dtype="float64", **initial | settings)

    return make


def channels_last(call, x):
    """A call of a layer of Keras's, where the channels of images and sequences come last."""
    moved = keras().ops.moveaxis
    return moved(call(moved(x, 1, -1)), -1, 1)


def check(layer, make, inputs, seed, form=None, ours=None, theirs=None, state=None, single=False):
    """Compare a layer in double precision with one of Keras's.

    Args:
        make: makes that layer.
        form: the values of its trainable variables, in their order, given those of our layer by name.
        ours, theirs: how they are called with the inputs.
        state: the values of its other variables.
        single: whether Keras goes through single precision, whatever it is given, as it does for means and variances.
    """
    keras()
    import jax

    found = of_minigrad(layer, inputs, np.float64, seed, ours, order=1)
    form = form or (lambda own: list(own.values()))
    with jax.enable_x64(True):
        expected = of_keras(layer, make, inputs, seed, form, theirs, state)
    apart = differences(found, expected)
    assert all(each <= (SINGLE if single else DOUBLE) for each in apart), apart


def of_keras(layer, make, inputs, seed, form, call, state):
    """What Keras finds for each order, as `of_minigrad` without gradients of gradients."""
    import jax

    peer = make()
    symbols = [keras().KerasTensor(each.shape, "float64") for each in inputs]
    _ = call(peer, *symbols) if call else peer(*symbols)
    names = [name for name, _ in layer.named_parameters()]
    values = [each.numpy() for each in layer.parameters()]
    others = [each.value for each in peer.non_trainable_variables] if state is None else state

    def called(values, inputs):
        def calls(*args, **kwargs):
            return peer.stateless_call(form(dict(zip(names, values, strict=True))), others, *args, **kwargs)[0]

        return flat(call(calls, *inputs) if call else calls(*inputs))

    def total(values, inputs, seeds):
        outputs = called(values, inputs)
        return sum((out * weight).sum() for out, weight in zip(outputs, seeds, strict=True)), outputs

    seeds = weights(seed, jax.eval_shape(called, values, inputs))
    derivatives = jax.jit(jax.value_and_grad(total, (0, 1), has_aux=True))
    (_, outputs), (by_values, by_inputs) = derivatives(values, inputs, seeds)
    return [[np.asarray(each) for each in part] for part in (outputs, [*by_inputs, *by_values])]
