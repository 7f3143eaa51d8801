"""Files that are no parameters and no checkpoints, or almost: each with a name, and the bytes that it has.

Every archive here comes twice where that makes sense: with the digest that a writer would give it, so that
what lies behind the digest is tried, and without one.
"""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from symnn.parameters import archives

Members = list[tuple[str, bytes]]


def npy(value: Any, version: tuple[int, int] | None = None) -> bytes:
    """An array as NumPy writes it."""
    f = io.BytesIO()
    np.lib.format.write_array(f, np.asanyarray(value), version=version, allow_pickle=True)
    return f.getvalue()


def described(header: str | bytes, data: bytes = b"", version: int = 1, length: int | None = None) -> bytes:
    """An array of any description."""
    text = header if isinstance(header, bytes) else header.encode()
    count = len(text) if length is None else length
    return b"\x93NUMPY" + bytes([version, 0]) + count.to_bytes(2 if version == 1 else 4, "little") + text + data


def zipped(members: Members, comment: bytes = b"", compression: int = zipfile.ZIP_STORED) -> bytes:
    f = io.BytesIO()
    with zipfile.ZipFile(f, "w", compression) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=compression)
        archive.comment = comment
    return f.getvalue()


def signed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """An archive of real arrays with its right digest, as a writer who knows the format would craft it."""
    f = io.BytesIO()
    with zipfile.ZipFile(f, "w") as archive:
        for name, a in arrays.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), npy(a))
        archive.comment = archives._MARK + archives._digest(arrays)
    return f.getvalue()


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, ("touch pwned",)


GOOD = npy(np.array([1.0, 2.0]))


def headers() -> Iterator[tuple[str, bytes]]:
    """Arrays that are none, by what is wrong with their description or their bytes."""
    eight = b"\0" * 8
    for name, text in {
        "no dict": "(1, 2)",
        "empty": "",
        "only spaces": "   \n",
        "open parentheses": "(" * 3000,
        "open strings": "'" * 31,
        "deep lists": "[" * 80 + "]" * 80,
        "deep minus": "-" * 4000 + "1",
        "indented": "  {'descr'\n   :",
        "a call": "__import__('os').system('touch pwned')",
        "no shape": "{'descr': '<f8', 'fortran_order': False}",
        "a list": "{'descr': '<f8', 'fortran_order': False, 'shape': [1]}",
        "a negative size": "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
        "half a size": "{'descr': '<f8', 'fortran_order': False, 'shape': (1.0,)}",
        "true as a size": "{'descr': '<f8', 'fortran_order': False, 'shape': (True,)}",
        "a huge size": "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}",
        "a size beyond 64 bits": f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({10**40},)}}",
        "sizes that wrap around": f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({2**32}, {2**32})}}",
        "nothing of much": f"{{'descr': '<f8', 'fortran_order': False, 'shape': (0, {2**62}, {2**62})}}",
        "a size of many digits": f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({'9' * 5000},)}}",
        "many axes": f"{{'descr': '<f8', 'fortran_order': False, 'shape': {(1,) * 70}}}",
        "a number for the order": "{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}",
        "no type": "{'descr': None, 'fortran_order': False, 'shape': (1,)}",
        "an odd type": "{'descr': '<f7', 'fortran_order': False, 'shape': (1,)}",
        "a type of nothing": "{'descr': '<U0', 'fortran_order': False, 'shape': (1,)}",
        "a type of much": "{'descr': '<U999999999', 'fortran_order': False, 'shape': (1,)}",
        "a type with a shape": "{'descr': '(1000000,1000000)f8', 'fortran_order': False, 'shape': (1,)}",
        "a type of parts": "{'descr': 'f8,f8', 'fortran_order': False, 'shape': (1,)}",
        "a record": "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}",
        "a nested record": "{'descr': " + "[('a', " * 90 + "'<f8'" + ")]" * 90 + ", 'fortran_order': False, 'shape': (1,)}",
        "a dict for a type": "{'descr': {'names': ['a'], 'formats': ['f8']}, 'fortran_order': False, 'shape': (1,)}",
        "an object": "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        "void": "{'descr': '|V8', 'fortran_order': False, 'shape': (1,)}",
        "text": "{'descr': '<U2', 'fortran_order': False, 'shape': (1,)}",
        "bytes": "{'descr': '|S8', 'fortran_order': False, 'shape': (1,)}",
        "a date": "{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,)}",
        "a time": "{'descr': '<m8', 'fortran_order': False, 'shape': (1,)}",
        "complex": "{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}",
        "unhashable": "{[]: 1}",
        "a set": "{1, 2}",
        "a name": "{'descr': f8, 'fortran_order': False, 'shape': (1,)}",
        "a long text": "{'descr': '" + "f" * 60_000 + "'}",
        "zero bytes": "{'descr': '<f8\0', 'fortran_order': False, 'shape': (1,)}",
        "half a surrogate pair": "{'descr': '\\ud800', 'fortran_order': False, 'shape': (1,)}",
        "more than there is": "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}",
        "less than there is": "{'descr': '<f8', 'fortran_order': False, 'shape': ()}, 1",
        "a number of 4 bytes": "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
    }.items():
        yield f"a header with {name}", described(text, eight)
    good = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}\n"
    yield "a header of no UTF-8", described(b"\xff\xfe", eight, version=3)
    yield "a header in version 9", described(good, eight, version=9)
    yield "a header in version 0", described(good, eight, version=0)
    yield "a header longer than the file", described(good, eight, length=60_000)
    yield "a header of 4 GB", described(good, eight, version=2, length=2**32 - 1)
    yield "no header", b""
    yield "half a header", b"\x93NUM"
    yield "a header and nothing more", b"\x93NUMPY\x01\x00"
    yield "a pickle for an array", pickle.dumps([1.0])
    yield "a pickle that runs code", pickle.dumps(Evil())
    yield "objects", npy(np.array([Evil()], dtype=object))
    yield "text for an array", b"1.0, 2.0\n"
    yield "an archive for an array", zipped([("W.npy", GOOD)])
    yield "numbers after the array", GOOD + b"\0" * 8
    yield "an array cut off", GOOD[:-3]


def _names() -> Iterator[tuple[str, bytes]]:
    """Members whose names are no parameters' names."""
    for name, names in {
        "one name twice": ["W.npy", "W"],
        "a slash at the start": ["/W.npy"],
        "two slashes": ["L//W.npy"],
        "no name": [".npy"],
        "nothing": [""],
        "an array in an array": ["W.npy", "W/x.npy"],
        "a folder": ["L1/"],
        "a folder and an array": ["L1/", "L1.npy"],
        "a line break": ["W\nx.npy"],
        "an escape": ["\x1b[31mW.npy"],
        "a direction": ["\u202eW.npy"],
        "a control character": ["\x85.npy"],
        "one full name twice": ["a/b.npy", "a.b.npy"],
        "very deep": ["a/" * 20_000 + "W.npy"],
        "a slash at the end": ["W/.npy"],
    }.items():
        yield f"names with {name}", zipped([(n, GOOD) for n in names])
    yield "names with a zero byte", zipped([("W_x.npy", GOOD)]).replace(b"W_x", b"W\0x")


def _directories(good: bytes) -> Iterator[tuple[str, bytes]]:
    """An archive whose list of members, or whose members' own heads, say something else than what is there."""
    end = good.rindex(b"PK\5\6")
    first = good.index(b"PK\1\2")

    def changed(at: int, form: str, value: int) -> bytes:
        return good[:at] + struct.pack(form, value) + good[at + struct.calcsize(form) :]

    fields = {
        "signature": (first, "<I"),
        "made by": (first + 4, "<H"),
        "needs": (first + 6, "<H"),
        "flags": (first + 8, "<H"),
        "compression": (first + 10, "<H"),
        "crc": (first + 16, "<I"),
        "compressed size": (first + 20, "<I"),
        "size": (first + 24, "<I"),
        "length of the name": (first + 28, "<H"),
        "length of the extra field": (first + 30, "<H"),
        "length of the comment": (first + 32, "<H"),
        "disk": (first + 34, "<H"),
        "offset": (first + 42, "<I"),
        "number of members": (end + 10, "<H"),
        "members on this disk": (end + 8, "<H"),
        "size of the list": (end + 12, "<I"),
        "place of the list": (end + 16, "<I"),
        "length of the archive's comment": (end + 20, "<H"),
        "name in the member": (30, "<H"),
        "length in the member": (26, "<H"),
        "signature of the member": (0, "<I"),
    }
    for name, (at, form) in fields.items():
        for value in (0, 1, 0x7FFF, (1 << 8 * struct.calcsize(form)) - 1):
            data = changed(at, form, value)
            if data != good:
                yield f"{value} as the {name}", data
    yield "encrypted", changed(first + 8, "<H", 1)
    yield "only the end", good[end:]
    yield "only the list and the end", good[first:]
    yield "an extra field that ends too soon", changed(first + 30, "<H", 3)


def _whole_files() -> Iterator[tuple[str, bytes]]:
    good = zipped([("L1/W.npy", GOOD)])
    for method, code in (("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA)):
        packed = zipped([("W.npy", GOOD)], compression=code)
        yield f"packed by {method}", packed
        yield f"packed by {method}, damaged", packed.replace(packed[40:60], b"\xff" * 20)
    deflated = zipped([("W.npy", npy(np.arange(100.0)))], compression=zipfile.ZIP_DEFLATED)
    yield "deflated, damaged", deflated[:60] + b"\xff" * 20 + deflated[80:]
    yield "no members", zipped([])
    yield from {
        "empty": b"",
        "one byte": b"P",
        "text": b"L1/W = [1, 2]\n",
        "zeros": b"\0" * 1000,
        "an array": GOOD,
        "a pickle": pickle.dumps(Evil()),
        "gzip": b"\x1f\x8b\x08" + b"\0" * 50,
        "json": b'{"L1": {"W": [1, 2]}}',
        "PK": b"PK\3\4",
        "PK and nothing": b"PK\3\4" + b"\0" * 300,
        "an end alone": b"PK\5\6" + b"\xff" * 18,
        "a locator": b"PK\6\7" + b"\xff" * 16 + b"PK\5\6" + b"\xff" * 18,
    }.items()
    for k in range(1, 8):
        yield f"{k} eighths of an archive", good[: len(good) * k // 8]
    bomb = described(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({10**8},)}}\n") + b"\0" * (1 << 22)
    yield "a bomb that says it is larger", zipped([("W.npy", bomb)], compression=zipfile.ZIP_DEFLATED)
    real = zipped([("W.npy", npy(np.zeros(1 << 20)))] * 1, compression=zipfile.ZIP_DEFLATED)
    first = real.index(b"PK\1\2")
    yield "a bomb that says it is 4 GB", real[: first + 24] + struct.pack("<I", 0xFFFFFFFE) + real[first + 28 :]
    yield "a bomb that says it is small", real[: first + 24] + struct.pack("<I", 200) + real[first + 28 :]
    yield "a comment of another version", zipped([("W.npy", GOOD)], comment=b"symnn archive 2 sha3 00")
    yield "a comment without a digest", zipped([("W.npy", GOOD)], comment=archives._MARK)
    yield "a comment of somebody", zipped([("W.npy", GOOD)], comment=b"my parameters")
    yield "another archive's digest", zipped([("W.npy", GOOD)], comment=archives._MARK + archives._digest({"W": np.array([1.0, 2.5])}))
    yield "another name's digest", zipped([("W.npy", GOOD)], comment=archives._MARK + archives._digest({"V": np.array([1.0, 2.0])}))
    yield (
        "another type's digest",
        zipped([("W.npy", GOOD)], comment=archives._MARK + archives._digest({"W": np.array([1.0, 2.0]).view(np.int64)})),
    )
    yield "another shape's digest", zipped([("W.npy", GOOD)], comment=archives._MARK + archives._digest({"W": np.array([[1.0, 2.0]])}))
    yield "text with its digest", signed({"W": np.array(["a", "b"])})
    yield "complex numbers with their digest", signed({"W": np.array([1j])})


def files() -> dict[str, bytes]:
    """Files that hold no parameters."""
    found = dict(_whole_files())
    found |= {f"{name} in an archive": zipped([("L1/W.npy", data)]) for name, data in headers()}
    found |= {f"{name} in a deflated archive": zipped([("L1/W.npy", data)], compression=zipfile.ZIP_DEFLATED) for name, data in headers()}
    return found | dict(_names())


def changed_lists(arrays: Mapping[str, np.ndarray]) -> dict[str, bytes]:
    """Archives of these arrays, with and without a digest, whose own account of what is in them is changed."""
    plain = zipped([(f"{name}.npy", npy(a)) for name, a in arrays.items()])
    found = {f"{name} without a digest": data for name, data in _directories(plain)}
    return found | {f"{name} with a digest": data for name, data in _directories(signed(arrays))}


def checkpoints(good: Mapping[str, np.ndarray]) -> dict[str, bytes]:
    """Files that are not quite the checkpoint whose arrays are given, each with the right digest of what is in it."""
    run = json.loads(good["run"].tobytes())
    found: dict[str, bytes] = {"no digest": zipped([(f"{n}.npy", npy(a)) for n, a in good.items()])}

    def keep(name: str, **changes: Any) -> None:
        found[name] = signed({n: np.asanyarray(a) for n, a in {**good, **changes}.items() if a is not None})

    for name in good:
        if name not in ("run", "state"):
            keep(f"no {name}", **{name: None})
        if name == "run":
            continue
        a = good[name]
        keep(f"{name} of text", **{name: np.array(["a"] * max(a.size, 1))})
        keep(f"{name} of complex numbers", **{name: a.astype(complex)})
        keep(f"{name} one shorter", **{name: a[:-1] if a.size else np.ones(1, a.dtype)})
        keep(f"{name} one longer", **{name: np.append(a, a[-1:] if a.size else np.ones(2, a.dtype))})
        keep(f"{name} with an axis more", **{name: a[None]})
        keep(f"{name} in float32", **{name: a.astype(np.float32)})
        keep(f"{name} in big-endian", **{name: a.astype(a.dtype.newbyteorder(">"))})
        if a.size and a.dtype.kind == "f":
            for value in (np.nan, np.inf, -np.inf):
                keep(f"{name} with {value}", **{name: np.append(a.ravel()[:-1], value).reshape(a.shape)})
    keep("an array more", extra=np.ones(3))
    edits: dict[str, Callable[[Any], Any]] = {
        "no about": lambda r: r.pop("about"),
        "no now": lambda r: r.pop("now"),
        "no format": lambda r: r.pop("format"),
        "about as a list": lambda r: r.update(about=[]),
        "now as a number": lambda r: r.update(now=3),
        "an older format": lambda r: r.update(format=1),
        "a newer format": lambda r: r.update(format=4),
        "a format of text": lambda r: r.update(format="2"),
    }
    for key, values in {
        "epoch": (-1, 1.5, True, None, "2", 10**30, 3, [], {}),
        "since_best": (-1, 0.5, "a", None, 10**30),
        "least": (math_nan(), "0", None, 1, [1.0]),
        "random": (None, [], {}, "PCG64", {"bit_generator": "PCG64"}),
    }.items():
        edits[f"no {key}"] = lambda r, key=key: r["now"].pop(key)
        for value in values:
            edits[f"{key} as {value!r:.30}"] = lambda r, key=key, value=value: r["now"].update({key: value})
    for key in run["now"]["random"]:
        for value in (None, -1, "a", [], 10**60, 1.5):
            edits[f"random {key} as {value!r:.20}"] = lambda r, key=key, value=value: r["now"]["random"].update({key: value})
    for key in run["now"]["random"]["state"]:
        for value in (
            None,
            -1,
            "a",
            [],
            10**60,
            {"array": [1], "dtype": "O"},
            {"array": "a", "dtype": "uint64"},
            {"array": [-1], "dtype": "uint64"},
        ):
            edits[f"random state {key} as {value!r:.40}"] = lambda r, key=key, value=value: r["now"]["random"]["state"].update({key: value})
    for key in run["about"]:
        edits[f"nothing about {key}"] = lambda r, key=key: r["about"].pop(key)
        edits[f"{key} as a number"] = lambda r, key=key: r["about"].update({key: 3})
    for name, edit in edits.items():
        changed = json.loads(json.dumps(run))
        edit(changed)
        keep(name, run=np.frombuffer(json.dumps(changed).encode(), np.uint8))
    for name, text in {
        "no JSON": b"{",
        "an empty text": b"",
        "a list": b"[]",
        "a number": b"3",
        "deep JSON": b"[" * 100_000,
        "no UTF-8": b"\xff\xfe\xfd",
        "many digits": b'{"format": 3, "about": ' + b"9" * 10_000 + b"}",
        "an infinite epoch": b'{"format": 3, "about": {}, "now": {"epoch": Infinity}}',
    }.items():
        keep(f"{name} for the run", run=np.frombuffer(text, np.uint8))
    return found


def math_nan() -> float:
    return float("nan")
