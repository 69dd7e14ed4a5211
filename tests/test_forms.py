"""Are layers, losses and models judged as people hand them over, with no adapter and nothing changed?"""

import importlib
import pathlib

import numpy as np
import pytest
from backward_checks import check
from form_cases import FORMS, ROWS, arrays_of

for path in sorted(pathlib.Path(__file__).parent.glob("form_cases_*.py")):
    importlib.import_module(path.stem)

SLIPS = [(form, slip) for form in FORMS for slip in form.slips]


def checked(make, seed):
    """The result, after it was seen that no array of what was handed over has changed in any bit."""
    args, inputs, options = make(np.random.default_rng(seed))
    before = arrays_of((args, inputs))
    result = check(*args, inputs=inputs, rng=seed, **options)
    after = arrays_of((args, inputs))
    changed = [path for path, array in before.items() if not same(array, after.get(path))]
    assert not changed, f"the check has changed {', '.join(changed)}"
    # A layer may remember its last call; a dictionary of settings is the caller's.
    added = [path for path in after if path.startswith("[1]") and path not in before]
    assert not added, f"the check has added {', '.join(added)}"
    return result


def same(before, after):
    return after is not None and before.dtype == after.dtype and before.tobytes() == after.tobytes()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_right_ones_pass_as_they_stand(form, seeds):
    for seed in seeds:
        result = checked(form.right, seed)
        assert result.verdict == "pass", str(result)


@pytest.mark.parametrize(("form", "slip"), SLIPS, ids=[f"{form.name}: {slip.what}" for form, slip in SLIPS])
def test_wrong_twins_fail_where_they_are_wrong(form, slip, seeds):
    for seed in seeds[:2]:
        result = checked(slip.wrong, seed)
        assert result.verdict == "fail", str(result)
        wrong = [leaf.name for leaf in result.leaves if leaf.verdict == "fail"]
        assert any(slip.leaf in name for name in wrong), f"{slip.leaf} is not among {wrong}\n{result}"


def remembered(name, seed):
    """A layer after its check: the lists that it appends to and its optimiser's state are what later steps build on."""
    (found,) = (form for form in FORMS if form.name == name)
    args, inputs, options = found.right(np.random.default_rng(seed))
    check(*args, inputs=inputs, rng=seed, **options)
    return args[0]


def test_what_later_steps_build_on_is_as_before():
    assert remembered("gradients appended to lists and flushed", 0).gradients == {"W": [], "b": []}
    adam = remembered("Adam inside the layer", 1).W_opt
    assert (adam.t, adam.m, adam.v) == (0, None, None)
    assert remembered("Momentum inside the layer", 2).W_opt.velocity is None


def test_every_form_that_people_write_is_there():
    assert len({form.name for form in FORMS}) == len(FORMS) >= 60
    for row, what in ROWS.items():
        assert sum(row in form.rows for form in FORMS) >= 4, f"too few of: {what}"
