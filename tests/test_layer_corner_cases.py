"""Do mistakes of layers and losses that once passed in silence stay found?"""

import numpy as np
import pytest
from leaves import leaf

import minigrad as mg
from minigrad import losses, nn


def test_result_that_a_layer_keeps_is_no_parameter():
    class Remembering(nn.Layer):
        def __init__(self):
            self.weight = leaf([1.0, 2.0])

        def forward(self, x):
            self.last = x * self.weight
            return self.last

    layer = Remembering()
    layer(np.ones(2))
    assert list(layer.state_dict()) == ["weight"]
    assert layer.parameters() == [layer.weight]


@pytest.mark.parametrize("target", [np.array([2]), np.array([[0.0, 0.0, 1.0]])])
def test_cross_entropy_of_a_masked_class(target):
    logits = leaf([[-np.inf, 0.0, 1.0]])
    loss = losses.cross_entropy(logits, target)
    loss.backward()
    assert loss.item() == pytest.approx(np.log(1 + np.exp(-1.0)))
    assert np.isfinite(logits.grad.data).all()


def test_state_of_parameters_can_be_loaded():
    source, target = nn.Dense(2, 3, rng=0), nn.Dense(2, 3, rng=1)
    target.load_state_dict(dict(source.named_parameters()))
    np.testing.assert_array_equal(target.weight.data, source.weight.data)


@pytest.mark.parametrize(
    ("error", "build"),
    [
        (ValueError, lambda: nn.MaxPool(2.0)),
        (ValueError, lambda: nn.MaxPool(True)),
        (ValueError, lambda: nn.Conv(1, 1, 2.0)),
        (ValueError, lambda: nn.Conv("a", 1, 2)),
        (ValueError, lambda: nn.Reshape(2.5)),
        (ValueError, lambda: nn.Reshape("ab")),
        (ValueError, lambda: nn.Dense(2.5, 3)),
        (ValueError, lambda: nn.Dropout(None)),
        (TypeError, lambda: nn.Dense(2, 3, dtype=int)),
    ],
)
def test_layers_name_themselves_and_the_value_that_is_wrong(error, build):
    with pytest.raises(error, match=r"^(MaxPool|Conv|Reshape|Dense|Dropout)\b.*(2\.0|True|'a'|2\.5|'ab'|None|int64)"):
        build()


@pytest.mark.parametrize("loss", [losses.mse, losses.bce, losses.bce_with_logits, losses.cross_entropy])
def test_target_in_double_precision_does_not_widen_the_loss(loss):
    prediction = leaf([[0.25, 0.75]], dtype=np.float32)
    for target in (np.array([[0.5, 0.5]]), mg.Tensor([[0.5, 0.5]]), leaf([[0.5, 0.5]])):
        assert loss(prediction, target).dtype == np.float32
