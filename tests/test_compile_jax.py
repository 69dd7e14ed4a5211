"""Does engine="jax" give what the function gives, keep what it changes until somebody looks, and share batches?"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st
from random_programs import arguments, functions
from test_compile import step_of

import minigrad as mg
from minigrad import checkpoint, losses, nn, optim

pytest.importorskip("jax")
RNG = np.random.default_rng(0)


def perceptron(rng):
    return nn.Sequential(
        nn.Dense(16, 12, rng=rng, dtype=np.float64),
        nn.ReLU(),
        nn.Dropout(0.3, rng=rng),
        nn.Dense(12, 10, rng=rng, dtype=np.float64),
    )


def convolutional(rng):
    return nn.Sequential(
        nn.Reshape((1, 4, 4)),
        nn.Conv(1, 3, 3, padding="same", rng=rng, dtype=np.float64),
        nn.ReLU(),
        nn.MaxPool(2),
        nn.Flatten(),
        nn.Dropout(0.3, rng=rng),
        nn.Dense(12, 10, rng=rng, dtype=np.float64),
    )


def training(make, engines, steps, size=8):
    """Losses, parameters and the state of an optimiser after steps that run by one engine after the other."""
    data = np.random.default_rng(1)
    model = make(np.random.default_rng(0))
    optimizer = optim.Adam(model.parameters(), lr=optim.cosine(1e-2, steps, warmup=3), max_norm=5.0)

    step = step_of(model, optimizer, losses.cross_entropy)
    run = {"eager": lambda x, y: step(x, y).data, "numpy": mg.compile(step), "jax": mg.compile(step, engine="jax")}
    found = []
    for number in range(steps):
        rows = size if number % 7 else 3
        x, y = data.standard_normal((rows, 16)), data.integers(0, 10, rows)
        found.append(run[engines[number * len(engines) // steps]](x, y))
    return [*map(np.asarray, found), *model.state_dict().values(), *optimizer.state_dict().values()]


def assert_close(found, expected, tolerance):
    for one, other in zip(found, expected, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("make", [perceptron, convolutional])
def test_500_steps_by_every_engine_and_across_switches(make):
    eager = training(make, ["eager"], 500)
    for one, other in zip(training(make, ["numpy"], 500), eager, strict=True):
        np.testing.assert_array_equal(one, other)
    assert_close(training(make, ["jax"], 500), eager, 1e-8)
    assert_close(training(make, ["jax", "eager", "jax", "numpy"], 500), eager, 1e-8)


def test_values_gradients_and_hessians():
    def energy(x, y):
        return np.sum(np.tanh(x) * y[::-1])

    x, y = RNG.standard_normal(4), RNG.standard_normal(4)
    for function in (energy, mg.value_and_grad(energy, argnums=(0, 1)), mg.hessian(energy)):
        got, expected = mg.compile(function, engine="jax")(x, y), function(x, y)
        for one, other in (
            zip(np.atleast_1d(got), np.atleast_1d(expected), strict=True)
            if not isinstance(got, tuple)
            else [(got[0], expected[0]), *zip(got[1], expected[1], strict=True)]
        ):
            np.testing.assert_allclose(one, other, rtol=1e-13)


def test_float32_stays_float32_and_results_are_arrays_of_ones_own():
    compiled = mg.compile(lambda x, scale: {"out": np.tanh(x) * scale, "same": x}, engine="jax")
    x = RNG.standard_normal((3, 4)).astype(np.float32)
    for scale in (0.5, 2.0):
        got = compiled(x, scale)
        assert got["out"].dtype == np.float32
        np.testing.assert_allclose(got["out"], np.tanh(x) * np.float32(scale), rtol=1e-6)
        got["same"][...] = 0.0
    assert x.any()


def parameters_after(look):
    weight = mg.Tensor(np.ones(3), requires_grad=True)
    optimizer = optim.SGD([weight], lr=1.0, momentum=0.5)

    @mg.compile(engine="jax")
    def step(x):
        optimizer.zero_grad()
        (weight * x).sum().backward()
        optimizer.step()

    step(np.ones(3))
    step(np.ones(3))
    return look(weight, optimizer)


@pytest.mark.parametrize(
    "look",
    [
        lambda weight, optimizer: weight.data,
        lambda weight, optimizer: weight.numpy(),
        lambda weight, optimizer: np.asarray(weight.detach()),
        lambda weight, optimizer: (weight * 1.0).data,
        lambda weight, optimizer: (mg.grad(lambda x: (weight * x).sum())(np.ones(3))).data,
        lambda weight, optimizer: np.array(
            [float(text) for text in repr(weight).partition("[")[2].partition("]")[0].split(",")]
        ),
    ],
)
def test_parameters_come_back_when_somebody_looks(look):
    np.testing.assert_allclose(parameters_after(look), -1.5)


def test_what_optimisers_remember_comes_back():
    state = parameters_after(lambda weight, optimizer: optimizer.state_dict())
    assert state["steps"] == 2
    np.testing.assert_allclose(state["momentum.0"], 1.5)


def test_arrays_that_somebody_holds_are_kept_current():
    weight = mg.Tensor(np.ones(3), requires_grad=True)
    held, view = weight.data, weight.detach()
    optimizer = optim.SGD([weight], lr=1.0)

    @mg.compile(engine="jax")
    def step(x):
        optimizer.zero_grad()
        (weight * x).sum().backward()
        optimizer.step()

    for turn in range(3):
        step(np.ones(3))
        np.testing.assert_array_equal(held, -turn)
        np.testing.assert_array_equal(view.data, -turn)
    held[...] = 10.0
    step(np.ones(3))
    np.testing.assert_array_equal(weight.data, 9.0)


def test_checkpoints_are_the_same(tmp_path):
    def run(path, engine, resumed):
        rng = np.random.default_rng(0)
        model = perceptron(rng)
        optimizer = optim.Adam(model.parameters())
        history = mg.History()
        if resumed:
            history = checkpoint.load(path, model, optimizer, rng)
        x, y = np.random.default_rng(3).standard_normal((40, 16)), np.arange(40) % 10
        mg.train(
            model,
            losses.cross_entropy,
            optimizer,
            mg.batches(x, y, 16, rng=rng),
            epochs=4 if resumed else 2,
            progress=False,
            history=history,
            compile=bool(engine) and {"engine": engine},
        )
        checkpoint.save(path, model, optimizer, history, rng)
        return list(model.state_dict().values())

    expected = [run(tmp_path / "a", None, False), run(tmp_path / "a", None, True)][-1]
    run(tmp_path / "b", "jax", False)
    assert_close(run(tmp_path / "b", None, True), expected, 1e-10)
    run(tmp_path / "c", None, False)
    assert_close(run(tmp_path / "c", "jax", True), expected, 1e-10)


def test_checks_of_values_stop_before_anything_is_changed():
    model = perceptron(np.random.default_rng(0))
    optimizer = optim.Adam(model.parameters())

    step = mg.compile(step_of(model, optimizer, losses.cross_entropy), engine="jax")
    x = RNG.standard_normal((2, 16))
    step(x, np.array([0, 9]))
    before = [*model.state_dict().values(), *optimizer.state_dict().values()]
    for labels in ([0, 10], [-1, 0]):
        with pytest.raises(ValueError, match="labels go from 0 to 9"):
            step(x, np.array(labels))
    with pytest.raises(mg.NonFiniteLossError):
        mg.train(
            model,
            losses.cross_entropy,
            optimizer,
            [(np.full((2, 16), np.nan), np.array([0, 1]))],
            epochs=1,
            progress=False,
            compile={"engine": "jax"},
        )
    for now, then in zip([*model.state_dict().values(), *optimizer.state_dict().values()], before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_what_has_changed_is_noticed():
    model = perceptron(np.random.default_rng(0))
    compiled = mg.compile(model, engine="jax")
    x = RNG.standard_normal((2, 16))
    with mg.no_grad():
        compiled(x)
        model.eval()
        np.testing.assert_allclose(compiled(x), model(x).data, rtol=1e-12)
        model.layers[0].bias.data = np.full(12, 3.0)
        np.testing.assert_allclose(compiled(x), model(x).data, rtol=1e-12)


@examples(12, thoroughly=3000)
@given(functions, st.tuples(st.integers(1, 4), st.integers(1, 4)), st.integers(0, 2**32 - 1))
def test_random_programs_agree_or_are_refused_with_their_line(function, sizes, seed):
    x, weights, b, y, labels = arguments(np.random.default_rng(seed), *sizes)
    derivative = mg.value_and_grad(function, argnums=(0, 1, 2, 3))
    (value, gradients), compiled = derivative(x, weights, b, y, labels), mg.compile(derivative, engine="jax")
    if function.end == "selected":
        # How many elements a mask chooses depends on their values.
        with pytest.raises(mg.ProgramError, match=r"random_programs\.py:\d+: "):
            compiled(x, weights, b, y, labels)
        return
    for _ in range(2):
        found = compiled(x, weights, b, y, labels)
        assert_close([found[0], *found[1]], [value, *gradients], 1e-10)


def test_what_jax_does_not_have_is_refused_by_name():
    with pytest.raises(mg.ProgramError, match=r"test_compile_jax\.py:\d+: .*kv"):
        mg.compile(lambda x: mg.kv(1.0, x), engine="jax")(np.ones(3))
    with pytest.raises(mg.ProgramError, match=r"test_compile_jax\.py:\d+: rng\.normal is given values"):
        mg.compile(lambda x, rng: rng.normal(x), engine="jax")(np.ones(3), np.random.default_rng(0))
    with pytest.warns(RuntimeWarning, match="not compiled"):
        mg.compile(lambda x: mg.kv(1.0, x), engine="jax", fallback=True)(np.ones(3))


def test_settings_that_do_not_belong_together():
    with pytest.raises(ValueError, match="for engine='jax'"):
        mg.compile(lambda x: x, devices=2)
    with pytest.raises(ValueError, match="among how many"):
        mg.compile(lambda x: x, engine="jax", shard={"*": 0})
    with pytest.raises(ValueError, match="devices=1000, and JAX knows"):
        mg.compile(lambda x: x, engine="jax", devices=1000)
    for count in (0, -1, 2.0, "8", True):
        with pytest.raises(ValueError, match="devices= is an integer of at least 1, not"):
            mg.compile(lambda x: x, engine="jax", devices=count)
    with pytest.raises(ValueError, match="an axis for each pattern"):
        mg.compile(lambda x: x, engine="jax", devices=1, shard={"weight": "1"})
    model = nn.Dense(4, 2, rng=0)
    for shard, message in (({"wieght": 0}, "fits no parameter; there are: weight, bias"), ({"weight": 2}, r"\(4, 2\)")):
        with mg.no_grad(), pytest.raises(mg.ProgramError, match=message):
            mg.compile(model, engine="jax", devices=1, shard=shard)(np.ones((1, 4), np.float32))


def test_without_jax_the_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("minigrad.program.to_jax")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ImportError, match=r'pip install "minigrad-numpy\[jax\]"'):
        mg.compile(lambda x: x, engine="jax")


# ---- Many devices, in processes of their own, because JAX counts its devices once ----

SCRIPT = """
import re, sys, time
from pathlib import Path
import jax
import numpy as np
import minigrad as mg
from minigrad import checkpoint, losses, nn, optim

kind, folder = sys.argv[1], Path(sys.argv[2])

def training(settings, rows_of=lambda number: 16 if number % 9 else 5, steps=50, path=None):
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Dense(16, 24, rng=rng, dtype=np.float64), nn.Tanh(), nn.Dropout(0.2, rng=rng),
        nn.Dense(24, 8, rng=rng, dtype=np.float64),
    )
    optimizer = optim.Adam(model.parameters(), lr=optim.cosine(1e-2, 50))
    def step(x, y):
        loss = losses.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss
    run = step if settings is None else mg.compile(step, engine="jax", **settings)
    if path is not None and path.exists():
        checkpoint.load(path, model, optimizer, rng)
    done = int(optimizer.state_dict()["steps"])
    print("from step", done)
    found = []
    for number in range(done, steps):
        rows = rows_of(number)
        found.append(run(rng.standard_normal((rows, 16)), rng.integers(0, 8, rows)))
        if path is not None:
            checkpoint.save(path, model, optimizer, rng=rng)
            if number == 5:
                (folder / "at step 5").touch()
            time.sleep(0.03)
    found = [float(loss.item()) for loss in found]
    return [found, *model.state_dict().values(), *optimizer.state_dict().values()], run

def assert_same(one, many):
    # Of a run that was resumed, the first losses are not known.
    one[0] = one[0][-len(many[0]):]
    for a, b in zip(one, many, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12)

many, run = training({"devices": 8}, path=folder / "run.safetensors" if kind == "killed" else None)
assert_same(training(None)[0], many)
if kind == "one process":
    text = max((entry.source for entry in run.cached), key=lambda text: text.count("all-reduce"))
    assert len(re.findall(r"= .* all-reduce(?:-start)?\\(", text)) == 1, text
    even = lambda number: 16
    assert_same(training(None, even, 9)[0], training({"devices": 8, "shard": {"layers.0.*": -1}}, even, 9)[0])
print("equal")
"""


def launched(tmp_path, processes, devices, kind):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    launch = Path(__file__).parent.parent / "examples" / "launch.py"
    counts = ["--processes", str(processes), "--devices", str(devices)]
    return subprocess.Popen(
        [sys.executable, str(launch), *counts, str(path), kind, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
    )


@pytest.mark.parametrize(("processes", "devices", "kind"), [(1, 8, "one process"), (2, 4, "two processes")])
def test_eight_devices_give_what_one_gives(tmp_path, processes, devices, kind):
    process = launched(tmp_path, processes, devices, kind)
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert out.count("equal") == processes


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the children of a process are looked up in /proc")
def test_a_process_that_is_killed_ends_the_others_and_the_run_goes_on_from_its_checkpoint(tmp_path):
    process = launched(tmp_path, 2, 4, "killed")
    until = time.monotonic() + 120
    while not (tmp_path / "at step 5").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert (tmp_path / "at step 5").exists()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[-1]), signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "process 1 of 2 ended with -9, and the others are ended" in errors
    process = launched(tmp_path, 2, 4, "killed")
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    starts = {int(number) for number in re.findall(r"from step (\d+)", out)} - {0}
    assert len(starts) == 1, (out, errors)
    assert 6 <= starts.pop() < 50
    assert out.count("equal") == 2
