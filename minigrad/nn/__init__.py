"""Layers, each written as the equation it computes, and the values they start with."""

from typing import TYPE_CHECKING, Any

from minigrad.engine.names import missing
from minigrad.nn.activations import GELU, LeakyReLU, LogSoftmax, ReLU, Sigmoid, Softmax, Softplus, Tanh
from minigrad.nn.attention import MultiHeadAttention
from minigrad.nn.containers import Identity, Lambda, Residual, Sequential
from minigrad.nn.conv import Conv, Conv1d, ConvTranspose
from minigrad.nn.dense import Dense
from minigrad.nn.dropout import Dropout
from minigrad.nn.embedding import Embedding, LearnedPositions, SinusoidalPositions
from minigrad.nn.initializers import glorot_normal, glorot_uniform, he_normal, he_uniform, normal
from minigrad.nn.layer import Layer
from minigrad.nn.normalisation import BatchNorm, GroupNorm, LayerNorm, RMSNorm
from minigrad.nn.pooling import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from minigrad.nn.recurrent import GRU, LSTM, RNN
from minigrad.nn.reshaping import Flatten, Reshape, Upsample

__all__ = [
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "AdaptiveAvgPool",
    "AdaptiveMaxPool",
    "AvgPool",
    "BatchNorm",
    "Conv",
    "Conv1d",
    "ConvTranspose",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "GroupNorm",
    "Identity",
    "Lambda",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "LearnedPositions",
    "LogSoftmax",
    "MaxPool",
    "MultiHeadAttention",
    "RMSNorm",
    "ReLU",
    "Reshape",
    "Residual",
    "Sequential",
    "Sigmoid",
    "SinusoidalPositions",
    "Softmax",
    "Softplus",
    "Tanh",
    "Upsample",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "normal",
]

_ELSEWHERE = {
    "linear": "nn.Dense(in_features, out_features)",
    **dict.fromkeys(["conv2d", "convolution2d", "convolution"], "nn.Conv(in_channels, out_channels, kernel_size)"),
    "depthwiseconv2d": "nn.Conv(channels, channels, kernel_size, groups=channels)",
    **dict.fromkeys(["maxpool2d", "maxpooling2d"], "nn.MaxPool(size)"),
    **dict.fromkeys(["avgpool2d", "avgpooling2d", "averagepool2d", "averagepooling2d"], "nn.AvgPool(size)"),
    "unflatten": "nn.Reshape(shape)",
    **dict.fromkeys(["convtranspose2d", "conv2dtranspose"], "nn.ConvTranspose(in_channels, out_channels, kernel_size)"),
    **dict.fromkeys(["batchnorm1d", "batchnorm2d", "batchnormalization"], "nn.BatchNorm(channels)"),
    "layernormalization": "nn.LayerNorm(shape)",
    "instancenorm2d": "nn.GroupNorm(channels, channels)",
    **dict.fromkeys(["globalaveragepooling2d", "globalavgpool2d"], "nn.GlobalAvgPool()"),
    "adaptiveavgpool2d": "nn.AdaptiveAvgPool(size)",
    "adaptivemaxpool2d": "nn.AdaptiveMaxPool(size)",
    "upsampling2d": "nn.Upsample(factor)",
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
    "l1loss": "losses.mae",
    **dict.fromkeys(["huberloss", "smoothl1loss"], "losses.huber"),
    "nllloss": "losses.nll",
    "kldivloss": "losses.kl",
    "gaussiannllloss": "losses.gaussian_nll",
    "poissonnllloss": "losses.poisson_nll",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        raise missing("nn", name, __all__, _ELSEWHERE)


def __dir__() -> list[str]:
    return __all__
