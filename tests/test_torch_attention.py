"""Does MultiHeadAttention compute what PyTorch's does, with every kind of mask, and their derivatives?"""

import numpy as np
import torch
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


@st.composite
def masks(draw, samples, length, seen, causal):
    """None, or a mask of one of two shapes that lets every place look at something."""
    kind = draw(st.sampled_from(["none", "of what is seen", "of each place"]))
    if kind == "none":
        return None
    shape = (samples, seen) if kind == "of what is seen" else (samples, length, seen)
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    mask = rng.random(shape) < draw(st.sampled_from([0.3, 0.7]))
    # The first is seen by all, whether or not there is an order.
    mask[..., 0] = True
    return mask


@st.composite
def cases(draw):
    heads, each, samples, length = draw(few), draw(few), draw(few), draw(some)
    causal, is_itself = draw(st.booleans()), draw(st.booleans())
    # Nobody sees anything who comes before all of what is seen.
    seen = length if is_itself else draw(st.integers(length if causal else 1, length + 3))
    return heads, each, samples, length, seen, causal, is_itself, draw(masks(samples, length, seen, causal))


@given(case=cases(), bias=st.booleans(), seed=st.integers(0, 2**16))
def test_attention(case, bias, seed):
    heads, each, samples, length, seen, causal, is_itself, mask = case
    rng, features = np.random.default_rng(seed), heads * each
    layer = drawn(nn.MultiHeadAttention(features, heads, causal, dropout=0.3, bias=bias, dtype=np.float64), rng).eval()
    module = torch.nn.MultiheadAttention(features, heads, dropout=0.3, bias=bias, batch_first=True).eval()
    inputs = [reals(rng, (samples, length, features))]
    inputs += [] if is_itself else [reals(rng, (samples, seen, features))]

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

    check(layer, module, inputs, seed, form, our_call, their_call)
