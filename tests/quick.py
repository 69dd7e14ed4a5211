"""Which tests are quick? ``python -m pytest -m quick`` runs some of every area, in half a minute."""

# By area, which is a room of the package or the docs: files whose tests are quick, or one in so many of them.
AREAS = {
    "engine": {"test_tensor.py": 1, "test_backward.py": 3, "test_recording.py": 1},
    "ops": {"test_ops.py": 61, "test_conventions.py": 1},
    "transforms": {"test_transforms.py": 1},
    "program": {"test_program.py": 3, "test_program_text.py": 1, "test_simplify.py": 7},
    "testing": {"test_check_backward_calls.py": 1, "test_gradcheck.py": 19},
    "debugging": {"test_debug.py": 23},
    "nn": {"test_layers.py": 1, "test_nn.py": 3},
    "losses": {"test_losses.py": 3, "test_losses_refused.py": 23},
    "optim": {"test_optimizer.py": 7, "test_schedules.py": 1},
    "training": {"test_training.py": 1},
    "plot": {"test_plot.py": 9},
    "exchange": {"test_exchange_onnx.py": 7, "test_exchange_torch.py": 7},
    "docs": {"test_documentation.py": 23, "test_quick.py": 1, "test_site.py": 1},
}
ONE_IN = {name: number for files in AREAS.values() for name, number in files.items()}


def among(items):
    """Those of the collected tests that are quick."""
    places = dict.fromkeys(ONE_IN, 0)
    for item in items:
        name = item.path.name
        if name in ONE_IN:
            if places[name] % ONE_IN[name] == 0:
                yield item
            places[name] += 1
