"""Do layers for sequences compute what Keras's do, also where a mask has holes, with their gradients?"""

import numpy as np
import pytest
from effort import examples
from hypothesis import Phase, given
from hypothesis import strategies as st
from keras_checks import check, keras, made
from peer_checks import drawn, reals

from minigrad import nn

# For every shape, JAX compiles anew: there are few, they are not small, and a failure is not made smaller.
usual = examples(2, thoroughly=15, phases=[Phase.explicit, Phase.reuse, Phase.generate])
few, some = st.integers(2, 3), st.integers(2, 5)
seeds = st.integers(0, 2**16)
KINDS = {"SimpleRNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}


def reordered(each):
    """Of the three gates of a GRU, Keras has the first two the other way round."""
    r, z, n = keras().ops.split(each, 3, axis=-1)
    return keras().ops.concatenate([z, r, n], axis=-1)


def form(own):
    """Their variables: one bias of the GRU above the other."""
    found = []
    for direction in ("forwards", "backwards"):
        part = {name.split(".")[1]: each for name, each in own.items() if name.startswith(direction)}
        if "recurrent_bias" in part:
            part["bias"] = keras().ops.stack([part["bias"], part.pop("recurrent_bias")])
            part = {name: reordered(each) for name, each in part.items()}
        found += part.values()
    return found


def tanh():
    """Keras's own gives float32 for float64."""
    import jax.numpy as jnp

    return jnp.tanh


@pytest.mark.parametrize("kind", KINDS)
@usual
@given(
    sizes=st.tuples(few, few), shape=st.tuples(few, some), is_masked=st.booleans(), returns=st.booleans(), seed=seeds
)
def test_sequences_and_states(kind, sizes, shape, is_masked, returns, seed):
    rng = np.random.default_rng(seed)
    layer = drawn(KINDS[kind](*sizes, "both" if returns else "last", dtype=np.float64), rng, 0.3)
    inputs = [reals(rng, (*shape, sizes[0]))]
    inputs += [reals(rng, (shape[0], sizes[1])) for _ in range((2 if kind == "LSTM" else 1) if returns else 0)]
    mask = rng.random(shape) < 0.6 if is_masked else None

    def our_call(layer, x, *state):
        return layer(x, state if len(state) > 1 else state[0] if state else None, mask)

    def their_call(call, x, *state):
        return call(x, initial_state=list(state) if state else None, mask=mask)

    settings = {"return_sequences": returns, "return_state": returns, "zero_output_for_mask": returns}
    peer = made(kind, sizes[1], activation=tanh(), **settings)
    check(layer, peer, inputs, seed, form, our_call, their_call)


@pytest.mark.parametrize("kind", KINDS)
@usual
@given(sizes=st.tuples(few, few), shape=st.tuples(few, some), is_masked=st.booleans(), seed=seeds)
def test_both_directions(kind, sizes, shape, is_masked, seed):
    rng = np.random.default_rng(seed)
    layer = drawn(KINDS[kind](*sizes, both_directions=True, dtype=np.float64), rng, 0.3)
    mask = rng.random(shape) < 0.6 if is_masked else None

    def make():
        one = made(kind, sizes[1], return_sequences=True, zero_output_for_mask=True)()
        both = keras().layers.Bidirectional(one, dtype="float64")
        for each in (both.forward_layer, both.backward_layer):
            each.cell.activation = tanh()
        return both

    x = reals(rng, (*shape, sizes[0]))
    check(layer, make, [x], seed, form, lambda layer, x: layer(x, mask=mask), lambda call, x: call(x, mask=mask))


@pytest.mark.parametrize("kind", ["none", "of what is seen", "of each place", "causal", "causal and of each place"])
@usual
@given(heads=few, size=few, shape=st.tuples(few, some), more=few, bias=st.booleans(), seed=seeds)
def test_attention(kind, heads, size, shape, more, bias, seed):
    samples, length = shape
    is_causal, features, rng = kind.startswith("causal"), heads * size, np.random.default_rng(seed)
    # Of a context of another length, the first place looks at the first with Keras, and the last at the last here.
    seen = length if is_causal else length + more
    layer = drawn(nn.MultiHeadAttention(features, heads, is_causal, bias=bias, dtype=np.float64), rng)
    inputs = [reals(rng, (samples, each, features)) for each in (length, seen)]
    mask = None if kind in ("none", "causal") else rng.random((samples, length, seen)) < 0.6
    if mask is not None:
        mask[..., 0] = True
    given = mask[:, 0] if kind == "of what is seen" else mask
    theirs = given[:, np.newaxis] if kind == "of what is seen" else given

    def apart(own):
        """Their matrices have an axis for heads."""
        found = []
        for name in ("query", "key", "value", "out"):
            many = (features, heads, size) if name != "out" else (heads, size, features)
            found.append(own[f"{name}.weight"].reshape(many))
            found += [own[f"{name}.bias"].reshape(many[1:] if name != "out" else features)] if bias else []
        return found

    def their_call(call, x, context):
        return call(x, context, attention_mask=theirs, use_causal_mask=is_causal)

    peer = made("MultiHeadAttention", heads, size, use_bias=bias)
    check(layer, peer, inputs, seed, apart, lambda layer, x, context: layer(x, context, given), their_call, single=True)
