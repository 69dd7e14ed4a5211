"""What is the least that can be recorded: a function of one array?"""

from minigrad.testing.subjects.inputs import Leaf


class FunctionOfOne:
    def __init__(self, function, x):
        self.function, self.leaves = function, [Leaf("x", x)]

    def traced(self, tensors, recorder):
        return recorder.finished(recorder.copy(self.function)(recorder.started(tensors[0])))
