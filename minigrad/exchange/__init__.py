"""How does a model get here from Keras and PyTorch, and from here to Keras, PyTorch and ONNX?"""

from minigrad.exchange.keras import from_keras as from_keras
from minigrad.exchange.keras import to_keras as to_keras
from minigrad.exchange.onnx import to_onnx as to_onnx
from minigrad.exchange.torch import from_torch_state as from_torch_state
from minigrad.exchange.torch import to_torch_state as to_torch_state

__all__ = ["from_keras", "from_torch_state", "to_keras", "to_onnx", "to_torch_state"]


def __dir__() -> list[str]:
    return __all__
