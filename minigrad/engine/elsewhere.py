"""What is written here for an attribute that arrays have in PyTorch, TensorFlow, JAX and NumPy?"""

# A test evaluates each expression, for a Tensor x; what is in parentheses behind two spaces explains it.
HERE = {
    # Shapes.
    **dict.fromkeys(["view", "view_as", "reshape_as"], "x.reshape(shape)"),
    **dict.fromkeys(["unsqueeze", "unsqueeze_"], "np.expand_dims(x, axis)"),
    **dict.fromkeys(["permute", "transpose_", "permute_dims"], "x.transpose(axes)"),
    **dict.fromkeys(["t", "t_", "H", "mH", "adjoint"], "x.T"),
    **dict.fromkeys(["expand", "expand_as"], "np.broadcast_to(x, shape)"),
    **dict.fromkeys(["dim", "ndimension", "rank"], "x.ndim"),
    **dict.fromkeys(["numel", "nelement"], "x.size"),
    **dict.fromkeys(["get_shape", "shape_as_list"], "x.shape"),
    "squeeze_": "x.squeeze()",
    "narrow": "x[..., start:stop]",
    "unbind": "np.unstack(x, axis=axis)",
    "chunk": "np.array_split(x, n, axis)",
    "unfold": "np.lib.stride_tricks.sliding_window_view(x, n, axis)",
    "repeat_interleave": "x.repeat(n, axis)",
    # Memory, devices and dtypes.
    "clone": "x.copy()",
    **dict.fromkeys(["cpu", "cuda", "contiguous", "pin_memory", "block_until_ready"], "x  (there are no devices)"),
    **dict.fromkeys(["to", "type", "cast"], "x.astype(dtype)  (there are no devices)"),
    **dict.fromkeys(["device", "is_cuda", "devices", "layout"], "x.numpy()  (a Tensor holds an array, in main memory)"),
    "float": "x.astype(np.float32)",
    "double": "x.astype(np.float64)",
    "half": "x.astype(np.float16)",
    "long": "x.astype(np.int64)",
    "int": "x.astype(np.int32)",
    "bool": "x.astype(bool)",
    "type_as": "x.astype(y.dtype)",
    "element_size": "x.itemsize",
    **{name: f"x.numpy().{name}" for name in ("base", "ctypes", "flags", "strides")},
    **{name: f"x.numpy().{name}()" for name in ("byteswap", "dumps", "tobytes")},
    **dict.fromkeys(["stride", "storage", "data_ptr"], "x.numpy().strides"),
    "eval": "x.numpy()",
    # Parts.
    **dict.fromkeys(["gather", "take_along_dim"], "np.take_along_axis(x, indices, axis)"),
    "index_select": "x.take(n, axis)",
    "masked_select": "x[mask]",
    **dict.fromkeys(["masked_fill", "masked_fill_"], "np.where(mask, value, x)"),
    **dict.fromkeys(["scatter", "scatter_"], "mg.put_along_axis(x, indices, value, axis)"),
    **dict.fromkeys(["index_put", "index_put_", "index_fill", "index_copy"], "mg.set_at(x, index, value)"),
    **dict.fromkeys(["index_add", "index_add_", "scatter_add_"], "mg.add_at(x, index, value)"),
    "at": "mg.set_at(x, index, value)  (or mg.add_at)",
    "topk": "np.sort(x)[..., -n:]",
    # Arithmetic.
    **dict.fromkeys(["add_", "assign_add"], "x + y"),
    **dict.fromkeys(["sub", "sub_", "assign_sub"], "x - y"),
    **dict.fromkeys(["mul", "mul_"], "x * y"),
    **dict.fromkeys(["div", "div_", "true_divide"], "x / y"),
    **dict.fromkeys(["pow", "pow_"], "x**y"),
    **dict.fromkeys(["neg", "neg_"], "-x"),
    **dict.fromkeys(["mm", "mv", "bmm"], "x @ y.T"),
    **{name: f"x {symbol} y" for name, symbol in {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">"}.items()},
    "ge": "x >= y",
    **dict.fromkeys(["clamp", "clamp_"], "x.clip(low, high)"),
    "amax": "x.max(axis)",
    "amin": "x.min(axis)",
    "rsqrt": "1.0 / np.sqrt(x)",
    # Values and gradients.
    **dict.fromkeys(["zero_", "new_zeros"], "np.zeros_like(x)"),
    "new_ones": "np.ones_like(x)",
    **dict.fromkeys(["fill_", "new_full"], "np.full_like(x, value)"),
    **dict.fromkeys(["copy_", "assign", "set_"], "x.data[...] = y.numpy()  (between two passes)"),
    "detach_": "x.detach()",
    "stop_gradient": "x.detach()",
    "grad_fn": "x.requires_grad",
}


def written_here(name: str) -> str:
    """What to write for an attribute that a Tensor does not have, as the end of an error message."""
    if name not in HERE:
        return ""
    expression, _, why = HERE[name].partition("  ")
    return f"; write {expression}" + (f" {why}" if why else "")
