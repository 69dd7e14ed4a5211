"""Do several threads give the same as one, the same every time, and stay out of the way of others?"""

import contextlib
import gc
import os
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad.kernels import threads
from minigrad.kernels.threads import for_each_part


@pytest.fixture(autouse=True)
def threads_as_before():
    before = mg.get_num_threads()
    yield
    mg.set_num_threads(before)


def names_of_threads(samples=8, operations=1e9):
    return for_each_part(lambda part: (threading.current_thread().name, part), samples, operations)


def test_parts_cover_all_samples_in_order():
    mg.set_num_threads(3)
    parts = [part for _, part in names_of_threads(samples=8)]
    assert [index for part in parts for index in range(8)[part]] == list(range(8))
    assert len(parts) == 3


def test_as_many_parts_as_are_worthwhile():
    mg.set_num_threads(4)
    assert len(names_of_threads(samples=2)) == 2
    assert len(names_of_threads(samples=0)) == 1
    assert len(names_of_threads(operations=threads.WORTHWHILE)) == 1
    assert len(names_of_threads(operations=2 * threads.WORTHWHILE)) == 2
    mg.set_num_threads(1)
    assert [name for name, _ in names_of_threads()] == ["MainThread"]


def test_work_in_another_thread_is_not_divided_again():
    mg.set_num_threads(2)
    with ThreadPoolExecutor(1) as pool:
        ((name, part),) = pool.submit(names_of_threads).result()
    assert name != "MainThread"
    assert part == slice(0, 8)


def test_an_error_in_a_part_is_raised_after_all_have_ended():
    mg.set_num_threads(2)
    ended = threading.Event()

    def task(part):
        if part.start == 0:
            raise ValueError("the first")
        ended.wait(0.1)
        ended.set()

    with pytest.raises(ValueError, match="the first"):
        for_each_part(task, 8, 1e9)
    assert ended.is_set()

    def fails_later(part):
        if part.start:
            raise KeyError("the second")

    with pytest.raises(KeyError, match="the second"):
        for_each_part(fails_later, 8, 1e9)


def test_numpys_error_handling_holds_in_every_thread():
    mg.set_num_threads(2)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
        for_each_part(lambda part: np.float32(1e38) * np.float32(10 * part.start), 8, 1e9)


@pytest.mark.parametrize("count", [0, -1])
def test_numbers_of_threads_below_1_are_refused(count):
    with pytest.raises(ValueError, match="at least 1, not"):
        mg.set_num_threads(count)


@pytest.mark.parametrize("count", [1.0, True, "2", None])
def test_numbers_of_threads_are_integers(count):
    with pytest.raises(TypeError, match="integer"):
        mg.set_num_threads(count)


NETWORKS = {
    "columns": ((32, 2, 20, 20), (16, 2, 3, 3)),
    "rows": ((16, 16, 24, 24), (16, 16, 3, 3)),
    "channels_last": ((32, 16, 14, 14), (32, 16, 3, 3)),
    "fourier": ((8, 4, 40, 40), (16, 4, 9, 9)),
    "pointwise": ((32, 32, 28, 28), (16, 32, 1, 1)),
}


def step(images, kernels):
    """A convolution with pooling, and all its gradients."""
    x, weights = mg.Tensor(images, requires_grad=True), mg.Tensor(kernels, requires_grad=True)
    y = mg.avg_pool2d(mg.max_pool2d(mg.conv2d(x, weights), 2), (2, 1))
    return [y.data, *(g.data for g in mg.gradients(y, [x, weights], seed=np.cos(np.arange(y.size)).reshape(y.shape)))]


@pytest.mark.parametrize("name", NETWORKS)
def test_results_are_those_of_one_thread_and_the_same_every_time(name, monkeypatch):
    monkeypatch.setattr(threads, "WORTHWHILE", 1000)
    rng = np.random.default_rng(0)
    images, kernels = (rng.standard_normal(shape) for shape in NETWORKS[name])
    mg.set_num_threads(1)
    alone = step(images, kernels)
    mg.set_num_threads(3)
    first = step(images, kernels)
    for _ in range(10):
        for again, before in zip(step(images, kernels), first, strict=True):
            np.testing.assert_array_equal(again, before)
    for several, one in zip(first, alone, strict=True):
        np.testing.assert_allclose(several, one, rtol=1e-10, atol=1e-12 * np.abs(one).max())


def test_steps_in_several_threads_of_the_users_do_not_disturb_each_other():
    rng = np.random.default_rng(0)
    inputs = [tuple(rng.standard_normal(shape) for shape in shapes) for shapes in NETWORKS.values()]
    alone = [step(*each) for each in inputs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda each: step(*each), inputs * 4))
    for found, expected in zip(together, alone * 4, strict=True):
        for array, reference in zip(found, expected, strict=True):
            np.testing.assert_allclose(array, reference, rtol=1e-10, atol=1e-12 * np.abs(reference).max())


INTERRUPTED = """
import sys
sys.path[:0] = {path!r}
from concurrent.futures import ThreadPoolExecutor
import interrupts
import minigrad as mg
from minigrad.kernels.threads import for_each_part

def prepare():
    mg.set_num_threads(1)
    mg.set_num_threads(3)
    parts = [slice(0, 2), slice(2, 5), slice(5, 8)]

    def check():
        for _ in range(2):
            assert for_each_part(lambda part: part, 8, 1e9) == parts
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(len, "abc").result() == 3

    return (lambda: [for_each_part(lambda part: part, 8, 1e9) for _ in range(2)]), check

interrupts.traced(ThreadPoolExecutor.submit)
for times in (1, 2):
    assert interrupts.interrupt(prepare, times=times) > 20
print("done")
"""


def test_an_interrupt_leaves_no_lock_that_the_next_call_waits_for():
    tests = Path(__file__).parent
    done = in_a_new_process(INTERRUPTED.format(path=[str(tests), str(tests.parent)]))
    assert done.stdout == "done\n", done.stderr[-2000:]


def test_threads_keep_nothing_of_their_last_job_and_errors_no_cycle():
    mg.set_num_threads(2)

    def fails(part):
        if part.start:
            raise KeyError("the second")
        return Large()

    class Large:
        pass

    kept = [weakref.ref(each) for each in for_each_part(lambda part: Large(), 8, 1e9)]
    for_each_part(lambda part: part, 8, 1e9)
    assert [each() for each in kept] == [None, None]
    gc.collect()
    gc.disable()
    try:
        with contextlib.suppress(KeyError):
            for_each_part(fails, 8, 1e9)
        assert gc.collect() == 0
    finally:
        gc.enable()


SETTINGS = """
import sys
import numpy as np
import minigrad as mg
from threadpoolctl import threadpool_info

def of_blas():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

found = [mg.get_num_threads(), of_blas()]
mg.set_num_threads(3)
found += [mg.get_num_threads(), of_blas()]
mg.set_num_threads(2)
mg.set_num_threads(1)
found += [mg.get_num_threads(), of_blas()]
print(found)
"""


def in_a_new_process(code, **variables):
    clean = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=clean | variables, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("variable", ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"])
def test_by_default_batches_are_divided_where_blas_was_told_to_use_one_thread(variable):
    done = in_a_new_process(SETTINGS, **{variable: "1"})
    assert done.stdout == f"[{threads._available()}, {{1}}, 3, {{1}}, 1, {{1}}]\n", done.stderr


def test_where_blas_has_threads_it_is_kept_to_one_while_minigrad_has_several():
    done = in_a_new_process(SETTINGS, OPENBLAS_NUM_THREADS="2")
    assert done.stdout == "[1, {2}, 3, {1}, 1, {2}]\n", done.stderr


WITHOUT_THREADPOOLCTL = """
import sys
sys.modules["threadpoolctl"] = None
import minigrad as mg
try:
    mg.set_num_threads(2)
except ImportError as error:
    print(error, mg.get_num_threads())
"""


def test_the_extra_is_named_where_it_is_needed():
    done = in_a_new_process(WITHOUT_THREADPOOLCTL, OPENBLAS_NUM_THREADS="2")
    assert 'pip install "minigrad-numpy[threads]", or set OPENBLAS_NUM_THREADS=1' in done.stdout
    assert done.stdout.endswith(" 1\n")
    assert in_a_new_process(WITHOUT_THREADPOOLCTL, OPENBLAS_NUM_THREADS="1").stdout == ""


AT_EXIT = """
import atexit
import numpy as np
import minigrad as mg

mg.set_num_threads(2)
images, kernels = np.ones((16, 16, 24, 24)), np.ones((16, 16, 3, 3))
before = mg.conv2d(images, kernels)
atexit.register(lambda: print((mg.conv2d(images, kernels) == before).all()))
"""


def test_work_is_done_in_one_thread_when_the_interpreter_ends():
    done = in_a_new_process(AT_EXIT, OPENBLAS_NUM_THREADS="1")
    assert done.stdout == "True\n", done.stderr


AFTER_FORK = """
import os, sys
import numpy as np
import minigrad as mg

mg.set_num_threads(2)
images, kernels = np.ones((16, 16, 24, 24)), np.ones((16, 16, 3, 3))
before = mg.conv2d(images, kernels)
if not hasattr(os, "fork"):
    sys.exit(0)
child = os.fork()
if not child:
    os._exit(0 if (mg.conv2d(images, kernels) == before).all() else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # JAX says so once it was imported
def test_a_forked_process_has_threads_of_its_own():
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", AFTER_FORK], check=True, timeout=60, env=environment)
