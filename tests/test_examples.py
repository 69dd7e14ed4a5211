"""Do the examples learn, and do they answer wrong use with an explanation?"""

import re

import check_my_backward
import mnist
import mnist_conv
import numpy as np
import pytest
import xor

from minigrad import data
from minigrad.training.batching import Batches

EXAMPLES = {"xor": xor, "mnist": mnist, "mnist_conv": mnist_conv}


@pytest.mark.parametrize(
    ("name", "options", "least"),
    [
        ("xor", [], 1.0),
        ("mnist", ["--data", "digits", "--epochs", "15"], 0.93),
        ("mnist_conv", ["--data", "digits", "--epochs", "6", "--batch-size", "32"], 0.93),
        ("mnist_conv", ["--data", "digits", "--epochs", "4", "--batch-size", "16", "--classes", "0", "1"], 0.98),
    ],
)
def test_example_learns_and_ends_with_its_accuracy(name, options, least, capsys):
    accuracy = EXAMPLES[name].main(options)
    *_, last = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"test accuracy: \d+\.\d\d%", last)
    assert float(last.split()[-1].rstrip("%")) == pytest.approx(100 * accuracy, abs=0.01)
    assert accuracy >= least


def test_predictions_are_drawn_beside_the_truth(capsys):
    mnist.main(["--data", "digits", "--epochs", "1", "--limit", "200"])
    shown = capsys.readouterr().out
    assert len(re.findall(r"truth \d, predicted \d", shown)) == 4
    assert "@" in shown
    assert "Dense(64, 256)" in shown


def test_same_seed_same_result(capsys):
    first, second, other = (
        mnist.main(["--data", "digits", "--epochs", "2", "--limit", "300", "--seed", seed]) for seed in "001"
    )
    losses = re.findall(r"epoch 2/2: loss (\S+),", capsys.readouterr().out)
    assert first == second
    assert losses[0] == losses[1] != losses[2]
    assert 0 < other <= 1


def test_auto_says_in_one_line_that_it_uses_the_digits(monkeypatch, capsys):
    def unavailable(path=None):
        raise data.MnistUnavailableError("no network\nand no cache")

    monkeypatch.setattr(data, "load_mnist", unavailable)
    mnist.main(["--epochs", "1", "--limit", "100"])
    first = capsys.readouterr().out.splitlines()[0]
    assert "no network" in first
    assert "8x8 digits instead" in first


def test_auto_prefers_mnist_and_a_path_is_read(monkeypatch, capsys, tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 28, 28), dtype=np.uint8)
    labels = np.arange(40, dtype=np.uint8) % 10
    path = tmp_path / "mnist.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    mnist.main(["--data", str(path), "--epochs", "1"])
    assert "Dense(784, 256)" in capsys.readouterr().out
    monkeypatch.setattr(data, "load_mnist", lambda path=None: ((images, labels), (images, labels)))
    mnist_conv.main(["--epochs", "1"])
    shown = capsys.readouterr().out
    assert "(N, 16, 28, 28)" in shown
    assert "digits instead" not in shown


@pytest.mark.parametrize("name", EXAMPLES)
def test_interrupted_and_resumed_run_equals_one_that_was_not(name, capsys, tmp_path):
    checkpoint = str(tmp_path / "run.safetensors")
    options = ["--data", "digits", "--limit", "150", "--batch-size", "64"] if name != "xor" else []
    whole = EXAMPLES[name].main([*options, "--epochs", "4"])
    expected = capsys.readouterr().out
    cut_short(EXAMPLES[name], [*options, "--epochs", "4", "--save", checkpoint], after=2)
    capsys.readouterr()
    assert EXAMPLES[name].main([*options, "--epochs", "4", "--resume", checkpoint]) == whole
    resumed = capsys.readouterr().out
    assert "resumed after epoch 2" in resumed
    line = r"epoch 4/4: loss (\S+), accuracy (\S+),"
    assert re.search(line, resumed).groups() == re.search(line, expected).groups()
    assert "epoch 2/4" not in resumed


def cut_short(example, options, after):
    """Run an example that Ctrl-C interrupts at the start of an epoch."""
    iterate = Batches.__iter__
    begun = []

    def interrupted(self):
        if self.shuffle:
            begun.append(self)
        if len(begun) > after:
            raise KeyboardInterrupt
        return iterate(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Batches, "__iter__", interrupted)
        example.main(options)


@pytest.mark.parametrize("name", EXAMPLES)
def test_help_lists_the_options(name, capsys):
    with pytest.raises(SystemExit) as ended:
        EXAMPLES[name].main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for option in ("--data", "--epochs", "--batch-size", "--seed", "--limit", "--save", "--resume"):
        assert option in shown


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mnist", ["--data", "nowhere.npz"], "nowhere.npz"),
        ("mnist", ["--batch-size", "0"], "must be at least 1, not 0"),
        ("mnist", ["--epochs", "many"], "invalid integer value: 'many'"),
        ("mnist", ["--data", "digits", "--resume", "nowhere.safetensors"], "nowhere.safetensors"),
        ("xor", ["--resume", "nowhere.safetensors"], "nowhere.safetensors"),
        ("mnist_conv", ["--classes", "3"], "at least two"),
        ("mnist_conv", ["--classes", "3", "12"], "invalid choice: 12"),
    ],
)
def test_wrong_options_are_explained(name, options, message, capsys):
    with pytest.raises(SystemExit) as ended:
        EXAMPLES[name].main(options)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_checkpoint_of_another_network_is_explained(tmp_path, capsys):
    checkpoint, other = tmp_path / "run.safetensors", tmp_path / "notes.txt"
    mnist.main(["--data", "digits", "--epochs", "1", "--limit", "100", "--save", str(checkpoint)])
    other.write_text("no checkpoint")
    for path, message in ((checkpoint, "does not fit Sequential"), (other, "not a checkpoint of minigrad")):
        with pytest.raises(SystemExit, match=rf"^--resume {re.escape(str(path))}: .*{message}"):
            mnist_conv.main(["--data", "digits", "--resume", str(path)])


def test_planted_mistakes_are_found_and_the_mended_pass_is_verified(capsys):
    assert check_my_backward.main([])
    shown = capsys.readouterr().out
    assert re.findall(r"why: (\w+): .* \[(.*)\]", shown) == [
        *[("a2", "scale.constant"), ("z1", "operand.replaced"), ("b1", "scale.batch")]
    ]
    assert "compare_backward passed" in shown
    assert "check_backward passed" in shown
    with pytest.raises(SystemExit):
        check_my_backward.main(["--help"])
    assert "--seed" in capsys.readouterr().out
