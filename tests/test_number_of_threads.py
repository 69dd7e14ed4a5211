"""May the number of threads be set while work is being divided among them?"""

import os
import subprocess
import sys

import minigrad as mg
from minigrad.kernels import threads

SETTING = """
import sys, threading, time
import minigrad as mg
from minigrad.kernels.threads import for_each_part

sys.setswitchinterval(1e-6)
stop = time.monotonic() + 2.0

def set_often():
    while time.monotonic() < stop:
        for count in (1, 4, 2, 3):
            mg.set_num_threads(count)

other = threading.Thread(target=set_often)
other.start()
while time.monotonic() < stop:
    assert sum(for_each_part(lambda part: part.stop - part.start, 64, 1e12)) == 64
other.join()
mg.set_num_threads(3)
for_each_part(lambda part: None, 64, 1e12)
mg.set_num_threads(1)
"""


def test_the_number_of_threads_may_be_set_in_another_one_meanwhile():
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", SETTING], check=True, timeout=60, env=env)


def test_the_number_may_be_set_between_asking_for_threads_and_giving_them_work(monkeypatch):
    """A signal may call code that sets it, on the main thread."""
    ask = threads._workers.jobs

    def asked(*args):
        queue = ask(*args)
        mg.set_num_threads(1)
        return queue

    monkeypatch.setattr(threads._workers, "jobs", asked)
    before = mg.get_num_threads()
    mg.set_num_threads(3)
    assert threads.for_each_part(lambda part: part.stop - part.start, 60, 1e12) == [20, 20, 20]
    mg.set_num_threads(before)
