"""Do the benchmarks compare what is the same, and say what they found?"""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import report
from benchmarks.__main__ import main
from benchmarks.machine import environment
from benchmarks.measure import Case, DisagreementError, Timing, Way, check_agreement, geometric_mean, timed
from benchmarks.workloads import NAMES, conv2d

ROOT = Path(__file__).parents[1]


def way(result, calls, name):
    return lambda: Way(lambda: calls.append(name), lambda: result)


def test_peers_are_measured_in_turns_after_their_results_were_compared():
    calls = []
    case = Case("sum", {name: way([np.ones(3)], calls, name) for name in ("minigrad", "NumPy", "JAX")}, 1e-9, "group")
    timing = timed(case, 4, only=["minigrad", "NumPy"])
    assert calls == ["minigrad", "NumPy"] * 7  # once to compare, twice to warm up
    assert (timing.name, timing.group) == ("sum", "group")
    assert {peer: len(times) for peer, times in timing.seconds.items()} == {"minigrad": 4, "NumPy": 4}


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ([np.array([1.0, 2.0002])], "sum: array 0 of PyTorch differs from that of minigrad by 0.0001"),
        ([np.array([1.0, np.nan])], "differs"),
        ([np.ones(3)], r"shape \(3,\), that of minigrad \(2,\)"),
        ([], "PyTorch gave 0 arrays, minigrad 1"),
    ],
)
def test_results_that_differ_are_an_error_before_anything_is_timed(other, message):
    calls = []
    ways = {"minigrad": way([np.array([1.0, 2.0])], calls, "minigrad"), "PyTorch": way(other, calls, "PyTorch")}
    with pytest.raises(DisagreementError, match=message):
        timed(Case("sum", ways, tolerance=1e-5), 3, only=list(ways))
    assert calls == ["minigrad", "PyTorch"]


def test_results_within_the_tolerance_agree():
    case = Case("sum", {}, tolerance=1e-3)
    check_agreement(case, {"minigrad": [np.array([1000.0, 0.0])], "JAX": [np.array([1000.5, 0.5])]})


TIMES = Timing("case", "fitted", {"minigrad": [2.0, 4.0, 3.0, 9.0], "NumPy": [4.0, 4.0, 4.0, 10.0]})


def test_ratios_are_medians_over_rounds():
    assert TIMES.median("minigrad") == 3.5
    assert TIMES.spread("minigrad") == (2.75, 5.25)
    assert TIMES.ratio("NumPy") == pytest.approx(0.825)  # of 0.5, 1.0, 0.75 and 0.9
    assert geometric_mean([0.5, 2.0, 8.0]) == pytest.approx(2.0)


def test_tables():
    (row,) = report.ratio_rows("title", [TIMES])
    assert row == ["title", "3.5e+03 ms (2.75e+03 ms-5.25e+03 ms)", "0.82", "-", "-", "-", "-"]
    slower = Timing("case", "held out", {"minigrad": [4.0], "NumPy": [2.0]})
    faster = Timing("case", "held out", {"minigrad": [1.0], "NumPy": [8.0]})
    rows = report.ratio_rows("title", [TIMES, slower, faster])
    assert [row[0] for row in rows] == ["title, 1 shapes, fitted", "title, 2 shapes, held out"]
    assert rows[1][2] == "0.50 (worst 2.00)"
    assert report.table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_a_third_of_the_convolutions_is_held_out():
    groups = [case.group for case in conv2d.cases(quick=False)]
    assert groups.count("held out") >= groups.count("fitted") / 2
    assert not set(conv2d.FITTED) & set(conv2d.HELD_OUT)
    assert {shape.dtype for shape in conv2d.HELD_OUT} == {"float32", "float64"}
    assert {shape.stride for shape in conv2d.HELD_OUT} == {1, 2}
    assert (min(shape.size for shape in conv2d.HELD_OUT), max(shape.size for shape in conv2d.HELD_OUT)) == (1, 25)


def test_every_workload_has_a_title():
    for name in NAMES:
        assert (ROOT / "benchmarks" / "workloads" / f"{name}.py").exists()


def test_one_workload_from_the_command_line(tmp_path):
    command = [sys.executable, "-m", "benchmarks", "--quick", "--only", "max_pool2d", "growth"]
    command += ["--json", str(tmp_path / "found.json"), "--chart", str(tmp_path / "chart.png"), "--details"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=environment(1))
    assert "| (f) max_pool2d, forward and gradient, 3 shapes |" in done.stdout
    assert "1 thread(s); allocator" in done.stdout
    assert "| operations | time of one | collector off | collector on |" in done.stdout
    found = json.loads((tmp_path / "found.json").read_text())
    times = [times for timing in found["max_pool2d"]["timings"] for times in timing["seconds"].values()]
    assert len(times) >= 3
    assert all(math.isfinite(time) and time > 0 for several in times for time in several)
    assert {row["length"] for row in found["growth"]["chains"]} == {100, 1000, 10_000}
    assert (tmp_path / "chart.png").stat().st_size > 1000


def test_peers_alone_are_compared_before_and_those_without_a_way_left_out(tmp_path):
    command = [sys.executable, "-m", "benchmarks", "--quick", "--alone", "--only", "max_pool2d"]
    command += ["--json", str(tmp_path / "found.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=environment(1))
    assert "peers: each in a process of its own" in done.stdout
    for timing in json.loads((tmp_path / "found.json").read_text())["max_pool2d"]["timings"]:
        assert {"minigrad", "JAX"} <= set(timing["seconds"]) <= {"minigrad", "PyTorch", "JAX"}
        assert {len(times) for times in timing["seconds"].values()} == {2}


def test_a_workload_that_fails_is_a_failure(monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.workloads.NAMES", ("no_such_workload",))
    monkeypatch.setattr("benchmarks.__main__.NAMES", ("no_such_workload",))
    assert main(["--quick"]) == 1
    assert "no_such_workload failed: exit status 1" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--only", "nothing"], ["--threads", "0"], ["--rounds", "1"]])
def test_arguments_that_mean_nothing_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "error:" in capsys.readouterr().err
