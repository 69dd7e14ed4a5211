"""What does `mg.debug` see, what does it leave alone, and what does it say?"""

import gc
import pickle
import threading
import warnings

import healthy_programs
import numpy as np
import pytest
from operation_checks import BUILTIN, drawn

import minigrad as mg
from minigrad import losses, nn, optim
from minigrad.debugging import gradient_causes, scenes, value_causes
from minigrad.engine.registry import operations


def leaf(*values, name=None):
    return mg.Tensor(list(values), requires_grad=True, name=name)


def found(function):
    """The error that a function ends with inside the block."""
    with np.errstate(all="ignore"), mg.debug(), pytest.raises(mg.NotFiniteError) as caught:
        function()
    return caught.value


def line_of(error):
    with open(error.file) as file:
        return file.read().splitlines()[error.line - 1].strip()


@pytest.mark.parametrize("block", range(10))
def test_healthy_programs_name_nobody_and_compute_the_same(block):
    with np.errstate(all="ignore"):
        for seed in range(100 * block, 100 * (block + 1)):
            with mg.debug():
                watched = healthy_programs.run(seed)
            assert all(np.isfinite(each).all() for each in watched), seed
            if seed % 4 == 0:
                for each, other in zip(healthy_programs.run(seed), watched, strict=True):
                    np.testing.assert_array_equal(each, other)


@pytest.mark.parametrize("operation", BUILTIN.values(), ids=BUILTIN)
def test_no_operation_is_named_on_its_examples(operation):
    for example in operation.examples:
        call = drawn(operation, example)
        with mg.debug():
            tensors = call.tensors()
            result = call(*tensors)
            if isinstance(result, mg.Tensor) and result.requires_grad:
                result.backward(np.ones(result.shape))
        assert all(tensor.grad is None or np.isfinite(tensor.grad.numpy()).all() for tensor in tensors)


# Infinities that are meant.


def test_masks_of_minus_infinity_are_meant():
    scores = mg.Tensor(np.zeros((2, 3)), requires_grad=True)
    mask = np.array([[True, False, False], [True, True, False]])
    with np.errstate(all="ignore"), mg.debug():
        for masked in (mg.where(mask, scores, -np.inf), scores + np.where(mask, 0.0, -np.inf)):
            loss = (mg.softmax(masked) ** 2).sum()
            loss += mg.logsumexp(masked, axis=-1).sum()
            loss += mg.max(masked, axis=-1, initial=-np.inf).sum()
            loss += mg.where(mask, mg.log_softmax(masked), 0.0).sum()
            loss.backward()
    assert np.isfinite(scores.grad.numpy()).all()


def test_missing_values_that_are_left_out_again_are_meant():
    x = leaf(1.0, 2.0, 3.0)
    with mg.debug():
        gaps = mg.where(np.array([True, False, True]), x, np.nan)
        (mg.nanmean(gaps) + mg.nansum(mg.stack([gaps, gaps]))).backward()
    assert x.grad.numpy().tolist() == [2.5, 0.0, 2.5]


def test_a_gradient_that_is_infinite_and_left_out_again_does_no_harm():
    x = leaf(-1.0, 0.0, 4.0)
    with np.errstate(all="ignore"), mg.debug():
        mg.sqrt(mg.where(x.numpy() > 0.0, x, 0.0)).sum().backward()
    assert x.grad.numpy().tolist() == [0.0, 0.0, 0.25]


def test_it_is_named_where_somebody_asks_for_it():
    def run():
        x = leaf(-1.0, 4.0)
        kept = mg.where(x.numpy() > 0.0, x, 0.0)
        mg.gradients(mg.sqrt(kept).sum(), [kept])

    assert found(run).cause == "sqrt at 0"

    def retained():
        x = leaf(-1.0, 4.0)
        kept = mg.where(x.numpy() > 0.0, x, 0.0)
        kept.retain_grad()
        mg.sqrt(kept).sum().backward()

    assert found(retained).cause == "sqrt at 0"


def test_a_hook_may_mend_a_gradient():
    x = leaf(0.0, 4.0)
    y = x * 1.0
    with np.errstate(all="ignore"), mg.debug():
        y.register_hook(np.nan_to_num)
        y.register_hook(lambda gradient: np.minimum(gradient, 1.0))
        mg.sqrt(y).sum().backward()
    assert x.grad.numpy().tolist() == [1.0, 0.25]


def test_an_infinity_whose_place_goes_on_to_be_infinite_is_not_new():
    x = leaf(1.0, 2.0)
    with np.errstate(all="ignore"), mg.debug():
        masked = mg.where(np.array([True, False]), x, -np.inf)
        (2.0 * masked + 1.0)[0].backward()


def test_but_a_new_one_beside_it_is():
    def run():
        x = leaf(800.0, 2.0)
        masked = mg.where(np.array([True, False]), x, np.inf)
        mg.exp(masked)

    assert found(run).cause == "exp overflow"


def test_constants_alone_are_the_business_of_numpy():
    with np.errstate(all="ignore"), mg.debug():
        mg.log(mg.Tensor([0.0, 1.0]))
        with mg.no_grad():
            mg.log(leaf(0.0, 1.0))


# What is said.


def test_the_message_tells_what_where_why_and_what_to_write():
    def run():
        p = mg.Tensor(np.array([[0.5, 1.0], [0.0, np.pi]]), requires_grad=True, name="p")
        mg.log(p)

    error = found(run)
    text = str(error).splitlines()
    assert text[0] == "log gave -inf at [1, 0]"
    assert text[1] == f"  called in {__file__}:{error.line}, in run"
    assert text[2] == "    mg.log(p)"
    assert text[3] == "  argument 0 'p': shape (2, 2), float64, from 0 to 3.14159; 1 zero; 0 at that place"
    assert text[4].startswith("cause: log of 0: log was given exactly 0")
    assert text[5].startswith("cure: bound its argument: mg.log(mg.maximum(x, 1e-12))")
    assert (error.operation, error.cause) == ("log", "log of 0")
    assert isinstance(error, FloatingPointError)


def test_numbers_are_counted_and_placed():
    def run():
        x = mg.Tensor(np.array([np.nan, 1.0, -np.inf, np.inf, np.nan, 0.0, 0.0]), requires_grad=True)
        mg.tanh(x)

    counts = "from 0 to 1; 2 NaN, the first at [0]; 1 inf, the first at [3]; 1 -inf, the first at [2]; 2 zeros"
    assert f"it: shape (7,), float64, {counts}" in str(found(run))


def test_an_argument_that_was_broadcast_is_shown_at_its_own_place():
    def run():
        x = mg.Tensor(np.ones((2, 3)), requires_grad=True)
        x / np.array([1.0, 0.0, 2.0])

    error = found(run)
    assert "divide gave inf at [0, 1]" in str(error)
    assert "argument 1: shape (3,), float64, from 0 to 2; 1 zero; 0 at that place" in str(error)


def test_numbers_of_large_arrays_are_kept_for_the_message():
    def run():
        x = mg.Tensor(np.arange(1000.0), requires_grad=True)
        mg.sqrt(x * 2.0).sum().backward()

    said = str(found(run))
    assert "argument 0: shape (1000,), float64, from 0 to 1998; 1 zero; 0 at that place" in said
    assert "gradient of the result: shape (1000,), float64, all 1; 1 at that place" in said


def test_the_layer_and_the_line_of_a_model_are_told():
    def run():
        model = nn.Dense(2, 3, rng=np.random.default_rng(0))
        model(np.array([[1.0, np.nan]]))

    error = found(run)
    assert f"called in {__file__}:{error.line}, in run, inside Dense.forward" in str(error)
    assert line_of(error) == "model(np.array([[1.0, np.nan]]))"


def test_the_error_can_be_pickled():
    error = found(lambda: mg.log(leaf(0.0)))
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert (copy.operation, copy.file, copy.line, copy.cause) == (error.operation, error.file, error.line, error.cause)


# Which line.


def test_a_gradient_is_named_with_the_line_of_the_value():
    def run():
        x = leaf(0.0, 1.0)
        roots = np.sqrt(x)
        total = roots.sum()
        total.backward()

    assert line_of(found(run)) == "roots = np.sqrt(x)"


def test_the_line_is_not_one_of_numpy():
    def run():
        np.polynomial.polynomial.polyval(leaf(1e200), [0.0, 0.0, 1.0])

    assert line_of(found(run)) == "np.polynomial.polynomial.polyval(leaf(1e200), [0.0, 0.0, 1.0])"


def test_a_formula_ends_where_its_function_does():
    def run():
        mg.exp(leaf(800.0))

    def softmax(powers):
        return powers / powers.sum()

    assert found(run).cause == "exp overflow"
    assert softmax(np.ones(2)).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    "derivative", [mg.grad, mg.value_and_grad, mg.jacobian, lambda f: lambda x: mg.vjp(f, x)[1](1.0)]
)
def test_transforms_are_watched(derivative):
    def norm(x):
        return np.sqrt((x**2).sum())

    error = found(lambda: derivative(norm)(np.zeros(3)))
    assert error.cause == "norm at 0"
    assert line_of(error) == "return np.sqrt((x**2).sum())"


@pytest.mark.parametrize("second", [mg.hessian, lambda f: lambda x: mg.hvp(f, x, np.ones(2))])
def test_second_derivatives_are_named_with_the_line_of_the_value(second):
    def f(x):
        return (x**1.5).sum()

    error = found(lambda: second(f)(np.array([0.0, 1.0])))
    assert error.operation == "power"
    assert "the derivative of power (in the derivative of power) gave inf" in str(error)
    assert line_of(error) == "return (x**1.5).sum()"


def test_a_rule_of_ones_own_is_named():
    @mg.primitive(lambda g, out, x: g / x)
    def magnitude(x):
        return np.abs(x)

    def run():
        size = magnitude(leaf(0.0, 1.0))
        size.sum().backward()

    error = found(run)
    assert (error.operation, line_of(error)) == ("magnitude", "size = magnitude(leaf(0.0, 1.0))")


def test_what_was_computed_outside_is_said_to_be():
    x = leaf(0.0, 1.0)
    roots = mg.sqrt(x)
    error = found(lambda: roots.sum().backward())
    assert error.line == 0
    assert "called outside of the block of mg.debug(); compute it inside" in str(error)


def test_bad_numbers_from_outside_are_said_to_be():
    with np.errstate(all="ignore"):
        logs = mg.log(leaf(-1.0, 1.0))
    error = found(lambda: mg.exp(logs))
    assert "which was computed outside of the block" in str(error)
    assert error.cause == "bad input"


# Numbers that were bad before.


@pytest.mark.parametrize("made", [np.array, lambda values: mg.Tensor(values, name="the data")])
def test_a_constant_is_named_as_the_user_does(made):
    def run():
        data, other = made([1.0, np.nan, 3.0]), np.ones(3)
        mg.tanh(leaf(1.0, 2.0, 3.0) * other) * data

    name = "data" if made is np.array else "the data"
    assert f"multiply was given NaN as argument 1, which is the constant {name!r}" in str(found(run))


def test_a_scalar_loss_that_is_infinite_is_named_where_the_pass_begins():
    def run():
        scores = mg.where(np.array([True, False]), leaf(1.0, 2.0), -np.inf)
        (-mg.log_softmax(scores)[1]).backward()

    error = found(run)
    assert error.cause == "bad input"
    assert "an infinity as argument 2, which is a constant" in str(error)


def test_weights_that_an_update_has_made_infinite_are_not_called_input():
    w = leaf(1.0, 2.0, name="w")

    def run():
        for _ in range(2):
            (w * 3.0).sum().backward()
            w.data = w.data * np.inf

    error = found(run)
    assert error.cause == "learning rate too high"
    assert "the Tensor 'w'" in str(error)


def test_nor_are_they_where_no_pass_follows():
    w = leaf(1.0, 2.0, name="w")

    def run():
        (w * 3.0).sum().backward()
        w.data = w.data * np.inf
        w * 3.0

    assert found(run).cause == "learning rate too high"


def passes_with(sizes, then):
    """Passes back in which a leaf is of such sizes, and then something."""
    w = leaf(1.0, 1.0, name="w")
    for size in sizes:
        w.data = np.full(2, size)
        (w * 3.0).sum().backward()
    then(w)


@pytest.mark.parametrize(
    ("sizes", "cause"),
    [
        ([1.0, 10.0, 100.0, 1e3], "learning rate too high"),
        ([1.0, 1e4, 1e3, 1e2], "exp overflow"),
        ([1.0, 2.0, 3.0], "exp overflow"),
    ],
)
def test_weights_run_away_if_they_are_large_and_still_grow(sizes, cause):
    assert found(lambda: passes_with(sizes, lambda w: mg.exp(w + 1000.0))).cause == cause


def test_weights_above_the_place_of_a_gradient_may_have_run_away():
    def then(w):
        x = leaf(1.0, 1.0)
        ((x * 1e-250) * 1e250 * (w * 1e300)).sum().backward(seed=np.float64(1e3))

    error = found(lambda: passes_with([1.0, 10.0, 100.0, 1e3], then))
    assert (error.operation, error.cause) == ("multiply", "learning rate too high")


def test_values_that_rise_and_fall_are_no_recurrence_that_explodes():
    def run():
        h = leaf(1.0, 1.0)
        for factor in [4.0, 0.25] * 6 + [1e300, 1e300]:
            h = h * factor

    assert found(run).cause == "overflow"


def test_weights_that_are_large_from_the_beginning_are_not_said_to_grow():
    def run():
        w = leaf(1e200, 1e200)
        for _ in range(5):
            (w * 1e-300).sum().backward()
        w * w

    assert found(run).cause == "overflow"


def test_weights_that_began_at_zero_are_not_said_to_run_away():
    def run():
        bias = leaf(0.0, 0.0)
        for _ in range(4):
            (bias * 3.0).sum().backward()
            bias.data += 0.1
        mg.exp(bias + 1000.0)

    assert found(run).cause == "exp overflow"


def test_a_sum_of_gradients_that_overflows_is_no_fault_of_a_hook():
    def run(hook):
        x = leaf(0.1, 0.1)
        y = x * 1.0
        if hook is not None:
            y.register_hook(hook)
        (y * 1e308 + y * 1e308).backward(np.ones(2))

    assert found(lambda: run(None)).cause == "overflow"
    assert found(lambda: run(lambda gradient: None)).cause == "overflow"
    assert "2 gradients are added there, which are finite" in str(found(lambda: run(None)))


def test_programs_are_recorded_inside():
    def f(x):
        return (mg.tanh(x) ** 2).sum()

    x = np.array([1.0, 2.0, 3.0])
    with mg.debug():
        recorded = mg.program(mg.grad(f), x)
        np.testing.assert_allclose(recorded(x), mg.grad(f)(x))


# Arrays that are changed.


def changed(used, write):
    """The error where something is written to an array between its use and the pass back."""
    with mg.debug():
        loss = used()
        write()
        with pytest.raises(RuntimeError, match="was changed before the backward pass") as caught:
            loss.backward()
    assert __file__ in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("shape", [(3, 5), (190, 181), (400, 301)], ids=["small", "medium", "large"])
def test_one_element_of_a_leaf_that_was_written_to_is_noticed(shape):
    w = mg.Tensor(np.ones(shape), requires_grad=True, name="w")

    def write():
        w.data[1, 2] = 7.0

    said = changed(lambda: (w * w).sum(), write)
    assert "argument 0 'w' of multiply, called in" in said
    assert "from 1 to 7" in said


def test_every_element_of_a_large_constant_is_compared():
    x = leaf(2.0)
    for place in np.random.default_rng(0).integers(0, 300, (5, 2)):
        constant = np.ones((300, 300))

        def write(constant=constant, place=place):
            constant[tuple(place)] = 7.0

        assert "argument 1 of multiply" in changed(lambda constant=constant: (x * constant).sum(), write)


def test_the_array_of_a_result_is_compared_too():
    x = leaf(1.0, 2.0, 3.0)

    @mg.primitive(lambda g, out, x: g * 2.0)
    def doubled_in_place(x):
        x *= 2.0
        return x.copy()

    y = mg.exp(x)
    assert "argument 0 of multiply" in changed(lambda: (y * y).sum(), lambda: doubled_in_place(y))


def test_what_is_changed_before_a_second_pass_is_noticed():
    w = mg.Tensor(np.ones(3), requires_grad=True)
    with mg.debug():
        loss = (w**3).sum()
        loss.backward(retain_graph=True)
        w.data[...] = 2.0
        with pytest.raises(RuntimeError, match=r"argument 0 of power, called in .* was changed"):
            loss.backward()


def test_what_is_not_read_may_change():
    x, constant = leaf(1.0, 2.0), np.ones(2)
    with mg.debug():
        loss = (x + constant).sum()
        constant[0] = 7.0
        loss.backward()
        x.data = np.array([3.0, 4.0])
        (x * x).sum().backward()
    assert x.grad.numpy().tolist() == [7.0, 9.0]


# The block.


def test_nothing_is_watched_after_the_block():
    x = leaf(0.0, 1.0)
    with np.errstate(all="ignore"):
        with mg.debug():
            pass
        mg.log(x)
        with pytest.raises(mg.NotFiniteError), mg.debug():
            mg.log(x)
        y = mg.log(x)
    assert np.isneginf(y.numpy()[0])
    assert y._node.seen is None


def test_it_can_be_entered_again_and_decorates_functions():
    watch = mg.debug()
    for _ in range(2):
        with np.errstate(all="ignore"), watch, pytest.raises(mg.NotFiniteError):
            mg.log(leaf(0.0))

    @mg.debug()
    def logs(x):
        return mg.log(x)

    with np.errstate(all="ignore"), pytest.raises(mg.NotFiniteError):
        logs(leaf(0.0))


def test_the_block_belongs_to_its_thread():
    names = []

    def other():
        with np.errstate(all="ignore"):
            names.append(mg.log(leaf(0.0)).shape)

    with mg.debug():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert names == [(1,)]


def test_training_is_the_same_inside():
    def train():
        rng = np.random.default_rng(0)
        model = nn.Sequential(nn.Dense(3, 5, rng=rng), nn.Tanh(), nn.Dropout(0.3, rng=rng), nn.Dense(5, 2, rng=rng))
        optimizer = optim.Adam(model.parameters(), lr=0.1)
        for _ in range(5):
            optimizer.zero_grad()
            losses.mse(model(rng.normal(size=(7, 3))), rng.normal(size=(7, 2))).backward()
            optimizer.step()
        return [parameter.numpy() for parameter in model.parameters()]

    plain = train()
    with mg.debug():
        watched = train()
    for each, other in zip(plain, watched, strict=True):
        np.testing.assert_array_equal(each, other)


def test_watching_leaves_no_cycle_behind():
    with warnings.catch_warnings(), mg.debug():
        gc.collect()
        gc.disable()
        try:
            for _ in range(2):
                x = leaf(1.0, 2.0)
                (x * mg.exp(x)).sum().backward()
                mg.gradients(mg.tanh(x).sum(), [x], create_graph=True)
                del x
            assert gc.collect() == 0
        finally:
            gc.enable()


def test_the_operations_that_are_told_apart_exist():
    """A cause that is looked up by the name of an operation is lost when that has another name."""
    names = {*value_causes._FINDERS, *value_causes._GROWING, *gradient_causes._FINDERS}
    names |= {*scenes._HANDED_ON, *scenes._GIVEN_THEIR_RESULT, *scenes.PICKED}
    assert names <= set(operations)
