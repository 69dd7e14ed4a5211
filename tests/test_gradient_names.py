"""Is it understood which value a gradient belongs to, by what both are called?"""

import pytest

from minigrad.testing.subjects.gradient_names import agreement, assigned, is_upstream

NAMES = [
    ("W", "dW d_W grad_W gradW gW W_grad dLdW dL_dW dJ_dW delta_W nabla_W W.grad W_gradient W.gradient dloss_dW"),
    ("weights", "dweights d_weights weights_gradient weights_grad grad_weights weights.grad dWeights weightsGrad"),
    ("params.W1", "dW1 grads.W1 grads.dW1 dparams.W1 params.W1.grad params.dW1 gradients.W1"),
    ("layers[0].W", "layers[0].dW grads[0].W layers[0].grads.W layers[0].W.grad"),
    ("weights.data", "weights.grad"),
    ("prev_h", "dprev_h dh_prev"),
    ("bias", "db dbias grad_bias bias_grad dbiases"),
    ("_W", "_dW dW"),
]


@pytest.mark.parametrize(("value", "names"), NAMES)
def test_names_of_gradients_are_understood(value, names):
    assert [name for name in names.split() if not agreement(name, value)] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("dbeta", "b"), ("W", "W"), ("dW1", "W2"), ("dW", "b"), ("layers[1].dW", "layers[0].W"), ("dW", "W1"), ("g", "W")],
)
def test_other_names_are_not(name, value):
    assert agreement(name, value) == 0


def test_each_gradient_goes_to_one_value():
    assert assigned(["dx", "dw", "db"], ["x", "w", "b"]) == {"x": "dx", "w": "dw", "b": "db"}
    assert assigned(["W1", "b1"], ["X", "params.W1", "params.b1"], same=True) == {"params.W1": "W1", "params.b1": "b1"}
    assert assigned(["dW", "db"], ["weights", "biases"]) == {"weights": "dW", "biases": "db"}
    # Letter by letter before other letters; where two would do, neither.
    assert assigned(["dW", "dw"], ["W", "w"]) == {"W": "dW", "w": "dw"}
    assert assigned(["dW"], ["layers[0].W", "layers[1].W"]) == {}


def test_upstream_gradients_are_known_by_their_names():
    upstream = "g dout dA grad upstream delta dh dnext_h grad_output output_gradient d_out dY dZ2 dL_dout dh_next dO dK"
    others = "x w cache out dim data decay dropout_p d_model dtype gamma depth desired mask delta_t diag training"
    assert [name for name in upstream.split() if not is_upstream(name)] == []
    assert [name for name in others.split() if is_upstream(name)] == []
