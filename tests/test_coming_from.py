"""Do the pages for users of other frameworks show what both print, and move weights as they say?"""

import os
import re

import numpy as np
import pytest
from pages import ROOT, blocks, run

import minigrad as mg
from minigrad import nn

# The title of the peer's blocks, and the package that they need, for each page.
PEERS = {
    "pytorch": ("PyTorch", "torch"),
    "keras": ("Keras", "keras"),
    "jax": ("JAX", "jax"),
    "autograd": ("autograd", "autograd"),
}
# Warnings of a peer about itself, in the versions that were tried. Everything else is an error.
IGNORED = {
    # Variables of Keras 3.15 have an __array__ without the argument `copy` that NumPy 2 asks for.
    # Keras 3.15 asks JAX 0.12 for integers of 64 bits, which JAX has only where it is told so.
    "keras": ["__array__ implementation doesn't accept a copy keyword", "Explicitly requested dtype int64"],
}
LONGEST = 60  # columns, because blocks stand side by side


def text_of(page):
    return (ROOT / "docs" / "coming-from" / f"{page}.md").read_text()


def pairs(page):
    """The peer's block and minigrad's, and what both print ("" where the page shows nothing)."""
    peer, _ = PEERS[page]
    found = blocks(text_of(page))
    assert [block.title for block in found] == [peer, "minigrad"] * (len(found) // 2)
    assert all(block.language == "python" for block in found)
    return [(there, here, here.output or "") for there, here in zip(found[::2], found[1::2], strict=True)]


def import_peer(page, monkeypatch):
    if page == "keras" and "KERAS_BACKEND" not in os.environ:
        # Read when Keras is imported; its default, TensorFlow, need not be installed.
        pytest.importorskip("jax")
        monkeypatch.setenv("KERAS_BACKEND", "jax")
    pytest.importorskip(PEERS[page][1])


def names_after(page, side, ignored=()):
    """What the blocks of one side leave behind. Each is checked to print what the page says."""
    names = {"__name__": "page"}
    for number, (there, here, told) in enumerate(pairs(page), start=1):
        block = here if side == "minigrad" else there
        assert run(block.code, f"{page}.md, {side} {number}", names, ignored) == told, (page, side, number)
    return names


@pytest.mark.parametrize("page", PEERS)
def test_blocks_stand_side_by_side(page):
    text, found = text_of(page), pairs(page)
    assert len(found) >= 8
    assert text.count('<div class="grid" markdown>') == text.count("</div>") == len(found)
    assert sum(not told for _, _, told in found) <= 2
    for there, here, _ in found:
        assert there.output is None
        assert all(len(line) <= LONGEST for line in (there.code + here.code).splitlines())


@pytest.mark.parametrize("page", PEERS)
def test_minigrad_prints_what_a_page_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names_after(page, "minigrad")


@pytest.mark.parametrize("page", PEERS)
def test_the_peer_prints_what_a_page_says(page, tmp_path, monkeypatch):
    import_peer(page, monkeypatch)
    monkeypatch.chdir(tmp_path)
    names_after(page, PEERS[page][0], IGNORED.get(page, ()))


@pytest.mark.parametrize("page", PEERS)
def test_names_in_the_tables_exist(page):
    modules = {"mg": mg, "nn": nn, "losses": mg.losses, "optim": mg.optim, "np": np}
    named = set(re.findall(r"\b(mg|nn|losses|optim)((?:\.\w+)+)", text_of(page).split("## What is different")[1]))
    rows = re.findall(r"^\|.*\| (.*) \|$", text_of(page), re.MULTILINE)
    named |= set(re.findall(r"\b(mg|nn|losses|optim|np)((?:\.\w+)+)", "\n".join(rows)))
    missing = []
    for module, path in named:
        value = modules[module]
        try:
            for name in path.split(".")[1:]:
                value = getattr(value, name)
        except AttributeError:
            missing.append(module + path)
    assert len(named) > 10
    assert not missing


def test_weights_move_from_a_model_of_pytorch(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    from_torch = names_after("pytorch", "minigrad")["from_torch"]
    there = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, stride=2, padding=1),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(64, 8),
        torch.nn.Tanh(),
        torch.nn.Linear(8, 2),
    )
    here = nn.Sequential(
        nn.Conv(3, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Dense(64, 8), nn.Tanh(), nn.Dense(8, 2)
    )
    here.load_state_dict(from_torch({name: values.numpy() for name, values in there.state_dict().items()}))
    x = np.random.default_rng(0).normal(size=(5, 3, 8, 8)).astype(np.float32)
    with torch.no_grad():
        expected = there(torch.tensor(x)).numpy()
    np.testing.assert_allclose(mg.predict(here, x), expected, rtol=1e-4, atol=1e-5)
