"""Does MultiHeadAttention compute what PyTorch's does, with every kind of mask, and their derivatives?"""

import numpy as np
import pytest
import torch
from effort import examples
from hypothesis import given
from hypothesis import strategies as st
from peer_checks import drawn, reals
from torch_checks import check

from minigrad import nn

few, some = st.integers(1, 3), st.integers(1, 6)


def form(own):
    """Their parameters, of which the matrices lie the other way, and three lie above each other."""
    given = {"out_proj.weight": own["out.weight"].T}
    given["in_proj_weight"] = torch.cat([own[f"{name}.weight"].T for name in ("query", "key", "value")])
    if "out.bias" in own:
        given["out_proj.bias"] = own["out.bias"]
        given["in_proj_bias"] = torch.cat([own[f"{name}.bias"] for name in ("query", "key", "value")])
    return given


@pytest.mark.parametrize("mask_of", ["nothing", "what is seen", "each place"])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("context", ["itself", "another", "a longer one"])
@given(sizes=st.tuples(few, few), shape=st.tuples(few, some), more=few, bias=st.booleans(), seed=st.integers(0, 2**16))
@examples(10, thoroughly=30)
def test_attention(context, causal, mask_of, sizes, shape, more, bias, seed):
    (heads, each), (samples, length) = sizes, shape
    is_itself, seen = context == "itself", length + (more if context == "a longer one" else 0)
    rng, features = np.random.default_rng(seed), heads * each
    layer = drawn(nn.MultiHeadAttention(features, heads, causal, dropout=0.3, bias=bias, dtype=np.float64), rng).eval()
    module = torch.nn.MultiheadAttention(features, heads, dropout=0.3, bias=bias, batch_first=True).eval()
    inputs = [reals(rng, (samples, length, features))]
    inputs += [] if is_itself else [reals(rng, (samples, seen, features))]
    mask = None
    if mask_of != "nothing":
        mask = rng.random((samples, seen) if mask_of == "what is seen" else (samples, length, seen)) < 0.5
        # The first is seen by all, in whatever order.
        mask[..., 0] = True

    def our_call(layer, x, context=None):
        return layer(x, context, mask)

    # Theirs are True where nobody looks.
    settings = {"need_weights": True}
    if mask is not None and mask.ndim == 2:
        settings["key_padding_mask"] = torch.from_numpy(~mask)
    hidden = np.zeros((samples, length, seen), bool)
    if causal:
        hidden |= np.triu(np.ones((length, seen), bool), seen - length + 1)
    if mask is not None and mask.ndim == 3:
        hidden |= ~mask
    if hidden.any():
        settings["attn_mask"] = torch.from_numpy(np.repeat(hidden, heads, axis=0))

    def their_call(call, x, context=None):
        context = x if context is None else context
        return call(x, context, context, **settings)[0]

    check(layer, module, inputs, seed, form, our_call, their_call, rounds=True)
