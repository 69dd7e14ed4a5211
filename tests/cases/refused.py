"""Mistakes that type checkers see, each in a line that ends with "refused"."""

import numpy as np

import minigrad as mg
from minigrad import losses, nn, optim

array = np.ones(3)
x = mg.Tensor(array)
mg.tanh("a")  # refused
mg.tanhh(x)  # refused
mg.keep_where(x, x)  # refused
mg.sum(x, axis="rows")  # refused
mg.concatenate(x, x)  # refused
mg.stack(["a"])  # refused
mg.grad(3)  # refused
x.tanhh()  # refused
x.softmax()  # refused
x[0] = 1.0  # refused
x["a"]  # refused
x + "a"  # refused
array += x  # refused
nn.Dense("a", 2)  # refused
nn.Dense(2, 2)("a")  # refused
nn.Dense(2, 2)()  # refused
nn.Tanh()("a")  # refused
nn.Sequential([nn.Tanh()])  # refused
nn.Linear(2, 2)  # refused
losses.mse("a", x)  # refused
losses.mse(array, x, reduction="average")  # refused
losses.gaussian_nll(array, x, array)  # refused
optim.SGD(model=x)  # refused
mg.tanh(array).backward()  # refused
