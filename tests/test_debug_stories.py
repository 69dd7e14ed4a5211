"""Does `mg.debug` find the planted cause, with its file and line?"""

import warnings

import debug_stories
import numpy as np
import pytest
from debug_stories import STORIES

import minigrad as mg


def run_watched(function):
    with np.errstate(all="ignore"), warnings.catch_warnings(), mg.debug():
        warnings.simplefilter("ignore")
        function()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.run.__name__)
def test_the_planted_cause_is_found(story):
    with pytest.raises(mg.NotFiniteError) as caught:
        run_watched(story.run)
    error = caught.value
    assert (error.cause, error.operation) == (story.cause, story.operation), str(error)
    assert error.file == debug_stories.__file__
    assert error.line == story.line
    for words in story.says:
        assert words in str(error)


def test_there_are_as_many_stories_as_promised():
    assert len(STORIES) >= 24
