"""Do the benchmarks compare what is the same, and say what they found?"""

import importlib
import json
import math
import multiprocessing
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import report
from benchmarks.__main__ import main
from benchmarks.machine import environment
from benchmarks.measure import Case, DisagreementError, Timing, check_agreement, geometric_mean, timed
from benchmarks.worker import Worker, WorkerError
from benchmarks.workloads import NAMES, conv2d

ROOT = Path(__file__).parents[1]


class Peer:
    """Stands in for a worker: gives what it was made with, and writes down what it was asked."""

    def __init__(self, peer, arrays, asked):
        self.peer, self._arrays, self._asked = peer, arrays, asked

    def result(self, position):
        self._asked.append((self.peer, position))
        return self._arrays

    def first(self):
        return 100.0

    def seconds(self):
        self._asked.append(self.peer)
        return float(len(self._asked))


def test_peers_are_measured_in_turns_after_their_results_were_compared():
    asked = []
    case = Case("sum", dict.fromkeys(("minigrad", "NumPy")), 1e-9, "group")
    timing = timed(case, 5, [Peer(name, [np.ones(3)], asked) for name in ("minigrad", "JAX", "NumPy")], rounds=4)
    assert asked == [("minigrad", 5), ("NumPy", 5)] + ["minigrad", "NumPy"] * 6  # JAX has no way to do it
    assert (timing.name, timing.group) == ("sum", "group")
    assert timing.seconds == {"minigrad": [7.0, 9.0, 11.0, 13.0], "NumPy": [8.0, 10.0, 12.0, 14.0]}


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
    asked = []
    workers = [Peer("minigrad", [np.array([1.0, 2.0])], asked), Peer("PyTorch", other, asked)]
    with pytest.raises(DisagreementError, match=message):
        timed(Case("sum", dict.fromkeys(("minigrad", "PyTorch")), tolerance=1e-5), 0, workers, rounds=3)
    assert asked == [("minigrad", 0), ("PyTorch", 0)]


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
    assert row == ["title", "3.50 s (2.75 s-5.25 s)", "0.82", "-", "-", "-", "-"]
    slower = Timing("case", "held out", {"minigrad": [4.0], "NumPy": [2.0]})
    faster = Timing("case", "held out", {"minigrad": [1.0], "NumPy": [8.0]})
    rows = report.ratio_rows("title", [TIMES, slower, faster])
    assert [row[0] for row in rows] == ["title, 1 shapes, fitted", "title, 2 shapes, held out"]
    assert rows[1][2] == "0.50 (worst 2.00)"
    assert report.table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_tables_of_compiled_code():
    times = {"minigrad": 0.5, "minigrad compiled": 0.1, "minigrad on JAX": 0.6, "JAX": 0.2}
    seconds = {peer: [time, time] for peer, time in times.items()}
    timing = Timing("case", "", seconds, {"minigrad compiled": 2.1, "minigrad on JAX": 9.6, "JAX": 0.1}, calls=100)
    (row,) = report.compiled_rows("title", [timing], "minigrad compiled")
    # 2 s more in the first step; each of 100 calls saves 4 ms.
    assert row == ["title", "100 ms", "0.20", "-", "-", "-", "-", "0.50", "500 calls"]
    (row,) = report.compiled_rows("title", [timing], "minigrad on JAX")
    assert row == ["title", "600 ms", "1.20", "6.00", "-", "-", "3.00", "never"]
    assert report.preparation_rows("title", [timing]) == [["title", "2.00 s", "9.00 s", "-", "0 ms"]]
    assert report.preparation_rows("title", [TIMES]) == report.compiled_rows("title", [TIMES], "minigrad on JAX") == []


def test_a_third_of_the_convolutions_is_held_out():
    groups = [case.group for case in conv2d.cases(quick=False)]
    assert groups.count("held out") >= groups.count("fitted") / 2
    assert not set(conv2d.FITTED) & set(conv2d.HELD_OUT)
    assert {shape.dtype for shape in conv2d.HELD_OUT} == {"float32", "float64"}
    assert {shape.stride for shape in conv2d.HELD_OUT} == {1, 2}
    assert (min(shape.size for shape in conv2d.HELD_OUT), max(shape.size for shape in conv2d.HELD_OUT)) == (1, 25)


def test_every_workload_is_in_the_list():
    modules = {file.stem for file in (ROOT / "benchmarks" / "workloads").glob("*.py")} - {"__init__"}
    assert set(NAMES) == modules
    for name in NAMES:
        assert importlib.import_module(f"benchmarks.workloads.{name}").TITLE.startswith("(")


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


def test_a_worker_takes_the_steps_it_is_asked_for():
    with Worker("minigrad", "mlp_sample", 1, quick=True) as worker:
        first = worker.result(0)
        assert [array.shape for array in first] == [(784, 40), (40,), (40, 10), (10,)]
        assert worker.seconds() > 0
        for again, before in zip(worker.result(0), first, strict=True):
            np.testing.assert_array_equal(again, before)


def test_what_fails_in_a_worker_is_told():
    with Worker("minigrad", "growth", 1, quick=True) as worker:
        with pytest.raises(WorkerError, match=r"minigrad failed:(.|\n)*no attribute 'cases'"):
            worker.result(0)
        for process in multiprocessing.active_children():
            process.kill()
        with pytest.raises(WorkerError, match="the process of minigrad ended with -9"):
            worker.seconds()


def test_a_workload_that_fails_is_a_failure_and_what_was_measured_is_kept(monkeypatch, capsys, tmp_path):
    def measured(name, peers, options):
        if name == "cnn":
            raise WorkerError("PyTorch failed: no memory")
        return {"timings": []}

    monkeypatch.setattr("benchmarks.__main__._measured", measured)
    file = tmp_path / "found.json"
    assert main(["--quick", "--only", "chain", "cnn", "--json", str(file)]) == 1
    assert "cnn failed: PyTorch failed: no memory" in capsys.readouterr().err
    assert json.loads(file.read_text())["chain"] == {"timings": []}


@pytest.mark.parametrize("arguments", [["--only", "nothing"], ["--threads", "0"], ["--rounds", "1"]])
def test_arguments_that_mean_nothing_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "error:" in capsys.readouterr().err
