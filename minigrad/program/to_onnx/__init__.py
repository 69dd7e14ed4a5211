"""How is a program written as a model in ONNX, which other programs run?

`graph` is what a model is put together from, `table` says which call becomes which nodes, and `model` is the one file
that needs the package onnx.
"""
