"""Do RNN, GRU and LSTM compute what PyTorch's do, also of sequences of different lengths, with their derivatives?"""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peer_checks import drawn, reals
from torch import nn as peers
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch_checks import check

from minigrad import nn

KINDS = {"rnn": (nn.RNN, peers.RNN), "gru": (nn.GRU, peers.GRU), "lstm": (nn.LSTM, peers.LSTM)}
NAMES = {"weight": "weight_ih", "recurrent": "weight_hh", "bias": "bias_ih", "recurrent_bias": "bias_hh"}
few, some = st.integers(1, 3), st.integers(1, 6)


def form(own):
    """Their parameters, of which the matrices lie the other way."""
    given = {}
    for path, each in own.items():
        direction, name = path.split(".")
        given[f"{NAMES[name]}_l0{'_reverse' if direction == 'backwards' else ''}"] = each.T if each.ndim == 2 else each
    return given


def peer(kind, features, size, both_directions, bias):
    """PyTorch's layer; a second bias that is only added to the first is 0."""
    module = kind(features, size, batch_first=True, bidirectional=both_directions, bias=bias)
    for name, each in module.named_parameters():
        if name.startswith("bias"):
            torch.nn.init.zeros_(each)
    return module


def begin(state, both_directions):
    """A state of ours as theirs, in which directions come first, and back."""
    parts = state if both_directions else (state,)
    if isinstance(parts[0], (tuple, list)):
        return tuple(torch.stack(each) for each in zip(*parts, strict=True))
    return torch.stack(tuple(parts))


def end(state, both_directions):
    """A state of theirs as ours."""
    parts = list(zip(*state, strict=True)) if isinstance(state, tuple) else list(state)
    return parts if both_directions else parts[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("both_directions", [False, True])
@given(
    sizes=st.tuples(few, few),
    lengths=st.lists(some, min_size=1, max_size=3),
    bias=st.booleans(),
    is_masked=st.booleans(),
    has_begin=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_sequences_and_states(kind, both_directions, sizes, lengths, bias, is_masked, has_begin, seed):
    ours, theirs = KINDS[kind]
    rng, samples, longest = np.random.default_rng(seed), len(lengths), max(lengths)
    layer = drawn(ours(*sizes, "both", both_directions, bias, dtype=np.float64), rng, 0.3)
    inputs = [reals(rng, (samples, longest, sizes[0]))]
    directions, parts = 1 + both_directions, 2 if kind == "lstm" else 1
    if has_begin:
        inputs += [reals(rng, (samples, sizes[1])) for _ in range(directions * parts)]
    mask = np.arange(longest) < np.array(lengths)[:, np.newaxis] if is_masked else None

    def state_of(given):
        each = [
            tuple(given[place : place + parts]) if parts > 1 else given[place] for place in range(0, len(given), parts)
        ]
        return None if not given else tuple(each) if both_directions else each[0]

    def our_call(layer, x, *given):
        return layer(x, state_of(given), mask)

    def their_call(call, x, *given):
        state = begin(state_of(given), both_directions) if given else None
        if is_masked:
            packed, state = call(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False), state)
            outputs, _ = pad_packed_sequence(packed, batch_first=True)
        else:
            outputs, state = call(x, state)
        return outputs, end(state, both_directions)

    check(layer, peer(theirs, *sizes, both_directions, bias), inputs, seed, form, our_call, their_call, rounds=True)


@pytest.mark.parametrize("kind", KINDS)
@given(
    sizes=st.tuples(few, few),
    lengths=st.lists(some, min_size=1, max_size=3),
    both_directions=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_the_last_output(kind, sizes, lengths, both_directions, seed):
    ours, theirs = KINDS[kind]
    rng = np.random.default_rng(seed)
    layer = drawn(ours(*sizes, "last", both_directions, dtype=np.float64), rng, 0.3)
    x = reals(rng, (len(lengths), max(lengths), sizes[0]))
    mask = np.arange(max(lengths)) < np.array(lengths)[:, np.newaxis]

    def their_call(call, x):
        _, state = call(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
        h = state[0] if kind == "lstm" else state
        return torch.cat(tuple(h), dim=-1)

    module = peer(theirs, *sizes, both_directions, True)
    check(layer, module, [x], seed, form, lambda layer, x: layer(x, mask=mask), their_call, rounds=True)


def test_a_long_sequence():
    rng = np.random.default_rng(0)
    for ours, theirs in KINDS.values():
        layer = drawn(ours(5, 16, "both", dtype=np.float64), rng, 0.3)
        x = reals(rng, (4, 60, 5))

        def their_call(call, x):
            outputs, state = call(x)
            return outputs, end(state, False)

        check(layer, peer(theirs, 5, 16, False, True), [x], 0, form, theirs=their_call, rounds=True)
