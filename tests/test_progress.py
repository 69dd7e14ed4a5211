"""What does a person see of a training run, and does Ctrl-C end it cleanly?"""

import io
import os
import re
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import tqdm.autonotebook
import tqdm.std

import minigrad as mg
from minigrad import losses, nn, optim

X = np.random.default_rng(0).normal(size=(6, 2))
Y = X @ np.array([[1.0], [-2.0]])
PAIRS = [(X[:2], Y[:2]), (X[2:4], Y[2:4]), (X[4:], Y[4:])]


def linear():
    model = nn.Dense(2, 1, dtype=np.float64, rng=0)
    return model, optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


def train(model=None, optimizer=None, data=PAIRS, loss=losses.mse, **options):
    if model is None:
        model, optimizer = linear()
    return mg.train(model, loss, optimizer, data, **({"epochs": 2} | options))


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Makes standard error a terminal; a function, because pytest puts back its own when the test itself begins."""

    def make():
        monkeypatch.setattr(sys, "stderr", Terminal())
        return sys.stderr

    return make


def test_bar_shows_the_running_loss_of_every_epoch(terminal):
    screen = terminal()
    history = train(metrics=[mean_error])
    shown = screen.getvalue()
    assert "epoch 1/2: 100%" in shown
    assert "epoch 2/2: 100%" in shown
    assert "3/3" in shown
    assert "batch/s" in shown
    for record in history:
        assert f"loss={record['loss']:.4g}, mean_error={record['mean_error']:.4g}" in shown


def mean_error(prediction, target):
    return np.mean(np.abs(prediction - target))


def test_bar_does_not_need_to_know_its_end(terminal):
    screen = terminal()
    train(data=(pair for pair in PAIRS), epochs=1)
    assert re.search(r"epoch 1/1: 3batch \[.*loss=", screen.getvalue())


def test_bar_is_closed_when_training_breaks_off(terminal):
    screen = terminal()
    with pytest.raises(mg.NonFiniteLossError):
        train(loss=lambda prediction, y: losses.mse(prediction, y) * np.inf)
    assert screen.getvalue().endswith("\n")


def test_bar_ends_with_the_values_of_the_validation(terminal):
    screen = terminal()
    history = train(validation=[(X, Y)], metrics=[mean_error])
    for record in history:
        values = ", ".join(f"{name}={value:.4g}" for name, value in record.items() if name != "seconds")
        assert "validation_mean_error" in values
        assert values in screen.getvalue()


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO(), None])
def test_nothing_is_shown_where_nobody_wants_it(stream, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", stream)
    assert len(train(progress=False)) == 2
    assert stream is None or stream.getvalue() == ""
    assert capsys.readouterr().out == ""


def expected_lines(history, epochs):
    return [
        f"epoch {number}/{epochs}: loss {record['loss']:.4g}, validation_loss {record['validation_loss']:.4g} "
        f"({record['seconds']:.1f} s)"
        for number, record in enumerate(history, 1)
    ]


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_an_epoch_is_a_line_where_no_bar_can_be_drawn(stream, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", stream)
    history = train(epochs=3, validation=[(X, Y)])
    assert capsys.readouterr().out.splitlines() == expected_lines(history, 3)
    assert stream is None or stream.getvalue() == ""
    train(epochs=5, validation=[(X, Y)], history=history)
    assert capsys.readouterr().out.splitlines() == expected_lines(history, 5)[3:]


def test_lines_can_be_read_while_training_goes_on(monkeypatch, capsys):
    seen = []
    train(callbacks=[lambda history: seen.append(capsys.readouterr().out)])
    assert [line.split(":")[0] for line in seen] == ["epoch 1/2", "epoch 2/2"]


def test_an_epoch_is_a_line_without_tqdm(terminal, monkeypatch, capsys):
    screen = terminal()
    for name in ("tqdm", "tqdm.autonotebook"):
        monkeypatch.setitem(sys.modules, name, None)
    history = train(validation=[(X, Y)])
    assert capsys.readouterr().out.splitlines() == expected_lines(history, 2)
    assert screen.getvalue() == ""


def test_a_notebook_has_the_bar_that_tqdm_chooses_for_it(monkeypatch, capsys):
    drawn = []

    class OfANotebook(tqdm.std.tqdm):
        def __init__(self, **options):
            drawn.append(self)
            super().__init__(**options, file=io.StringIO())

    monkeypatch.setattr("tqdm.autonotebook.tqdm", OfANotebook)
    train()
    assert len(drawn) == 2
    assert all(bar.n == bar.total == len(PAIRS) for bar in drawn)
    assert capsys.readouterr().out == ""


SCRIPT = """
import numpy as np
import minigrad as mg
from minigrad import losses, nn, optim

model = nn.Dense(2, 1, rng=0)
x = np.ones((8, 2), np.float32)
pairs = mg.batches(x, x[:, :1], batch_size=2)
mg.train(model, losses.mse, optim.SGD(model.parameters(), lr=0.01), pairs, epochs=2)
print("done")
"""


def test_bar_appears_on_a_real_terminal():
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 1 << 16):
            shown += chunk
    except OSError:
        pass  # on Linux, the end of a terminal that nobody holds open any more
    os.close(ours)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, b"done\n")
    assert b"epoch 2/2: 100%" in shown
    assert b"loss=" in shown


@pytest.fixture
def ctrl_c():
    """Sends what Ctrl-C sends, with Python's own handler in place, which a program started in the background lacks."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)


def after(calls, action):
    """A mean squared error that does something in one of its calls."""
    made = []

    def loss(prediction, y):
        made.append(None)
        if len(made) == calls:
            action()
        return losses.mse(prediction, y)

    return loss


def interrupt():
    raise KeyboardInterrupt


def steps_by_hand(count):
    model, optimizer = linear()
    for x, y in (PAIRS * 3)[:count]:
        optimizer.zero_grad()
        losses.mse(model(x), y).backward()
        optimizer.step()
    return model.state_dict(), optimizer.state_dict()


def test_ctrl_c_ends_training_after_the_current_step(ctrl_c):
    model, optimizer = linear()
    model.eval()
    history = train(model, optimizer, loss=after(5, ctrl_c), epochs=3)
    assert history.interrupted
    assert repr(history).startswith("<History of 1 epoch, interrupted: loss ")
    # The step that was under way is whole: two steps of epoch 2, which is not recorded.
    np.testing.assert_equal((model.state_dict(), optimizer.state_dict()), steps_by_hand(5))
    assert not model.training
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    train(model, optimizer, history=history, epochs=3)
    assert len(history) == 3
    assert not history.interrupted


def test_ctrl_c_in_the_midst_of_an_update_waits_for_its_end(ctrl_c):
    class Slow(optim.SGD):
        def _update(self, position, *arrays):
            if position == 1 and self.steps == 3:
                ctrl_c()
            super()._update(position, *arrays)

    model, _ = linear()
    optimizer = Slow(model.parameters(), lr=0.1, momentum=0.9)
    assert train(model, optimizer).interrupted
    np.testing.assert_equal((model.state_dict(), optimizer.state_dict()), steps_by_hand(4))


def test_second_ctrl_c_breaks_off_at_once(ctrl_c):
    def twice():
        ctrl_c()
        ctrl_c()
        pytest.fail("the second one is not waited for")

    model, optimizer = linear()
    history = train(model, optimizer, loss=after(5, twice))
    assert history.interrupted
    assert len(history) == 1
    np.testing.assert_equal((model.state_dict(), optimizer.state_dict()), steps_by_hand(4))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_after_the_last_step_of_an_epoch_keeps_its_record(ctrl_c):
    # The fourth call is that of the validation.
    history = train(loss=after(4, ctrl_c), validation=[(X, Y)])
    assert history.interrupted
    assert len(history["validation_loss"]) == 1
    history = train(callbacks=[lambda history: ctrl_c()])
    assert history.interrupted
    assert len(history) == 1


def test_keyboard_interrupt_of_anybody_ends_training():
    model, optimizer = linear()
    history = train(model, optimizer, loss=after(5, interrupt))
    assert history.interrupted
    assert len(history) == 1
    np.testing.assert_equal((model.state_dict(), optimizer.state_dict()), steps_by_hand(4))
    assert model.training
    history = train(callbacks=[lambda history: interrupt()])
    assert history.interrupted
    assert len(history) == 1


def test_other_errors_are_passed_on_and_leave_the_handler_as_it_was(ctrl_c):
    with pytest.raises(ZeroDivisionError):
        train(loss=after(2, lambda: 1 // 0))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_handler_of_the_user_stays_in_charge(ctrl_c):
    received = []

    def handler(number, frame):
        received.append(number)

    signal.signal(signal.SIGINT, handler)
    history = train(loss=after(2, ctrl_c))
    assert received == [signal.SIGINT]
    assert len(history) == 2
    assert not history.interrupted
    assert signal.getsignal(signal.SIGINT) is handler


def test_in_a_thread_the_handler_is_left_alone(ctrl_c):
    handlers, results = [], []
    loss = after(2, lambda: handlers.append(signal.getsignal(signal.SIGINT)))
    thread = threading.Thread(target=lambda: results.append(train(loss=loss)))
    thread.start()
    thread.join()
    assert handlers == [signal.default_int_handler]
    assert len(results[0]) == 2
