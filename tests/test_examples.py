"""Do the examples do what they say, and do they answer wrong use with an explanation?"""

import argparse
import re
from importlib.util import find_spec

import _figures
import check_my_backward
import derive
import gaussian_process
import numpy as np
import pytest
import train_keras
import trajectory
from matplotlib import pyplot
from scipy.integrate import solve_ivp
from scipy.stats import multivariate_normal

import minigrad as mg

DRAWN = {"gaussian_process": gaussian_process, "trajectory": trajectory}


def test_planted_mistakes_are_found_and_the_mended_pass_is_verified(capsys):
    assert check_my_backward.main([])
    shown = capsys.readouterr().out
    assert re.findall(r"why: (\w+): .* \[(.*)\]", shown) == [
        *[("b", "scale.batch"), ("W", "decay.missing"), ("z1", "operand.replaced")]
    ]
    assert "compare_backward passed" in shown
    assert "check_backward passed" in shown
    with pytest.raises(SystemExit):
        check_my_backward.main(["--help"])
    assert "--seed" in capsys.readouterr().out


def test_backward_passes_are_derived_printed_and_verified(capsys):
    assert derive.main([])
    shown = capsys.readouterr().out
    assert "def network_and_gradients(W1, b1, W2, b2, x, y):" in shown
    assert "def lstm_cell_and_gradients(W, U, b, x, h, c):" in shown
    assert shown.count("check_backward passed") == 2


def test_gaussian_process_is_fitted_with_few_evaluations_where_there_are_second_derivatives(capsys):
    results = gaussian_process.main(["--months", "36"])
    exact, products, first, none = results.values()
    for result in results.values():
        assert result.fun == pytest.approx(exact.fun, rel=1e-6)
    for result in (exact, products, first):
        assert result.success
        assert result.slope_left < 2e-4
    assert exact.nfev + exact.nhev < none.nfev / 3
    assert max(exact.nfev, products.nfev) < first.nfev
    shown = capsys.readouterr().out
    assert f"{-exact.fun:.6f}" in shown
    assert re.search(rf"noise +{np.exp(exact.x[-1]):.2f} °C", shown)
    years, values = gaussian_process.observe(np.random.default_rng(0), 36)
    values -= values.mean()
    whole = gaussian_process.covariance(exact.x, years, years) + np.exp(2 * exact.x[-1]) * np.eye(years.size)
    assert multivariate_normal(cov=whole).logpdf(values) == pytest.approx(-exact.fun)
    curvature = mg.hessian(lambda logarithms: gaussian_process.surprise(logarithms, years, values))(exact.x)
    assert np.linalg.eigvalsh(curvature).min() > 0


def test_gaussian_process_predicts_the_missing_months():
    result = gaussian_process.main([])["trust-exact, Hessian"]
    years, values = gaussian_process.observe(np.random.default_rng(0), 60)
    missing = np.setdiff1d(np.arange(60), np.round(12 * years)) / 12
    truth = 11.0 + 1.2 * np.sin(0.9 * missing) + 0.25 * missing
    truth += 5.0 * np.sin(2 * np.pi * missing) + 1.5 * np.cos(4 * np.pi * missing)
    mean, deviation = gaussian_process.predict(result.x, years, values - values.mean(), missing)
    assert missing.size == 10
    assert np.all(np.abs(mean + values.mean() - truth) < 2 * deviation)
    assert np.all(deviation < 1.5)


def test_flight_arrives_at_its_optimum_with_few_flights_computed(capsys):
    flight = trajectory.main(["--steps", "16"])
    shown = capsys.readouterr().out
    with_rules, without = (int(count) for count in re.findall(r"(\d+) flights computed", shown))
    assert flight.flown == with_rules < without / 10
    efforts = [float(effort) for effort in re.findall(r"effort (\S+),", shown)]
    assert efforts == pytest.approx([flight.fun] * 2, rel=1e-5)
    assert flight.success
    assert flight.slope_left < 1e-3
    thrusts, step = flight.x.reshape(-1, 2), 1.2 / 16
    state = np.array([1.0, 0.0, 0.0, 2 * np.pi])
    assert np.abs(trajectory.miss(trajectory.fly(thrusts, step)[-1])).max() < 1e-8
    for thrust in thrusts:  # by an integrator of another kind
        flown = solve_ivp(
            lambda _, y, thrust: trajectory.rates(y, thrust), (0, step), state, args=(thrust,), rtol=1e-9, atol=1e-9
        )
        state = flown.y[:, -1]
    fine = trajectory.fly(np.repeat(thrusts, 10, axis=0), step / 10)[-1]
    np.testing.assert_allclose(fine, state, rtol=1e-6)
    assert np.abs(trajectory.miss(state)).max() < 0.02


# What Keras 3.15 does with its own variables.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_keras_model_is_trained_here_and_predicts_in_keras(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")  # for whoever needs Keras later in this process
    accuracy = train_keras.main(["--epochs", "3", "--save", str(tmp_path / "model.keras")])
    assert accuracy > 0.85
    shown = capsys.readouterr().out
    assert float(re.search(r"differ by at most (\S+) in scores", shown)[1]) < 1e-4
    assert f"{100 * accuracy:.2f}%" in shown
    assert len(mg.exchange.from_keras(tmp_path / "model.keras")) == 8
    for options in (["--epochs", "0"], ["--save", "model.h5"]):
        with pytest.raises(SystemExit):
            train_keras.main(options)
        assert options[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "options"), [("gaussian_process", ["--months", "24"]), ("trajectory", ["--steps", "6"])]
)
def test_picture_is_written_where_asked_and_nowhere_else(name, options, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    DRAWN[name].main(options)
    assert not list(tmp_path.iterdir())
    DRAWN[name].main([*options, "--save", "drawn.svg"])
    assert [path.name for path in tmp_path.iterdir()] == ["drawn.svg"]
    text = (tmp_path / "drawn.svg").read_text(encoding="utf-8")
    labels = {
        "gaussian_process": ["temperature (°C)", "before the fit", "two standard deviations"],
        "trajectory": ["x (au)", "time (days)", "thrust"],
    }
    assert all(label in text for label in labels[name])
    assert "picture: drawn.svg" in capsys.readouterr().out


@pytest.mark.parametrize(("ending", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_format_of_a_picture_goes_by_the_name_and_a_window_opens_on_request(ending, start, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: shown.append(pyplot.get_fignums()))
    path = tmp_path / f"drawn{ending}"
    for show in (False, True):
        args = argparse.Namespace(save=str(path), show=show)
        _figures.picture(args, (2.0, 1.0), lambda figure: figure.subplots())
        assert path.read_bytes().startswith(start)
    assert len(shown) == 1
    assert len(shown[0]) == 1
    assert not pyplot.get_fignums()


@pytest.mark.parametrize("name", DRAWN)
def test_picture_that_cannot_be_written_is_explained_before_the_work(name, capsys, monkeypatch):
    def message(*options):
        with pytest.raises(SystemExit) as ended:
            DRAWN[name].main(options)
        assert ended.value.code == 2
        shown = capsys.readouterr()
        assert not shown.out
        return shown.err

    assert "--save drawn.bmp: the name ends in one of .png" in message("--save", "drawn.bmp")
    assert "there is no such folder" in message("--save", "nowhere/drawn.png")
    monkeypatch.setattr("matplotlib.pyplot.get_backend", lambda: "agg")
    assert "no display" in message("--show")
    monkeypatch.setattr(_figures, "find_spec", lambda module: None if module == "matplotlib" else find_spec(module))
    for options in (["--save", "drawn.png"], ["--show"]):
        assert 'pip install "minigrad-numpy[examples]"' in message(*options)
    wrong = {
        "gaussian_process": [["--months", "3"], ["--months", "100000"], ["--seed", "-1"]],
        "trajectory": [["--steps", "1"], ["--years", "0"], ["--years", "-1"], ["--years", "nan"]],
    }
    for options in wrong[name]:
        assert options[0] in message(*options)
