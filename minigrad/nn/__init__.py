"""Layers, each written as the equation it computes, and the values they start with."""

from typing import TYPE_CHECKING, Any

from minigrad.engine.names import missing
from minigrad.nn.activations import GELU, LeakyReLU, LogSoftmax, ReLU, Sigmoid, Softmax, Softplus, Tanh
from minigrad.nn.initializers import glorot_normal, glorot_uniform, he_normal, he_uniform
from minigrad.nn.layer import Layer
from minigrad.nn.layers import AvgPool, Conv, Dense, Dropout, Flatten, MaxPool, Reshape, Sequential

__all__ = [
    "GELU",
    "AvgPool",
    "Conv",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "LeakyReLU",
    "LogSoftmax",
    "MaxPool",
    "ReLU",
    "Reshape",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
]

_ELSEWHERE = {
    "linear": "nn.Dense(in_features, out_features)",
    **dict.fromkeys(["conv2d", "convolution2d", "convolution"], "nn.Conv(in_channels, out_channels, kernel_size)"),
    "depthwiseconv2d": "nn.Conv(channels, channels, kernel_size, groups=channels)",
    **dict.fromkeys(["maxpool2d", "maxpooling2d"], "nn.MaxPool(size)"),
    **dict.fromkeys(["avgpool2d", "avgpooling2d", "averagepool2d", "averagepooling2d"], "nn.AvgPool(size)"),
    "unflatten": "nn.Reshape(shape)",
    "identity": "nn.Sequential()",
    "module": "nn.Layer, from which a model is derived",
    "model": "nn.Layer, from which a model is derived, or nn.Sequential(...)",
    "modulelist": "a list: layers in lists, tuples and dicts are found",
    "moduledict": "a dict: layers in lists, tuples and dicts are found",
    "parameter": "mg.Tensor(values, requires_grad=True)",
    "functional": "mg.relu, mg.softmax and so on: operations are functions of mg",
    "init": "nn.glorot_uniform, nn.he_normal and so on, given as init= to a layer",
    "xavieruniform": "nn.glorot_uniform",
    "xaviernormal": "nn.glorot_normal",
    "kaiminguniform": "nn.he_uniform",
    "kaimingnormal": "nn.he_normal",
    "mseloss": "losses.mse",
    "bceloss": "losses.bce",
    "bcewithlogitsloss": "losses.bce_with_logits",
    "crossentropyloss": "losses.cross_entropy",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        raise missing("nn", name, __all__, _ELSEWHERE)


def __dir__() -> list[str]:
    return __all__
