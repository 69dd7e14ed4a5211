"""Which settings, sizes and abbreviations do the tests of @grad_property share?"""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from minigrad import testing
from minigrad.testing.strategies.hypothesis import shapes

few = settings(max_examples=25, database=None, derandomize=True, deadline=None)
SHAPE = st.shared(shapes(2, 2), key="shape")
TURNED = SHAPE.map(lambda shape: shape[::-1])


def failure(test, *args, **kwargs):
    with pytest.raises(testing.GradcheckError) as caught:
        test(*args, **kwargs)
    return caught.value


def rules(error):
    return {(name, finding.rule) for finding in error.result.findings for name in finding.leaves}


def softmax(x):
    exponentials = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return exponentials / np.sum(exponentials, axis=-1, keepdims=True)
