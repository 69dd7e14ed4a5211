"""How do arrays and words become one file that is whole or not there, and how is a damaged one noticed?

The file is a safetensors file, which other programs can read too. Beside the arrays it holds words (its metadata), and
among these a checksum: the SHA-256 of the whole file, in which the checksum itself counts as 64 zeros.
"""

from __future__ import annotations

import hashlib
import json
import os
import reprlib
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = "minigrad checkpoint 2"
# What was written before there was a checksum.
_UNCHECKED = "minigrad checkpoint 1"
_UNCHECKED_WORDS = {"format", "history", "rng"}

_MARK = b'"checksum":"'
_ZEROS = "0" * 64
# The most that safetensors allows; a foreign file may claim anything.
_LONGEST_HEADER = 100_000_000
_KINDS = frozenset("?bBhHiIlLqQefd")


def write(path: str | os.PathLike[str], arrays: Mapping[str, NDArray[Any]], words: Mapping[str, str]) -> None:
    """Write a checkpoint beside the one that is there, and put it in its place when all of it is on the disk.

    Raises:
        FileNotFoundError: where there is no such directory.
        ValueError: for a path that is a directory or a device.
        TypeError: for arrays of a dtype that the file cannot hold.
        OSError: where the file cannot be written; what was there before is unchanged.
        ImportError: without safetensors.
    """
    # A link stays a link: what it points to is replaced.
    place = os.path.realpath(os.fsdecode(path))
    _refuse_special(place, os.fsdecode(path))
    if not os.path.isdir(os.path.dirname(place)):
        raise FileNotFoundError(f"there is no directory {os.path.dirname(place)} for the checkpoint {place}")
    content = _content(arrays, words)
    # A name that nobody else has, short enough for every file system.
    unfinished = os.path.join(os.path.dirname(place), f".{secrets.token_hex(12)}.part")
    try:
        try:
            _write_to_disk(unfinished, content, place)
            os.replace(unfinished, place)
        finally:
            # Once more, should a second Ctrl-C come in the midst of the first.
            try:
                _remove(unfinished)
            finally:
                _remove(unfinished)
    except OSError as error:
        raise OSError(
            error.errno,
            f"the checkpoint could not be written ({error.strerror or error}); what was there before is unchanged",
            place,
        ) from error
    _flush_folder(os.path.dirname(place))


def read(path: str | os.PathLike[str]) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays and the words of a checkpoint, all of it checked.

    Raises:
        FileNotFoundError: where there is no such file.
        ValueError: for whatever is wrong with the file, with its path.
        ImportError: without safetensors.
    """
    safetensors = import_safetensors()
    place = os.fsdecode(path)
    if not os.path.exists(place):
        raise FileNotFoundError(f"there is no checkpoint {place}")
    _refuse_special(place, place)
    try:
        content, start = _read_all(place)
        words = _words(content[8:start])
        _compare_checksum(content, start, words)
        arrays = safetensors.numpy.load(content)
    except (ValueError, KeyError, TypeError, OverflowError, safetensors.SafetensorError) as error:
        raise ValueError(f"{place} is not a checkpoint of minigrad, or is damaged: {error}") from error
    return arrays, words


def parsed(text: str | bytes) -> Any:
    """What a JSON text says.

    Raises:
        ValueError: for anything else, lists within lists without end and keys that are given twice included.
    """
    try:
        return json.loads(text, object_pairs_hook=_each_key_once)
    except RecursionError:
        raise ValueError("lists or objects are nested too deeply") from None


def import_safetensors() -> ModuleType:
    """The package that knows the format.

    Raises:
        ImportError: where it is not installed.
    """
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError('checkpoints need safetensors: pip install "minigrad-numpy[checkpoint]"') from error
    return safetensors


def check_kinds(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Raise TypeError for arrays of a dtype that a file cannot hold."""
    for name, array in arrays.items():
        if array.dtype.char not in _KINDS:
            raise TypeError(f"{name} has dtype {array.dtype}, which a checkpoint cannot hold")


def _content(arrays: Mapping[str, NDArray[Any]], words: Mapping[str, str]) -> tuple[bytes, memoryview]:
    """The header, with the checksum in it, and the data behind it."""
    check_kinds(arrays)
    # The memory is written as it lies, so arrays have to be contiguous.
    lying = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    content: bytes = import_safetensors().numpy.save(lying, {**words, "checksum": _ZEROS})
    start = 8 + int.from_bytes(content[:8], "little")
    digest = hashlib.sha256(content).hexdigest().encode()
    return content[:start].replace(_MARK + _ZEROS.encode(), _MARK + digest), memoryview(content)[start:]


def _write_to_disk(unfinished: str, content: tuple[bytes, memoryview], place: str) -> None:
    """Write a new file with the permissions of the one it will replace, and wait until the disk has it."""
    with open(unfinished, "xb") as file:
        with suppress(FileNotFoundError):
            if not os.access(place, os.W_OK) and os.path.exists(place):
                raise PermissionError(13, "the file there is read-only")
            os.chmod(unfinished, stat.S_IMODE(os.stat(place).st_mode))
        for part in content:
            file.write(part)
        file.flush()
        os.fsync(file.fileno())


def _remove(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)


def _flush_folder(folder: str) -> None:
    """Wait until the disk has the new name, too, where the system can be asked to."""
    # The file is whole and in its place: a folder that cannot be opened or flushed is no reason to say otherwise.
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _refuse_special(place: str, path: str) -> None:
    """Raise for what is there but is no file."""
    if os.path.isdir(place):
        raise ValueError(f"{path} is a directory; a checkpoint is a file: give its name, too")
    if os.path.exists(place) and not os.path.isfile(place):
        raise ValueError(f"{path} is a device or the like; a checkpoint is a file")


def _read_all(place: str) -> tuple[bytes, int]:
    """The bytes of a file that begins as a safetensors file does, and where its data begin."""
    with open(place, "rb") as file:
        first = file.read(8)
        length = int.from_bytes(first, "little")
        # Nothing is believed about a size before it is compared with what is there.
        if len(first) < 8 or length > min(os.fstat(file.fileno()).st_size - 8, _LONGEST_HEADER):
            raise ValueError("it has no header of the length it says")
        header = file.read(length)
        # A foreign file may be large: what it is shows before all of it is read.
        _words(header)
        return first + header + file.read(), 8 + length


def _words(header: bytes) -> dict[str, str]:
    """The metadata in a header, if they are those of a checkpoint."""
    content = parsed(header)
    words = content.get("__metadata__") if isinstance(content, dict) else None
    if not isinstance(words, dict) or not all(isinstance(word, str) for word in words.values()):
        raise ValueError("it has no metadata")
    if words.get("format") not in (FORMAT, _UNCHECKED):
        raise ValueError(f"its format is {reprlib.repr(words.get('format'))}, not {FORMAT!r}")
    if words["format"] == _UNCHECKED and not words.keys() <= _UNCHECKED_WORDS:
        raise ValueError(f"its format is {_UNCHECKED!r}, but it holds {reprlib.repr(sorted(words))}")
    return words


def _compare_checksum(content: bytes, start: int, words: Mapping[str, str]) -> None:
    if words["format"] == _UNCHECKED:
        return
    told = words.get("checksum", "").encode()
    if content.count(_MARK + told, 0, start) != 1:
        raise ValueError("it has no checksum")
    found = hashlib.sha256(content[:start].replace(_MARK + told, _MARK + _ZEROS.encode()))
    found.update(memoryview(content)[start:])
    if found.hexdigest().encode() != told:
        raise ValueError("its checksum does not fit its content")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"a key is given twice among {reprlib.repr(sorted(found))}")
    return found
