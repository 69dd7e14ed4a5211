"""How do layers and models look that are made of all that Python has: classes, properties, closures, slots?"""

import enum
import functools
from abc import ABC, abstractmethod
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field

import numpy as np
import recorded_functional as functional
from recorded_functional import ACTIVATIONS, sigmoid

CALLS = 0
Kept = namedtuple("Kept", "x z")


class Mode(enum.Enum):
    TRAIN = 1
    TEST = 2


class Layer(ABC):
    known = []  # noqa: RUF012 -- it is what people write

    def __init__(self, name):
        self.name, self.cache, self.history = name, {}, []

    def __init_subclass__(cls, **options):
        Layer.known.append(cls.__name__)

    @abstractmethod
    def forward(self, x): ...

    def __call__(self, x):
        return self.forward(x)


class Params(dict):
    def __getattr__(self, key):
        try:
            return self[key]
        except KeyError:
            raise AttributeError(key) from None


class Dense(Layer):
    __slots__ = ("W", "__factor")
    scale = np.array([2.0])

    def __init__(self, W, b):  # noqa: N803 -- as on paper
        super().__init__("dense")
        self.W, self.params, self._b = W, Params(b=b), b
        self.__factor = 1.0
        self.mode = Mode.TRAIN

    @property
    def bias(self):
        return self._b

    @bias.setter
    def bias(self, value):
        self._b = value

    @staticmethod
    def product(x, W):  # noqa: N803 -- as on paper
        return x.dot(W)

    @classmethod
    def make(cls, *args):
        return cls(*args)

    @functools.cached_property
    def doubled(self):
        return self.scale * 1.0

    def forward(self, x):
        global CALLS
        CALLS += 1
        assert self.mode == Mode.TRAIN
        assert isinstance(self, Dense)
        assert isinstance(x, np.ndarray)
        z = self.product(x, self.W) * self.doubled + self.params.b * self.__factor
        self.bias = self.bias + 1.0
        self.cache["x"] = x
        self.cache["kept"] = Kept(x, z)
        self.history.append(z)
        return functional.sigmoid(z)


class Twice(Dense):
    def forward(self, x):
        return super().forward(x) + super().forward(x * 0.5) * ACTIVATIONS["tanh"](ACTIVATIONS["doubled"](x[:, :1]))


@dataclass
class Settings:
    rate: float = 0.7
    seen: list = field(default_factory=list)


class Net:
    def __init__(self, *layers):
        self.layers = OrderedDict((str(number), layer) for number, layer in enumerate(layers))
        self.first, self.me = layers[0], self
        self.activations = [functional.Sigmoid(), sigmoid, functional.weighted, functools.partial(np.multiply, 2.0)]
        self.settings, self.running_mean = Settings(), np.zeros(3)
        self.rng = np.random.default_rng(0)

    def forward(self, x):
        for layer in self.layers.values():
            x = layer(x)
        assert self.first is self.layers["0"]
        assert self.me is self
        for activation in self.activations:
            x = activation(x)
        self.settings.seen.append(x)
        self.running_mean *= 0.9
        self.running_mean += 0.1 * x.mean(axis=0)
        return x * (self.rng.random(x.shape) < self.settings.rate) / self.settings.rate


def make_net(rng):
    weights = [rng.standard_normal((3, 3)) for _ in range(2)]
    return Net(Dense(weights[0], rng.standard_normal(3)), Twice.make(weights[1], rng.standard_normal(3)))
