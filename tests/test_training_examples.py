"""Do the examples that train learn, does each stand alone, and do they answer wrong use with an explanation?"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import mnist
import mnist_conv
import numpy as np
import pytest
import xor

import minigrad as mg
from minigrad import data
from minigrad.training.batching import Batches

EXAMPLES = {"xor": xor, "mnist": mnist, "mnist_conv": mnist_conv}
DIGITS = {"mnist": mnist, "mnist_conv": mnist_conv}
ROOT = Path(__file__).parents[1]


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
    before = "accuracy" if name == "xor" else "test accuracy"
    assert re.fullmatch(rf"{before}: \d+\.\d\d%", last)
    assert float(last.split()[-1].rstrip("%")) == pytest.approx(100 * accuracy, abs=0.01)
    assert accuracy >= least


def test_xor_learns_from_every_seed_and_shows_its_four_predictions(capsys):
    for seed in range(10):
        assert xor.main(["--seed", str(seed)]) == 1.0
        rows = re.findall(r"(\d) xor (\d) = (\d), predicted (\S+)", capsys.readouterr().out)
        assert [(int(a), int(b)) for a, b, _, _ in rows] == [(0, 0), (0, 1), (1, 0), (1, 1)]
        for a, b, truth, predicted in rows:
            assert int(truth) == int(a) ^ int(b) == round(float(predicted))


def test_predictions_are_drawn_beside_the_truth(capsys):
    mnist.main(["--data", "digits", "--epochs", "1"])
    shown = capsys.readouterr().out
    assert re.search(r"\npredicted \[\d \d \d \d\], truth \[7 6 3 7\]\n", shown)
    assert "@@" in shown
    assert "Dense(64, 256)" in shown
    _, (images, labels) = data.load_digits()
    assert labels[:4].tolist() == [7, 6, 3, 7]
    mnist.draw(images[:2])
    small = capsys.readouterr().out.splitlines()
    mnist.draw(np.full((3, 28, 28), 255, np.uint8))
    assert len(small) == 8
    assert max(map(len, small)) <= 32
    assert capsys.readouterr().out.splitlines() == ["@" * 84] * 14


def test_mistakes_of_the_convolutional_network_are_named(capsys):
    accuracy = mnist_conv.main(["--data", "digits", "--epochs", "2", "--classes", "8", "3"])
    shown = capsys.readouterr().out
    wrong, images = map(int, re.search(r"(\d+) of (\d+) images are taken for another digit", shown).groups())
    _, (_, labels) = data.load_digits()
    labels = labels[np.isin(labels, [3, 8])]
    assert images == len(labels)
    assert accuracy == pytest.approx(1 - wrong / images)
    named = re.findall(r"image (\d+): (\d) taken for (\d)", shown)
    assert len(named) == min(wrong, 5)
    for index, truth, guess in named:
        assert int(truth) == labels[int(index)]
        assert {truth, guess} == {"3", "8"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_same_seed_same_result(name, capsys):
    options = ["--epochs", "50"] if name == "xor" else ["--data", "digits", "--epochs", "1"]
    results = [EXAMPLES[name].main([*options, "--seed", seed]) for seed in "001"]
    losses = re.findall(r"^epoch .*: loss ([\d.]+)", capsys.readouterr().out, re.MULTILINE)
    assert results[0] == results[1]
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (data.MnistUnavailableError("no network\nand no cache"), "no network and no cache"),
        (ImportError('Keras is not installed: pip install "minigrad-numpy[mnist]"'), '"minigrad-numpy[mnist]"'),
    ],
)
@pytest.mark.parametrize("name", DIGITS)
def test_auto_says_in_one_line_that_it_uses_the_digits(name, error, reason, monkeypatch, capsys):
    def unavailable(path=None):
        raise error

    monkeypatch.setattr(data, "load_mnist", unavailable)
    DIGITS[name].main(["--epochs", "1"])
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert "8x8 digits instead" in first
    assert reason in first
    assert second.startswith("layer ")


def test_without_keras_the_line_says_what_to_install(monkeypatch, capsys):
    for name in [name for name in sys.modules if name.split(".")[0] == "keras"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("minigrad.data._is_installed", lambda package: package != "keras")
    mnist.load("auto")
    (line,) = capsys.readouterr().out.splitlines()
    assert 'pip install "minigrad-numpy[mnist]"' in line


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


@pytest.mark.parametrize("name", DIGITS)
def test_interrupted_and_resumed_run_equals_one_that_was_not(name, capsys, tmp_path):
    checkpoint = str(tmp_path / "run.safetensors")
    options = ["--data", "digits", "--epochs", "4"]
    whole = DIGITS[name].main(options)
    expected = capsys.readouterr().out
    cut_short(DIGITS[name], [*options, "--save", checkpoint], after=2)
    assert "epoch 3/4: loss" not in capsys.readouterr().out
    assert DIGITS[name].main([*options, "--resume", checkpoint]) == whole
    resumed = capsys.readouterr().out
    assert epochs_in(resumed) == epochs_in(expected)[2:]


def epochs_in(shown):
    """The lines of a run's epochs, without the seconds."""
    return re.findall(r"^(epoch .*) \(.* s\)$", shown, re.MULTILINE)


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
    for option in ("--epochs", "--seed", *(("--data", "--batch-size", "--save", "--resume") if name != "xor" else ())):
        assert option in shown


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("xor", ["--epochs", "0"], "--epochs must be at least 1"),
        ("xor", ["--seed", "-1"], "--seed at least 0"),
        ("mnist", ["--data", "nowhere.npz"], "nowhere.npz"),
        ("mnist", ["--epochs", "many"], "invalid int value: 'many'"),
        ("mnist", ["--data", "digits", "--resume", "nowhere.safetensors"], "nowhere.safetensors"),
        ("mnist_conv", ["--data", "digits", "--save", "nowhere/run.safetensors"], "nowhere/run.safetensors"),
        ("mnist_conv", ["--classes", "3"], "at least two"),
        ("mnist_conv", ["--classes", "3", "3"], "at least two"),
        ("mnist_conv", ["--classes", "3", "12"], "--classes: invalid choice: "),
        *(
            (name, [option, value], option)
            for name in DIGITS
            for option, value in (("--epochs", "0"), ("--batch-size", "0"), ("--seed", "-1"))
        ),
    ],
)
def test_wrong_options_are_explained(name, options, message, capsys):
    with pytest.raises(SystemExit) as ended:
        EXAMPLES[name].main(options)
    assert ended.value.code == 2
    shown = capsys.readouterr()
    assert message in shown.err.splitlines()[-1]
    assert "epoch 1" not in shown.out


def test_checkpoint_of_another_network_is_explained(tmp_path, capsys):
    checkpoint, other = tmp_path / "run.safetensors", tmp_path / "notes.txt"
    mnist.main(["--data", "digits", "--epochs", "1", "--save", str(checkpoint)])
    other.write_text("no checkpoint")
    for path, message in ((checkpoint, "does not fit Sequential"), (other, "not a checkpoint of minigrad")):
        with pytest.raises(SystemExit) as ended:
            mnist_conv.main(["--data", "digits", "--resume", str(path)])
        assert ended.value.code == 2
        shown = capsys.readouterr().err
        assert message in shown
        assert str(path) in shown


@pytest.mark.parametrize("name", EXAMPLES)
def test_script_is_complete_in_itself(name):
    """It can be copied alone: it imports what can be installed, and nothing that lies beside it."""
    tree = ast.parse((ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8"))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module.split(".")[0])
    assert imported - {"__future__", "argparse", "collections", "typing"} == {"numpy", "minigrad"}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("xor", ["--epochs", "100"]),
        ("mnist", ["--data", "digits", "--epochs", "1"]),
        ("mnist_conv", ["--data", "digits", "--epochs", "1"]),
    ],
)
def test_script_runs_from_another_folder(name, options, tmp_path):
    ended = subprocess.run(
        [sys.executable, str(ROOT / "examples" / f"{name}.py"), *options],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(mg.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert re.search(r"accuracy: \d+\.\d\d%\n$", ended.stdout)
    assert not list(tmp_path.iterdir())
