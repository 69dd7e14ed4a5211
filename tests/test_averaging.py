"""Does the average of parameters follow its equation, and are their own values there again after it was used?"""

import copy
import threading

import numpy as np
import pytest
import test_interrupted
from test_interrupted import every_point

import minigrad as mg
from minigrad import checkpoint, losses, nn, optim


def tensors(dtype=np.float64):
    rng = np.random.default_rng(0)
    return [mg.Tensor(rng.normal(size=shape), requires_grad=True, dtype=dtype) for shape in [(3, 4), (5,), (), (2, 0)]]


def moved(parameters, steps):
    """The values of parameters that change from step to step."""
    rng = np.random.default_rng(1)
    for _ in range(steps):
        for parameter in parameters:
            parameter.data[...] = rng.normal(size=parameter.shape)
        yield [parameter.data.copy() for parameter in parameters]


@pytest.mark.parametrize("decay", [0.0, 0.9, 0.999])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_it_is_the_mean_with_weights_that_add_up_to_one(decay, dtype):
    parameters = tensors(dtype)
    ema = optim.EMA(parameters, decay)
    seen = []
    for values in moved(parameters, 7):
        ema.update()
        seen.append(values)
        weights = (1 - decay) / (1 - decay ** len(seen)) * decay ** np.arange(len(seen))[::-1]
        assert weights.sum() == pytest.approx(1.0)
        with ema.averaged():
            for position, parameter in enumerate(parameters):
                expected = sum(w * np.float64(each[position]) for w, each in zip(weights, seen, strict=True))
                tolerance = {np.float16: 2e-3, np.float32: 1e-6, np.float64: 1e-13}[dtype]
                np.testing.assert_allclose(parameter.data, expected, rtol=tolerance, atol=tolerance)
                assert parameter.dtype == dtype
        for parameter, own in zip(parameters, values, strict=True):
            np.testing.assert_array_equal(parameter.data, own)
    assert ema.updates == 7
    assert "7 updates" in repr(ema)


def test_the_own_values_come_back_after_errors_and_within_each_other():
    (w,) = parameters = [mg.Tensor([1.0, 2.0], requires_grad=True)]
    array = w.data
    ema = optim.EMA(parameters, 0.5)
    ema.update()
    w.data[...] = 3.0

    def fail():
        assert w.data.tolist() == [1.0, 2.0]
        w.data[...] = 7.0
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), ema.averaged():
        fail()
    assert w.data.tolist() == [3.0, 3.0]
    with ema.averaged():
        with ema.averaged():
            assert w.data.tolist() == [1.0, 2.0]
        assert w.data.tolist() == [1.0, 2.0]
    assert w.data is array
    assert w.data.tolist() == [3.0, 3.0]


def test_graphs_from_before_are_told():
    w = mg.Tensor([1.0, 2.0], requires_grad=True, name="weights")
    ema = optim.EMA([("w", w)])
    ema.update()
    loss = np.sum(w * w)
    with ema.averaged():
        inside = np.sum(w * w)
    for graph in (loss, inside):
        with pytest.raises(RuntimeError, match="weights"):
            graph.backward()


def test_it_is_saved_and_goes_on_bit_for_bit(tmp_path):
    through, first, second = tensors(np.float32), tensors(np.float32), tensors(np.float32)
    whole, before, after = (optim.EMA(parameters, 0.9) for parameters in (through, first, second))
    for _ in moved(through, 4):
        whole.update()
    values = list(moved(first, 4))
    for number, arrays in enumerate(values):
        ema, parameters = (before, first) if number < 2 else (after, second)
        if number == 2:
            np.savez(tmp_path / "ema.npz", **before.state_dict())
            with np.load(tmp_path / "ema.npz") as state:
                after.load_state_dict(state)
        for parameter, array in zip(parameters, arrays, strict=True):
            parameter.data[...] = array
        ema.update()
    assert after.state_dict().keys() == {"updates", *(f"average.{position}" for position in range(4))}
    for key, array in whole.state_dict().items():
        assert after.state_dict()[key].tobytes() == array.tobytes()
    with pytest.raises(KeyError, match=r"the state is not that of EMA .*: missing average.1"):
        after.load_state_dict({"updates": np.array(1), "average.0": np.ones((3, 4), np.float32)})
    with pytest.raises(ValueError, match=r"average.1 has shape \(5,\)"):
        after.load_state_dict(whole.state_dict() | {"average.1": np.ones(4, np.float32)})
    assert copy.deepcopy(after).updates == 4


def test_averages_are_copied_for_good_or_to_another_model():
    model, other = nn.Dense(3, 2, rng=0), nn.Dense(3, 2, rng=1)
    ema = optim.EMA(model.named_parameters(), 0.5)
    ema.update()
    average = model.state_dict()
    model.weight.data += 1.0
    ema.copy_to(other.named_parameters())
    np.testing.assert_array_equal(other.weight.data, average["weight"])
    ema.copy_to()
    np.testing.assert_array_equal(model.weight.data, average["weight"])
    for wrong, message in (
        ([other.weight], "copy_to was given 1 parameters; there are averages of 2"),
        ([other.bias, other.weight], r"parameters\[0\] has shape \(2,\); the average has shape \(3, 2\)"),
    ):
        with pytest.raises(ValueError, match=message):
            ema.copy_to(wrong)


def test_mistakes_are_told():
    w = mg.Tensor([1.0], requires_grad=True)
    with pytest.raises(ValueError, match=r"decay must be at least 0 and below 1, not 1\.0"):
        optim.EMA([w], 1.0)
    with pytest.raises(ValueError, match="does not require a gradient"):
        optim.EMA([mg.Tensor(1.0)])
    with pytest.raises(ValueError, match="is the result of an operation"):
        optim.EMA([w * 2.0])
    with pytest.raises(TypeError, match=r"write model\.parameters\(\)"):
        optim.EMA(nn.Dense(2, 1, rng=0))
    ema = optim.EMA([w])
    for call in (lambda: ema.averaged().__enter__(), ema.copy_to):
        with pytest.raises(RuntimeError, match=r"nothing to average yet; call ema\.update\(\) after each step"):
            call()
    ema.update()
    with ema.averaged(), pytest.raises(RuntimeError, match="would average the averages"):
        ema.update()
    with pytest.raises(TypeError, match=r"optim\.EMA"):
        mg.grad(lambda x: (optim.EMA([x]), np.sum(x))[1])(np.ones(2))


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_with_compiled_steps_it_is_updated_between_them(engine):
    def trained(compiled):
        model = nn.Dense(3, 1, rng=0)
        optimizer, ema = optim.Adam(model.parameters(), lr=0.1), optim.EMA(model.parameters(), 0.9)
        x, y = np.random.default_rng(0).normal(size=(2, 8, 3)).astype(np.float32)

        def step(x, y):
            optimizer.zero_grad()
            loss = losses.mse(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        run = mg.compile(step, engine=engine) if compiled else step
        for _ in range(4):
            run(x, y[:, :1])
            ema.update()
            with ema.averaged():
                average = model.state_dict()
        return [*average.values(), *model.state_dict().values()]

    for one, other in zip(trained(False), trained(True), strict=True):
        np.testing.assert_allclose(other, one, rtol=0 if engine == "numpy" else 1e-4)


def test_inside_of_a_compiled_function_it_is_refused():
    w = mg.Tensor([1.0], requires_grad=True)
    ema = optim.EMA([w])

    @mg.compile
    def step():
        ema.update()
        return np.sum(w.detach())

    with pytest.raises(TypeError, match=r"ema\.update\(\) inside of a function that is recorded or compiled"):
        step()
    assert ema.updates == 0


def test_an_average_is_saved_with_a_model(tmp_path):
    model = nn.Dense(2, 1, rng=0)
    ema = optim.EMA(model.parameters())
    ema.update()
    average = model.state_dict()
    model.weight.data[...] = 9.0
    with ema.averaged():
        checkpoint.save(tmp_path / "model.safetensors", model)
    checkpoint.load(tmp_path / "model.safetensors", model)
    np.testing.assert_array_equal(model.weight.data, average["weight"])


def test_an_overflow_is_told_after_the_update():
    parameters = [mg.Tensor([3e38], requires_grad=True, dtype=np.float32), mg.Tensor([1.0], requires_grad=True)]
    ema = optim.EMA(parameters, 0.5)
    ema.update()
    parameters[0].data[...] = -3e38
    parameters[1].data[...] = 4.0
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match=r"overflow encountered in EMA.update\(\)"):
        ema.update()
    assert ema.updates == 2
    assert ema.state_dict()["average.1"] == 3.0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_broken_off_anywhere_all_is_as_before_or_done():
    def make(count):
        parameters = [mg.Tensor([1.0, 2.0], requires_grad=True), mg.Tensor([3.0], requires_grad=True)]
        ema = optim.EMA(parameters, 0.5)
        ema.update()
        for parameter in parameters:
            parameter.data[...] = 6.0
        return ema.update, ema

    states = {(1, 1.0, 3.0), (2, 1 + 10 / 3, 5.0)}

    def check(ema):
        state = ema.state_dict()
        found = (int(state["updates"]), float(state["average.0"][0]), float(state["average.1"][0]))
        assert any(found == pytest.approx(each) for each in states)

    assert every_point(make, KeyboardInterrupt, check) > 20


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_block_that_is_broken_off_anywhere_leaves_the_own_values(monkeypatch):
    # Signals arrive after calls, and so in what the block calls.
    block = optim.EMA.averaged.__wrapped__.__code__
    monkeypatch.setattr(test_interrupted, "WITH_LOCKS", test_interrupted.WITH_LOCKS | {block})

    def make(count):
        parameters = [mg.Tensor([1.0, 2.0], requires_grad=True), mg.Tensor([3.0], requires_grad=True)]
        ema = optim.EMA(parameters, 0.5)
        ema.update()
        for parameter in parameters:
            parameter.data[...] = 6.0

        def use():
            with ema.averaged():
                assert [parameter.data[0] for parameter in parameters] == [1.0, 3.0]

        return use, ema

    def check(ema):
        assert [parameter.data[0] for parameter in ema.parameters] == [6.0, 6.0]
        ema.update()

    assert every_point(make, KeyboardInterrupt, check) > 20


def test_a_block_in_another_thread_does_not_mix_up_the_values():
    w = mg.Tensor([1.0], requires_grad=True)
    ema = optim.EMA([w], decay=0.5)
    ema.update()
    w.data = np.array([5.0])
    inside, told, seen = threading.Event(), threading.Event(), []

    def evaluate():
        with ema.averaged():
            inside.set()
            told.wait(10.0)
            seen.append(w.numpy().copy())

    thread = threading.Thread(target=evaluate)
    thread.start()
    try:
        assert inside.wait(10.0)
        with pytest.raises(RuntimeError, match="another thread is in such a block"), ema.averaged():
            pass
    finally:
        told.set()
        thread.join()
    assert seen == [1.0]
    assert w.numpy() == 5.0
    with ema.averaged(), ema.averaged():
        assert w.numpy() == 1.0
    assert w.numpy() == 5.0


def test_what_the_end_of_a_block_would_undo_is_refused():
    w, other = mg.Tensor([1.0], requires_grad=True), mg.Tensor([3.0], requires_grad=True)
    ema = optim.EMA([w])
    ema.update()
    w.data = np.array([5.0])
    with ema.averaged():
        with pytest.raises(RuntimeError, match=r"ema.copy_to\(\) inside .* would be undone at its end; call it after"):
            ema.copy_to()
        ema.copy_to([other])
    assert (w.item(), other.item()) == (5.0, 1.0)
    ema.copy_to()
    assert w.item() == 1.0
