"""Is each of these causes the one that is told first, with all the leaves that it spoils?"""

import numpy as np
import pytest
from backward_checks import check
from cause_cases import CAUSES


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
def test_a_cause_is_told_first(cause):
    for seed in range(3):
        result = check(cause.forward, cause.backward, cause.inputs(np.random.default_rng(seed)), rng=seed)
        assert result.verdict == "fail"
        assert {finding.rule for finding in result.findings} == {cause.rule}, str(result)
        assert {leaf for finding in result.findings for leaf in finding.leaves} == set(cause.leaves)
        assert len(str(result).splitlines()) <= 15
