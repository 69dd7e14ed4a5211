"""Is every damaged, lying or foreign file an error with its path, after which nothing has changed?"""

import hashlib
import io
import json
import re
import zipfile

import numpy as np
import pytest

import minigrad as mg
from minigrad import checkpoint, nn, optim


def fresh(seed):
    rng = np.random.default_rng(seed)
    model = nn.Dense(2, 2, rng=rng)
    return model, optim.Adam(model.parameters(), lr=0.1), rng


def trained(seed):
    model, optimizer, rng = fresh(seed)
    for _ in range(2):
        model(rng.normal(size=(3, 2))).sum().backward()
        optimizer.step()
    optimizer.zero_grad()
    return model, optimizer, rng


def state(model, optimizer, rng):
    parts = [*model.state_dict().items(), *optimizer.state_dict().items()]
    return [(name, array.dtype, array.tobytes()) for name, array in parts], rng.bit_generator.state


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a good checkpoint."""
    path = tmp_path_factory.mktemp("whole") / "run.safetensors"
    model, optimizer, rng = trained(0)
    checkpoint.save(path, model, optimizer, mg.History([{"loss": 0.5, "seconds": 1.0}]), rng)
    return path.read_bytes()


@pytest.fixture
def check(tmp_path):
    """Asserts that a file is refused with its path, and that nothing has changed."""
    path, run = tmp_path / "run.safetensors", trained(1)
    before = state(*run)
    graph = run[0](np.ones((1, 2))).sum()

    def refused(content, what):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"run\.safetensors") as caught:
            checkpoint.load(path, *run)
        assert type(caught.value) is ValueError, what
        assert len(str(caught.value)) < 2000, what
        assert state(*run) == before, what

    yield refused
    # Nobody wrote to the parameters, not even the values that they had.
    graph.backward()


def test_the_file_itself_is_read(whole, tmp_path):
    path, run = tmp_path / "run.safetensors", trained(1)
    path.write_bytes(whole)
    assert checkpoint.load(path, *run)["loss"] == [0.5]
    assert state(*run) == state(*trained(0))


def header_and_data(whole):
    start = 8 + int.from_bytes(whole[:8], "little")
    return json.loads(whole[8:start]), whole[start:]


def forged(header, data):
    """A file with this header, and with the checksum that belongs to it."""
    text = header if isinstance(header, bytes) else json.dumps(header).replace('"checksum": "', '"checksum":"').encode()
    content = len(text).to_bytes(8, "little") + text + data
    told = re.search(rb'"checksum":"([0-9a-f]{64})', text)
    if told is None:
        return content
    blank = content.replace(told[1], b"0" * 64)
    return content.replace(told[1], hashlib.sha256(blank).hexdigest().encode())


def test_the_forger_knows_the_checksum(whole):
    header, data = header_and_data(whole)
    header["__metadata__"]["checksum"] = "a" * 64
    start = 8 + int.from_bytes(forged(header, data)[:8], "little")
    assert json.loads(forged(header, data)[8:start])["__metadata__"]["checksum"] != "a" * 64


def test_any_flipped_bit(whole, check):
    rng = np.random.default_rng(0)
    for bit in rng.choice(8 * len(whole), size=300, replace=False).tolist():
        content = bytearray(whole)
        content[bit // 8] ^= 1 << bit % 8
        check(bytes(content), f"bit {bit}")


def test_every_byte_of_the_data(whole, check):
    start = 8 + int.from_bytes(whole[:8], "little")
    for position in range(start, len(whole)):
        check(whole[:position] + bytes([whole[position] ^ 0x10]) + whole[position + 1 :], f"byte {position}")


def test_cut_longer_and_shuffled_files(whole, check):
    rng = np.random.default_rng(1)
    for length in rng.choice(len(whole), size=100, replace=False).tolist():
        check(whole[:length], f"cut to {length}")
        check(whole + bytes(length + 1), f"{length + 1} zeros more")
        check(whole[length:] + whole[:length] if length else b"", f"turned by {length}")
        check(whole[:length] + whole[length + 1 :], f"without byte {length}")


def test_headers_that_lie_about_their_length(whole, check):
    own, rng = int.from_bytes(whole[:8], "little"), np.random.default_rng(2)
    lengths = [0, 1, own - 8, own + 8, len(whole), len(whole) - 8, 2**31, 2**32 + own, 2**63, 2**64 - 1]
    for length in lengths + rng.integers(0, 2**40, size=50).tolist():
        check(int(length).to_bytes(8, "little") + whole[8:], f"length {length}")


NESTED = b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000
ODD = [
    b"",
    b"null",
    b"1",
    b'"a"',
    b"[]",
    b"[[]]",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"9" * 5000,
    b"\xff\xfe",
    b"\x00",
    b"{",
]


def test_headers_of_any_json(whole, check):
    _, data = header_and_data(whole)
    texts = [*NESTED, *ODD, b"{}", b'{"__metadata__":{}}', b'{"__metadata__":[]}', b'{"__metadata__":{"format":1}}']
    for text in texts:
        check(forged(text, data), text[:30])
        # An honest beginning with a strange inner part.
        for inside in (b'{"__metadata__":%b}', b'{"__metadata__":{"format":%b}}', b'{"model.weight":%b}'):
            check(forged(inside % text, data), inside)


def test_a_key_that_is_given_twice(whole, check):
    start = 8 + int.from_bytes(whole[:8], "little")
    text, data = whole[8:start].rstrip(), whole[start:]
    check(forged(text[:-1] + b',"__metadata__":{}}', data), "metadata")
    for name in (b'"model.bias"', b'"checksum"'):
        found = re.search(rb",?(" + name + rb':(\{[^}]*\}|"[^"]*"))', text)
        check(forged(text.replace(found[1], found[1] + b"," + found[1]), data), name)


LIES = {
    "dtype": ["F64", "F16", "BF16", "I32", "C64", "X", "", None, 1, []],
    "shape": [[], [4], [2, 3], [2, -2], [2.5, 2], [2**62, 4], [10**30], "2", None, [[2], [2]]],
    "data_offsets": [[], [0], [0, 0], [0, 10**9], [-16, 0], [8, 4], [0, 2**64], [0.5, 16], None, "0", [0, 16, 32]],
}


def test_entries_that_lie_about_an_array(whole, check):
    for name in ("model.weight", "optimizer.sum.0", "optimizer.steps"):
        for part, lies in LIES.items():
            for lie in lies:
                header, data = header_and_data(whole)
                if header[name][part] != lie and (name, lie) != ("optimizer.steps", []):
                    header[name][part] = lie
                    # What fits the data, but not the model, is a TypeError or ValueError of its own; see below.
                    if (name, part, lie) not in FIT:
                        check(forged(header, data), f"{name} {part} {lie}")
        header, data = header_and_data(whole)
        header[name] = None
        check(forged(header, data), f"{name} is null")


FIT = [
    ("model.weight", "shape", [4]),
    ("optimizer.sum.0", "shape", [4]),
    ("model.weight", "dtype", "I32"),
    ("optimizer.sum.0", "dtype", "I32"),
    ("optimizer.steps", "dtype", "F64"),
    ("optimizer.steps", "dtype", "C64"),
]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(("name", "part", "lie"), FIT)
def test_arrays_of_another_shape_or_dtype(name, part, lie, version, whole, tmp_path):
    header, data = header_and_data(whole)
    header[name][part] = lie
    if version == 1:
        header["__metadata__"]["format"] = "minigrad checkpoint 1"
        del header["__metadata__"]["checksum"]
    path, run = tmp_path / "run.safetensors", trained(1)
    path.write_bytes(forged(header, data))
    before = state(*run)
    with pytest.raises((TypeError, ValueError), match=r"run\.safetensors: .*has (shape|dtype)"):
        checkpoint.load(path, *run)
    assert state(*run) == before


HISTORIES = [
    *("", "null", "1", '"loss"', "{}", '{"loss": [1.0]}', "[1]", "[[1]]", '["loss"]', "[null]", "[{}, 1]", "[{]"),
    *('[{"loss": "0.5"}]', '[{"loss": null}]', '[{"loss": [0.5]}]', '[{"loss": {"loss": 1}}]', "nan"),
    *('[{"loss": 1, "loss": 2}]', '[{"loss": -%s}]' % ("9" * 400), '[{"loss": %s}]' % ("9" * 5000)),
    *(text.decode() for text in NESTED),
]


def test_histories_of_any_json(whole, check):
    for text in HISTORIES:
        header, data = header_and_data(whole)
        header["__metadata__"]["history"] = text
        check(forged(header, data), text[:30])
    for word in ("history", "format", "checksum", "rng"):
        header, data = header_and_data(whole)
        del header["__metadata__"][word]
        check(forged(header, data), word)


def places(tree, path=()):
    """The paths of all values in nested dicts and lists, the inner nodes too."""
    yield path
    if isinstance(tree, (dict, list)):
        for key in tree if isinstance(tree, dict) else (0, -1):
            yield from places(tree[key], (*path, key))


def with_lie(tree, path, lie):
    if not path:
        return lie
    copy = tree.copy()
    copy[path[0]] = with_lie(tree[path[0]], path[1:], lie)
    return copy


WRONG = [None, True, 1.5, "", "1", -1, 2**200, float("nan"), [], [1], {}, {"state": 1}, [[[]]]]
GENERATORS = [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64]


@pytest.mark.parametrize("kind", GENERATORS)
def test_states_of_generators_that_lie(kind, tmp_path):
    path, rng = tmp_path / "run.safetensors", np.random.Generator(kind(0))
    layer = nn.Dense(1, 1, rng=0)
    checkpoint.save(path, layer, rng=np.random.Generator(kind(1)))
    header, data = header_and_data(path.read_bytes())
    honest, before = json.loads(header["__metadata__"]["rng"]), (layer.state_dict(), rng.bit_generator.state)
    tried = 0
    for place in places(honest):
        for lie in [
            *WRONG,
            *([625] if place[-1:] == ("pos",) else []),
            *([5] if place[-1:] == ("buffer_pos",) else []),
        ]:
            header["__metadata__"]["rng"] = json.dumps(with_lie(honest, place, lie))
            path.write_bytes(forged(header, data))
            with pytest.raises(ValueError, match=r"run\.safetensors cannot restore the random generator"):
                checkpoint.load(path, layer, rng=rng)
            tried += 1
    assert tried > 80
    np.testing.assert_equal((layer.state_dict(), rng.bit_generator.state), before)


def test_states_of_generators_of_any_json(whole, check):
    for text in ["", "{", "NaN", '{"bit_generator": "PCG64"}', *(text.decode() for text in NESTED)]:
        header, data = header_and_data(whole)
        header["__metadata__"]["rng"] = text
        check(forged(header, data), text[:30])


def test_foreign_files(whole, check):
    rng = np.random.default_rng(3)
    archive, array = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("run", whole)
    np.save(array, np.ones(100))
    known = [archive.getvalue(), array.getvalue(), b"\x89PNG\r\n\x1a\n" + bytes(100), b"%PDF-1.7", b"{}", b"\n" * 1000]
    for content in [*known, *(rng.bytes(int(size)) for size in rng.integers(0, 2000, size=100))]:
        check(content, content[:20])


def test_arrays_of_nobody(whole, check):
    header, data = header_and_data(whole)
    header["other.weight"] = header.pop("model.weight")
    check(forged(header, data), "other")


def test_damaged_files_of_the_version_before(whole, check):
    header, data = header_and_data(whole)
    header["__metadata__"]["format"] = "minigrad checkpoint 1"
    del header["__metadata__"]["checksum"]
    content = forged(header, data)
    start, rng = len(content) - len(data), np.random.default_rng(4)
    # There is no checksum, so that only what is cut, too long, or no header can be noticed.
    for length in rng.choice(len(content), size=100, replace=False).tolist():
        check(content[:length], f"cut to {length}")
        check(content + bytes(length + 1), f"{length + 1} zeros more")
    for position in rng.choice(start, size=60, replace=False).tolist():
        check(content[:position] + b"\x00" + content[position + 1 :], f"zero at {position}")
