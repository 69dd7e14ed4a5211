"""Does every call that cannot be meant name the function, what was given, and what to write?"""

import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, optim

X, Y = np.ones((4, 2), np.float32), np.zeros((4, 1), np.float32)
NAN = float("nan")


def net():
    return nn.Dense(2, 1, rng=0)


def sgd(model):
    return optim.SGD(model.parameters(), lr=0.1)


def train(model=None, loss=losses.mse, optimizer=None, data=((X, Y),), **options):
    return mg.train(model, loss, optimizer, data, **({"epochs": 1} | options))


def run(**options):
    model = net()
    return train(model, **({"optimizer": sgd(model)} | options))


def gives(value):
    class Gives(nn.Layer):
        def forward(self, x):
            return value

    return Gives()


def wrong(kind, message, call, name=None):
    return pytest.param(call, kind, message, id=name or message[:60])


TRAINING = [
    wrong(TypeError, r"train: the model is None; give a Layer, such as nn\.Sequential", lambda: train(None)),
    wrong(TypeError, r"train: the model is the class Dense; make one: Dense\(\.\.\.\)", lambda: train(nn.Dense)),
    wrong(TypeError, "train: the model is a function; write a class derived from", lambda: train(lambda x: x)),
    wrong(TypeError, "train: the model is a list; give a Layer", lambda: train([nn.Tanh()])),
    wrong(TypeError, "train: the loss is None; give a function .* such as losses.mse", lambda: run(loss=None)),
    wrong(TypeError, "the loss is the string 'mse'; write losses.mse$", lambda: run(loss="mse")),
    wrong(
        TypeError, "the loss is the string .*; write losses.cross_entropy", lambda: run(loss="categorical_crossentropy")
    ),
    wrong(TypeError, "the loss is the string 'x'; give a function", lambda: run(loss="x")),
    wrong(TypeError, "the loss is a module; give a function", lambda: run(loss=losses)),
    wrong(
        TypeError, r"the optimizer is None; give .* optim\.Adam\(model\.parameters\(\)\)", lambda: run(optimizer=None)
    ),
    wrong(TypeError, r"class SGD; make one: optim\.SGD\(model\.parameters\(\), ", lambda: run(optimizer=optim.SGD)),
    wrong(TypeError, r"the string 'adam'; write optim\.Adam\(model\.parameters", lambda: run(optimizer="adam")),
    wrong(TypeError, "the optimizer is the string 'x'; give one", lambda: run(optimizer="x")),
    wrong(ValueError, r"train: the optimizer updates no parameter of this model", lambda: run(optimizer=sgd(net()))),
    wrong(TypeError, r"train: data is None; give pairs \(x, y\), such as mg\.batches", lambda: run(data=None)),
    wrong(TypeError, "train: data is a int; give pairs", lambda: run(data=3)),
    wrong(TypeError, "train: data is a dict; give pairs", lambda: run(data={"x": X})),
    wrong(TypeError, "train: validation is a float; give pairs", lambda: run(validation=0.5)),
    wrong(TypeError, r"train: metrics is a function; give a list, such as \[mg\.acc", lambda: run(metrics=mg.accuracy)),
    wrong(TypeError, r"train: metrics is None; give a list", lambda: run(metrics=None)),
    wrong(
        TypeError, r"train: metrics\[0\] is the string 'accuracy', not a function", lambda: run(metrics=["accuracy"])
    ),
    wrong(TypeError, "train: callbacks is a builtin_.*; give a list", lambda: run(callbacks=print)),
    wrong(TypeError, "train: history is a list; give what mg.train returned", lambda: run(history=[])),
    wrong(ValueError, "the metric <lambda> gave None; it has to be a single", lambda: run(metrics=[lambda p, y: None])),
    wrong(ValueError, r"the metric <lambda> gave shape \(4, 1\)", lambda: run(metrics=[lambda p, y: p])),
    wrong(TypeError, "x of a batch is a list of arrays; write a tuple", lambda: run(data=[([X, X], Y)])),
    wrong(ValueError, r"x of a batch holds \[4, 3\] samples", lambda: run(data=[((X, X[:3]), Y)])),
    wrong(TypeError, "evaluate: the model is None", lambda: mg.evaluate(None, losses.mse, [(X, Y)])),
    wrong(TypeError, "evaluate: the loss is None", lambda: mg.evaluate(net(), None, [(X, Y)])),
    wrong(TypeError, "evaluate: data is None", lambda: mg.evaluate(net(), losses.mse, None)),
    wrong(TypeError, "evaluate: metrics is a function", lambda: mg.evaluate(net(), losses.mse, [(X, Y)], mg.accuracy)),
    wrong(TypeError, "predict: the model is None", lambda: mg.predict(None, X)),
    wrong(TypeError, "predict: x has samples along the first axis; this is None", lambda: mg.predict(net(), None)),
    wrong(TypeError, "predict: x has samples along the first axis; this is 2.5", lambda: mg.predict(net(), 2.5)),
    wrong(TypeError, "predict: x is a Batches, not an array", lambda: mg.predict(net(), mg.batches(X, Y, 2))),
    wrong(TypeError, "predict: x is a list of arrays; write", lambda: mg.predict(net(), [X, X])),
    wrong(
        ValueError, r"predict: the model gave shape \(\) for 3 samples", lambda: mg.predict(gives(np.ones(())), X, 3)
    ),
    wrong(TypeError, "predict: the model gave a NoneType", lambda: mg.predict(gives(None), X)),
    wrong(TypeError, "batches: x is an array of numbers, not of object", lambda: mg.batches(None, Y, 2)),
    wrong(TypeError, "batches: y is an array of numbers, not of <U", lambda: mg.batches(X, ["a"] * 4, 2)),
    wrong(ValueError, r"batches: x holds \[4, 3\] samples", lambda: mg.batches((X, X[:3]), Y, 2)),
]

HISTORIES = [
    wrong(TypeError, "History: a record is a dict .*; record 0 is 1", lambda: mg.History([1])),
    wrong(TypeError, "History: a record is a dict .*; record 1 is 'a'", lambda: mg.History([{}, "a"])),
    wrong(TypeError, "History: records are a list .*; got {'loss'", lambda: mg.History({"loss": [1.0]})),
    wrong(TypeError, "History: records are a list .*; got 'loss'", lambda: mg.History("loss")),
    wrong(TypeError, "History: records are a list .*; got 5", lambda: mg.History(5)),
    wrong(TypeError, "History: 'loss' in record 0 is '0.5', not a number", lambda: mg.History([{"loss": "0.5"}])),
    wrong(TypeError, "History: 'loss' in record 0 is None, not a number", lambda: mg.History([{"loss": None}])),
    wrong(TypeError, r"'loss' in record 0 has shape \(2,\)", lambda: mg.History([{"loss": np.ones(2)}])),
    wrong(TypeError, "quantities have names; record 0 has the key 3", lambda: mg.History([{3: 1.0}])),
    wrong(ValueError, "'loss' in record 0 is larger than every float", lambda: mg.History([{"loss": 10**400}])),
    wrong(IndexError, "there is no record 1: 1 epochs were recorded", lambda: mg.History([{"loss": 1.0}])[1]),
]

OPTIMIZERS = [
    wrong(TypeError, r"several Tensors, such as model\.parameters\(\), not None", lambda: optim.SGD(None, lr=0.1)),
    wrong(TypeError, r"several Tensors, .*, not 3", lambda: optim.Adam(3)),
    wrong(TypeError, r"parameters is a Dense, not its Tensors: write model\.parameters\(\)", lambda: optim.Adam(net())),
    wrong(TypeError, "parameters is a Sequential", lambda: optim.Adam(nn.Sequential(net()))),
    wrong(TypeError, r"a function, .*: write model\.parameters\(\)", lambda: optim.Adam(net().parameters)),
    wrong(TypeError, r"a dict: write list\(parameters\.values\(\)\)", lambda: optim.Adam(net().state_dict())),
    wrong(TypeError, r"parameters\[0\] is a tuple.*model\.parameters", lambda: optim.Adam([(1, mg.Tensor(1.0))])),
    wrong(ValueError, "betas must be two numbers, .* not 0.9", lambda: optim.Adam(net().parameters(), betas=0.9)),
    wrong(
        ValueError, "the schedule gives None after 0 steps", lambda: optim.SGD(net().parameters(), lambda t: None).lr
    ),
    wrong(ValueError, "the schedule gives '1' after 0", lambda: optim.SGD(net().parameters(), lambda t: "1").lr),
    wrong(TypeError, "load_state_dict: the state is a NoneType; give a dict", lambda: sgd(net()).load_state_dict(None)),
]


def ones(shape, fan_in, fan_out, rng):
    return np.ones(shape[::-1])


def words(shape, fan_in, fan_out, rng):
    return np.full(shape, "a")


LAYERS = [
    wrong(
        TypeError,
        r"Dense\(2, 3\): init is a function .* such as nn\.he_normal, not 'a'",
        lambda: nn.Dense(2, 3, init="a"),
    ),
    wrong(TypeError, r"Conv\(2, 3\): init is a function .*, not None", lambda: nn.Conv(2, 3, 1, init=None)),
    wrong(
        ValueError,
        r"initialiser ones gave shape \(3, 2\); the weights have shape \(2, 3\)",
        lambda: nn.Dense(2, 3, init=ones),
    ),
    wrong(
        TypeError,
        r"^LSTM: got an unexpected keyword argument 'layers'; it takes \(features,",
        lambda: nn.LSTM(1, 2, layers=2),
    ),
    wrong(TypeError, "^Dense: missing a required argument: 'out_features'; it takes", lambda: nn.Dense(3)),
    wrong(ValueError, r"the initialiser <lambda> gave shape \(\)", lambda: nn.Dense(2, 3, init=lambda *args: 1.0)),
    wrong(ValueError, r"Conv\(2, 3\): the initialiser ones gave shape", lambda: nn.Conv(2, 3, (1, 2), init=ones)),
    wrong(TypeError, "the initialiser words gave <U1, not real numbers", lambda: nn.Dense(2, 3, init=words)),
    wrong(TypeError, "LeakyReLU: a slope is a number .*, not 'a'", lambda: nn.LeakyReLU("a")),
    wrong(TypeError, r"train\(mode\) takes True or False, not a ndarray.*mg\.train", lambda: net().train(X)),
    wrong(TypeError, "load_state_dict: the state is a NoneType; give a dict", lambda: net().load_state_dict(None)),
    wrong(TypeError, "load_state_dict: the state is a list", lambda: net().load_state_dict([X])),
    wrong(TypeError, "load_state_dict: the state is a str", lambda: net().load_state_dict("run.safetensors")),
]

LOGITS = np.zeros((4, 3))
LOSSES = [
    wrong(
        ValueError,
        r"labels of shape \(4,\), not \(4, 1\): write target\[:, 0\]",
        lambda: losses.cross_entropy(LOGITS, np.zeros((4, 1), int)),
    ),
    wrong(
        ValueError,
        r"write np\.moveaxis\(logits, 1, -1\)",
        lambda: losses.cross_entropy(np.zeros((2, 3, 5)), np.zeros((2, 5), int)),
    ),
    wrong(ValueError, r"not \(3,\); for one sample write logits\[None\]", lambda: losses.cross_entropy(np.zeros(3), 1)),
    wrong(TypeError, "cross_entropy: the target is None", lambda: losses.cross_entropy(LOGITS, None)),
    wrong(TypeError, "cross_entropy: the logits is None", lambda: losses.cross_entropy(None, [1])),
    wrong(TypeError, "mse: the prediction is 'a'; it has to be an array of real", lambda: losses.mse("a", Y)),
    wrong(TypeError, "mse: the target is .*; it has to be an array of real", lambda: losses.mse(Y, [[1], [1, 2]])),
    wrong(TypeError, "bce: the target is .*1j", lambda: losses.bce(np.ones(1), [1j])),
    wrong(ValueError, r"mse: targets hold NaN, first at \[1, 0\]", lambda: losses.mse(np.zeros((2, 1)), [[0], [NAN]])),
    wrong(ValueError, r"bce: targets hold NaN, first at \[1\]", lambda: losses.bce(np.zeros(2), [0, NAN])),
    wrong(
        ValueError,
        r"bce_with_logits: targets hold NaN, first at \[0\]",
        lambda: losses.bce_with_logits(np.zeros(2), [NAN, 1]),
    ),
    wrong(
        ValueError,
        "cross_entropy: .* row 1 sums to nan: it holds NaN",
        lambda: losses.cross_entropy(np.zeros((2, 2)), [[1, 0], [NAN, 1]]),
    ),
]

ACCURACY = [
    wrong(
        ValueError,
        r"lie in \[0, 1\]; these go from -3 to 2; of logits take mg\.sigmoid",
        lambda: mg.accuracy([[-3.0], [2.0]], [[0], [1]]),
    ),
    wrong(ValueError, r"of one column .*these go from 1 to 3", lambda: mg.accuracy([3, 1], [2, 1])),
    wrong(ValueError, r"targets lie in \[0, 1\]; these go from -1 to 1", lambda: mg.accuracy([0.5, 1.0], [-1, 1])),
    wrong(
        ValueError,
        "labels go from 0 to 2 for 3 classes; these go from 0 to 3",
        lambda: mg.accuracy(LOGITS, [0, 1, 2, 3]),
    ),
    wrong(
        ValueError,
        "labels go from 0 to 2 for 3 classes; these go from -1 to 2",
        lambda: mg.accuracy(LOGITS, [0, 1, 2, -1]),
    ),
    wrong(TypeError, "labels are integers, not float64; write", lambda: mg.accuracy(LOGITS, [0.5, 1.0, 2.0, 1.0])),
    wrong(ValueError, r"shape \(4, 1\); write target\[:, 0\]", lambda: mg.accuracy(LOGITS, np.zeros((4, 1), int))),
    wrong(ValueError, r"shape \(4,\); write prediction\[:, 0\]", lambda: mg.accuracy(Y, np.zeros(4, int))),
    wrong(
        ValueError,
        r"the target has shape \(2, 5\), or that of the prediction",
        lambda: mg.accuracy(np.zeros((2, 5, 3)), np.zeros((2, 3), int)),
    ),
    wrong(ValueError, r"row 1 is \[1 1 0\]", lambda: mg.accuracy(LOGITS[:2], np.array([[1, 0, 0], [1, 1, 0]]))),
    wrong(
        TypeError,
        "add: a NoneType is not .*; where it came from mg.gradients, the output",
        lambda: mg.Tensor(1.0) + None,
    ),
    wrong(ValueError, "accuracy: the prediction holds NaN", lambda: mg.accuracy([[NAN, 1.0]], [1])),
    wrong(ValueError, "accuracy: the target holds NaN", lambda: mg.accuracy([0.5], [NAN])),
    wrong(TypeError, "accuracy: the prediction holds object", lambda: mg.accuracy(None, [1])),
    wrong(TypeError, "accuracy: the target holds <U1", lambda: mg.accuracy([0.5], ["a"])),
]


@pytest.mark.parametrize(("call", "kind", "message"), [*TRAINING, *HISTORIES, *OPTIMIZERS, *LAYERS, *LOSSES, *ACCURACY])
def test_a_wrong_call_says_what_to_write(call, kind, message):
    with pytest.raises(kind, match=message) as caught:
        call()
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("module", "name", "answer"),
    [
        (nn, "Linear", "nn.Dense(in_features, out_features)"),
        (nn, "Conv2d", "nn.Conv(in_channels, out_channels, kernel_size)"),
        (nn, "Conv2D", "nn.Conv("),
        (nn, "MaxPooling2D", "nn.MaxPool(size)"),
        (nn, "AvgPool2d", "nn.AvgPool(size)"),
        (nn, "AveragePooling2D", "nn.AvgPool(size)"),
        (nn, "Module", "nn.Layer"),
        (nn, "Model", "nn.Sequential"),
        (nn, "Parameter", "mg.Tensor(values, requires_grad=True)"),
        (nn, "ModuleList", "a list"),
        (nn, "Relu", "nn.ReLU"),
        (nn, "relu", "nn.ReLU"),
        (nn, "Gelu", "nn.GELU"),
        (nn, "xavier_uniform_", "nn.glorot_uniform"),
        (nn, "HeNormal", "nn.he_normal"),
        (nn, "CrossEntropyLoss", "losses.cross_entropy"),
        (nn, "MSELoss", "losses.mse"),
        (losses, "MSELoss", "losses.mse"),
        (losses, "mean_squared_error", "losses.mse"),
        (losses, "BCEWithLogitsLoss", "losses.bce_with_logits"),
        (losses, "binary_cross_entropy", "losses.bce"),
        (losses, "SparseCategoricalCrossentropy", "losses.cross_entropy"),
        (nn, "L1Loss", "losses.mae"),
        (nn, "HuberLoss", "losses.huber"),
        (nn, "SmoothL1Loss", "losses.huber"),
        (nn, "NLLLoss", "losses.nll"),
        (nn, "KLDivLoss", "losses.kl"),
        (nn, "GaussianNLLLoss", "losses.gaussian_nll"),
        (nn, "PoissonNLLLoss", "losses.poisson_nll"),
        (losses, "L1Loss", "losses.mae"),
        (losses, "mean_absolute_error", "losses.mae"),
        (losses, "smooth_l1_loss", "losses.huber; divide it by delta"),
        (losses, "kl_div", "losses.kl"),
        (losses, "KLDivergence", "losses.kl"),
        (losses, "Poisson", "losses.poisson_nll"),
        (losses, "compute_class_weight", "losses.class_weights(labels)"),
        (optim, "Adamw", "optim.AdamW"),
        (optim, "RMSProp", "optim.RMSprop"),
        (optim, "CosineAnnealingLR", "optim.cosine(lr, steps)"),
        (optim, "StepLR", "optim.step_decay(lr, every, factor)"),
        (optim, "clip_grad_norm_", "optim.clip_by_norm(parameters, max_norm)"),
        (optim, "clip_grad_value_", "optim.clip_by_value(parameters, limit)"),
        (optim, "ExponentialLR", "optim.exponential(lr, factor)"),
        (optim, "OneCycleLR", "optim.one_cycle(lr, steps)"),
        (optim, "ReduceLROnPlateau", "optim.Plateau(lr)"),
        (optim, "LBFGS", "optim.minimize(f, tree)"),
        (optim, "ExponentialMovingAverage", "optim.EMA(model.parameters(), decay=0.999)"),
        (optim, "param_groups", "groups="),
    ],
)
def test_names_of_other_libraries_are_translated(module, name, answer):
    own = module.__name__.rpartition(".")[2]
    with pytest.raises(
        AttributeError, match=re.escape(f"minigrad.{own} has no {name!r}; write ") + ".*" + re.escape(answer)
    ):
        getattr(module, name)
    assert not hasattr(module, name)


def test_what_is_written_instead_exists():
    for module in (nn, losses, optim, mg.metrics):
        for answer in vars(module)["_ELSEWHERE"].values():
            for place, name in re.findall(r"\b(nn|losses|optim|metrics|mg)\.(\w+)", answer):
                assert hasattr(
                    {"nn": nn, "losses": losses, "optim": optim, "metrics": mg.metrics, "mg": mg}[place], name
                ), answer


@pytest.mark.parametrize("module", [nn, losses, optim])
def test_names_that_nobody_has(module):
    own = module.__name__.rpartition(".")[2]
    with pytest.raises(AttributeError, match=f"minigrad.{own} has no 'zebra'; there is {own}"):
        _ = module.zebra
    with pytest.raises(AttributeError, match=f"^minigrad.{own} has no '__wrapped__'$"):
        _ = module.__wrapped__
    with pytest.raises(AttributeError, match=r"no 'Sequental'; did you mean nn\.Sequential\?"):
        _ = nn.Sequental


@pytest.mark.parametrize("loss", [mg.losses.mse, mg.losses.bce, mg.losses.bce_with_logits])
@pytest.mark.parametrize("side", [0, 1])
def test_losses_take_no_masked_arrays(loss, side):
    masked = np.ma.masked_array([0.5, 0.25], [0, 1])
    given = (masked, mg.Tensor([0.5, 0.5])) if side == 0 else (mg.Tensor([0.5, 0.5]), masked)
    with pytest.raises(TypeError, match=f"{loss.__name__}: .*masked array"):
        loss(*given)
    with pytest.raises(TypeError, match=r"cross_entropy: .*masked array"):
        mg.losses.cross_entropy(mg.Tensor(np.ones((2, 3))), np.ma.masked_array([0, 1], [0, 1]))
