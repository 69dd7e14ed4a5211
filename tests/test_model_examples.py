"""Do the examples of models beside classifiers find what they are after, and do they explain wrong use?"""

import ast
import re
from pathlib import Path

import bayes
import char_transformer
import numpy as np
import page_pictures
import pinn
import pytest
import resnet
import vae
from scipy.integrate import dblquad
from scipy.stats import norm

import minigrad as mg

EXAMPLES = {
    "bayes": bayes,
    "char_transformer": char_transformer,
    "pinn": pinn,
    "resnet": resnet,
    "vae": vae,
}
QUICK = {
    "bayes": ["--draws", "20", "--warmup", "5", "--leaps", "3"],
    "char_transformer": ["--epochs", "1", "--letters", "5"],
    "pinn": ["--epochs", "1", "--points", "8"],
    "resnet": ["--epochs", "1"],
    "vae": ["--epochs", "2"],
}
ROOT = Path(__file__).parents[1]


@pytest.fixture
def short_text(tmp_path_factory, monkeypatch):
    """A tale that is learned in a second."""
    path = tmp_path_factory.mktemp("tale") / "short.txt"
    path.write_text("On Monday it rained. On Tuesday it did not. " * 15, encoding="utf-8")
    monkeypatch.setattr(char_transformer, "TALE", path)


def test_transformer_learns_the_tale_and_writes_letters_of_it(capsys):
    found = char_transformer.main(["--epochs", "3", "--letters", "40", "--start", "The lamp"])
    shown = capsys.readouterr().out
    table, last = map(float, re.findall(r"(\d+\.\d\d)(?: bits for each letter$|$)", shown, re.MULTILINE)[-2:])
    assert last == pytest.approx(found, abs=0.006)
    assert found < table - 0.5
    written = shown[shown.index("\nThe lamp") + 1 : shown.index("\na table of pairs")]
    assert len(written) == len("The lamp") + 40
    assert set(written) <= set(char_transformer.TALE.read_text(encoding="utf-8"))


def test_a_text_of_ones_own_is_learned(tmp_path, capsys):
    path = tmp_path / "text.txt"
    path.write_text("abc" * 400, encoding="utf-8")
    found = char_transformer.main(["--text", str(path), "--epochs", "6", "--start", "a", "--letters", "5"])
    assert "\nabcabc\n" in capsys.readouterr().out
    assert found < 0.2


def test_autoencoder_knows_more_than_single_pixels_and_draws(capsys):
    nats = vae.main(["--epochs", "25"])
    shown = capsys.readouterr().out
    pixels = float(re.search(r"by themselves: (\S+) nats", shown).group(1))
    assert nats < pixels - 1.0
    rows = shown[shown.index("digits that nobody wrote:\n") :].splitlines()[1:17]
    assert max(map(len, rows)) <= 8 * 8 * 2
    assert sum(any(shade in row for shade in "*#%@") for row in rows) > 8


def test_loss_of_the_autoencoder_is_its_two_parts_by_integration():
    z = np.linspace(-12.0, 12.0, 100_001)
    code, prior = norm(1.0, np.exp(-0.35)), norm()
    divergence = np.trapezoid(code.pdf(z) * (code.logpdf(z) - prior.logpdf(z)), z)
    logits, x = np.array([[2.0, -1.0]]), np.array([[1.0, 0.25]])
    chances = 1 / (1 + np.exp(-logits))
    cross = -np.sum(x * np.log(chances) + (1 - x) * np.log(1 - chances))
    found = logits, np.array([[1.0]]), np.array([[-0.7]])
    assert vae.unlikeliness(found, x) == pytest.approx(cross + divergence)
    assert vae.missed(found, x) == pytest.approx(cross)


def test_residual_network_keeps_its_best_epoch(capsys):
    accuracy = resnet.main(["--epochs", "6", "--patience", "2"])
    shown = capsys.readouterr().out
    losses = [float(loss) for loss in re.findall(r"validation_loss (\S+),", shown)]
    epoch, best = re.search(r"of epoch (\d+) are kept: a validation loss of (\S+)", shown).groups()
    assert losses[int(epoch) - 1] == min(losses) == pytest.approx(float(best), abs=1e-3)
    assert accuracy > 0.93


def test_images_are_moved_each_on_its_own():
    x, y = np.zeros((50, 1, 5, 5)), np.arange(50)
    x[:, :, 2, 2] = 1.0
    moved, labels = resnet.shifted(x, y, np.random.default_rng(0))
    places = {tuple(np.argwhere(image[0])[0].tolist()) for image in moved}
    assert places == {(row, column) for row in (1, 2, 3) for column in (1, 2, 3)}
    assert moved.sum() == 50
    assert labels is y


def test_exact_wave_solves_the_equation_and_the_network_comes_near_it():
    rng, nu, h = np.random.default_rng(0), 0.05, 1e-4
    points = np.concatenate([rng.uniform(-1.0, 1.0, (20, 1)), rng.uniform(0.1, 1.0, (20, 1))], axis=1)

    def u(dx, dt):
        return pinn.exact(np.add(points, [dx, dt]), nu)

    u_x, u_t = (u(h, 0) - u(-h, 0)) / (2 * h), (u(0, h) - u(0, -h)) / (2 * h)
    u_xx = (u(h, 0) - 2 * u(0, 0) + u(-h, 0)) / h**2
    np.testing.assert_allclose(u_t + u(0, 0) * u_x, nu * u_xx, atol=1e-5)
    start = np.stack([np.linspace(-1, 1, 9), np.zeros(9)], axis=1)
    np.testing.assert_allclose(pinn.exact(start, nu), -np.sin(np.pi * start[:, 0]), atol=1e-12)
    assert pinn.main(["--epochs", "6", "--points", "64", "--nu", "0.1"]) < 0.03


def test_posterior_is_that_of_numerical_integration():
    results = bayes.main(["--draws", "1500", "--warmup", "200"])
    assert np.all(results["agreement"] < 1.02)

    def evidence(mean, log_width):
        """With the gains of the schools integrated out."""
        width = np.exp(log_width)
        spread = np.sqrt(width**2 + bayes.ERRORS**2)
        prior = bayes.normal(mean, 0.0, 5.0) - np.log1p((width / 5) ** 2) + log_width
        return np.exp(prior + np.sum(bayes.normal(bayes.GAINS, mean, spread)) + 30.0)

    def moment(f):
        return dblquad(lambda mean, log: f(mean, np.exp(log)) * evidence(mean, log), -6, 5, -20, 25, epsrel=1e-5)[0]

    whole = moment(lambda mean, width: 1.0)
    assert results["mean"][0] == pytest.approx(moment(lambda mean, width: mean) / whole, abs=0.25)
    assert results["mean"][1] == pytest.approx(moment(lambda mean, width: width) / whole, abs=0.4)


def test_chains_that_disagree_are_seen():
    rng = np.random.default_rng(0)
    draws = rng.standard_normal((500, 4))
    assert bayes.agreement(draws) < 1.01
    assert bayes.agreement(draws + np.arange(4)) > 1.2
    assert bayes.agreement(draws + np.linspace(0, 3, 500)[:, np.newaxis]) > 1.2


@pytest.mark.parametrize("name", EXAMPLES)
def test_same_seed_same_result_also_without_compiling(name, capsys, short_text):
    engines = [[], ["--engine", "eager"]] if name != "bayes" else [[], []]
    first, again = (EXAMPLES[name].main([*QUICK[name], *engine]) for engine in engines)
    other = EXAMPLES[name].main([*QUICK[name], "--seed", "1"])
    if name == "bayes":
        first, again, other = (result["mean"].tolist() for result in (first, again, other))
    assert first == again != other


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        *((name, ["--seed", "-1"], "--seed") for name in EXAMPLES),
        *((name, ["--epochs", "0"], "--epochs") for name in EXAMPLES if name != "bayes"),
        ("bayes", ["--draws", "3"], "--draws must be at least 4"),
        ("char_transformer", ["--text", "nowhere.txt"], "--text nowhere.txt: "),
        ("char_transformer", ["--text", __file__, "--start", "\N{SNOWMAN}"], "--start"),
        ("char_transformer", ["--temperature", "0"], "--temperature"),
        ("char_transformer", ["--temperature", "nan"], "--temperature"),
        ("pinn", ["--nu", "0"], "--nu: between"),
        ("resnet", ["--data", "nowhere.npz"], "nowhere.npz"),
        ("vae", ["--latent", "0"], "--latent"),
    ],
)
def test_wrong_options_are_explained(name, options, message, capsys):
    with pytest.raises(SystemExit) as ended:
        EXAMPLES[name].main(options)
    assert ended.value.code == 2
    shown = capsys.readouterr()
    assert message in shown.err.splitlines()[-1]
    assert not shown.out


def test_a_text_too_short_is_refused(tmp_path, capsys):
    path = tmp_path / "text.txt"
    path.write_text("abc" * 100, encoding="utf-8")
    with pytest.raises(SystemExit):
        char_transformer.main(["--text", str(path), "--start", "a"])
    assert "longer than 48 letters" in capsys.readouterr().err


def plain(result):
    return {key: values.tolist() for key, values in result.items()} if isinstance(result, dict) else result


@pytest.mark.parametrize("name", QUICK)
def test_run_that_was_stopped_goes_on_as_if_nothing_had_happened(name, tmp_path, capsys, monkeypatch, short_text):
    longer = {"char_transformer": "4", "pinn": "2", "resnet": "3", "vae": "4"}
    options = [*QUICK[name], "--epochs", longer[name]] if name in longer else [*QUICK[name], "--draws", "150"]
    whole = EXAMPLES[name].main(options)
    kept = tmp_path / "kept"
    with monkeypatch.context() as patched:
        stop(name, patched)
        with pytest.raises(MemoryError):
            EXAMPLES[name].main([*options, "--save", str(kept)])
    capsys.readouterr()
    before = kept.read_bytes()
    other = tmp_path / "other"
    assert plain(EXAMPLES[name].main([*options, "--resume", str(kept), "--save", str(other)])) == plain(whole)
    assert "epoch 1/" not in capsys.readouterr().out
    assert kept.read_bytes() == before
    assert plain(EXAMPLES[name].main([*options, "--resume", str(kept)])) == plain(whole)
    assert kept.read_bytes() != before
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["kept", "other"]


def stop(name, monkeypatch):
    """Let a run end in its middle: chains some draws after they were saved, others in the second epoch."""
    owner, method = (bayes.Chains, "draw") if name == "bayes" else (mg.Checkpoint, "on_step_end")
    done = getattr(owner, method)

    def ends(self, *run):
        done(self, *run)
        if len(self.found) == 130 if name == "bayes" else (run[0].epoch, run[0].step) == (2, 1):
            raise MemoryError

    monkeypatch.setattr(owner, method, ends)


def test_more_draws_of_a_run_that_is_over(tmp_path, monkeypatch):
    path, leap, leaps = str(tmp_path / "draws.npz"), bayes.leap, []
    whole = bayes.main([*QUICK["bayes"], "--draws", "40"])
    bayes.main([*QUICK["bayes"], "--save", path])
    monkeypatch.setattr(bayes, "leap", lambda *given: leaps.append(given) or leap(*given))
    assert plain(bayes.main([*QUICK["bayes"], "--draws", "40", "--resume", path])) == plain(whole)
    assert len(leaps) == 20
    with np.load(path) as kept:
        assert kept["found"].shape == (45, 4, 10)
    # Fewer are the first of them.
    assert plain(bayes.main([*QUICK["bayes"], "--resume", path])) == plain(bayes.main(QUICK["bayes"]))


def test_patience_is_at_its_end_also_after_a_resumption(tmp_path, capsys):
    options = ["--epochs", "6", "--patience", "1", "--save", str(tmp_path / "run")]
    first = resnet.main(options)
    epochs = capsys.readouterr().out.count("validation_loss")
    assert resnet.main([*options, "--resume", str(tmp_path / "run")]) == first
    assert epochs < 6
    assert "validation_loss" not in capsys.readouterr().out


@pytest.mark.parametrize("name", QUICK)
def test_pictures_are_drawn_and_the_page_shows_one_of_them(name):
    pictures = page_pictures.drawn_by(name, QUICK[name])
    assert all(picture.startswith(b"<?xml") for picture in pictures.values())
    kept = (ROOT / "docs" / f"{name}.svg").read_bytes()
    picture = pictures[page_pictures.EXAMPLES[name]]
    assert page_pictures.labels(kept) == page_pictures.labels(picture), f"python tests/page_pictures.py {name}"
    assert page_pictures.labels(kept)
    assert len(kept) < 60_000


def test_the_page_of_examples_has_their_pictures_and_commands():
    assert {f"{name}.svg" for name in EXAMPLES} <= {*page_pictures.shown("docs/examples.md")}
    text = (ROOT / "docs/examples.md").read_text()
    assert all(f"python examples/{name}.py" in text for name in EXAMPLES)


@pytest.mark.parametrize("name", QUICK)
def test_pictures_and_files_that_are_impossible_are_explained_before_the_work(name, tmp_path, capsys, monkeypatch):
    def message(*options):
        with pytest.raises(SystemExit) as ended:
            EXAMPLES[name].main([*QUICK[name], *options])
        assert ended.value.code == 2
        shown = capsys.readouterr()
        assert "loss" not in shown.out
        return shown.err.splitlines()[-1]

    nowhere, strange = str(tmp_path / "nowhere" / "file"), tmp_path / "strange"
    strange.write_text("words", encoding="utf-8")
    assert nowhere in message("--plot", nowhere)
    for option in ("--save", "--resume"):
        assert nowhere in message(option, nowhere)
    assert str(strange) in message("--resume", str(strange))
    assert strange.read_text() == "words"
    monkeypatch.setattr(EXAMPLES[name], "find_spec", lambda module: None)
    assert 'pip install "minigrad-numpy[plot]"' in message("--plot", str(tmp_path))


def test_run_with_other_options_is_not_taken_up(tmp_path, capsys):
    vae.main([*QUICK["vae"], "--save", str(tmp_path / "run")])
    bayes.main([*QUICK["bayes"], "--save", str(tmp_path / "draws")])
    for example, options in (
        (vae, ["--latent", "4", "--resume", str(tmp_path / "run")]),
        (bayes, ["--chains", "3", "--resume", str(tmp_path / "draws")]),
    ):
        with pytest.raises(SystemExit):
            example.main(options)
        assert options[-1] in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("name", EXAMPLES)
def test_script_is_complete_in_itself(name):
    """It can be copied alone: it imports what can be installed, and nothing that lies beside it."""
    tree = ast.parse((ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    allowed = {"__future__", "argparse", "collections", "importlib", "itertools", "json", "os", "pathlib", "typing"}
    allowed |= {"zipfile", "matplotlib", "numpy", "minigrad"}
    assert {module.split(".")[0] for module in modules} <= allowed
