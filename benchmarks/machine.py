"""On what, and with how many threads, is measured?"""

from __future__ import annotations

import importlib.metadata
import os
import platform
from typing import Any

import numpy as np

_DISTRIBUTIONS = ("minigrad", "numpy", "scipy", "torch", "jax", "autograd", "mygrad")
_ALLOCATOR = ("LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_")


def environment(threads: int) -> dict[str, str]:
    """The environment of a process whose libraries are to use so many threads; they read it when they are imported."""
    counts = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    flags = "--xla_cpu_multi_thread_eigen=false" if threads == 1 else ""
    return os.environ | counts | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "JAX_ENABLE_X64": "1"}


def limit_threads(threads: int, *, divides_batches: bool) -> None:
    """Keep this process to so many threads, also where libraries do not read the environment.

    Args:
        threads: how many.
        divides_batches: whether they are to be minigrad's own, which share batches of images, and not NumPy's, which
            share products of matrices.
    """
    import minigrad

    if threads == 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-1:])
    minigrad.set_num_threads(threads if divides_batches else 1)


def description(threads: int) -> dict[str, Any]:
    """Versions, processors, threads and allocator."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    versions = {}
    for name in _DISTRIBUTIONS:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "versions": versions,
        "blas": f"{blas['name']} {blas['version']}",
        "platform": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "threads": threads,
        "allocator": " ".join(filter(None, platform.libc_ver())) or "unknown",
        "allocator settings": {key: value for key, value in os.environ.items() if key.startswith(_ALLOCATOR)},
    }
