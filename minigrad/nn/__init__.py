"""Layers, each written as the equation it computes, and the values they start with."""

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


def __dir__() -> list[str]:
    return __all__
