"""What tests of printed source do with it."""


def executed(source):
    """The function of a source."""
    assert "minigrad" not in source
    names = {}
    exec(source, names)
    return [value for name, value in names.items() if name != "__builtins__"][-1]


def body(source):
    """The lines of the function without its first and its last."""
    lines = source[source.rindex("\ndef ") :].strip().splitlines() if "\ndef " in source else source.splitlines()
    return [line.strip() for line in lines[1:-1] if line.strip()]


def flat(results):
    return list(results) if isinstance(results, tuple) else [results]
