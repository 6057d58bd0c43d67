#!/usr/bin/env python3
"""Verifies an evidence bundle or a pack bundle of packrun, offline: a second verifier, written from SPEC.md alone.

    python3 verify_offline_bundle.py PATH --trust trust-root.json

PATH is a folder or a tar. Needed are Python 3.9 or later, its standard library, and for signatures the `openssl`
command (3.0 or later). No socket is opened and nothing is written: openssl is handed key, message and signature as
anonymous files in memory; only where a system has none of these, in a temporary folder that is removed at once.

Numbers in comments are sections of SPEC.md. The parts stand in the order in which they are needed: JSON, forms,
bundles, keys and signatures, trust root, revocations, plan, ledger, its fold, the checks of 10.2, then those of 13.3.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import calendar
import contextlib
import datetime
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter, defaultdict
from json.decoder import scanstring
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

VERSION = "0.1.0"

CHECKS = (
    "sizes", "trust-root", "envelope", "payload-type", "signature", "role", "window", "revocation", "quorum", "payload",
    "schema", "subject", "bindings", "plan-hash", "manifest", "ledger-chain", "ledger-fold", "statement", "outputs",
    "artifacts", "pack", "pack-source", "pack-attestation", "sbom", "inputs-lock", "plan", "plan-nodes", "order",
    "conditions", "reuse", "run-request", "approval-requests", "approvals", "policies", "outcome", "redaction",
    "egress", "anchor", "freshness",
)  # fmt: skip

MANIFEST = "evidence.manifest.json"
ATTESTATION = MANIFEST + ".sigstore.json"
PLAN, LOCK, LEDGER, OUTPUTS = "plan.canonical.json", "inputs.lock", "ledger.jsonl", "outputs.json"
PACK_MANIFEST, REQUEST, EGRESS = "pack.manifest.json", "request.sigstore.json", "egress.jsonl"

MAX_SAFE = 2**53 - 1
# In a folder with the folders among them (10.1).
MAX_BUNDLE_FILES = 400_000
DOCUMENT_BYTES = 64 * 1024 * 1024
EGRESS_LINE_BYTES = 1024 * 1024
MAX_INSTANCES = 1_000_000
CHUNK = 256 * 1024


class Fault(Exception):
    """An expected finding: a code of the specification and words for people."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why


class Usage(Exception):
    """A wrong use; ends with exit code 2."""


# ---------------------------------------------------------------------------------------------------------------------
# JSON, strict and canonical (1: RFC 8785)
# ---------------------------------------------------------------------------------------------------------------------


class Parsed(NamedTuple):
    """A JSON document. `plain`: all numbers are safe integers and all names ASCII. `twice`: a member stands twice."""

    value: Any
    plain: bool
    twice: bool


class _Hooks:
    """What the parser calls for objects and numbers; remembers what canonical form has to know."""

    def __init__(self) -> None:
        self.plain = True
        self.twice = False

    def members(self, pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            self.twice = True
        if not "".join(found).isascii():
            self.plain = False
        return found

    def integer(self, token: str) -> Any:
        if len(token) <= 17:
            number = int(token)
            if -MAX_SAFE <= number <= MAX_SAFE and token != "-0":
                return number
        return self.real(token)

    def real(self, token: str) -> float:
        self.plain = False
        return float(token)

    @staticmethod
    def constant(token: str) -> Any:
        raise ValueError(f"{token} is not JSON")


def parse_json(data: bytes) -> Parsed:
    """Any JSON text in UTF-8 without a byte order mark, however deep; ValueError for all else."""
    text = data.decode("utf-8")
    hooks = _Hooks()
    decoder = json.JSONDecoder(
        object_pairs_hook=hooks.members,
        parse_int=hooks.integer,
        parse_float=hooks.real,
        parse_constant=hooks.constant,
    )
    try:
        value = decoder.decode(text)
    except RecursionError:
        hooks = _Hooks()
        value = _parse_deep(text, hooks)
    return Parsed(value, hooks.plain, hooks.twice)


_TOKEN = re.compile(r'[ \t\n\r]*(?:([\[\]{},:"])|(-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?)|(true|false|null))')
_END = re.compile(r"[ \t\n\r]*")
_WORDS = {"true": True, "false": False, "null": None}


class _Frame:
    """An array or object that is being read: its items, and for an object the name that waits for its value."""

    def __init__(self, is_object: bool) -> None:
        self.is_object = is_object
        self.items: List[Any] = []
        self.name: Optional[str] = None
        self.expects = "first"


def _scalar(text: str, match: "re.Match[str]", hooks: _Hooks) -> Tuple[Any, int]:
    """The string, number or word at a token, and where it ends."""
    punctuation, number, fraction, exponent, word = match.groups()
    if punctuation == '"':
        return scanstring(text, match.end(), True)
    if number is not None:
        make = hooks.integer if fraction is None and exponent is None else hooks.real
        return make(number), match.end()
    if word is not None:
        return _WORDS[word], match.end()
    raise ValueError(f"unexpected {punctuation}")


def _parse_deep(text: str, hooks: _Hooks) -> Any:
    """The same language as the parser of the standard library, without its bound on depth."""
    stack: List[_Frame] = [_Frame(False)]
    at = 0
    while True:
        frame = stack[-1]
        if len(stack) == 1 and frame.items:
            if _END.fullmatch(text, at) is None:
                raise ValueError("something follows the value")
            return frame.items[0]
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError("no token")
        at = match.end()
        if match.group(1) in ("]", "}"):
            value = _closed_frame(frame, match.group(1), len(stack), hooks)
            stack.pop()
        elif match.group(1) in (",", ":"):
            _separate(frame, match.group(1), len(stack))
            continue
        elif match.group(1) in ("[", "{"):
            _begins(frame)
            stack.append(_Frame(match.group(1) == "{"))
            continue
        else:
            value, at = _scalar(text, match, hooks)
            if _takes_name(frame, value, match):
                continue
            _begins(frame)
        _put(stack[-1], value)


def _begins(frame: _Frame) -> None:
    if frame.expects not in ("first", "value") or (frame.is_object and frame.name is None):
        raise ValueError("a value stands where none may")


def _takes_name(frame: _Frame, value: Any, match: "re.Match[str]") -> bool:
    if not frame.is_object or frame.name is not None or frame.expects not in ("first", "value"):
        return False
    if match.group(1) != '"':
        raise ValueError("a name must be a string")
    frame.name, frame.expects = value, "colon"
    return True


def _separate(frame: _Frame, mark: str, depth: int) -> None:
    wanted = {":": "colon", ",": "more"}[mark]
    if depth == 1 or frame.expects != wanted:
        raise ValueError(f"unexpected {mark}")
    frame.expects = "value"


def _closed_frame(frame: _Frame, mark: str, depth: int, hooks: _Hooks) -> Any:
    if depth == 1 or mark != ("}" if frame.is_object else "]") or frame.expects not in ("first", "more"):
        raise ValueError(f"unexpected {mark}")
    return hooks.members(frame.items) if frame.is_object else frame.items


def _put(frame: _Frame, value: Any) -> None:
    frame.items.append((frame.name, value) if frame.is_object else value)
    frame.name, frame.expects = None, "more"


_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False).encode


def number_text(number: float) -> str:
    """A number as ECMAScript writes it (ECMA-262, Number::toString); ValueError for what is none in JSON."""
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError("no JSON number")
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    mantissa, _, power = repr(abs(float(number))).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(power or "0")
    digits = whole + fraction
    point -= len(digits) - len(digits.lstrip("0"))
    digits = digits.strip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if count > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def _leaf(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value) if isinstance(value, int) else number_text(value)
    return _ENCODE(value)


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


def _children(value: Any) -> Iterator[Any]:
    """What stands between the brackets of an array or object: texts, and values that are still to be written."""
    first = True
    if isinstance(value, dict):
        for name in sorted(value, key=_utf16):
            yield ("" if first else ",") + _ENCODE(name) + ":"
            yield (value[name],)
            first = False
    else:
        for item in value:
            if not first:
                yield ","
            yield (item,)
            first = False


def canonical(value: Any, plain: bool = False) -> bytes:
    """The bytes of RFC 8785; ValueError (or its UnicodeEncodeError) for values that have none."""
    if plain:
        with contextlib.suppress(RecursionError):
            return _ENCODE(value).encode("utf-8")
    out: List[str] = []
    stack: List[Tuple[Iterator[Any], str]] = [(iter(((value,),)), "")]
    while stack:
        items, end = stack[-1]
        item = next(items, None)
        if item is None:
            out.append(end)
            stack.pop()
        elif isinstance(item, str):
            out.append(item)
        elif isinstance(item[0], dict):
            out.append("{")
            stack.append((_children(item[0]), "}"))
        elif isinstance(item[0], list):
            out.append("[")
            stack.append((_children(item[0]), "]"))
        else:
            out.append(_leaf(item[0]))
    return "".join(out).encode("utf-8")


def parse_canonical(data: bytes) -> Parsed:
    """A document whose bytes are its canonical ones; ValueError for any other."""
    parsed = parse_json(data)
    if parsed.twice or canonical(parsed.value, parsed.plain) != data:
        raise ValueError("not canonical JSON")
    return parsed


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; `True` and `1` are not."""
    return canonical(one) == canonical(other)


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def digest_of(data: bytes) -> str:
    return "sha256:" + sha256_hex(data)


def digest_of_json(value: Any) -> str:
    return digest_of(canonical(value))


# ---------------------------------------------------------------------------------------------------------------------
# Forms: closed shapes of JSON values
# ---------------------------------------------------------------------------------------------------------------------

Path = Tuple[str, ...]
Shape = Callable[[Any, Path], None]


class Misfit(Exception):
    """The first place at which a value has not the form that it must have."""

    def __init__(self, path: Path, what: str, missing: bool = False) -> None:
        super().__init__(f"{'.'.join(path) or 'the document'}: {what}")
        self.path = path
        self.missing = missing


def anything(value: Any, path: Path) -> None:
    """Every JSON value."""


def text(least: int = 0, most_units: Optional[int] = None) -> Shape:
    """A string of at least `least` characters and at most `most_units` UTF-16 units."""

    def check(value: Any, path: Path) -> None:
        if not isinstance(value, str) or len(value) < least:
            raise Misfit(path, "no text" if least == 0 else "no text, or an empty one")
        if most_units is not None and len(_utf16(value)) // 2 > most_units:
            raise Misfit(path, "too long")

    return check


def match(pattern: str) -> Shape:
    """A string that the pattern describes as a whole."""
    compiled = re.compile(pattern, re.ASCII)

    def check(value: Any, path: Path) -> None:
        if not isinstance(value, str) or compiled.fullmatch(value) is None:
            raise Misfit(path, "not of its form")

    return check


def one_of(*allowed: Any) -> Shape:
    """One of these texts, numbers or booleans."""

    def check(value: Any, path: Path) -> None:
        if not any(type(value) is type(each) and value == each for each in allowed):
            raise Misfit(path, f"none of {', '.join(map(str, allowed))}")

    return check


def integer(least: int = 0, most: int = MAX_SAFE) -> Shape:
    """An integer between the two, both included."""

    def check(value: Any, path: Path) -> None:
        if type(value) is not int or not least <= value <= most:
            raise Misfit(path, f"no integer from {least} to {most}")

    return check


def number(value: Any, path: Path) -> None:
    """Any number."""
    if type(value) not in (int, float):
        raise Misfit(path, "no number")


def above_zero(value: Any, path: Path) -> None:
    """A number above 0."""
    number(value, path)
    if value <= 0:
        raise Misfit(path, "not above 0")


def boolean(value: Any, path: Path) -> None:
    """`true` or `false`."""
    if not isinstance(value, bool):
        raise Misfit(path, "neither true nor false")


def null(value: Any, path: Path) -> None:
    """`null`."""
    if value is not None:
        raise Misfit(path, "not null")


def timestamp(value: Any, path: Path) -> None:
    """A time of section 1."""
    if not is_time(value):
        raise Misfit(path, "no UTC time with milliseconds")


def list_of(item: Shape, least: int = 0, most: Optional[int] = None) -> Shape:
    """An array with between `least` and `most` items."""

    def check(value: Any, path: Path) -> None:
        if not isinstance(value, list) or len(value) < least or (most is not None and len(value) > most):
            raise Misfit(path, "no list of that length")
        for at, each in enumerate(value):
            item(each, path + (str(at),))

    return check


def map_of(name: str, item: Shape, most: Optional[int] = None) -> Shape:
    """An object whose names match the pattern."""
    compiled = re.compile(name, re.ASCII)

    def check(value: Any, path: Path) -> None:
        if not isinstance(value, dict) or (most is not None and len(value) > most):
            raise Misfit(path, "no object of that size")
        for key, each in value.items():
            if compiled.fullmatch(key) is None:
                raise Misfit(path + (key,), "a name of another form")
            item(each, path + (key,))

    return check


def closed(required: Mapping[str, Shape], optional: Optional[Mapping[str, Shape]] = None) -> Shape:
    """An object with exactly these members: first those that stand, in their order, then those that are missing."""
    known = {**required, **(optional or {})}

    def check(value: Any, path: Path) -> None:
        if not isinstance(value, dict):
            raise Misfit(path, "no object")
        for name, each in value.items():
            if name not in known:
                raise Misfit(path + (name,), "an unknown member")
            known[name](each, path + (name,))
        for name in required:
            if name not in value:
                raise Misfit(path + (name,), "missing", missing=True)

    return check


def either(*shapes: Shape) -> Shape:
    """One of several forms."""

    def check(value: Any, path: Path) -> None:
        for shape in shapes:
            if fits(shape, value):
                return
        raise Misfit(path, "of none of its forms")

    return check


def by_member(name: str, kinds: Mapping[str, Shape]) -> Shape:
    """An object whose form is told by one of its members."""

    def check(value: Any, path: Path) -> None:
        kind = value.get(name) if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in kinds:
            raise Misfit(path + (name,), "none that is known")
        kinds[kind](value, path)

    return check


def fits(shape: Shape, value: Any) -> bool:
    """Whether a value has a form."""
    try:
        shape(value, ())
    except Misfit:
        return False
    return True


_TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3})Z")


def is_time(value: Any) -> bool:
    """A real moment from 1970 on, in the one form of section 1."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return False
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    if year < 1970 or not 1 <= month <= 12 or hour > 23 or minute > 59 or second > 59:
        return False
    return 1 <= day <= calendar.monthrange(year, month)[1]


def milliseconds(time: str) -> int:
    """Milliseconds since 1970 of a time of section 1."""
    parts = [int(part) for part in re.findall("[0-9]+", time)]
    return calendar.timegm((*parts[:6], 0, 0, 0)) * 1000 + parts[6]


HEX = r"[0-9a-f]{64}"
STEP = r"[a-z][A-Za-z0-9_-]{0,62}"
INSTANCE = rf"{STEP}(?:\[(?:0|[1-9][0-9]{{0,14}})\]::{STEP})*"
VALUE_NAME = r"[a-z][A-Za-z0-9_]{0,62}"
PACK_NAME = r"[a-z0-9-]{1,63}(?:/[a-z0-9-]{1,63}){0,3}"
KEYID = r"SHA256:[A-Za-z0-9+/]{43}"
# What ECMAScript takes for white space; Python's own set is another one.
SPACE = "\t\n\x0b\x0c\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
SEMVER = (
    r"(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)"
    rf"(?:-{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)

digest = match(f"sha256:{HEX}")
name_text = text(1)
run_id = match(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
tenant = match(r"[a-z0-9][a-z0-9-]{0,62}")
trust_domain = match(r"[a-z0-9][a-z0-9.-]{0,126}")
instance_id = match(INSTANCE)
node_id = match(rf"{STEP}(?:\[\*\]::{STEP})*")
principal = match(r"[A-Za-z0-9][A-Za-z0-9._@:+-]{0,127}")
nonce = match(r"[0-9a-f]{32}")

_JSON_TYPES = ("string", "integer", "number", "boolean", "object", "array")
_TYPED = {each: closed({"type": one_of(each), "value": anything}) for each in _JSON_TYPES}
# 5.3
run_value = by_member("type", {
    **_TYPED,
    "file": closed({"type": one_of("file"), "digest": digest, "size": integer()}, {"mediaType": text()}),
    "directory": closed({"type": one_of("directory"), "digest": digest}),
})  # fmt: skip
run_values = map_of(VALUE_NAME, run_value)
named_digests = list_of(closed({"name": name_text, "digest": digest}))
pack_reference = closed({"name": name_text, "version": name_text, "digest": digest})


def is_stored(value: Any) -> bool:
    """Whether a value of 5.3 is a file or a directory."""
    return bool(value["type"] in ("file", "directory"))


# ---------------------------------------------------------------------------------------------------------------------
# Bundles: folder and tar (9, 9.5)
# ---------------------------------------------------------------------------------------------------------------------


class Bundle:
    """The files of a bundle by path, with their sizes, and how to read them."""

    def __init__(self) -> None:
        self.sizes: Dict[str, int] = {}

    def chunks(self, path: str) -> Iterator[bytes]:
        """The bytes of a file; Fault EVIDENCE_FILE_MISSING or BUNDLE_UNREADABLE."""
        if path not in self.sizes:
            raise Fault("EVIDENCE_FILE_MISSING", f"{path} is not in the bundle")
        done = 0
        try:
            for chunk in self._read(path):
                done += len(chunk)
                if done > self.sizes[path]:
                    break
                yield chunk
        except OSError as problem:
            raise Fault("BUNDLE_UNREADABLE", f"{path} cannot be read: {problem.strerror}") from None
        if done != self.sizes[path]:
            raise Fault("BUNDLE_UNREADABLE", f"{path} has another size than at first")

    def _read(self, path: str) -> Iterator[bytes]:
        raise NotImplementedError

    def document(self, path: str) -> bytes:
        """A whole file; Fault BUNDLE_TOO_LARGE above 64 MiB, or a Fault of `chunks`."""
        if self.sizes.get(path, 0) > DOCUMENT_BYTES:
            raise Fault("BUNDLE_TOO_LARGE", f"{path} is larger than 64 MiB")
        return b"".join(self.chunks(path))

    def digest(self, path: str) -> str:
        """The bare hex SHA-256 of a file of any size; a Fault of `chunks`."""
        sha = hashlib.sha256()
        for chunk in self.chunks(path):
            sha.update(chunk)
        return sha.hexdigest()


class FolderBundle(Bundle):
    """A folder. Links are never followed inside it."""

    def __init__(self, root: bytes) -> None:
        super().__init__()
        self._root = root
        self._count = 0
        self._refused: Optional[Fault] = None
        self._walk()
        if self._refused is not None:
            raise self._refused

    def _walk(self) -> None:
        waiting = [b""]
        while waiting:
            below = waiting.pop()
            try:
                with os.scandir(os.path.join(self._root, below)) as entries:
                    for entry in entries:
                        self._enter(below + entry.name, entry, waiting)
            except OSError as problem:
                raise Fault("BUNDLE_UNREADABLE", f"{_shown(below)}: {problem.strerror}") from None

    def _enter(self, path: bytes, entry: "os.DirEntry[bytes]", waiting: List[bytes]) -> None:
        # All is counted first, so that what is said does not hang on the order in which a file system lists.
        self._count += 1
        if self._count > MAX_BUNDLE_FILES:
            raise _too_many()
        found = entry.stat(follow_symlinks=False)
        if not _is_utf8(entry.name):
            self._refused = Fault("BUNDLE_ENTRY_UNSAFE", f"a name in {_shown(self._root)} is not UTF-8")
        elif stat.S_ISDIR(found.st_mode):
            waiting.append(path + b"/")
        elif stat.S_ISREG(found.st_mode):
            self.sizes[_shown(path)] = found.st_size
        else:
            self._refused = Fault("BUNDLE_ENTRY_UNSAFE", f"{_shown(path)} is neither a file nor a folder")

    def _read(self, path: str) -> Iterator[bytes]:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        handle = os.open(os.path.join(self._root, path.encode("utf-8", "surrogateescape")), flags)
        with os.fdopen(handle, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Fault("BUNDLE_UNREADABLE", f"{path} is no file any more")
            while True:
                chunk = file.read(CHUNK)
                if not chunk:
                    return
                yield chunk


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


class TarBundle(Bundle):
    """An archive in the one form of 9.5. Only its headers are kept."""

    def __init__(self, path: bytes) -> None:
        super().__init__()
        self._path = path
        self._starts: Dict[str, int] = {}
        try:
            with open(path, "rb") as file:
                self._index(file, os.fstat(file.fileno()).st_size)
        except OSError as problem:
            raise Fault("BUNDLE_UNREADABLE", f"the archive cannot be read: {problem.strerror}") from None

    def _index(self, file: Any, length: int) -> None:
        last: Optional[Tuple[int, bytes]] = None
        while True:
            at = file.tell()
            header = file.read(512)
            if header == bytes(512):
                if file.read(512) != bytes(512) or file.read(1):
                    raise _tar_fault(at, "it does not end after two zero blocks")
                return
            path, size = _read_header(header, at)
            rank = _tar_rank(path)
            if last is not None and rank <= last:
                raise _tar_fault(at, f"{_shown(path)} stands twice or out of order")
            last = rank
            start = file.tell()
            end = start + size
            if end + -size % 512 > length:
                raise _tar_fault(at, "it is cut")
            file.seek(end)
            if any(file.read(-size % 512)):
                raise _tar_fault(at, "padding that is not zero")
            if len(self.sizes) == MAX_BUNDLE_FILES:
                raise _too_many()
            self.sizes[_shown(path)] = size
            self._starts[_shown(path)] = start

    def _read(self, path: str) -> Iterator[bytes]:
        left = self.sizes[path]
        with open(self._path, "rb") as file:
            file.seek(self._starts[path])
            while left > 0:
                chunk = file.read(min(CHUNK, left))
                if not chunk:
                    return
                left -= len(chunk)
                yield chunk


def _too_many() -> Fault:
    return Fault("BUNDLE_TOO_MANY", f"the bundle has more than {MAX_BUNDLE_FILES} files")


def _tar_fault(at: int, why: str) -> Fault:
    return Fault("BUNDLE_TAR_INVALID", f"the archive is refused at byte {at}: {why}")


def _tar_rank(path: bytes) -> Tuple[int, bytes]:
    """Where a file stands: the manifest, its sidecar, all others by path."""
    return {MANIFEST.encode(): 0, ATTESTATION.encode(): 1}.get(path, 2), path


def _read_header(header: bytes, at: int) -> Tuple[bytes, int]:
    """Path and size, from a header that is byte for byte the one of 9.5."""
    if len(header) < 512:
        raise _tar_fault(at, "it ends without two zero blocks")
    name, prefix = header[:100].rstrip(b"\0"), header[345:500].rstrip(b"\0")
    path = prefix + b"/" + name if prefix else name
    digits = header[124:135]
    if re.fullmatch(rb"[0-7]{11}", digits) is None or not _is_utf8(path) or header != _tar_header(path, int(digits, 8)):
        raise _tar_fault(at, "a header of another form")
    return path, int(digits, 8)


def _tar_header(path: bytes, size: int) -> Optional[bytes]:
    """The 512 bytes of 9.5; None for a path that has no place in them."""
    name, prefix = path, b""
    if len(path) > 100:
        cut = path.find(b"/", len(path) - 101)
        if cut < 0:
            return None
        name, prefix = path[cut + 1 :], path[:cut]
    if not name or len(prefix) > 155 or b"\0" in path or not _is_utf8(path):
        return None
    block = bytearray(512)
    fields = {
        0: name, 100: b"0000644", 108: b"0000000", 116: b"0000000", 124: b"%011o" % size, 136: b"0" * 11,
        148: b" " * 8, 156: b"0", 257: b"ustar\x0000", 329: b"0000000", 337: b"0000000", 345: prefix,
    }  # fmt: skip
    for start, field in fields.items():
        block[start : start + len(field)] = field
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def open_bundle(path: bytes) -> Callable[[], Bundle]:
    """How to list a bundle; Usage (BUNDLE_NOT_FOUND) where there is neither a folder nor a file."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        mode = 0
    if stat.S_ISDIR(mode):
        return lambda: FolderBundle(path)
    if stat.S_ISREG(mode):
        return lambda: TarBundle(path)
    raise Usage(f"error[BUNDLE_NOT_FOUND]: there is no bundle at {_shown(path)}")


# ---------------------------------------------------------------------------------------------------------------------
# Keys and signatures (6.1)
# ---------------------------------------------------------------------------------------------------------------------

P256, ED25519 = "ecdsa-p256-sha256", "ed25519"
_P256_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
_P256_COMPRESSED = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
_ED25519_HEAD = bytes.fromhex("302a300506032b6570032100")
_ALGORITHMS = (_P256_HEAD[2:23], _ED25519_HEAD[2:9])
_P256_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ED25519_PRIME = 2**255 - 19
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----[ \t\r\n]([A-Za-z0-9+/= \t\r\n]*)-----END PUBLIC KEY-----", re.ASCII)


class PublicKey(NamedTuple):
    """A key of 6.1: its algorithm, its SubjectPublicKeyInfo, its keyid."""

    alg: str
    der: bytes
    keyid: str


def read_public_key(pem: str) -> PublicKey:
    """A PEM of 6.1; Fault KEY_ALGORITHM, KEY_COMPRESSED, KEY_POINT or KEY_SYNTAX."""
    found = _PEM.fullmatch(pem.strip(" \t\r\n"))
    der = strict_base64(re.sub(r"[ \t\r\n]", "", found.group(1))) if found else None
    if der is None:
        raise Fault("KEY_SYNTAX", "no PEM block PUBLIC KEY")
    if der.startswith(_P256_HEAD + b"\x04") and len(der) == 91:
        _hold_to_curve(der[27:59], der[59:])
        return PublicKey(P256, der, _keyid(b"ecdsa-sha2-nistp256", b"nistp256", der[26:]))
    if der.startswith(_ED25519_HEAD) and len(der) == 44:
        if int.from_bytes(der[12:], "little") & (2**255 - 1) >= _ED25519_PRIME:
            raise Fault("KEY_POINT", "y is not below 2^255 - 19")
        return PublicKey(ED25519, der, _keyid(b"ssh-ed25519", der[12:]))
    if der.startswith(_P256_COMPRESSED) and len(der) == 59:
        raise Fault("KEY_COMPRESSED", "a compressed point")
    if _foreign_algorithm(der):
        raise Fault("KEY_ALGORITHM", "a key of another algorithm")
    raise Fault("KEY_SYNTAX", "no public key")


def _hold_to_curve(x_bytes: bytes, y_bytes: bytes) -> None:
    x, y = int.from_bytes(x_bytes, "big"), int.from_bytes(y_bytes, "big")
    if max(x, y) >= _P256_PRIME or (y * y - (x * x * x - 3 * x + _P256_B)) % _P256_PRIME != 0:
        raise Fault("KEY_POINT", "the point is not on the curve")


def _keyid(*fields: bytes) -> str:
    wire = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    return "SHA256:" + base64.b64encode(hashlib.sha256(wire).digest()).decode("ascii").rstrip("=")


def _der_value(der: bytes, tag: int) -> Optional[Tuple[bytes, bytes]]:
    """Content of the DER value at the beginning, and what follows it; None when there is none of this tag."""
    if len(der) < 2 or der[0] != tag:
        return None
    length, start = der[1], 2
    if length > 127:
        start = 2 + (length & 127)
        length = int.from_bytes(der[2:start], "big")
    return (der[start : start + length], der[start + length :]) if start + length <= len(der) else None


def _foreign_algorithm(der: bytes) -> bool:
    """Whether it is a whole SubjectPublicKeyInfo of an algorithm that 6.1 does not have."""
    whole = _der_value(der, 0x30)
    algorithm = _der_value(whole[0], 0x30) if whole and not whole[1] else None
    key = _der_value(algorithm[1], 0x03) if algorithm else None
    if whole is None or algorithm is None or key is None or key[1] or _der_value(algorithm[0], 0x06) is None:
        return False
    return whole[0][: len(whole[0]) - len(algorithm[1])] not in _ALGORITHMS


_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def strict_base64(value: str) -> Optional[bytes]:
    """Bytes of base64 with padding in the alphabet with + and /, unused bits zero; None for all else."""
    if _BASE64.fullmatch(value) is None:
        return None
    data = binascii.a2b_base64(value)
    return data if base64.b64encode(data).decode("ascii") == value else None


def free_base64(value: str) -> Optional[bytes]:
    """Base64 of the interop profile: both alphabets, padding optional."""
    plain = value.replace("-", "+").replace("_", "/")
    if "=" not in plain:
        plain += "=" * (-len(plain) % 4)
    return strict_base64(plain)


def is_p256_signature(sig: bytes) -> bool:
    """DER of (r, s), each from 1 to the order less one, in shortest form, nothing behind."""
    if len(sig) < 8 or len(sig) > 72 or sig[0] != 0x30 or sig[1] != len(sig) - 2:
        return False
    rest = sig[2:]
    for _ in range(2):
        if len(rest) < 3 or rest[0] != 2 or not 1 <= rest[1] <= len(rest) - 2:
            return False
        value, rest = rest[2 : 2 + rest[1]], rest[2 + rest[1] :]
        if value[0] > 127 or (len(value) > 1 and value[0] == 0 and value[1] < 128):
            return False
        if not 1 <= int.from_bytes(value, "big") < _P256_ORDER:
            return False
    return not rest


def signature_forms(sig: bytes) -> Set[str]:
    """The algorithms whose signatures have this form."""
    return {alg for alg, has in ((P256, is_p256_signature(sig)), (ED25519, len(sig) == 64)) if has}


class OpenSsl:
    """The openssl command. Files are handed to it in memory where the system can, else in a temporary folder."""

    def __init__(self, command: Optional[str]) -> None:
        self._command = command
        self._known_good: Optional[bool] = None

    def verifies(self, key: PublicKey, message: bytes, sig: bytes) -> bool:
        """Whether the key made the signature; Usage when this openssl cannot tell."""
        if self._verifies(key, message, sig):
            return True
        if self._known_good is None:
            self._known_good = all(self._verifies(*known) for known in _known_signatures())
        if not self._known_good:
            raise Usage("openssl 3.0 or later is needed to check signatures, and was not found or does not work")
        return False

    def _verifies(self, key: PublicKey, message: bytes, sig: bytes) -> bool:
        if self._command is None:
            return False
        files = [key.der, message if key.alg == ED25519 else hashlib.sha256(message).digest(), sig]
        how = ["-rawin"] if key.alg == ED25519 else ["-pkeyopt", "digest:sha256"]
        with _openable(files) as (paths, handles):
            args = ["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", paths[0], "-in", paths[1]]
            done = subprocess.run(
                [self._command, *args, "-sigfile", paths[2], *how],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.defpath, "OPENSSL_CONF": os.devnull, "LC_ALL": "C"},
                pass_fds=handles,
                check=False,
            )
        return done.returncode == 0


@contextlib.contextmanager
def _openable(contents: Sequence[bytes]) -> Iterator[Tuple[List[str], List[int]]]:
    """Names under which a child can open these contents, and the descriptors that it has to inherit for that."""
    with contextlib.ExitStack() as stack:
        try:
            handles = [os.memfd_create("packrun", 0) for _ in contents]
        except (AttributeError, OSError):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="packrun-verify-"))
            paths = [os.path.join(folder, str(at)) for at in range(len(contents))]
            handles = []
            for path, content in zip(paths, contents):
                with open(path, "wb") as file:
                    file.write(content)
        else:
            paths = [f"/proc/self/fd/{handle}" for handle in handles]
            for handle, content in zip(handles, contents):
                file = stack.enter_context(os.fdopen(handle, "wb", buffering=0))
                view = memoryview(content)
                while view:
                    view = view[file.write(view) or 0 :]
        yield paths, handles


def _known_signatures() -> Iterator[Tuple[PublicKey, bytes, bytes]]:
    """One signature of each algorithm that verifies: RFC 8032 7.1 test 2; RFC 6979 A.2.5, SHA-256, "sample"."""
    ed25519 = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    yield PublicKey(ED25519, _ED25519_HEAD + bytes.fromhex(ed25519), ""), b"\x72", bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    p256 = "YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ=="
    yield PublicKey(P256, _P256_HEAD + b"\x04" + base64.b64decode(p256), ""), b"sample", bytes.fromhex(
        "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
    )


# ---------------------------------------------------------------------------------------------------------------------
# Sidecars and statements (6.2 to 6.5)
# ---------------------------------------------------------------------------------------------------------------------

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
PREDICATES = "https://packrun.dev/attestations/"


def pae(payload: bytes) -> bytes:
    """What DSSE v1 signs."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode("ascii"), len(payload), payload)


class Sidecar(NamedTuple):
    """A sidecar that has its form; `keyid` is empty where the envelope names none."""

    payload: bytes
    sig: bytes
    keyid: str


def _envelope_shape(signature: Shape, material: Shape) -> Shape:
    envelope = {"payload": text(), "payloadType": one_of(PAYLOAD_TYPE), "signatures": list_of(signature, 1, 1)}
    members = {"mediaType": one_of(BUNDLE_TYPE), "verificationMaterial": material, "dsseEnvelope": closed(envelope)}
    return closed(members)


_OWN = _envelope_shape(
    closed({"keyid": match(KEYID), "sig": text()}),
    closed({"publicKey": closed({"hint": match(KEYID)})}),
)
_INTEROP = _envelope_shape(
    closed({"sig": text()}, {"keyid": either(match(KEYID), one_of(""))}),
    closed(
        {"publicKey": closed({}, {"hint": text()})},
        {"tlogEntries": anything, "timestampVerificationData": anything},
    ),
)
_ENVELOPE_CODES = {
    ("mediaType",): "ENVELOPE_MEDIA_TYPE",
    ("dsseEnvelope", "payloadType"): "ENVELOPE_PAYLOAD_TYPE",
    ("dsseEnvelope", "signatures"): "ENVELOPE_SIGNATURES",
    ("dsseEnvelope", "signatures", "0", "keyid"): "ENVELOPE_KEYID",
    ("verificationMaterial", "publicKey", "hint"): "ENVELOPE_KEYID",
}


def read_sidecar(data: bytes, own: bool) -> Sidecar:
    """A sidecar in the own or the interop profile; a Fault of the table in 6.3."""
    try:
        parsed = parse_json(data)
    except ValueError:
        raise Fault("ENVELOPE_SYNTAX", "the sidecar is not JSON") from None
    if parsed.twice and not own:
        raise Fault("ENVELOPE_SYNTAX", "a member of the sidecar stands twice")
    if own and not _is_canonical(data):
        raise Fault("ENVELOPE_NOT_CANONICAL", "the sidecar is not canonical JSON")
    try:
        (_OWN if own else _INTEROP)(parsed.value, ())
    except Misfit as misfit:
        code = "ENVELOPE_SHAPE" if misfit.missing else _ENVELOPE_CODES.get(misfit.path, "ENVELOPE_SHAPE")
        raise Fault(code, f"the sidecar has a wrong form: {misfit}") from None
    return _decoded(parsed.value, own)


def _is_canonical(data: bytes) -> bool:
    try:
        parse_canonical(data)
    except ValueError:
        return False
    return True


def _decoded(bundle: Any, own: bool) -> Sidecar:
    envelope = bundle["dsseEnvelope"]
    signature = envelope["signatures"][0]
    keyid = signature.get("keyid", "")
    if own and bundle["verificationMaterial"]["publicKey"]["hint"] != keyid:
        raise Fault("ENVELOPE_KEYID", "hint and keyid differ")
    read = strict_base64 if own else free_base64
    payload, sig = read(envelope["payload"]), read(signature["sig"])
    if payload is None or sig is None:
        raise Fault("ENVELOPE_BASE64", f"{'payload' if payload is None else 'sig'} is not base64")
    if not signature_forms(sig):
        raise Fault("SIGNATURE_FORM", "the signature has the form of neither algorithm")
    return Sidecar(payload, sig, keyid)


def _type_of(predicate: str) -> str:
    """The whole predicate type of a name by which this file knows it."""
    return predicate if "://" in predicate else PREDICATES + predicate


def _statement(predicate_type: str, predicate: Shape, most_subjects: int = 1) -> Shape:
    subject = closed({"name": name_text, "digest": closed({"sha256": match(HEX)})})
    return closed({
        "_type": anything,
        "subject": list_of(subject, 1, most_subjects),
        "predicateType": one_of(_type_of(predicate_type)),
        "predicate": predicate,
    })  # fmt: skip


_RUN = {"runId": run_id, "tenantId": tenant, "trustDomain": trust_domain, "planHash": digest}
_GATE = {**_RUN, "gateId": name_text, "nonce": nonce}
_AUTHN = by_member("kind", {
    "key": closed({"kind": one_of("key")}),
    "token": closed({"kind": one_of("token"), "issuer": name_text, "subject": name_text}),
})  # fmt: skip
_KINDS = ("run", "parallel", "map", "gate.approval", "gate.policy")
_STATUSES = ("pending", "running", "waiting", "succeeded", "failed", "skipped", "cancelled")
LEVELS = ("none", "watchdog", "kernel-process", "kernel-tree")
_PACK_RUN = closed(
    {
        **_RUN,
        "schemaVersion": one_of(1),
        "pack": pack_reference,
        "packSource": one_of("registry", "folder"),
        "inputs": named_digests,
        "inputsLock": closed({"digest": digest}),
        "outcome": one_of("succeeded", "failed", "cancelled"),
        "steps": list_of(closed({"id": name_text, "kind": one_of(*_KINDS), "status": one_of(*_STATUSES)})),
        "approvals": list_of(closed({
            "gateId": name_text,
            "decision": one_of("approve", "reject"),
            "principal": name_text,
            "payloadDigest": digest,
        })),
        "ledger": closed({"count": integer(), "headHash": digest, "digest": digest}),
        "evidence": closed({"manifestDigest": digest, "fileCount": integer(), "totalBytes": integer()}),
        "redaction": closed({"policy": one_of("blank", "hash")}),
        "sandbox": closed({
            "mode": one_of("sealed", "restricted"),
            "enforcement": map_of("[a-z][A-Za-z]*", one_of(*LEVELS)),
        }),
        "engine": closed({"name": name_text, "version": name_text}),
        "requestedAt": timestamp,
        "completedAt": timestamp,
    },
    {"reason": name_text, "startedAt": timestamp},
)  # fmt: skip
_SNAPSHOT = closed({
    **_RUN, "ledger": closed({"count": integer(1), "headHash": digest, "digest": digest}), "takenAt": timestamp,
})  # fmt: skip
CYCLONEDX = "https://cyclonedx.org/bom"
# 13.2
_TOOL_USES = list_of(closed({"name": one_of("packrun:tool"), "value": one_of("command", "policy", "shell")}), 1, 3)
SBOM_SHAPE = closed({
    "$schema": one_of("http://cyclonedx.org/schema/bom-1.6.schema.json"),
    "bomFormat": one_of("CycloneDX"),
    "specVersion": one_of("1.6"),
    "version": one_of(1),
    "serialNumber": match(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "metadata": closed({"component": closed({
        "type": one_of("application"), "name": name_text, "version": name_text, "bom-ref": one_of("pack"),
        "properties": list_of(closed({"name": one_of("packrun:packDigest"), "value": name_text}), 1, 1),
    })}),
    "components": list_of(by_member("type", {
        "file": closed(
            {
                "type": one_of("file"), "name": name_text, "bom-ref": name_text,
                "hashes": list_of(closed({"alg": one_of("SHA-256"), "content": name_text}), 1, 1),
            },
            {"scope": one_of("required"), "properties": _TOOL_USES},
        ),
        "application": closed({
            "type": one_of("application"), "name": name_text, "bom-ref": name_text,
            "scope": one_of("required"), "properties": _TOOL_USES,
        }),
    }), 1),
    "dependencies": list_of(closed({"ref": name_text})),
})  # fmt: skip
_PACK_CLAIM = closed(
    {
        "name": name_text, "version": name_text, "packDigest": digest, "trustDomain": trust_domain,
        "referrers": list_of(closed({"digest": digest, "artifactType": name_text})),
        "createdAt": timestamp,
    },
    {"plan": closed({"hash": digest, "canonicalPlanPath": name_text})},
)  # fmt: skip
STATEMENTS = {
    "pack-bundle/v1": _statement("pack-bundle/v1", _PACK_CLAIM),
    CYCLONEDX: _statement(CYCLONEDX, SBOM_SHAPE),
    "run-request/v1": _statement("run-request/v1", closed({
        **_RUN, "requestedBy": name_text, "authn": _AUTHN, "requestedAt": timestamp, "nonce": nonce,
    })),
    "approval-request/v1": _statement("approval-request/v1", closed(_GATE)),
    "approval/v1": _statement("approval/v1", closed({
        **_GATE,
        "decision": one_of("approve", "reject"),
        "approver": name_text,
        "reason": text(0, 4096),
        "issuedAt": timestamp,
        "notAfter": timestamp,
    })),
    "pack-run/v1": _statement("pack-run/v1", _PACK_RUN, 1024),
    "evidence-snapshot/v1": _statement("evidence-snapshot/v1", _SNAPSHOT),
    "revocation-list/v1": _statement("revocation-list/v1", closed({
        "trustDomain": trust_domain, "sequence": integer(1),
    })),
}  # fmt: skip


STATEMENT, OLDER_STATEMENT = "https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"


def _read_older(payload: bytes) -> Any:
    """A Statement v0.1, canonical or not (6.5); None for all else. ValueError for what is not JSON."""
    parsed = parse_json(payload)
    is_older = isinstance(parsed.value, dict) and parsed.value.get("_type") == OLDER_STATEMENT
    # Read again in canonical form, where a number has one spelling.
    return parse_json(canonical(parsed.value)).value if is_older and not parsed.twice else None


def read_statement(payload: bytes, predicate: str) -> Any:
    """The statement of a payload; Fault STATEMENT_… (6.4, 5)."""
    takes_older = predicate == CYCLONEDX
    try:
        value = _read_older(payload) if takes_older else None
        value = parse_canonical(payload).value if value is None else value
    except ValueError:
        raise Fault("STATEMENT_NOT_CANONICAL", "the payload is not canonical JSON") from None
    members = value if isinstance(value, dict) else {}
    if members.get("_type") != STATEMENT and not (takes_older and members.get("_type") == OLDER_STATEMENT):
        raise Fault("STATEMENT_TYPE", "the payload is no in-toto Statement v1")
    if members.get("predicateType") != _type_of(predicate):
        raise Fault("STATEMENT_PREDICATE_TYPE", f"the statement is no {predicate}")
    try:
        STATEMENTS[predicate](value, ())
    except Misfit as misfit:
        raise Fault("STATEMENT_SHAPE", f"the statement has a wrong form: {misfit}") from None
    return value


class Scope(NamedTuple):
    """What a statement speaks of; None is what does not apply."""

    pack: Optional[str] = None
    tenant: Optional[str] = None
    gate: Optional[str] = None


class Signed(NamedTuple):
    """A signed file that passed 6.4: its predicate, who signed, by which role, and whether the key is out of its
    window at the time of verification."""

    predicate: Any
    subject: Any
    payload_digest: str
    keyid: str
    principal: str
    role: str
    stale: bool


class Asked(NamedTuple):
    """What 6.4 is given of a signed file."""

    predicate: str
    own: bool
    roles: Sequence[str]
    scope: Scope


class Judge(NamedTuple):
    """By whom and when signatures are judged: the root, the time, the revocation list in force, and openssl."""

    root: "TrustRoot"
    at: str
    revocations: "Optional[RevocationList]"
    ssl: OpenSsl


def check_signed(data: bytes, file_digest: str, asked: Asked, judge: Judge) -> Signed:
    """The table of 6.4; its codes as Fault. `file_digest` has the form sha256:…"""
    root = judge.root
    sidecar = read_sidecar(data, asked.own)
    keyid = _signer(sidecar, asked.roles, root, judge.ssl)
    if sidecar.keyid not in ("", keyid):
        raise Fault("ENVELOPE_KEYID", "the envelope names another key than the one that signed")
    held = [role for role in asked.roles if root.holds(keyid, role)]
    if not held:
        raise Fault("ROLE_NOT_HELD", f"the key of {root.principal(keyid)} holds no role of {', '.join(asked.roles)}")
    covering = [role for role in held if root.covers(role, asked.scope)]
    if not covering:
        raise Fault("ROLE_SCOPE", f"the role {held[0]} of {root.principal(keyid)} does not cover this")
    if judge.revocations is not None:
        judge.revocations.hold("key", keyid)
        judge.revocations.hold("payload", digest_of(sidecar.payload))
    statement = read_statement(sidecar.payload, asked.predicate)
    subject = statement["subject"]
    if "sha256:" + subject[0]["digest"]["sha256"] != file_digest:
        raise Fault("STATEMENT_SUBJECT", "subject[0] is not the file")
    return Signed(
        statement["predicate"],
        subject,
        digest_of(sidecar.payload),
        keyid,
        root.principal(keyid),
        covering[0],
        not root.in_window(keyid, judge.at),
    )


def _signer(sidecar: Sidecar, roles: Sequence[str], root: "TrustRoot", ssl: OpenSsl) -> str:
    """The key of the root that made the signature (6.4, 2)."""
    message, forms = pae(sidecar.payload), signature_forms(sidecar.sig)
    holding = [keyid for keyid in root.keys if any(root.holds(keyid, role) for role in roles)]
    others = [keyid for keyid in root.keys if keyid not in set(holding)]
    for keyid in holding + others:
        key = root.keys[keyid]
        if key.alg in forms and ssl.verifies(key, message, sidecar.sig):
            return keyid
    if sidecar.keyid in root.keys:
        raise Fault("SIGNATURE_INVALID", "the signature is not one of the key that the envelope names")
    raise Fault("SIGNATURE_KEY_UNKNOWN", "no key of the trust root made the signature")


# ---------------------------------------------------------------------------------------------------------------------
# Trust root (7)
# ---------------------------------------------------------------------------------------------------------------------

_CERTIFICATE = match(
    r"-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/]{1,76}={0,2}\n)+-----END CERTIFICATE-----\n"
)
_SCOPE_ENTRIES = list_of(match(rf"(?=.)[^*{SPACE}]*\*?"))
_TRUST_ROOT = closed(
    {
        "schema": one_of("packrun.trust-root/v1"),
        "trustDomain": trust_domain,
        "version": integer(1),
        "issuedAt": timestamp,
        "expires": timestamp,
        "keys": map_of(KEYID, closed({
            "alg": name_text, "pem": name_text, "principal": principal,
            "validFrom": timestamp, "validUntil": timestamp,
        })),
        "roles": map_of(STEP, closed(
            {"keyids": list_of(match(KEYID)), "threshold": integer(1)},
            {"packs": _SCOPE_ENTRIES, "tenants": _SCOPE_ENTRIES, "gates": _SCOPE_ENTRIES},
        )),
    },
    {
        "tokens": list_of(closed({"iss": name_text, "sub": name_text, "principal": principal})),
        "timestampAuthorities": list_of(closed(
            {
                "name": name_text, "certificates": list_of(_CERTIFICATE, 2, 8),
                "validFrom": timestamp, "validUntil": timestamp,
            },
            {"url": name_text},
        ), 0, 64),
        "transparencyLogs": list_of(closed(
            {
                "origin": match(r"[!-*,-~]{1,255}"), "alg": name_text, "pem": name_text,
                "validFrom": timestamp, "validUntil": timestamp,
            },
            {"url": name_text},
        ), 0, 64),
        "policy": closed({}, {
            "revocation": closed({"required": boolean, "maxAgeHours": integer(1), "minSequence": integer()}),
            "minVersion": map_of(PACK_NAME, match(SEMVER)),
            "anchor": closed({"required": list_of(one_of("tsa", "rekor"), 0, 2)}),
        }),
    },
)  # fmt: skip


class TrustRoot:
    """An accepted trust root."""

    def __init__(self, value: Any, keys: Dict[str, PublicKey]) -> None:
        self.value = value
        self.keys = keys
        self.domain: str = value["trustDomain"]
        self._holders = {role: set(rule["keyids"]) for role, rule in value["roles"].items()}

    def principal(self, keyid: str) -> str:
        return str(self.value["keys"][keyid]["principal"])

    def holds(self, keyid: str, role: str) -> bool:
        return keyid in self._holders.get(role, ())

    def covers(self, role: str, scope: Scope) -> bool:
        """Whether the bounds of a role hold what the statement speaks of."""
        rule = self.value["roles"][role]
        bounds = ((rule.get("packs"), scope.pack), (rule.get("tenants"), scope.tenant), (rule.get("gates"), scope.gate))
        return all(bound is None or _bounded(bound, name) for bound, name in bounds)

    def window(self, keyid: str) -> Tuple[str, str]:
        key = self.value["keys"][keyid]
        return key["validFrom"], key["validUntil"]

    def in_window(self, keyid: str, at: str) -> bool:
        begins, ends = self.window(keyid)
        return begins <= at < ends

    def token_principals(self, issuer: str, subject: str) -> List[str]:
        """The one principal for whom a token stands, if any."""
        tokens = self.value.get("tokens", [])
        return [each["principal"] for each in tokens if (each["iss"], each["sub"]) == (issuer, subject)]

    def principals(self) -> Set[str]:
        """Everyone whom a key or a token names."""
        return {each["principal"] for each in [*self.value["keys"].values(), *self.value.get("tokens", [])]}

    def required_anchors(self) -> List[str]:
        """The kinds of anchors that evidence must have."""
        return list(self.value.get("policy", {}).get("anchor", {}).get("required", []))

    def revocation_policy(self) -> Any:
        """`{required, maxAgeHours, minSequence}`; {} where the root says nothing."""
        return self.value.get("policy", {}).get("revocation", {})


def _bounded(bound: Sequence[str], name: Optional[str]) -> bool:
    if name is None:
        return False
    return any(name == each or (each.endswith("*") and name.startswith(each[:-1])) for each in bound)


def read_trust_root(data: bytes) -> TrustRoot:
    """A root that is not refused; a Fault of the table in 7."""
    try:
        value = parse_canonical(data).value
    except ValueError:
        raise Fault("TRUST_ROOT_SYNTAX", "the trust root is not canonical JSON") from None
    try:
        _TRUST_ROOT(value, ())
    except Misfit as misfit:
        raise Fault("TRUST_ROOT_SHAPE", f"the trust root has a wrong form: {misfit}") from None
    if value["expires"] <= value["issuedAt"]:
        raise Fault("TRUST_ROOT_TIME", "the trust root expires before it was issued")
    keys = {keyid: _root_key(keyid, entry) for keyid, entry in value["keys"].items()}
    _check_roles(value)
    tokens = [(each["iss"], each["sub"]) for each in value.get("tokens", [])]
    if len(set(tokens)) != len(tokens):
        raise Fault("TRUST_ROOT_TOKEN", "an issuer and subject stand twice")
    _check_witnesses(value)
    return TrustRoot(value, keys)


def _check_witnesses(value: Any) -> None:
    """Timestamp authorities and logs: whom this verifier does not ask, but holds to their form."""
    for each in value.get("timestampAuthorities", []):
        if each["validFrom"] >= each["validUntil"]:
            raise Fault("TRUST_ROOT_TIME", f"the window of {each['name']} is empty")
    for each in value.get("transparencyLogs", []):
        try:
            key = read_public_key(each["pem"])
        except Fault as fault:
            code = fault.code if fault.code == "KEY_ALGORITHM" else "TRUST_ROOT_LOG"
            raise Fault(code, f"{each['origin']}: {fault.why}") from None
        if key.alg != each["alg"]:
            raise Fault("TRUST_ROOT_LOG", f"the key of {each['origin']} is not of the algorithm that stands there")
        if each["validFrom"] >= each["validUntil"]:
            raise Fault("TRUST_ROOT_TIME", f"the window of {each['origin']} is empty")


def _root_key(keyid: str, entry: Any) -> PublicKey:
    if entry["alg"] not in (P256, ED25519):
        raise Fault("KEY_ALGORITHM", f"{keyid} has an algorithm that is not known")
    try:
        key = read_public_key(entry["pem"])
    except Fault as fault:
        code = fault.code if fault.code == "KEY_ALGORITHM" else "TRUST_ROOT_KEY"
        raise Fault(code, f"{keyid}: {fault.why}") from None
    if key.keyid != keyid or key.alg != entry["alg"]:
        raise Fault("TRUST_ROOT_KEY", f"{keyid} is not the key that stands there")
    if entry["validFrom"] >= entry["validUntil"]:
        raise Fault("TRUST_ROOT_TIME", f"the window of {keyid} is empty")
    return key


def _check_roles(value: Any) -> None:
    roles, keys = value["roles"], value["keys"]
    if "root" not in roles:
        raise Fault("TRUST_ROOT_ROLE", "the role root is missing")
    for name, role in roles.items():
        keyids = role["keyids"]
        if len(set(keyids)) != len(keyids) or any(keyid not in keys for keyid in keyids):
            raise Fault("TRUST_ROOT_ROLE", f"the role {name} lists a key twice, or one that is not there")
        if name != "root" and role["threshold"] > 1:
            raise Fault("TRUST_ROOT_ROLE", f"the role {name} has a threshold above 1")
    people = {keys[keyid]["principal"] for keyid in roles["root"]["keyids"]}
    if len(people) < roles["root"]["threshold"]:
        raise Fault("TRUST_ROOT_ROLE", "the role root has fewer people than its threshold")


# ---------------------------------------------------------------------------------------------------------------------
# Revocation lists (7.1)
# ---------------------------------------------------------------------------------------------------------------------

_REVOKED = {
    "run": run_id,
    "plan": digest,
    "pack": match(rf"sha256:{HEX}|{PACK_NAME}@{SEMVER}"),
    "key": match(KEYID),
    "payload": digest,
}
_REVOCATIONS = closed(
    {
        "schema": one_of("packrun.revocations/v1"), "trustDomain": trust_domain, "sequence": integer(1),
        "issuedAt": timestamp, "nextUpdate": timestamp,
        "entries": list_of(by_member("kind", {
            kind: closed({"kind": anything, "value": value, "reason": text(1, 4096), "revokedAt": timestamp})
            for kind, value in _REVOKED.items()
        })),
    },
    {"previousDigest": digest},
)  # fmt: skip


class RevocationList:
    """A list that passed 7.1, 1 to 6, and who signed it."""

    def __init__(self, value: Any, signed: Signed) -> None:
        self.value = value
        self.signed = signed
        self.sequence: int = value["sequence"]
        self._entries = {(each["kind"], each["value"]) for each in value["entries"]}

    def has(self, kind: str, value: str) -> bool:
        return (kind, value) in self._entries

    def hold(self, kind: str, value: str) -> None:
        """Fault REVOKED_… when the list has it."""
        if self.has(kind, value):
            raise Fault(f"REVOKED_{kind.upper()}", f"the {kind} {value} is revoked")


def read_revocations(data: bytes, sidecar: Optional[bytes], judge: Judge) -> RevocationList:
    """A list and its sidecar; a Fault of 7.1, 1 to 6."""
    try:
        value = parse_canonical(data).value
    except ValueError:
        raise Fault("REVOCATIONS_SYNTAX", "the revocation list is not canonical JSON") from None
    try:
        _REVOCATIONS(value, ())
    except Misfit as misfit:
        raise Fault("REVOCATIONS_SHAPE", f"the revocation list has a wrong form: {misfit}") from None
    entries = [(each["kind"], each["value"]) for each in value["entries"]]
    if (
        value["nextUpdate"] <= value["issuedAt"]
        or ("previousDigest" in value) == (value["sequence"] == 1)
        or len(set(entries)) != len(entries)
    ):
        raise Fault("REVOCATIONS_SHAPE", "nextUpdate, previousDigest or entries of the revocation list do not fit")
    if value["trustDomain"] != judge.root.domain:
        raise Fault("REVOCATIONS_DOMAIN", "the revocation list is of another trust domain")
    if sidecar is None:
        raise Fault("REVOCATIONS_UNSIGNED", "the revocation list has no signature")
    asked = Asked("revocation-list/v1", True, ["revoker"], Scope())
    signed = check_signed(sidecar, digest_of(data), asked, judge._replace(revocations=None))
    if any(signed.predicate[name] != value[name] for name in ("trustDomain", "sequence")):
        raise Fault("REVOCATIONS_MISMATCH", "the signature is about another revocation list")
    return RevocationList(value, signed)


# ---------------------------------------------------------------------------------------------------------------------
# Plan (3)
# ---------------------------------------------------------------------------------------------------------------------

_CEL = closed({"$cel": list_of(either(text(), closed({"expr": name_text})), 1)})
_TEXT_OR_CEL = either(text(), _CEL)
_SANDBOX = closed(
    {
        "mode": one_of("sealed", "restricted"),
        "egressAllowlist": list_of(closed(
            {
                "host": text(), "port": integer(1, 65535), "protocol": one_of("tls", "http", "tcp"),
                "allowPrivate": boolean,
            },
            {"maxBytes": integer(1), "maxRequests": integer(1)},
        )),
        "limits": closed(
            {
                "cpus": above_zero, "memoryBytes": integer(1), "pids": integer(1), "logBytes": integer(1),
                "artifactBytes": integer(1),
            },
            {"minEnforcement": one_of("kernel-tree", "kernel-process", "watchdog")},
        ),
    },
    {"egressQuota": closed({"requests": integer(), "bytes": integer()}), "wallClockMs": integer(1)},
)  # fmt: skip
_NODE: Dict[str, Shape] = {
    "id": node_id,
    "parent": either(node_id, null),
    "needs": list_of(node_id),
    "continueOnError": boolean,
}
_WHEN: Dict[str, Shape] = {"when": either(boolean, _CEL)}
_CONTAINS_SECRETS: Dict[str, Shape] = {"mayContainSecrets": boolean}
_RUN_NODE = closed(
    {
        **_NODE,
        "kind": one_of("run"),
        "env": map_of(
            "[A-Za-z_][A-Za-z0-9_]*",
            either(text(), _CEL, closed({"secret": match(VALUE_NAME), "as": one_of("env", "file")})),
        ),
        "inputs": map_of(VALUE_NAME, anything),
        "outputs": map_of(VALUE_NAME, either(
            closed({"file": text()}, {"mediaType": text(), **_CONTAINS_SECRETS}),
            closed({"dir": text()}, _CONTAINS_SECRETS),
            closed({"type": one_of(*_JSON_TYPES)}, {"schema": anything, **_CONTAINS_SECRETS}),
        )),
        "timeoutMs": integer(1),
        "retry": closed(
            {"maxAttempts": integer(1, 20), "initialMs": integer(), "factor": above_zero, "maxMs": integer()},
            {"onExitCodes": list_of(integer(0, 255))},
        ),
        "idempotent": boolean,
    },
    {
        **_WHEN, "command": list_of(_TEXT_OR_CEL, 1), "script": text(), "shell": one_of("sh", "bash"), "uses": text(),
        "with": anything, "stdin": _TEXT_OR_CEL, "sandbox": _SANDBOX,
        "files": list_of(closed({"path": text(), "digest": digest})),
    },
)  # fmt: skip
_NODES = list_of(by_member("kind", {
    "run": _RUN_NODE,
    "parallel": closed({**_NODE, "kind": anything}, {**_WHEN, "maxParallel": integer(1)}),
    "map": closed(
        {**_NODE, "kind": anything, "items": anything, "as": match(VALUE_NAME), "maxItems": integer()},
        {**_WHEN, "maxParallel": integer(1)},
    ),
    "gate.approval": closed({**_NODE, "kind": anything, "approval": node_id}, {"message": _TEXT_OR_CEL}),
    "gate.policy": closed(
        {**_NODE, "kind": anything, "policy": node_id, "failAction": one_of("halt", "continue")},
        {**_WHEN, "with": anything},
    ),
}))  # fmt: skip
_PLAN = closed(
    {
        "apiVersion": one_of("packrun.dev/v1"),
        "kind": one_of("Plan"),
        "planVersion": one_of(1),
        "pack": closed({"name": match(PACK_NAME), "version": match(SEMVER), "digest": digest}),
        "inputs": map_of(VALUE_NAME, by_member("type", {
            **_TYPED,
            "file": closed({"type": anything, "name": text(), "size": integer(), "digest": digest}),
            "directory": closed({"type": anything, "name": text(), "digest": digest}),
        })),
        "secrets": map_of(VALUE_NAME, closed({"steps": list_of(node_id)})),
        "sandbox": _SANDBOX,
        "security": closed({"secretsRedactionPolicy": one_of("blank", "hash")}),
        "approvals": map_of(STEP, closed({
            "required": integer(1), "from": list_of(text(), 1), "ttlMs": integer(1), "separationOfDuties": boolean,
            "reasonRequired": boolean,
        })),
        "policies": map_of(STEP, by_member("engine", {
            "cel": closed({"engine": anything, "expression": name_text, "digest": digest}),
            "rego": closed({"engine": anything, "module": text(), "digest": digest, "entrypoint": text()}),
        })),
        "failurePolicy": closed({"onFailure": one_of("skip-dependents", "drain", "cancel")}),
        "steps": _NODES,
        "finally": _NODES,
        "outputs": map_of(VALUE_NAME, closed({"from": anything}), 1023),
    },
    {"slo": closed({}, {
        "runP95Seconds": integer(1), "approvalP95Seconds": integer(1), "maxQueueDepth": integer(),
    })},
)  # fmt: skip


class Plan:
    """A plan whose nodes fit together; knows containers, maps and canonical order."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.nodes: Dict[str, Any] = {}
        self.position: Dict[str, int] = {}
        self.in_finally: Set[str] = set()
        self.children: Dict[Optional[str], List[str]] = defaultdict(list)
        for where in ("steps", "finally"):
            for node in value[where]:
                self._enter(node, where == "finally")
        self.tops = {where: [each["id"] for each in value[where] if each["parent"] is None] for where in
                     ("steps", "finally")}  # fmt: skip
        self.map_sizes: Counter[str] = Counter()
        for node in self.nodes.values():
            around = self.nearest_map(node)
            if around is not None:
                self.map_sizes[around] += 1

    def _enter(self, node: Any, is_finally: bool) -> None:
        name, parent = node["id"], node["parent"]
        if name in self.nodes:
            raise Fault("PLAN_REFUSED", f"the id {name} comes twice")
        if parent is not None and self.nodes.get(parent, {}).get("kind") not in ("parallel", "map"):
            raise Fault("PLAN_REFUSED", f"the parent of {name} is no container before it")
        self.nodes[name] = node
        self.position[name] = len(self.position)
        self.children[parent].append(name)
        if is_finally:
            self.in_finally.add(name)
        around = self.nearest_map(node)
        head = "" if around is None else f"{around}[*]::"
        if not name.startswith(head) or "::" in name[len(head) :]:
            raise Fault("PLAN_REFUSED", f"{name} is not named after the map around it")

    def nearest_map(self, node: Any) -> Optional[str]:
        """The id of the nearest map around a node."""
        parent = node["parent"]
        while parent is not None and self.nodes[parent]["kind"] != "map":
            parent = self.nodes[parent]["parent"]
        return None if parent is None else str(parent)


def read_plan_file(data: bytes) -> Any:
    """The document of a plan, whether its nodes fit together or not; Fault PLAN_FILE."""
    try:
        value = parse_canonical(data).value
        _PLAN(value, ())
    except ValueError:
        raise Fault("PLAN_FILE", "the plan is not canonical JSON") from None
    except Misfit as misfit:
        raise Fault("PLAN_FILE", f"the plan has a wrong form: {misfit}") from None
    return value


def read_plan(data: bytes) -> Plan:
    """Bytes of a plan; Fault PLAN_FILE or PLAN_REFUSED."""
    plan = Plan(read_plan_file(data))
    for node in plan.nodes.values():
        _check_node(plan, node)
    return plan


def _check_node(plan: Plan, node: Any) -> None:
    name = node["id"]
    for need in node["needs"]:
        other = plan.nodes.get(need)
        if other is None or other is node or other["parent"] != node["parent"]:
            raise Fault("PLAN_REFUSED", f"{name} needs {need}, which is no sibling")
        if (need in plan.in_finally) != (name in plan.in_finally):
            raise Fault("PLAN_REFUSED", f"{name} needs {need} of another list")
    if node["kind"] == "gate.approval" and node["approval"] not in plan.value["approvals"]:
        raise Fault("PLAN_REFUSED", f"gate {name} has no rule")
    if node["kind"] == "gate.policy" and node["policy"] not in plan.value["policies"]:
        raise Fault("PLAN_REFUSED", f"gate {name} has no policy")


def holds_cel(value: Any) -> bool:
    """Whether a `$cel` stands anywhere in a value."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if "$cel" in each:
                return True
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    return False


def input_digests(plan: Plan) -> List[Dict[str, str]]:
    """`[{name, digest}]` of all inputs by name (8.1)."""
    inputs = plan.value["inputs"]
    return [{"name": name, "digest": _input_digest(inputs[name])} for name in sorted(inputs)]


def _input_digest(value: Any) -> str:
    return str(value["digest"]) if is_stored(value) else digest_of_json(value["value"])


# ---------------------------------------------------------------------------------------------------------------------
# Ledger: events and their chain (5)
# ---------------------------------------------------------------------------------------------------------------------

_LEASE = closed({"owner": text(), "fence": integer()})
_MODE = one_of("sealed", "restricted")
_USAGE = closed(
    {"hit": list_of(text())},
    {"memoryPeakBytes": integer(), "cpuMs": integer(), "ioBytes": integer()},
)
_EGRESS_USE = closed({"requests": integer(), "bytesIn": integer(), "bytesOut": integer()})
_ENFORCED = closed({"declared": number, "enforcedBy": text(), "level": one_of(*LEVELS)})
_DECISION = one_of("approve", "reject")
_NOTHING = closed({})
# By type: whether `stepId` and `attempt` stand with it, and the form of its metadata.
_EVENTS: Dict[str, Tuple[bool, bool, Shape]] = {
    "run.created": (False, False, closed(
        {
            "requestedBy": text(), "requestDigest": digest, "inputsLock": digest, "packDigest": digest,
            "packSource": one_of("registry", "folder"),
        },
        {"from": text()},
    )),
    "lease.acquired": (False, False, _LEASE),
    "run.resumed": (False, False, _LEASE),
    "plan.verified": (False, False, _NOTHING),
    "plan.drift": (False, False, closed({"node": text(), "pointer": text(), "code": text(), "hint": text()})),
    "run.started": (False, False, closed({
        "engine": closed({"name": text(), "version": text()}), "sandbox": closed({"mode": _MODE}),
    })),
    "evidence.snapshot": (False, False, closed({"manifestDigest": digest}, {"commandId": name_text})),
    "incident.opened": (False, False, closed(
        {"commandId": name_text, "by": text(), "reason": text(), "until": timestamp},
    )),
    "incident.closed": (False, False, closed({}, {"commandId": name_text, "by": text()})),
    "run.waiting": (False, False, closed({"gates": list_of(text())})),
    "run.cancelRequested": (False, False, closed({"commandId": name_text, "by": text()}, {"reason": text()})),
    "run.finished": (False, False, closed(
        {"status": one_of("succeeded", "failed", "cancelled"), "outputs": run_values}, {"reason": text()},
    )),
    "map.expanded": (True, False, closed({"count": integer(), "items": anything})),
    "step.started": (True, True, closed({}, {"exe": closed({"path": text(), "digest": digest})})),
    "secret.resolved": (True, True, closed({"name": text(), "provider": text()})),
    "sandbox.enforced": (True, True, closed(
        {"mode": _MODE, "limits": map_of("[a-z][A-Za-z]*", _ENFORCED)}, {"proc": one_of("host")},
    )),
    "step.output": (True, True, closed(
        {"stream": one_of("stdout", "stderr"), "lines": list_of(text())},
        {"partial": boolean, "invalidBytes": integer()},
    )),
    "egress.denied": (True, True, closed({
        "host": text(), "port": integer(), "reason": text(), "code": text(), "hint": text(),
    })),
    "step.artifact": (True, True, closed(
        {"name": text(), "status": one_of("captured", "refused", "missing")},
        {"digest": digest, "size": integer(), "mediaType": text(), "notes": text()},
    )),
    "step.succeeded": (True, True, closed(
        {"durationMs": integer(), "outputs": run_values},
        {"usage": _USAGE, "egress": _EGRESS_USE, "reusedFrom": text()},
    )),
    "step.failed": (True, True, closed(
        {"reason": text(), "durationMs": integer(), "code": text(), "hint": text()},
        {"exitCode": integer(), "signal": text(), "usage": _USAGE, "egress": _EGRESS_USE},
    )),
    "step.retry": (True, True, closed({"reason": text(), "notBefore": timestamp})),
    "step.lost": (True, True, _NOTHING),
    "step.cancelled": (True, True, closed({"reason": text()})),
    "step.skipped": (True, False, closed({"reason": text()})),
    "gate.opened": (True, False, closed({"requestDigest": digest, "notAfter": timestamp})),
    "gate.decision": (True, False, closed({
        "commandId": name_text, "decision": _DECISION, "principal": text(), "payloadDigest": digest,
    })),
    "gate.refused": (True, False, closed(
        {"commandId": name_text, "code": text(), "hint": text()}, {"principal": text()},
    )),
    "gate.passed": (True, False, _NOTHING),
    "gate.rejected": (True, False, _NOTHING),
    "gate.expired": (True, False, _NOTHING),
    "policy.evaluated": (True, False, closed(
        {"allowed": boolean, "policyDigest": digest, "contextDigest": digest}, {"code": text(), "hint": text()},
    )),
}  # fmt: skip
_EVENT_HEAD: Dict[str, Shape] = {
    "sequence": integer(1),
    "timestamp": timestamp,
    "eventType": text(),
    "level": one_of("debug", "info", "warn", "error"),
    "message": text(),
    "metadata": anything,
    "prev": digest,
    "hash": digest,
}
_EVENT = closed(_EVENT_HEAD, {"stepId": instance_id, "attempt": integer(1)})


class Event(NamedTuple):
    """An event of the ledger; `step` and `attempt` are empty and 0 where there are none."""

    sequence: int
    time: str
    kind: str
    step: str
    attempt: int
    data: Any


def read_event(value: Any) -> Event:
    """The event of a value that has its form; Misfit for any other."""
    _EVENT(value, ())
    kind, data = value["eventType"], value["metadata"]
    if kind not in _EVENTS:
        raise Misfit(("eventType",), "none that is known")
    with_step, with_attempt, shape = _EVENTS[kind]
    shape(data, ("metadata",))
    if kind == "gate.refused":
        with_step = data["code"] != "GATE_UNKNOWN"
    if kind == "step.succeeded":
        with_attempt = "reusedFrom" not in data
    if kind == "step.artifact" and {"digest", "size"} & set(data) != (
        {"digest", "size"} if data["status"] == "captured" else set()
    ):
        raise Misfit(("metadata", "digest"), "digest and size stand exactly with what was captured")
    for name, wanted in (("stepId", with_step), ("attempt", with_attempt)):
        if (name in value) != wanted:
            raise Misfit((name,), "missing" if wanted else "not with this event")
    return Event(value["sequence"], value["timestamp"], kind, value.get("stepId", ""), value.get("attempt", 0), data)


def lines_of(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Lines without their newline; ValueError for one above `most` bytes, and when the last has no newline."""
    rest = bytearray()
    for chunk in chunks:
        start = 0
        while True:
            end = chunk.find(b"\n", start)
            if end < 0:
                break
            rest += chunk[start:end]
            if len(rest) > most:
                raise ValueError("a line is too long")
            yield bytes(rest)
            rest.clear()
            start = end + 1
        rest += chunk[start:]
        if len(rest) > most:
            raise ValueError("a line is too long")
    if rest:
        raise ValueError("the last line has no newline")


class Chain:
    """The chain of a ledger: where it stands after the events that were read."""

    def __init__(self, identity: Mapping[str, str]) -> None:
        self.count = 0
        self.head = digest_of_json(dict(identity))
        self.time = ""

    def read(self, line: bytes) -> Event:
        """The next event; ValueError or Misfit when the line is not one."""
        parsed = parse_canonical(line)
        event = read_event(parsed.value)
        value = parsed.value
        if event.sequence != self.count + 1 or value["prev"] != self.head or event.time < self.time:
            raise ValueError("it does not continue the line before")
        claimed = value.pop("hash")
        if digest_of(canonical(value, parsed.plain)) != claimed:
            raise ValueError("its hash is another one")
        self.count, self.head, self.time = event.sequence, claimed, event.time
        return event


# ---------------------------------------------------------------------------------------------------------------------
# The ledger held to the plan (10.3), and the statuses that follow (5.2)
# ---------------------------------------------------------------------------------------------------------------------

FINAL = ("succeeded", "failed", "skipped", "cancelled")
_STOPPABLE = ("step.started", "step.retry", "map.expanded", "gate.opened", "gate.passed", "policy.evaluated")
_BEGINNING = ("step.started", "map.expanded", "gate.opened", "policy.evaluated")
_DURING = ("step.output", "step.artifact", "sandbox.enforced", "egress.denied", "secret.resolved")
WALL_CLOCK = "timer:wall-clock"
_NUMBER = re.compile(r"\[([0-9]+)\]")


class Instance:
    """What the ledger has shown of one instance of a node."""

    __slots__ = ("id", "node", "indices", "status", "reason", "attempt", "phase", "opened", "refused", "seen",
                 "commands", "count", "left", "child_failed", "child_cancelled")  # fmt: skip

    def __init__(self, name: str, node: Any, indices: Tuple[int, ...]) -> None:
        self.id = name
        self.node = node
        self.indices = indices
        self.status: Optional[str] = None  # by an event of its own
        self.reason = ""
        self.attempt = 0
        self.phase = "none"  # of the attempt: none, running, lost, retry, ended
        self.opened = False
        self.refused: Optional[str] = None  # code of the last refusal
        self.commands: Set[str] = set()  # ids of those that decided a gate
        self.seen = False  # whether there was an event on it
        self.count: Optional[int] = None  # items of a map that was expanded
        self.left: Optional[int] = None  # children of a container that have not ended
        self.child_failed = False
        self.child_cancelled = False


class Fold:
    """Holds events to a plan, one by one, and keeps the statuses that they give.

    `violations` has, by check, the first finding."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.violations: Dict[str, Fault] = {}
        self.created = self.verified = self.started = False
        self.finished: Optional[Event] = None
        self.drifted = False
        self.cancels: List[str] = []  # commandId of each
        self.failure_stops = False
        self.finally_stopped = False
        self._at: Dict[str, Instance] = {}
        self._total = 0
        self._waiting: Dict[str, List[Tuple[Instance, int]]] = defaultdict(list)
        self._top_left = len(plan.tops["steps"])
        self._shielded = {name: self._is_shielded(node) for name, node in plan.nodes.items()}

    # Instances -------------------------------------------------------------------------------------------------------

    def instance(self, name: str) -> Optional[Instance]:
        """The instance of this id, known or not; None when its node is not in the plan."""
        found = self._at.get(name)
        if found is None:
            node = self.plan.nodes.get(_NUMBER.sub("[*]", name))
            if node is None:
                return None
            found = Instance(name, node, tuple(int(each) for each in _NUMBER.findall(name)))
            self._at[name] = found
        return found

    def _named(self, node: str, indices: Sequence[int]) -> Instance:
        """The instance of a node of the plan with these item numbers (as many as it takes)."""
        parts = node.split("[*]")
        name = "".join(part + (f"[{indices[at]}]" if at + 1 < len(parts) else "") for at, part in enumerate(parts))
        found = self.instance(name)
        assert found is not None
        return found

    def container(self, one: Instance) -> Optional[Instance]:
        """The instance of the container around an instance."""
        parent = one.node["parent"]
        return None if parent is None else self._named(parent, one.indices)

    def missing_map(self, one: Instance) -> Optional[Tuple[Instance, int]]:
        """The outermost map around an instance that was not expanded to more items than its number there."""
        at = -1
        for index in one.indices:
            at = one.node["id"].index("[*]", at + 1)
            around = self._named(one.node["id"][:at], one.indices)
            if around.count is None or index >= around.count:
                return around, index
        return None

    def status(self, one: Instance) -> Optional[str]:
        """A final status, by an event of its own or derived from what is inside; None while there is none."""
        if one.status is not None:
            return one.status
        if self._left(one) != 0:
            return None
        return "failed" if one.child_failed else "cancelled" if one.child_cancelled else "succeeded"

    def _left(self, one: Instance) -> Optional[int]:
        if one.left is None:
            children = len(self.plan.children.get(one.node["id"], ()))
            if one.node["kind"] == "parallel":
                one.left = children
            elif one.node["kind"] == "map" and one.count is not None:
                one.left = children * one.count
        return one.left

    def _is_shielded(self, node: Any) -> bool:
        while node is not None:
            if node["continueOnError"]:
                return True
            node = self.plan.nodes.get(node["parent"])
        return False

    # Statuses --------------------------------------------------------------------------------------------------------

    def _end(self, one: Instance, status: str, reason: str = "") -> None:
        """An event of its own ends an instance."""
        before = self.status(one)
        one.status, one.reason = status, reason
        if one.phase in ("running", "lost"):
            one.phase = "ended"
        if status == "failed" and one.node["id"] not in self.plan.in_finally and not self._shielded[one.node["id"]]:
            self.failure_stops = self.plan.value["failurePolicy"]["onFailure"] != "skip-dependents"
        if before is None:
            self._count_end(one, status)

    def _count_end(self, one: Instance, status: str) -> None:
        """Tells containers, up to the first that has not ended by it, that something inside has ended."""
        while True:
            around = self.container(one)
            if around is None:
                self._top_left -= one.node["id"] not in self.plan.in_finally
                return
            if self._left(around) is None or around.left is None:
                return
            around.left -= 1
            around.child_failed |= status == "failed" and not one.node["continueOnError"]
            around.child_cancelled |= status == "cancelled"
            if around.left > 0 or around.status is not None:
                return
            status = self.status(around) or ""
            one = around

    def _lets_pass(self, one: Instance, need: str) -> bool:
        other = self._named(need, one.indices)
        status = self.status(other)
        if one.node["parent"] is None and one.node["id"] in self.plan.in_finally:
            return status is not None
        if status in ("failed", "cancelled"):
            return bool(other.node["continueOnError"])
        return status == "succeeded" or (status == "skipped" and other.reason == "WHEN_FALSE")

    def may_begin(self, one: Instance) -> bool:
        """10.3: whether an instance may begin."""
        if not self.started or (one.node["id"] in self.plan.in_finally and self._top_left > 0):
            return False
        each: Optional[Instance] = one
        while each is not None:
            current = each
            if current.status is not None or current.node.get("when") is False:
                return False
            if not all(self._lets_pass(current, need) for need in current.node["needs"]):
                return False
            each = self.container(current)
        return True

    # Events ----------------------------------------------------------------------------------------------------------

    def take(self, event: Event) -> None:
        """Holds one event to the rules; what breaks one has no effect, but for `step.started` of a known instance."""
        try:
            self._take(event)
        except Fault as fault:
            check = "order" if fault.code == "ORDER_VIOLATED" else "plan-nodes"
            self.violations.setdefault(check, Fault(fault.code, f"event {event.sequence}: {fault.why}"))

    def _take(self, event: Event) -> None:
        _hold(self.created != (event.kind == "run.created"), "run.created is the first event, and comes once")
        _hold(self.finished is None, "nothing follows run.finished")
        if event.kind in _RUN_EVENTS:
            _RUN_EVENTS[event.kind](self, event)
        elif event.step:
            self._take_step(event)

    def _take_step(self, event: Event) -> None:
        one = self.instance(event.step)
        is_known = one is not None and self.missing_map(one) is None
        if one is not None and event.kind in _STOPPABLE and self.stopped(one):
            if is_known:
                self._begin_anyway(one, event)
            raise Fault("ORDER_VIOLATED", f"{event.kind} of {event.step}, although the run was stopped")
        reused = event.kind == "step.succeeded" and "reusedFrom" in event.data
        if one is None or not (is_known or reused):
            if event.kind == "gate.refused":
                return
            raise Fault("NODE_UNKNOWN", f"{event.kind} of {event.step}, which the plan does not have")
        try:
            if event.kind in _BEGINNING:
                _hold(self.may_begin(one), f"{event.kind} of {one.id}, which might not begin")
            _STEP_EVENTS[event.kind](self, one, event)
        except Fault:
            self._begin_anyway(one, event)
            raise
        finally:
            one.seen = True

    @staticmethod
    def _begin_anyway(one: Instance, event: Event) -> None:
        if event.kind == "step.started":
            one.attempt, one.phase = event.attempt, "running"

    def stopped(self, one: Instance) -> bool:
        """10.3, 12."""
        if one.node["id"] in self.plan.in_finally:
            return self.drifted or self.finally_stopped
        return self.drifted or bool(self.cancels) or self.failure_stops

    def created_event(self, event: Event) -> None:
        self.created = True

    def verified_event(self, event: Event) -> None:
        self.verified = True

    def started_event(self, event: Event) -> None:
        _hold(self.verified and not self.started, "run.started comes once, after plan.verified")
        self.started = True

    def drift_event(self, event: Event) -> None:
        self.drifted = True

    def cancel_event(self, event: Event) -> None:
        if event.data["commandId"] != WALL_CLOCK and self.cancels and self._top_left == 0:
            self.finally_stopped = True
        self.cancels.append(event.data["commandId"])

    def finished_event(self, event: Event) -> None:
        self.finished = event
        tops = self.plan.tops["steps"] + self.plan.tops["finally"]
        open_ones = [name for name in tops if self.status(self._named(name, ())) is None]
        _hold(not open_ones, f"run.finished, although {', '.join(open_ones[:1])} has not ended")

    def start_event(self, one: Instance, event: Event) -> None:
        again = one.node["kind"] == "run" and (
            one.phase == "retry" or (one.phase == "lost" and one.node["idempotent"])
        )
        _hold((one.phase == "none" and not one.opened) or again, f"{one.id} began again")
        _hold(event.attempt == one.attempt + 1, f"{one.id} began with attempt {event.attempt}")
        one.attempt, one.phase = event.attempt, "running"

    def during_event(self, one: Instance, event: Event) -> None:
        _hold(one.node["kind"] == "run", f"{event.kind} of {one.id}, which runs nothing")
        _hold(self._is_running(one, event), f"{event.kind} of {one.id}, whose attempt {event.attempt} does not run")

    @staticmethod
    def _is_running(one: Instance, event: Event, *more: str) -> bool:
        return one.attempt == event.attempt and one.phase in ("running", *more)

    def success_event(self, one: Instance, event: Event) -> None:
        _known(one.node["kind"] == "run", f"step.succeeded of {one.id}, which runs nothing")
        if "reusedFrom" not in event.data:
            _hold(self._is_running(one, event), f"{one.id} succeeded without an attempt that ran")
            self._end(one, "succeeded")
            return
        _hold(not one.seen, f"{one.id} was taken over, although there were events on it")
        missing = self.missing_map(one)
        if missing is None:
            self._end(one, "succeeded")
        else:
            one.status = "succeeded"
            self._waiting[missing[0].id].append((one, missing[1]))

    def failure_event(self, one: Instance, event: Event) -> None:
        _hold(self._is_running(one, event, "lost"), f"{one.id} failed without an attempt that ran")
        _hold(one.count is None, f"{one.id} is ended by what is inside it only")
        self._end(one, "failed", event.data["reason"])

    def lost_event(self, one: Instance, event: Event) -> None:
        _hold(self._is_running(one, event), f"{one.id} lost an attempt that did not run")
        one.phase = "lost"

    def retry_event(self, one: Instance, event: Event) -> None:
        _hold(one.node["kind"] == "run", f"step.retry of {one.id}, which runs nothing")
        _hold(self._is_running(one, event, "lost"), f"{one.id} is tried again without an attempt that ran")
        free = one.phase == "lost" and one.node["idempotent"]
        _hold(free or event.attempt < one.node["retry"]["maxAttempts"], f"{one.id} has no attempt left")
        one.phase = "retry"

    def cancelled_event(self, one: Instance, event: Event) -> None:
        _hold(one.count is None, f"{one.id} is ended by what is inside it only")
        _hold(self.status(one) is None, f"{one.id} was cancelled after its end")
        self._end(one, "cancelled", event.data["reason"])

    def skipped_event(self, one: Instance, event: Event) -> None:
        reason = event.data["reason"]
        _hold(one.count is None, f"{one.id} is ended by what is inside it only")
        _hold(self.status(one) is None and one.phase not in ("running", "lost"), f"{one.id} was skipped too late")
        if reason == "WHEN_FALSE":
            _hold(one.node.get("when", True) is not True, f"{one.id} has no condition that could be false")
        if reason == "UPSTREAM_FAILED":
            _hold(not self.may_begin(one), f"{one.id} was skipped, although it might begin")
        self._end(one, "skipped", reason)

    def expanded_event(self, one: Instance, event: Event) -> None:
        node, count = one.node, event.data["count"]
        _known(node["kind"] == "map", f"map.expanded of {one.id}, which is no map")
        _hold(self.status(one) is None and one.count is None, f"{one.id} was expanded after that, or after its end")
        fitting = count <= node["maxItems"] and _items_fit(node["items"], event.data)
        _known(fitting, f"{one.id} was expanded to other items than those of the plan")
        more = count * self.plan.map_sizes[node["id"]]
        if self._total + more > MAX_INSTANCES:
            raise Fault("INSTANCES_TOO_MANY", f"{one.id} makes more than {MAX_INSTANCES} instances")
        self._total += more
        one.count = count
        if self._left(one) == 0:
            self._count_end(one, "succeeded")
        for waiting, index in self._waiting.pop(one.id, []):
            if index < count:
                self._count_taken_over(waiting)

    def _count_taken_over(self, one: Instance) -> None:
        missing = self.missing_map(one)
        if missing is None:
            self._count_end(one, "succeeded")
        else:
            self._waiting[missing[0].id].append((one, missing[1]))

    def policy_event(self, one: Instance, event: Event) -> None:
        node, code = one.node, event.data.get("code")
        _known(node["kind"] == "gate.policy", f"policy.evaluated of {one.id}, which is no policy gate")
        wanted = self.plan.value["policies"][node["policy"]]["digest"]
        _known(event.data["policyDigest"] == wanted, f"{one.id} was evaluated with another policy")
        _hold(self.status(one) is None, f"{one.id} was evaluated after its end")
        _hold(event.data["allowed"] == (code is None), f"{one.id} is allowed exactly without a code")
        passes = code is None or (code == "POLICY_DENIED" and node["failAction"] == "continue")
        self._end(one, "succeeded" if passes else "failed", "" if passes else code)

    def gate_event(self, one: Instance, event: Event) -> None:
        _known(one.node["kind"] == "gate.approval", f"{event.kind} of {one.id}, which is no approval gate")
        is_open = one.opened and one.status is None
        if event.kind == "gate.refused":
            one.refused = event.data["code"]
        elif event.kind == "gate.opened":
            _hold(not one.opened, f"{one.id} opened twice")
            one.opened = True
        elif event.kind == "gate.rejected":
            unopened = not one.opened and one.refused is not None and one.status is None
            _hold(is_open or unopened, f"{one.id} was rejected, although it was not open")
            self._end(one, "failed", "GATE_REJECTED" if one.opened else one.refused or "")
        else:
            _hold(is_open, f"{event.kind} of {one.id}, which was not open")
            if event.kind == "gate.decision":
                command = event.data["commandId"]
                _hold(command not in one.commands, f"{one.id} is decided twice by command {command}")
                one.commands.add(command)
            else:
                status, reason = _GATE_ENDS[event.kind]
                self._end(one, status, reason)

    # What follows ----------------------------------------------------------------------------------------------------

    def instances(self) -> Iterator[Tuple[Instance, str]]:
        """All instances with their statuses, in canonical order (9.4)."""
        waiting = [(self._named(name, ()), False) for where in ("finally", "steps")
                   for name in reversed(self.plan.tops[where])]  # fmt: skip
        while waiting:
            one, dead = waiting.pop()
            status = self.status(one)
            yield one, status or ("skipped" if dead else "pending")
            dead = dead or (one.node["kind"] in ("parallel", "map") and one.status is not None)
            children = self.plan.children.get(one.node["id"], [])
            numbers: Sequence[Tuple[int, ...]] = [()]
            if one.node["kind"] == "map":
                numbers = [(at,) for at in range(one.count or 0)]
            for number_ in reversed(numbers):
                waiting.extend((self._named(child, one.indices + number_), dead) for child in reversed(children))

    def is_shielded(self, one: Instance) -> bool:
        return self._shielded[str(one.node["id"])]


_GATE_ENDS = {"gate.passed": ("succeeded", ""), "gate.expired": ("failed", "GATE_EXPIRED")}
_RUN_EVENTS: Dict[str, Callable[[Fold, Event], None]] = {
    "run.created": Fold.created_event,
    "plan.verified": Fold.verified_event,
    "run.started": Fold.started_event,
    "plan.drift": Fold.drift_event,
    "run.cancelRequested": Fold.cancel_event,
    "run.finished": Fold.finished_event,
}
_STEP_EVENTS: Dict[str, Callable[[Fold, Instance, Event], None]] = {
    "step.started": Fold.start_event,
    **{kind: Fold.during_event for kind in _DURING},
    "step.succeeded": Fold.success_event,
    "step.failed": Fold.failure_event,
    "step.lost": Fold.lost_event,
    "step.retry": Fold.retry_event,
    "step.cancelled": Fold.cancelled_event,
    "step.skipped": Fold.skipped_event,
    "map.expanded": Fold.expanded_event,
    "policy.evaluated": Fold.policy_event,
    **{f"gate.{kind}": Fold.gate_event for kind in ("opened", "decision", "refused", "passed", "rejected", "expired")},
}


def _hold(holds: bool, why: str) -> None:
    if not holds:
        raise Fault("ORDER_VIOLATED", why)


def _known(holds: bool, why: str) -> None:
    if not holds:
        raise Fault("NODE_UNKNOWN", why)


def _items_fit(planned: Any, data: Any) -> bool:
    """`items` and `count` of a `map.expanded` (section 5)."""
    if not holds_cel(planned):
        return isinstance(planned, list) and data["count"] == len(planned) and same(
            data["items"], digest_of_json(planned)
        )
    return isinstance(data["items"], list) and len(data["items"]) == data["count"]


# ---------------------------------------------------------------------------------------------------------------------
# What the checks need of a ledger, collected in one pass
# ---------------------------------------------------------------------------------------------------------------------


class Gate:
    """What the ledger says of an approval gate that opened."""

    def __init__(self, opened: Event) -> None:
        self.opened = opened
        self.end: Optional[Event] = None


class Attempt:
    """What the ledger says of the network of an attempt."""

    def __init__(self) -> None:
        self.has_network = False
        self.told: Optional[Tuple[int, int, int]] = None  # requests, bytesIn, bytesOut of its end
        self.denied: Counter[Tuple[str, int, str]] = Counter()


class Facts:
    """Members of events by what they are about. Steps, attempts and artifacts stand in the order of the ledger."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.created: Optional[Event] = None
        self.started: Optional[Event] = None
        self.finished: Optional[Event] = None
        self.enforcement: Dict[str, str] = {}
        self.gates: Dict[str, Gate] = {}
        self.decisions: List[Event] = []
        self.by_gate: Dict[str, List[Event]] = defaultdict(list)
        self.taken_back: Set[int] = set()  # sequences of decisions
        self._by_command: Dict[Tuple[str, str], int] = {}
        self.refused_gates: Set[str] = set()
        self.policies: Dict[str, Event] = {}
        self.reused_from: Set[str] = set()
        # `[(step, name, digest, size, mediaType)]`; the size of a directory that was taken over is not told
        self.artifacts: List[Tuple[str, str, str, Optional[int], Optional[str]]] = []
        self.sizes: Dict[str, Set[int]] = defaultdict(set)
        self.media_types: Dict[str, str] = {}
        self.trees: Dict[str, Set[int]] = {}
        self.uncaptured: Optional[str] = None
        self.stored_values: Set[bytes] = set()
        self.step_outputs: Dict[str, Any] = {}
        self.attempts: Dict[Tuple[str, int], Attempt] = defaultdict(Attempt)
        self._captured: Dict[str, Dict[str, Any]] = {}

    def node(self, step: str) -> Any:
        """The node of an instance; {} when the plan has none."""
        return self.plan.nodes.get(_NUMBER.sub("[*]", step), {})

    def sandbox(self, step: str) -> Any:
        """The sandbox of a run node: its own, else the plan's; None for what is no run node."""
        node = self.node(step)
        return node.get("sandbox", self.plan.value["sandbox"]) if node.get("kind") == "run" else None

    def take(self, event: Event) -> None:
        """Keeps what an event says."""
        handler = _FACTS.get(event.kind)
        if handler is not None:
            handler(self, event)

    def run_event(self, event: Event) -> None:
        name = event.kind[4:]
        if getattr(self, name) is None:
            setattr(self, name, event)

    def start(self, event: Event) -> None:
        self._captured[event.step] = {}
        sandbox = self.sandbox(event.step)
        if sandbox is not None and sandbox["egressAllowlist"]:
            self.attempts[event.step, event.attempt].has_network = True

    def enforced(self, event: Event) -> None:
        for limit, how in event.data["limits"].items():
            before = self.enforcement.get(limit, LEVELS[-1])
            self.enforcement[limit] = min(before, how["level"], key=LEVELS.index)

    def artifact(self, event: Event) -> None:
        name, data = event.data["name"], event.data
        if event.step in self._captured:
            self._captured[event.step][name] = data
        if data["status"] != "captured":
            return
        self.artifacts.append((event.step, name, data["digest"], data["size"], data.get("mediaType")))
        self._name(data["digest"], data.get("mediaType"))
        if "dir" in self.node(event.step).get("outputs", {}).get(name, {}):
            self.trees.setdefault(data["digest"], set()).add(data["size"])
        else:
            self.sizes[data["digest"]].add(data["size"])

    def _name(self, artifact: str, media_type: Optional[str]) -> None:
        self.sizes[artifact].update(())
        if media_type is not None:
            self.media_types.setdefault(artifact, media_type)

    def success(self, event: Event) -> None:
        outputs, reused = event.data["outputs"], "reusedFrom" in event.data
        self.step_outputs[event.step] = outputs
        for name in sorted(outputs):
            value = outputs[name]
            if not is_stored(value):
                continue
            self.stored_values.add(canonical(value))
            if value["type"] == "directory":
                self.trees.setdefault(value["digest"], set())
            if reused:
                self._take_over(event.step, name, value)
            elif not self._was_captured(event.step, name, value):
                self.uncaptured = self.uncaptured or f"output {name} of {event.step} was not captured"
        if reused:
            self.reused_from.add(event.data["reusedFrom"])
        else:
            self._captured.pop(event.step, None)
            self.end(event)

    def _take_over(self, step: str, name: str, value: Any) -> None:
        self.artifacts.append((step, name, value["digest"], value.get("size"), value.get("mediaType")))
        self._name(value["digest"], value.get("mediaType"))
        if "size" in value:
            self.sizes[value["digest"]].add(value["size"])

    def _was_captured(self, step: str, name: str, value: Any) -> bool:
        found = self._captured.get(step, {}).get(name, {})
        members = ("digest",) if value["type"] == "directory" else ("digest", "size", "mediaType")
        return found.get("status") == "captured" and all(found.get(each) == value.get(each) for each in members)

    def end(self, event: Event) -> None:
        use = event.data.get("egress")
        key = (event.step, event.attempt)
        if use is None and (event.kind == "step.failed" or key not in self.attempts):
            return
        told = (0, 0, 0) if use is None else (use["requests"], use["bytesIn"], use["bytesOut"])
        if any(told) or key in self.attempts:
            self.attempts[key].has_network |= any(told)
            self.attempts[key].told = told

    def denied(self, event: Event) -> None:
        attempt = self.attempts[event.step, event.attempt]
        attempt.has_network = True
        attempt.denied[event.data["host"], event.data["port"], event.data["reason"]] += 1

    def gate_opened(self, event: Event) -> None:
        self.gates.setdefault(event.step, Gate(event))

    def gate_decided(self, event: Event) -> None:
        self.decisions.append(event)
        self.by_gate[event.step].append(event)
        self._by_command.setdefault((event.step, event.data["commandId"]), event.sequence)

    def gate_refused(self, event: Event) -> None:
        taken_back = self._by_command.get((event.step, event.data["commandId"]))
        if taken_back is not None:
            self.taken_back.add(taken_back)

    def gate_ended(self, event: Event) -> None:
        gate = self.gates.get(event.step)
        if gate is not None and gate.end is None:
            gate.end = event

    def policy(self, event: Event) -> None:
        self.policies.setdefault(event.step, event)


_FACTS: Dict[str, Callable[[Facts, Event], None]] = {
    "run.created": Facts.run_event,
    "run.started": Facts.run_event,
    "run.finished": Facts.run_event,
    "step.started": Facts.start,
    "sandbox.enforced": Facts.enforced,
    "step.artifact": Facts.artifact,
    "step.succeeded": Facts.success,
    "step.failed": Facts.end,
    "egress.denied": Facts.denied,
    "gate.opened": Facts.gate_opened,
    "gate.decision": Facts.gate_decided,
    "gate.refused": Facts.gate_refused,
    "gate.passed": Facts.gate_ended,
    "gate.rejected": Facts.gate_ended,
    "gate.expired": Facts.gate_ended,
    "policy.evaluated": Facts.policy,
}


# ---------------------------------------------------------------------------------------------------------------------
# Report (10.1)
# ---------------------------------------------------------------------------------------------------------------------


class Skip(NamedTuple):
    """Why a check was not made."""

    why: str


class Report:
    """By check its finding: the first failure, else the first stale one, else the first pass or skip."""

    _RANK = {"pass": 0, "skipped": 0, "stale": 1, "fail": 2}

    def __init__(self, names: Sequence[str] = CHECKS) -> None:
        self._names = names
        self._found: Dict[str, Dict[str, str]] = {}

    def add(self, name: str, status: str, why: str, code: Optional[str] = None) -> None:
        before = self._found.get(name)
        if before is not None and self._RANK[before["status"]] >= self._RANK[status]:
            return
        told = {} if code is None else {"code": code}
        self._found[name] = {"name": name, "status": status, **told, "why": why}

    def fail(self, name: str, fault: Fault) -> None:
        self.add(name, "fail", fault.why, fault.code)

    def run(self, name: str, check: "Callable[[], str | Skip]") -> bool:
        """Makes a check; whether it did not fail."""
        try:
            found = check()
        except Fault as fault:
            self.fail(name, fault)
            return False
        if isinstance(found, Skip):
            self.add(name, "skipped", found.why)
        else:
            self.add(name, "pass", found)
        return True

    def failed(self, name: str) -> bool:
        return self._found.get(name, {}).get("status") == "fail"

    def checks(self) -> List[Dict[str, str]]:
        """All checks in their order."""
        unreached = {"status": "skipped", "why": "not reached"}
        return [self._found.get(name, {"name": name, **unreached}) for name in self._names]

    def verdict(self) -> str:
        statuses = {each["status"] for each in self._found.values()}
        return "failed" if "fail" in statuses else "stale" if "stale" in statuses else "verified"


# ---------------------------------------------------------------------------------------------------------------------
# Manifest (9.1, 9.2)
# ---------------------------------------------------------------------------------------------------------------------

_GATE_FOLDER = rf"(?:{HEX}|{INSTANCE})"
_PATHS = tuple((re.compile(pattern, re.ASCII), role) for pattern, role in (
    (re.escape(PLAN), "plan"),
    (re.escape(LOCK), "inputs-lock"),
    (re.escape(LEDGER), "ledger"),
    (re.escape(OUTPUTS), "outputs"),
    (re.escape(PACK_MANIFEST), "pack-manifest"),
    (re.escape(REQUEST), "run-request"),
    (rf"approvals/{_GATE_FOLDER}/request\.json(?:\.sigstore\.json)?", "approval-request"),
    (rf"approvals/{_GATE_FOLDER}/[1-9][0-9]{{0,5}}\.sigstore\.json", "approval"),
    (rf"artifacts/sha256/{HEX}", "artifact"),
    (rf"policies/{_GATE_FOLDER}\.json", "policy-context"),
    (r"trust/trust-root\.json", "trust"),
    (re.escape(EGRESS), "egress"),
    (r"pack\.sbom\.cdx\.json(?:\.sigstore\.json)?", "sbom"),
    (r"pack\.attestation\.sigstore\.json", "pack-attestation"),
    (r"revocations\.json(?:\.sigstore\.json)?", "revocations"),
))  # fmt: skip
_REQUIRED = (PLAN, LOCK, LEDGER, PACK_MANIFEST)
_MANIFEST = closed({
    "schema": one_of("packrun.evidence/v1"),
    **_RUN,
    "plan": closed({"hash": digest, "canonicalPlanPath": one_of(PLAN)}),
    "final": boolean,
    "hashes": list_of(closed({
        "path": text(1), "sha256": match(HEX), "size": integer(), "mediaType": name_text, "role": name_text,
    })),
    "verifier": closed({"name": name_text, "version": name_text, "digest": digest}),
})  # fmt: skip


def role_of(path: str) -> Optional[str]:
    """The role of a path of 9.1; None for names that it does not have."""
    if len(path) > 255 or any(len(part) > 90 for part in _gate_parts(path)):
        return None
    return next((role for pattern, role in _PATHS if pattern.fullmatch(path)), None)


def _gate_parts(path: str) -> List[str]:
    """The gate's id in a path; one of more than 90 bytes is named by its digest."""
    head, _, rest = path.partition("/")
    if head == "approvals":
        return [rest.partition("/")[0]]
    return [rest[: -len(".json")]] if head == "policies" else []


def gate_folder(gate: str) -> str:
    """How a gate is named in paths (9.1)."""
    return gate if len(gate.encode("utf-8")) <= 90 else sha256_hex(gate.encode("utf-8"))


def media_type_of(path: str) -> str:
    """The media type of a file that is no artifact (9.2)."""
    if path.endswith(".sigstore.json"):
        return BUNDLE_TYPE
    return "application/x-ndjson" if path.endswith(".jsonl") else "application/json"


def read_manifest(data: bytes) -> Any:
    """A manifest that is accepted; Fault EVIDENCE_MANIFEST_INVALID."""
    try:
        value = parse_canonical(data).value
        _MANIFEST(value, ())
    except ValueError:
        raise Fault("EVIDENCE_MANIFEST_INVALID", f"{MANIFEST} is not canonical JSON") from None
    except Misfit as misfit:
        raise Fault("EVIDENCE_MANIFEST_INVALID", f"{MANIFEST} has a wrong form: {misfit}") from None
    if value["plan"]["hash"] != value["planHash"]:
        raise Fault("EVIDENCE_MANIFEST_INVALID", "plan.hash is not planHash")
    last = b""
    for file in value["hashes"]:
        _check_entry(file, last)
        last = file["path"].encode("utf-8")
    listed = {file["path"] for file in value["hashes"]}
    absent = [path for path in (*_REQUIRED, *((OUTPUTS,) if value["final"] else ())) if path not in listed]
    if absent:
        raise Fault("EVIDENCE_MANIFEST_INVALID", f"{absent[0]} is not listed")
    if not value["final"] and listed & {OUTPUTS, EGRESS}:
        raise Fault("EVIDENCE_MANIFEST_INVALID", "a snapshot lists what only a run that ended has")
    return value


def _check_entry(file: Any, last: bytes) -> None:
    path, role = file["path"], role_of(file["path"])
    if role is None or role != file["role"]:
        raise Fault("EVIDENCE_MANIFEST_INVALID", f"{path} is no path with the role {file['role']}")
    if path.encode("utf-8") <= last:
        raise Fault("EVIDENCE_MANIFEST_INVALID", f"{path} is listed twice or out of order")
    if role != "artifact" and file["mediaType"] != media_type_of(path):
        raise Fault("EVIDENCE_MANIFEST_INVALID", f"{path} has another media type")


# ---------------------------------------------------------------------------------------------------------------------
# Record of the network (9.6, 10.7)
# ---------------------------------------------------------------------------------------------------------------------

_EGRESS_LINE = closed(
    {
        "sequence": integer(1), "timestamp": timestamp, "stepId": name_text, "attempt": integer(1),
        "protocol": one_of("tls", "http", "tcp", "unknown"), "host": text(), "port": integer(),
        "decision": one_of("allowed", "denied"), "bytesIn": integer(), "bytesOut": integer(), "durationMs": integer(),
    },
    {
        "address": text(), "reason": text(), "method": text(), "path": text(), "status": integer(),
        "tries": integer(1),
    },
)  # fmt: skip
_REDACTED = re.compile(r"\[redacted:[^\]]*\]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_OCTET = r"(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_LOOKS_LIKE_IPV4 = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


def is_address(host: str) -> bool:
    """Whether a host in its one spelling is an IP address."""
    return ":" in host or _IPV4.fullmatch(host) is not None


def in_one_spelling(host: str) -> bool:
    """Whether a host is written in the one way of 9.6."""
    if ":" in host:
        return _shortest_ipv6(host) == host
    if _LOOKS_LIKE_IPV4.fullmatch(host):
        return _IPV4.fullmatch(host) is not None
    return len(host) <= 253 and all(map(_is_label, host.split(".")))


def _is_label(label: str) -> bool:
    """Whether it is a part of a name; with `xn--` before it, Punycode of something that needs it."""
    if not label.startswith("xn--") or _LABEL.fullmatch(label) is None:
        return _LABEL.fullmatch(label) is not None
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return False
    is_text = not any("\ud800" <= character <= "\udfff" for character in decoded)
    return is_text and not decoded.isascii() and decoded.encode("punycode").decode("ascii") == label[4:]


def _shortest_ipv6(host: str) -> Optional[str]:
    """An IPv6 address in the form of RFC 5952; None for what is none."""
    if re.fullmatch(r"[0-9a-f:]+", host) is None or host.count("::") > 1 or ":::" in host:
        return None
    head, double, tail = host.partition("::")
    front, back = ([part for part in side.split(":") if side] for side in (head, tail))
    filled = front + ["0"] * (8 - len(front) - len(back)) + back if double else front
    if len(filled) != 8 or any(re.fullmatch(r"[0-9a-f]{1,4}", part) is None for part in filled):
        return None
    groups = [f"{int(part, 16):x}" for part in filled]
    runs = [len(run) for run in re.findall(r"0+", "".join("0" if group == "0" else "-" for group in groups))]
    if not runs or max(runs) < 2:
        return ":".join(groups)
    start = "".join("0" if group == "0" else "-" for group in groups).index("0" * max(runs))
    return ":".join(groups[:start]) + "::" + ":".join(groups[start + max(runs) :])


def deciding_rule(rules: Sequence[Any], host: str, port: int) -> Optional[int]:
    """The place of the rule that decides about a host and port (9.6)."""
    seen = _REDACTED.sub("x", host)
    if not in_one_spelling(seen):
        return None
    best: Optional[Tuple[int, int]] = None  # how near, place
    for place, rule in enumerate(rules):
        name = rule["host"]
        near = -1
        if name == seen:
            near = 1 << 30
        elif name.startswith("*.") and not is_address(seen) and seen.endswith(name[1:]) and len(seen) >= len(name):
            near = len(name)
        if rule["port"] == port and near >= 0 and (best is None or near > best[0]):
            best = (near, place)
    return None if best is None else best[1]


class Meter:
    """Requests and bytes that were used, and what a quota or rule allows of them (None: everything)."""

    def __init__(self, what: str, requests: Optional[int], most_bytes: Optional[int]) -> None:
        self.what = what
        self._limits = (requests, most_bytes)
        self._used = [0, 0]

    def add(self, line: Any) -> None:
        self._used[0] += line["decision"] == "allowed"
        self._used[1] += line["bytesIn"] + line["bytesOut"]

    def is_over(self) -> bool:
        return any(limit is not None and used > limit for used, limit in zip(self._used, self._limits))


class Meters:
    """The quota and the rules of one sandbox."""

    def __init__(self, what: str, sandbox: Any) -> None:
        quota = sandbox.get("egressQuota", {"requests": 0, "bytes": 0})
        self._rules = sandbox["egressAllowlist"]
        self._whole = Meter(f"the quota of {what}", quota["requests"], quota["bytes"])
        self._each = [
            Meter(f"a rule of {what}", rule.get("maxRequests"), rule.get("maxBytes")) for rule in self._rules
        ]

    def add(self, line: Any) -> None:
        self._whole.add(line)
        place = deciding_rule(self._rules, line["host"], line["port"])
        if place is not None:
            self._each[place].add(line)

    def over(self) -> Optional[str]:
        """What was used beyond what is allowed."""
        return next((meter.what for meter in (self._whole, *self._each) if meter.is_over()), None)


class EgressCheck:
    """Holds the lines of `egress.jsonl` to plan and ledger (10.7)."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._run = Meters("the run", facts.plan.value["sandbox"])
        self._steps: Dict[str, Meters] = {}
        self._used: Dict[Tuple[str, int], List[int]] = defaultdict(lambda: [0, 0, 0])
        self._denied: Dict[Tuple[str, int], Counter[Tuple[str, int, str]]] = defaultdict(Counter)
        self.unplanned: Optional[Fault] = None
        self.count = 0

    def line(self, data: bytes) -> None:
        """The next line; ValueError or Misfit when it has not its form."""
        line = parse_canonical(data).value
        _EGRESS_LINE(line, ())
        if line["sequence"] != self.count + 1:
            raise ValueError("a gap in the sequence")
        self.count += 1
        fault = self._unplanned(line)
        if fault is not None:
            self.unplanned = self.unplanned or Fault("EGRESS_LINE_UNPLANNED", f"line {self.count}: {fault}")
            return
        if line["decision"] == "denied" and "reason" not in line:
            why = f"line {self.count}: a refused try without a reason"
            self.unplanned = self.unplanned or Fault("EGRESS_LINE_UNPLANNED", why)
        self._count(line)

    def _unplanned(self, line: Any) -> Optional[str]:
        """Why a line counts for nothing."""
        attempt = self._facts.attempts.get((line["stepId"], line["attempt"]))
        sandbox = self._facts.sandbox(line["stepId"])
        if attempt is None or not attempt.has_network or sandbox is None:
            return f"attempt {line['attempt']} of {line['stepId']} has no network"
        if line["decision"] == "allowed":
            place = deciding_rule(sandbox["egressAllowlist"], line["host"], line["port"])
            if place is None or sandbox["egressAllowlist"][place]["protocol"] != line["protocol"]:
                return f"no rule allows {line['protocol']} to {line['host']} port {line['port']}"
        return None

    def _count(self, line: Any) -> None:
        step, key = line["stepId"], (line["stepId"], line["attempt"])
        self._run.add(line)
        if "sandbox" in self._facts.node(step):
            self._steps.setdefault(step, Meters(step, self._facts.sandbox(step))).add(line)
        used = self._used[key]
        used[0] += line["decision"] == "allowed"
        used[1] += line["bytesIn"]
        used[2] += line["bytesOut"]
        if line["decision"] == "denied":
            self._denied[key][line["host"], line["port"], line.get("reason", "")] += 1

    def hold_quotas(self) -> None:
        """10.7, 2; Fault EGRESS_OVER_QUOTA."""
        for meters in (self._run, *self._steps.values()):
            over = meters.over()
            if over is not None:
                raise Fault("EGRESS_OVER_QUOTA", f"more was used than {over} allows")

    def hold_use(self) -> None:
        """10.7, 3 and 4; Fault EGRESS_USE_MISMATCH."""
        for key, attempt in self._facts.attempts.items():
            who = f"attempt {key[1]} of {key[0]}"
            used = tuple(self._used.get(key, (0, 0, 0)))
            if attempt.has_network and attempt.told is not None and attempt.told != used:
                raise Fault("EGRESS_USE_MISMATCH", f"{who} used something else than its end says")
            lines = self._denied.get(key, Counter())
            if any(lines[each] < count for each, count in attempt.denied.items()):
                raise Fault("EGRESS_USE_MISMATCH", f"a refused try of {who} has no line")


# ---------------------------------------------------------------------------------------------------------------------
# What the checks of both kinds of bundles share
# ---------------------------------------------------------------------------------------------------------------------

REVOCATIONS = "revocations.json"


class Options(NamedTuple):
    """How to verify: the pinned root's bytes, the plan that it must be, the site's revocation list and its sidecar, the
    time, and whether all must be signed."""

    trust_root: Optional[bytes]
    plan_hash: Optional[str]
    revocations: Optional[Tuple[bytes, Optional[bytes]]]
    at: str
    require_dsse: bool


def check_root(report: Report, options: Options) -> Optional[TrustRoot]:
    """The checks `trust-root` and `freshness`; the root, when it is accepted."""
    try:
        if options.trust_root is None:
            raise Fault("VERIFY_TRUST_MISSING", "no trust root was given: nobody is trusted")
        root = read_trust_root(options.trust_root)
    except Fault as fault:
        report.fail("trust-root", fault)
        return None
    known = "development trust: known to nobody else; " if root.domain == "development" else ""
    report.add("trust-root", "pass", f"{known}{root.domain}, version {root.value['version']}")
    expires = root.value["expires"]
    if options.at < expires:
        report.add("freshness", "pass", f"the trust root is valid until {expires}")
    else:
        report.add("freshness", "stale", f"the trust root expired at {expires}", "TRUST_ROOT_EXPIRED")
    return root


def given_list(options: Options, judge: Judge, report: Report) -> Optional[RevocationList]:
    """The list of `--revocations`; one that is refused fails the check `revocation`, and is as if it was not given."""
    if options.revocations is None:
        return None
    try:
        return read_revocations(*options.revocations, judge)
    except Fault as fault:
        report.fail("revocation", fault)
        return None


def in_force(given: Optional[RevocationList], own: Optional[RevocationList]) -> Optional[RevocationList]:
    """10.9, 4: the bundle's own list is a floor for the site's, unless its signer was revoked since."""
    if given is None or own is None:
        return own if given is None else given
    return given if given.sequence >= own.sequence or given.has("key", own.signed.keyid) else own


def hold_fresh(found: RevocationList, root: TrustRoot, at: str, report: Report) -> None:
    """7.1, 7 to 9: Fault REVOCATIONS_ROLLBACK; a stale list is told to the report."""
    policy = root.revocation_policy()
    if found.sequence < policy.get("minSequence", 0):
        raise Fault("REVOCATIONS_ROLLBACK", f"the revocation list {found.sequence} is older than the root allows")
    age = milliseconds(at) - milliseconds(found.value["issuedAt"])
    if at >= found.value["nextUpdate"] or (policy and age >= policy["maxAgeHours"] * 3_600_000):
        report.add("revocation", "stale", "the revocation list is too old", "REVOCATIONS_STALE")
    if found.signed.stale:
        report.add("revocation", "stale", "the key that signed it is out of its window", "KEY_WINDOW")


def hold_claim(claim: Mapping[str, Any], expected: Mapping[str, str]) -> None:
    """Fault PACK_CLAIM_MISMATCH where a publisher speaks of another pack or domain."""
    for member, value in expected.items():
        if claim[member] != value:
            raise Fault("PACK_CLAIM_MISMATCH", f"{member} of the publisher's attestation is another")


def verdict_of(report: Report, subject: Mapping[str, str], root: Optional[TrustRoot]) -> Dict[str, Any]:
    """The document of 10.1."""
    domain = {} if root is None else {"trustDomain": root.domain}
    return {
        "schemaVersion": 1,
        "verdict": report.verdict(),
        "subject": subject,
        **domain,
        "checks": report.checks(),
    }


# ---------------------------------------------------------------------------------------------------------------------
# Documents of pack bundles (13.2)
# ---------------------------------------------------------------------------------------------------------------------

SBOM, PACK_ATTESTATION = "pack.sbom.cdx.json", "pack.attestation.sigstore.json"
PUBLISHER = "pack-publisher"
IMAGE_MANIFEST, IMAGE_INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
PACK_ARTIFACT, PACK_LAYER = "application/vnd.packrun.pack.v1+json", "application/vnd.packrun.pack.file.v1"
TITLE, FILE_MODE = "org.opencontainers.image.title", "dev.packrun.file.mode"
IMAGE_VERSION, IMAGE_NAME = "org.opencontainers.image.version", "dev.packrun.pack.name"
IMAGE_DIGEST, REF_NAME = "dev.packrun.pack.digest", "org.opencontainers.image.ref.name"
CONTENT, CONTENT_TYPE = "dev.sigstore.bundle.content", "dev.sigstore.bundle.predicateType"
EMPTY_CONFIG = b"{}"
_CONFIG = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(EMPTY_CONFIG), "size": 2}


class Blob(NamedTuple):
    """Bytes by digest and size."""

    digest: str
    size: int

    @property
    def path(self) -> str:
        return f"blobs/sha256/{self.digest[7:]}"


def blob_of(data: bytes) -> Blob:
    """What names these bytes."""
    return Blob(digest_of(data), len(data))


class Kind(NamedTuple):
    """A kind of referrer: its name, its artifact type, what its attestation is of, and its files by title and type."""

    name: str
    artifact: str
    predicate: Optional[str]
    files: Sequence[Tuple[str, str]]


def _plain_kind(name: str, artifact: str, *titles: str) -> Kind:
    sidecars = {title: BUNDLE_TYPE for title in titles if title.endswith(".sigstore.json")}
    return Kind(name, artifact, None, [(title, sidecars.get(title, artifact)) for title in titles])


def _attestation_kind(name: str, predicate: str, title: str) -> Kind:
    return Kind(name, BUNDLE_TYPE, predicate, [(title, BUNDLE_TYPE)])


# In the order of the index.
KINDS = (
    _plain_kind("sbom", "application/vnd.cyclonedx+json", SBOM),
    _attestation_kind("sbom-attestation", CYCLONEDX, SBOM + ".sigstore.json"),
    _plain_kind("spdx", "application/spdx+json", "pack.spdx.json"),
    _plain_kind("spdx3", "application/spdx3+json", "pack.spdx3.json"),
    _plain_kind(
        "revocations", "application/vnd.packrun.revocations.v1+json", REVOCATIONS, f"{REVOCATIONS}.sigstore.json"
    ),
    _plain_kind("plan", "application/vnd.packrun.plan.v1+json", PLAN),
    _plain_kind("inputs-lock", "application/vnd.packrun.inputs-lock.v1+json", LOCK),
    _attestation_kind("publisher", PREDICATES + "pack-bundle/v1", PACK_ATTESTATION),
)

_EMPTY = closed({"mediaType": one_of(_CONFIG["mediaType"]), "digest": digest, "size": one_of(2)})
_MANIFEST_HEAD = {"schemaVersion": one_of(2), "mediaType": one_of(IMAGE_MANIFEST)}
_IMAGE = closed({
    **_MANIFEST_HEAD,
    "artifactType": one_of(PACK_ARTIFACT),
    "config": _EMPTY,
    "layers": list_of(closed({
        "mediaType": one_of(PACK_LAYER), "digest": digest, "size": integer(),
        "annotations": closed({FILE_MODE: one_of("644", "755"), TITLE: name_text}),
    }), 1),
    "annotations": closed({IMAGE_NAME: match(PACK_NAME), IMAGE_DIGEST: digest, IMAGE_VERSION: match(SEMVER)}),
})  # fmt: skip
_REFERRER = closed(
    {
        **_MANIFEST_HEAD,
        "artifactType": name_text,
        "config": _EMPTY,
        "subject": closed({"mediaType": one_of(IMAGE_MANIFEST), "digest": digest, "size": integer()}),
        "layers": list_of(closed({
            "mediaType": name_text, "digest": digest, "size": integer(), "annotations": closed({TITLE: name_text}),
        }), 1, 2),
    },
    {"annotations": closed({CONTENT: name_text, CONTENT_TYPE: name_text})},
)  # fmt: skip
_INDEX = closed({
    "schemaVersion": one_of(2),
    "mediaType": one_of(IMAGE_INDEX),
    "manifests": list_of(closed({
        "mediaType": one_of(IMAGE_MANIFEST), "digest": digest, "size": integer(), "artifactType": name_text,
        "annotations": closed({REF_NAME: name_text}),
    }), 1, 1 + len(KINDS)),
})  # fmt: skip


class PackContent(NamedTuple):
    """One version of a pack by what is in it; `listing` as in section 2."""

    name: str
    version: str
    digest: str
    listing: Sequence[Any]


def image_manifest(pack: PackContent) -> bytes:
    """The image manifest of a pack."""
    return canonical({
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "artifactType": PACK_ARTIFACT,
        "config": _CONFIG,
        "layers": [{
            "mediaType": PACK_LAYER, "digest": f"sha256:{file['sha256']}", "size": file["size"],
            "annotations": {FILE_MODE: file["mode"], TITLE: file["path"]},
        } for file in pack.listing],
        "annotations": {IMAGE_NAME: pack.name, IMAGE_DIGEST: pack.digest, IMAGE_VERSION: pack.version},
    })  # fmt: skip


def referrer_manifest(kind: Kind, subject: Blob, files: Sequence[Blob]) -> bytes:
    """The manifest of what refers to a pack; there are as many files as the kind has."""
    annotations = {"annotations": {CONTENT: "dsse-envelope", CONTENT_TYPE: kind.predicate}} if kind.predicate else {}
    return canonical({
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "artifactType": kind.artifact,
        "config": _CONFIG,
        "subject": {"mediaType": IMAGE_MANIFEST, "digest": subject.digest, "size": subject.size},
        "layers": [{"mediaType": media, "digest": file.digest, "size": file.size, "annotations": {TITLE: title}}
                   for (title, media), file in zip(kind.files, files)],
        **annotations,
    })  # fmt: skip


_LISTING = list_of(closed({
    "path": name_text, "mode": one_of("644", "755"), "size": integer(), "sha256": match(HEX),
}), 1)  # fmt: skip


def read_listing(data: bytes) -> Sequence[Any]:
    """The files of a pack (10.11); Fault PACK_LISTING_INVALID."""
    try:
        listing = parse_canonical(data).value
        _LISTING(listing, ())
    except (ValueError, Misfit):
        raise Fault("PACK_LISTING_INVALID", f"{PACK_MANIFEST} does not list files as packs have them") from None
    paths = [file["path"].encode("utf-8") for file in listing]
    if any(one >= next_one for one, next_one in zip(paths, paths[1:])):
        raise Fault("PACK_LISTING_INVALID", f"{PACK_MANIFEST} is not sorted, or lists a file twice")
    return list(listing)


def read_sbom(data: bytes) -> Any:
    """An SBOM of the form of 13.2; Fault PACK_SBOM_INVALID."""
    try:
        value = parse_canonical(data).value
        SBOM_SHAPE(value, ())
    except ValueError:
        raise Fault("PACK_SBOM_INVALID", "the SBOM is not canonical JSON") from None
    except Misfit as misfit:
        raise Fault("PACK_SBOM_INVALID", f"the SBOM has a wrong form: {misfit}") from None
    return value


def hold_sbom(sbom: Any, pack: PackContent) -> None:
    """Fault PACK_SBOM_MISMATCH unless it is of this pack: its files, and nothing else."""
    described = sbom["metadata"]["component"]
    if (described["name"], described["version"], described["properties"][0]["value"]) != pack[:3]:
        raise Fault("PACK_SBOM_MISMATCH", "the SBOM is of another pack")
    files = [each for each in sbom["components"] if each["type"] == "file"]
    stated = sorted((each["name"], each["hashes"][0]["content"]) for each in files)
    if stated != sorted((file["path"], file["sha256"]) for file in pack.listing):
        raise Fault("PACK_SBOM_MISMATCH", "the SBOM does not name exactly the files of the pack")


# ---------------------------------------------------------------------------------------------------------------------
# Verification (10.2): the checks, in the order in which one needs another
# ---------------------------------------------------------------------------------------------------------------------

_REQUEST_FILE = closed(
    {
        "schema": one_of("packrun.approval-request/v1"), **_GATE, "approval": name_text, "requestedBy": name_text,
        "requestedAt": timestamp, "notAfter": timestamp, "pack": pack_reference, "inputs": named_digests,
    },
    {"message": text()},
)  # fmt: skip
_SIGNED_CHECKS = ("envelope", "payload-type", "signature", "role", "revocation", "payload", "schema", "subject")
_SIGNED_CODES = {
    "ENVELOPE_PAYLOAD_TYPE": "payload-type",
    "SIGNATURE_FORM": "signature", "SIGNATURE_INVALID": "signature", "SIGNATURE_KEY_UNKNOWN": "signature",
    "ROLE_NOT_HELD": "role", "ROLE_SCOPE": "role",
    "REVOKED_KEY": "revocation", "REVOKED_PAYLOAD": "revocation",
    "STATEMENT_NOT_CANONICAL": "payload", "STATEMENT_TYPE": "payload", "STATEMENT_PREDICATE_TYPE": "payload",
    "STATEMENT_SHAPE": "schema",
    "STATEMENT_SUBJECT": "subject",
}  # fmt: skip
_BINDING_CODES = (
    ("runId", "APPROVAL_WRONG_RUN"), ("gateId", "APPROVAL_WRONG_GATE"), ("tenantId", "APPROVAL_WRONG_TENANT"),
    ("trustDomain", "APPROVAL_WRONG_DOMAIN"), ("nonce", "APPROVAL_WRONG_NONCE"), ("planHash", "APPROVAL_WRONG_PLAN"),
)  # fmt: skip
_IDENTITY = ("runId", "tenantId", "trustDomain", "planHash")
_SELECTED = r"""(?:\.([A-Za-z_][A-Za-z0-9_]*)|\["([^"\\]*)"\])"""
_REFERENCE = re.compile(rf"steps{_SELECTED}\.outputs{_SELECTED}", re.ASCII)


class Verifier:
    """One verification of one bundle."""

    def __init__(self, open_source: Callable[[], Bundle], options: Options, ssl: OpenSsl) -> None:
        self._open = open_source
        self._options = options
        self._ssl = ssl
        self.report = Report()
        self.root: Optional[TrustRoot] = None
        self.subject: Dict[str, str] = {"type": "evidence"}
        self._bundle = Bundle()
        self._manifest: Any = None
        self._plan: Optional[Plan] = None
        self._attestation: Optional[Signed] = None
        self._revocations: Optional[RevocationList] = None

    def verdict(self) -> Dict[str, Any]:
        """The document of 10.1."""
        self.root = check_root(self.report, self._options)
        self._verify()
        return verdict_of(self.report, self.subject, self.root)

    def _verify(self) -> None:
        if not self.report.run("sizes", self._check_sizes):
            return
        try:
            self._accept_manifest()
        except Fault as fault:
            self.report.fail("manifest", fault)
            self._has_attestation()
            return
        if not self._manifest["final"]:
            why = "a snapshot of a run that had not ended: without another finding it is whole so far"
            self.report.add("outcome", "stale", why, "EVIDENCE_NOT_FINAL")
        self.report.run("anchor", self._check_anchor)
        if self._options.require_dsse and f"{SBOM}.sigstore.json" not in self._bundle.sizes:
            self.report.fail("sbom", Fault("SIGNATURE_ABSENT", "the bundle has no signed SBOM"))
        plan_stands = self._check_plan()
        self._check_revocations()
        self._check_attestation()
        self.report.run("bindings", self._check_bindings)
        self.report.run("plan-hash", self._check_plan_hash)
        if plan_stands and self._plan is not None:
            LedgerChecks(self, self._plan).make()
        else:
            self.report.run("ledger-chain", lambda: self.read_ledger([])[0])
        self.report.run("manifest", self._check_files)

    # Before everything else ------------------------------------------------------------------------------------------

    def _check_sizes(self) -> str:
        self._bundle = self._open()
        return f"{len(self._bundle.sizes)} files, {sum(self._bundle.sizes.values())} bytes"

    def _accept_manifest(self) -> None:
        data = self._bundle.document(MANIFEST)
        self._manifest = read_manifest(data)
        self.subject["runId"] = self._manifest["runId"]
        self.subject["planHash"] = self._manifest["planHash"]
        self.subject["manifestDigest"] = digest_of(data)

    def _check_files(self) -> str:
        """Missing, changed, extra; in this order (10.2, `manifest`)."""
        sizes, listed = self._bundle.sizes, self._manifest["hashes"]
        for file in listed:
            if file["path"] not in sizes:
                raise Fault("EVIDENCE_FILE_MISSING", f"{file['path']} is listed, but not there")
            path = file["path"]
            if sizes[path] != file["size"] or self._bundle.digest(path) != file["sha256"]:
                raise Fault("EVIDENCE_FILE_CHANGED", f"{path} is not the file that was listed")
        extra = set(sizes) - {file["path"] for file in listed} - {MANIFEST, ATTESTATION}
        if extra:
            raise Fault("EVIDENCE_FILE_EXTRA", f"{min(extra)} is not listed")
        return f"{len(listed)} files, none missing, none extra, none different"

    def _check_anchor(self) -> Skip:
        """What this verifier cannot check is not passed over where the root demands it."""
        if self.root is None:
            return Skip("no trust root to check it with")
        if self.root.required_anchors():
            raise Fault("ANCHOR_UNCHECKED", "the trust root demands an anchor, and this verifier checks none")
        return Skip("not checked by this verifier")

    # Revocation (10.9) -----------------------------------------------------------------------------------------------

    def _check_revocations(self) -> None:
        if self._options.require_dsse and f"{REVOCATIONS}.sigstore.json" not in self._bundle.sizes:
            self.report.fail("revocation", Fault("SIGNATURE_ABSENT", "the bundle has no signed revocation list"))
        if self.root is None:
            self.report.add("revocation", "skipped", "no trust root to check it with")
            return
        judge = Judge(self.root, self._options.at, None, self._ssl)
        given, own = given_list(self._options, judge, self.report), self._own_list(judge)
        self._revocations = in_force(given, own)
        self.report.run("revocation", lambda: self._check_in_force(judge.root))

    def _own_list(self, judge: Judge) -> Optional[RevocationList]:
        sidecar = f"{REVOCATIONS}.sigstore.json"
        there = [path for path in (REVOCATIONS, sidecar) if path in self._bundle.sizes]
        if not there:
            return None
        try:
            data = self._bundle.document(REVOCATIONS)
            return read_revocations(data, self._bundle.document(sidecar) if sidecar in there else None, judge)
        except Fault as fault:
            self.report.fail("revocation", fault)
            return None

    def _check_in_force(self, root: TrustRoot) -> "str | Skip":
        found = self._revocations
        if found is None:
            if root.revocation_policy().get("required", False):
                raise Fault("REVOCATIONS_MISSING", "the trust root requires a revocation list, and there is none")
            return Skip("no revocation list was checked; the trust root asks for none")
        hold_fresh(found, root, self._options.at, self.report)
        found.hold("run", self._manifest["runId"])
        found.hold("plan", self._manifest["planHash"])
        if self._plan is not None:
            pack = self._plan.value["pack"]
            found.hold("pack", pack["digest"])
            found.hold("pack", f"{pack['name']}@{pack['version']}")
        return f"list {found.sequence} revokes neither run nor plan nor pack"

    # Plan and attestation --------------------------------------------------------------------------------------------

    def _check_plan(self) -> bool:
        """Whether the plan is not refused. Bytes with a wrong digest alone refuse nothing."""
        try:
            data = self._bundle.document(PLAN)
            if digest_of(data) != self._manifest["planHash"]:
                self.report.fail("plan", Fault("PLAN_BYTES_MISMATCH", "the plan has another digest than planHash"))
            self._plan = read_plan(data)
        except Fault as fault:
            self.report.fail("plan", fault)
            return False
        self.report.add("plan", "pass", f"canonical, {self._manifest['planHash']}")
        return True

    def scope(self, gate: Optional[str] = None) -> Scope:
        """What the statements of this bundle speak of."""
        pack = None if self._plan is None else self._plan.value["pack"]["name"]
        return Scope(pack, self._manifest["tenantId"], gate)

    def signed(self, path: str, file_digest: str, predicate: str, roles: Sequence[str], own: bool = True,
               gate: Optional[str] = None, scope: Optional[Scope] = None, revocable: bool = True
               ) -> Signed:  # fmt: skip
        """A sidecar of the bundle that passes 6.4, without 5 where it is not `revocable`; a root must be there."""
        assert self.root is not None
        asked = Asked(predicate, own, roles, scope or self.scope(gate))
        judge = Judge(self.root, self._options.at, self._revocations if revocable else None, self._ssl)
        return check_signed(self._bundle.document(path), file_digest, asked, judge)

    def _has_attestation(self) -> bool:
        if ATTESTATION not in self._bundle.sizes:
            self.report.fail("envelope", Fault("ATTESTATION_MISSING", "the bundle has no attestation"))
        return ATTESTATION in self._bundle.sizes

    def _check_attestation(self) -> None:
        if not self._has_attestation():
            return
        if self.root is None:
            for name in _SIGNED_CHECKS:
                self.report.add(name, "skipped", "no trust root to check it with")
            return
        try:
            kind = "pack-run/v1" if self._manifest["final"] else "evidence-snapshot/v1"
            found = self.signed(ATTESTATION, self.subject["manifestDigest"], kind, ["run-attestor"])
        except Fault as fault:
            self._fail_attestation(fault)
            return
        self._attestation = found
        self._pass_signed(_SIGNED_CHECKS, f"the attestation of {found.principal}")
        self.report.add("quorum", "pass", "1 of 1")
        if found.stale:
            self.report.add("window", "stale", f"the key of {found.principal} is out of its window", "KEY_WINDOW")
        begins, ends = self.root.window(found.keyid)
        self.report.add("window", "pass", f"the key of {found.principal} is valid from {begins} until {ends}")

    def _fail_attestation(self, fault: Fault) -> None:
        failed = _SIGNED_CODES.get(fault.code, "envelope")
        self._pass_signed(_SIGNED_CHECKS[: _SIGNED_CHECKS.index(failed)], "as it must be")
        self.report.fail(failed, fault)

    def _pass_signed(self, names: Sequence[str], why: str) -> None:
        """What the steps of 6.4 passed; `revocation` says more than they do and speaks for itself."""
        for name in names:
            if name != "revocation":
                self.report.add(name, "pass", why)

    def _check_bindings(self) -> "str | Skip":
        if self.root is not None and self._manifest["trustDomain"] != self.root.domain:
            raise Fault("BINDING_MISMATCH", "the bundle is of another trust domain than the root")
        if self._attestation is None:
            return Skip("there is no attestation to rely on")
        for member in _IDENTITY:
            if self._attestation.predicate[member] != self._manifest[member]:
                raise Fault("BINDING_MISMATCH", f"{member} of the attestation is not that of the manifest")
        return f"run {self._manifest['runId']}, tenant {self._manifest['tenantId']}"

    def _check_plan_hash(self) -> "str | Skip":
        asserted = self._options.plan_hash
        if asserted is None:
            return Skip("no hash was asserted with --plan-hash")
        if asserted != self._manifest["planHash"]:
            raise Fault("ASSERTED_PLAN_MISMATCH", f"the plan is {self._manifest['planHash']}")
        return "the asserted one"

    def read_ledger(self, takers: Sequence[Callable[[Event], None]]) -> Tuple[str, Chain, str]:
        """Hands every event to all takers; words for people, the chain, the digest of the file. Fault LEDGER_BROKEN."""
        chain, sha = Chain({name: self._manifest[name] for name in _IDENTITY}), hashlib.sha256()
        try:
            for line in lines_of(_hashed(self._bundle.chunks(LEDGER), sha), DOCUMENT_BYTES):
                event = chain.read(line)
                for take in takers:
                    take(event)
        except (ValueError, Misfit) as problem:
            raise Fault("LEDGER_BROKEN", f"line {chain.count + 1}: {problem}") from None
        return f"{chain.count} events, head {chain.head}", chain, "sha256:" + sha.hexdigest()

    # What the checks of the ledger need ------------------------------------------------------------------------------

    @property
    def bundle(self) -> Bundle:
        return self._bundle

    @property
    def manifest(self) -> Any:
        return self._manifest

    @property
    def attestation(self) -> Optional[Signed]:
        return self._attestation

    @property
    def options(self) -> Options:
        return self._options


class LedgerChecks:
    """The checks that need an accepted plan: of the ledger, and of all that it speaks of."""

    def __init__(self, whole: Verifier, plan: Plan) -> None:
        self._whole = whole
        self._bundle = whole.bundle
        self._manifest = whole.manifest
        self._report = whole.report
        self._plan = plan
        self._facts = Facts(plan)
        self._fold = Fold(plan)
        self._chain = Chain({})
        self._ledger_digest = ""
        self._listings: Dict[str, Optional[List[Any]]] = {}

    def make(self) -> None:
        """Makes them all; a broken ledger ends everything behind it."""
        report = self._report
        is_whole = report.run("ledger-chain", self._read_ledger)
        for name, why in (("plan-nodes", "every step is one of the plan"), ("order", "nothing began too early")):
            found = self._fold.violations.get(name)
            if found is not None:
                report.fail(name, found)
            elif is_whole:
                report.add(name, "pass", why)
        if not is_whole:
            return
        is_final = self._manifest["final"]
        if is_final:
            report.run("ledger-fold", self._check_fold)
            report.run("statement", self._check_statement)
            report.run("redaction", self._check_redaction)
            report.run("outputs", self._check_outputs)
            report.run("artifacts", self._check_artifacts)
        else:
            report.run("ledger-fold", self._check_so_far)
            for name in ("statement", "outputs", "artifacts", "redaction", "egress"):
                report.add(name, "skipped", "the run had not ended")
        report.run("pack", self._check_pack)
        report.run("pack-source", self._check_pack_source)
        PackChecks(self._whole, self._plan, self._facts).make()
        report.run("inputs-lock", self._check_lock)
        report.run("conditions", self._check_conditions)
        report.run("reuse", self._check_reuse)
        report.run("run-request", self._check_run_request)
        GateChecks(self._whole, self._plan, self._facts).make()
        report.run("policies", self._check_policies)
        if is_final:
            report.run("outcome", self._check_outcome)
            report.run("egress", self._check_egress)

    def _read_ledger(self) -> str:
        why, self._chain, self._ledger_digest = self._whole.read_ledger([self._facts.take, self._fold.take])
        return why

    # Attestation -----------------------------------------------------------------------------------------------------

    def _compare(self, computed: Mapping[str, Any]) -> None:
        """Holds members of the attestation to what was computed; None is what must be absent."""
        predicate = self._signed().predicate
        for member, value in computed.items():
            if (member in predicate) != (value is not None) or not same(predicate.get(member), value):
                raise Fault("STATEMENT_MISMATCH", f"{member} of the attestation is not what the bundle shows")

    def _signed(self) -> Signed:
        assert self._whole.attestation is not None
        return self._whole.attestation

    def _check_fold(self) -> "str | Skip":
        facts = self._facts
        if facts.finished is None:
            raise Fault("LEDGER_UNFINISHED", "the ledger has no run.finished")
        if self._whole.attestation is None:
            return Skip("not reached")
        if not same(self._signed().subject, self._subjects()):
            raise Fault("STATEMENT_MISMATCH", "the subjects of the attestation are not the outputs of the run")
        self._compare({
            "steps": [{"id": one.id, "kind": one.node["kind"], "status": status}
                      for one, status in self._fold.instances()],
            "approvals": [{"gateId": each.step, **{name: each.data[name] for name in
                           ("decision", "principal", "payloadDigest")}} for each in facts.decisions],
            "ledger": {"count": self._chain.count, "headHash": self._chain.head, "digest": self._ledger_digest},
            "sandbox": {"mode": self._plan.value["sandbox"]["mode"], "enforcement": facts.enforcement},
            "requestedAt": None if facts.created is None else facts.created.time,
            "startedAt": None if facts.started is None else facts.started.time,
            "completedAt": facts.finished.time,
        })  # fmt: skip
        if facts.started is not None:
            self._compare({"engine": facts.started.data["engine"]})
        return "statuses, decisions, times and outputs of the ledger are the attested ones"

    def _check_so_far(self) -> "str | Skip":
        """9.7."""
        if self._whole.attestation is None:
            return Skip("not reached")
        self._compare({
            "ledger": {"count": self._chain.count, "headHash": self._chain.head, "digest": self._ledger_digest},
        })  # fmt: skip
        return "the ledger so far is the attested one"

    def _subjects(self) -> List[Any]:
        assert self._facts.finished is not None
        outputs = self._facts.finished.data["outputs"]
        stored = [(name, outputs[name]["digest"]) for name in sorted(outputs) if is_stored(outputs[name])]
        subjects = [(MANIFEST, self._whole.subject["manifestDigest"]), *stored]
        return [{"name": name, "digest": {"sha256": found[len("sha256:") :]}} for name, found in subjects]

    def _check_statement(self) -> "str | Skip":
        created, finished = self._facts.created, self._facts.finished
        if self._whole.attestation is None or created is None or finished is None:
            return Skip("not reached")
        self._compare({
            "schemaVersion": 1,
            "pack": self._plan.value["pack"],
            "packSource": created.data["packSource"],
            "inputs": input_digests(self._plan),
            "inputsLock": {"digest": created.data["inputsLock"]},
            "outcome": finished.data["status"],
            "reason": finished.data.get("reason"),
            "evidence": {
                "manifestDigest": self._whole.subject["manifestDigest"],
                "fileCount": len(self._manifest["hashes"]),
                "totalBytes": sum(file["size"] for file in self._manifest["hashes"]),
            },
        })  # fmt: skip
        return "every other member is what the bundle shows"

    def _check_redaction(self) -> "str | Skip":
        if self._whole.attestation is None or self._facts.created is None or self._facts.finished is None:
            return Skip("not reached")
        self._compare({"redaction": {"policy": self._plan.value["security"]["secretsRedactionPolicy"]}})
        return "the attested policy is the plan's"

    # Outputs and artifacts (9.3, 10.4) -------------------------------------------------------------------------------

    def _listing(self, tree: str) -> Optional[List[Any]]:
        """The entries of a tree (section 2); None where there is no such list."""
        if tree not in self._listings:
            self._listings[tree] = self._read_listing(tree)
        return self._listings[tree]

    def _read_listing(self, tree: str) -> Optional[List[Any]]:
        try:
            value = parse_canonical(self._bundle.document(f"artifacts/sha256/{tree[len('sha256:'):]}")).value
        except (Fault, ValueError):
            return None
        return value if isinstance(value, list) and all(_is_entry(entry) for entry in value) else None

    def _tree_size(self, tree: str) -> Optional[int]:
        entries = self._listing(tree)
        return None if entries is None else sum(entry["size"] for entry in entries if entry["mode"] != "link")

    def _check_outputs(self) -> str:
        end = self._facts.finished
        artifacts = []
        for step, name, found, size, media_type in self._facts.artifacts:
            told = self._tree_size(found) if size is None else size
            if told is None:
                raise Fault("OUTPUTS_MISMATCH", f"the size of {name} of {step} cannot be told: {found} is no listing")
            entry = {"stepId": step, "name": name, "digest": found, "size": told}
            artifacts.append(entry if media_type is None else {**entry, "mediaType": media_type})
        outputs = {} if end is None else end.data["outputs"]
        made = {
            "schema": "packrun.outputs/v1", "runId": self._manifest["runId"], "outputs": outputs,
            "artifacts": artifacts,
        }  # fmt: skip
        if self._bundle.document(OUTPUTS) != canonical(made):
            raise Fault("OUTPUTS_MISMATCH", f"{OUTPUTS} is not what the ledger gives")
        self._hold_outputs(outputs)
        return f"{len(artifacts)} artifacts, as in the ledger"

    def _hold_outputs(self, outputs: Mapping[str, Any]) -> None:
        planned = self._plan.value["outputs"]
        for name in outputs:
            if name not in planned:
                raise Fault("OUTPUTS_MISMATCH", f"the plan has no output {name}")
        for name, rule in planned.items():
            reference = _plain_reference(rule["from"])
            if reference is not None:
                given = self._facts.step_outputs.get(reference[0], {}).get(reference[1])
                if not same(given, outputs.get(name)):
                    raise Fault("OUTPUTS_MISMATCH", f"output {name} is not that of step {reference[0]}")
        for name, value in outputs.items():
            if is_stored(value) and canonical(value) not in self._facts.stored_values:
                raise Fault("OUTPUTS_MISMATCH", f"output {name} is the file of no step")

    def _check_artifacts(self) -> str:
        facts = self._facts
        if facts.uncaptured is not None:
            raise Fault("ARTIFACT_MISMATCH", facts.uncaptured)
        sizes = {found: set(told) for found, told in facts.sizes.items()}
        for tree, told in facts.trees.items():
            sizes.setdefault(tree, set())
            self._hold_tree(tree, told, sizes)
        there = [file for file in self._manifest["hashes"] if file["role"] == "artifact"]
        for file in there:
            self._hold_artifact(file, sizes)
        missing = set(sizes) - {"sha256:" + file["sha256"] for file in there}
        if missing:
            raise Fault("ARTIFACT_MISMATCH", f"{min(missing)} is named by the ledger, but not there")
        return f"{len(there)} artifacts, each named by the ledger"

    def _hold_tree(self, tree: str, told: Set[int], sizes: Dict[str, Set[int]]) -> None:
        entries = self._listing(tree)
        if entries is None:
            raise Fault("ARTIFACT_MISMATCH", f"the listing {tree} is not there, or no listing")
        if told - {self._tree_size(tree)}:
            raise Fault("ARTIFACT_MISMATCH", f"{tree} has another size than its files together")
        for entry in entries:
            if entry["mode"] != "link":
                sizes.setdefault("sha256:" + entry["sha256"], set()).add(entry["size"])

    def _hold_artifact(self, file: Any, sizes: Mapping[str, Set[int]]) -> None:
        found = "sha256:" + file["sha256"]
        if file["path"] != f"artifacts/sha256/{file['sha256']}":
            raise Fault("ARTIFACT_MISMATCH", f"{file['path']} is not stored under its own digest")
        if found not in sizes:
            raise Fault("ARTIFACT_MISMATCH", f"{file['path']} is named by no step")
        if found not in self._facts.trees and sizes[found] - {file["size"]}:
            raise Fault("ARTIFACT_MISMATCH", f"{file['path']} has another size than the ledger says")
        if file["mediaType"] != self._facts.media_types.get(found, "application/octet-stream"):
            raise Fault("ARTIFACT_MISMATCH", f"{file['path']} has another media type than the ledger says")

    # Pack, inputs, conditions ----------------------------------------------------------------------------------------

    def _check_pack(self) -> str:
        pack, created = self._plan.value["pack"], self._facts.created
        if "sha256:" + self._bundle.digest(PACK_MANIFEST) != pack["digest"]:
            raise Fault("PACK_MISMATCH", f"{PACK_MANIFEST} is not that of the plan's pack")
        if created is not None and created.data["packDigest"] != pack["digest"]:
            raise Fault("PACK_MISMATCH", "the run was created with another pack")
        return f"{pack['name']} {pack['version']}, {pack['digest']}"

    def _check_pack_source(self) -> "str | Skip":
        created = self._facts.created
        if created is None or created.data["packSource"] == "registry":
            return "the pack came from a registry"
        if self._whole.options.require_dsse:
            raise Fault("PACK_SOURCE_FOLDER", "the pack came from a folder: nobody signed it")
        return Skip("the pack came from a folder: nobody signed it")

    def _check_lock(self) -> str:
        data, created = self._bundle.document(LOCK), self._facts.created
        try:
            lock = parse_canonical(data).value
        except ValueError:
            raise Fault("INPUTS_LOCK_MISMATCH", f"{LOCK} is not canonical JSON") from None
        if created is None or digest_of(data) != created.data["inputsLock"]:
            raise Fault("INPUTS_LOCK_MISMATCH", f"{LOCK} is not the one with which the run was created")
        same_run = {name: self._manifest[name] for name in ("planHash", "tenantId")}
        wanted = {"schema": "packrun.inputs-lock/v1", **same_run}
        for name, value in wanted.items():
            if not isinstance(lock, dict) or not same(lock.get(name), value):
                raise Fault("INPUTS_LOCK_MISMATCH", f"{name} of {LOCK} is another one")
        self._hold_locked(lock.get("inputs"))
        return f"{len(self._plan.value['inputs'])} inputs, as in the plan"

    def _hold_locked(self, locked: Any) -> None:
        inputs = self._plan.value["inputs"]
        if not isinstance(locked, dict) or set(locked) != set(inputs):
            raise Fault("INPUTS_LOCK_MISMATCH", f"{LOCK} has other inputs than the plan")
        for each in input_digests(self._plan):
            planned, found = inputs[each["name"]], locked[each["name"]]
            wanted = {"type": planned["type"], "digest": each["digest"]}
            if not is_stored(planned):
                wanted["value"] = planned["value"]
            if not isinstance(found, dict) or any(
                name not in found or not same(found[name], value) for name, value in wanted.items()
            ):
                raise Fault("INPUTS_LOCK_MISMATCH", f"input {each['name']} is not that of the plan")

    def _check_conditions(self) -> "str | Skip":
        if holds_cel(self._plan.value) or self._plan.value["policies"]:
            return Skip("expressions and policies are not evaluated again")
        return "the plan has none"

    def _check_reuse(self) -> "str | Skip":
        if self._facts.reused_from:
            return Skip(f"steps were taken over from {', '.join(sorted(self._facts.reused_from))}")
        return "no step was taken over from another run"

    # Request, policies, outcome, network -----------------------------------------------------------------------------

    def _check_run_request(self) -> "str | Skip":
        whole = self._whole
        if REQUEST not in self._bundle.sizes:
            if whole.options.require_dsse:
                raise Fault("SIGNATURE_ABSENT", "the run was requested without a signature")
            return Skip("unsigned")
        if whole.root is None:
            return Skip("no trust root to check it with")
        plan_hash = self._manifest["planHash"]
        found = whole.signed(REQUEST, plan_hash, "run-request/v1", ["requester", "run-attestor"])
        if found.stale:
            why = f"the key of {found.principal} is out of its window"
            self._report.add("run-request", "stale", why, "KEY_WINDOW")
        created = self._facts.created
        for member in _IDENTITY:
            if found.predicate[member] != self._manifest[member]:
                raise Fault("RUN_REQUEST_MISMATCH", f"{member} of the request is not that of the manifest")
        by = found.predicate["requestedBy"]
        if created is None or (found.payload_digest, by) != (
            created.data["requestDigest"], created.data["requestedBy"]
        ):  # fmt: skip
            raise Fault("RUN_REQUEST_MISMATCH", "the ledger names another request")
        self._hold_requester(found, by, whole.root)
        return f"requested by {by}"

    @staticmethod
    def _hold_requester(found: Signed, by: str, root: TrustRoot) -> None:
        authn = found.predicate["authn"]
        by_key = authn["kind"] == "key"
        if by_key != (found.role == "requester"):
            raise Fault("RUN_REQUEST_MISMATCH", f"a request by {authn['kind']}, signed as {found.role}")
        who = [found.principal] if by_key else root.token_principals(authn["issuer"], authn["subject"])
        if by not in who:
            raise Fault("RUN_REQUEST_MISMATCH", f"{by} is not who signed, or for whom the token stands")

    def _check_policies(self) -> str:
        named = set()
        for event in self._facts.policies.values():
            path = f"policies/{gate_folder(event.step)}.json"
            named.add(path)
            try:
                data = self._bundle.document(path)
                parse_canonical(data)
            except (Fault, ValueError):
                raise Fault("POLICY_CONTEXT_MISMATCH", f"{path} is not there, or not canonical JSON") from None
            if digest_of(data) != event.data["contextDigest"]:
                raise Fault("POLICY_CONTEXT_MISMATCH", f"{path} is not the context of the ledger")
        _hold_named(self._manifest, ("policy-context",), named)
        return f"{len(named)} contexts, each the recorded one"

    def _check_outcome(self) -> "str | Skip":
        finished, report = self._facts.finished, self._report
        if finished is None or report.failed("plan-nodes") or report.failed("order"):
            return Skip("not reached")
        status, reason = finished.data["status"], finished.data.get("reason")
        if not self._may_end(status, reason):
            raise Fault("OUTCOME_MISMATCH", f"{status} {reason or ''} does not follow from the steps")
        return f"{status}, as the steps say"

    def _may_end(self, status: str, reason: Optional[str]) -> bool:
        """10.6."""
        failure: Optional[str] = None
        cut_short = False
        for one, _ in self._fold.instances():
            shielded = self._fold.is_shielded(one)
            if one.status == "failed" and not shielded and failure is None:
                failure = one.reason
            cut_short |= (one.status == "cancelled" and not shielded) or (
                one.status == "skipped" and one.reason == "RUN_STOPPING"
            )
        cancels, drifted = self._fold.cancels, self._fold.drifted
        allowed = [("failed", failure)] if failure is not None else []
        allowed += [("cancelled", "RUN_CANCELLED")] if set(cancels) - {WALL_CLOCK} else []
        allowed += [("failed", "RUN_WALL_CLOCK")] if WALL_CLOCK in cancels else []
        allowed += [("failed", "PLAN_DRIFT")] if drifted else []
        if failure is None and not cut_short and not drifted:
            allowed.append(("succeeded", None))
        refused = failure is None and cut_short and not drifted and not cancels
        return (status, reason) in allowed or (refused and status == "failed" and reason is not None)

    def _check_egress(self) -> str:
        check = EgressCheck(self._facts)
        malformed = self._read_egress(check) if EGRESS in self._bundle.sizes else None
        for fault in (check.unplanned, malformed):
            if fault is not None:
                self._report.fail("egress", fault)
        check.hold_quotas()
        check.hold_use()
        return f"{check.count} tries, as plan and ledger say"

    def _read_egress(self, check: EgressCheck) -> Optional[Fault]:
        try:
            for line in lines_of(self._bundle.chunks(EGRESS), EGRESS_LINE_BYTES):
                check.line(line)
        except (ValueError, Misfit) as problem:
            return Fault("EGRESS_LINE_FORM", f"line {check.count + 1}: {problem}")
        return None if check.count > 0 else Fault("EGRESS_LINE_FORM", f"{EGRESS} is empty")


def _hashed(chunks: Iterable[bytes], sha: Any) -> Iterator[bytes]:
    for chunk in chunks:
        sha.update(chunk)
        yield chunk


def _is_entry(entry: Any) -> bool:
    """Whether it is an entry of a tree listing, as 10.4 asks."""
    if not isinstance(entry, dict):
        return False
    if entry.get("mode") == "link":
        return True
    fitting = fits(match(HEX), entry.get("sha256")) and fits(integer(), entry.get("size"))
    return entry.get("mode") in ("644", "755") and isinstance(entry.get("path"), str) and fitting


def _plain_reference(source: Any) -> Optional[Tuple[str, str]]:
    """Step and output of a `from` that is just `steps.ID.outputs.NAME`."""
    parts = source.get("$cel") if isinstance(source, dict) else None
    if not isinstance(parts, list) or len(parts) != 1 or not isinstance(parts[0], dict):
        return None
    expression = parts[0].get("expr")
    found = _REFERENCE.fullmatch(expression) if isinstance(expression, str) else None
    return None if found is None else (found[1] or found[2] or "", found[3] or found[4] or "")


def _hold_named(manifest: Any, roles: Sequence[str], named: Set[str]) -> None:
    for file in manifest["hashes"]:
        if file["role"] in roles and file["path"] not in named:
            raise Fault("EVIDENCE_FILE_UNNAMED", f"{file['path']} belongs to nothing in the ledger")


class PackChecks:
    """Where the pack comes from (10.11)."""

    def __init__(self, whole: Verifier, plan: Plan, facts: Facts) -> None:
        self._whole = whole
        self._bundle = whole.bundle
        self._plan = plan
        self._facts = facts
        self._claim: Any = None

    def make(self) -> None:
        """Makes both; the first says what the second holds the SBOM to."""
        report = self._whole.report
        report.run("pack-attestation", self._check_attestation)
        if not report.failed("sbom"):
            report.run("sbom", self._check_sbom)

    def _content(self) -> PackContent:
        """What the image manifest is made from; Fault PACK_LISTING_INVALID."""
        data = self._bundle.document(PACK_MANIFEST)
        pack = self._plan.value["pack"]
        return PackContent(pack["name"], pack["version"], digest_of(data), read_listing(data))

    def _signed(self, path: str, predicate: str) -> Signed:
        manifest = digest_of(image_manifest(self._content()))
        scope = Scope(pack=self._plan.value["pack"]["name"])
        return self._whole.signed(path, manifest, predicate, [PUBLISHER], predicate != CYCLONEDX, scope=scope)

    def _tell_window(self, name: str, signed: Signed) -> None:
        if signed.stale:
            why = f"the key of {signed.principal} is out of its window"
            self._whole.report.add(name, "stale", why, "KEY_WINDOW")

    def _check_attestation(self) -> "str | Skip":
        created = self._facts.created
        if PACK_ATTESTATION not in self._bundle.sizes:
            if self._whole.options.require_dsse and created is not None and created.data["packSource"] == "registry":
                raise Fault("SIGNATURE_ABSENT", "the pack came from a registry, and no publisher stands for it")
            return Skip("no publisher attests this pack")
        if self._whole.root is None:
            return Skip("no trust root to check it with")
        signed = self._signed(PACK_ATTESTATION, "pack-bundle/v1")
        pack = self._plan.value["pack"]
        hold_claim(signed.predicate, {
            "name": pack["name"], "version": pack["version"], "packDigest": pack["digest"],
            "trustDomain": self._whole.manifest["trustDomain"],
        })  # fmt: skip
        self._tell_window("pack-attestation", signed)
        self._claim = signed.predicate
        return f"{signed.principal} ({signed.keyid})"

    def _check_sbom(self) -> "str | Skip":
        sidecar = f"{SBOM}.sigstore.json"
        if not {SBOM, sidecar} & set(self._bundle.sizes):
            return Skip("the bundle has no SBOM")
        content, data, pack = self._content(), self._bundle.document(SBOM), self._plan.value["pack"]
        hold_sbom(read_sbom(data), content._replace(digest=pack["digest"]))
        if self._claim is not None:
            self._hold_claimed(content, data)
        if sidecar not in self._bundle.sizes or self._whole.root is None:
            return Skip("unsigned, or no trust root to check it with")
        signed = self._signed(sidecar, CYCLONEDX)
        if canonical(signed.predicate) != data:
            raise Fault("PACK_SBOM_UNATTESTED", "another SBOM is attested")
        self._tell_window("sbom", signed)
        return f"every file of the pack, attested by {signed.principal}"

    def _hold_claimed(self, content: PackContent, sbom: bytes) -> None:
        """SBOM and attestation are those that the publisher put in; Fault PACK_REFERRERS_MISMATCH."""
        files, image = {"sbom": sbom}, blob_of(image_manifest(content))
        if f"{SBOM}.sigstore.json" in self._bundle.sizes:
            files["sbom-attestation"] = self._bundle.document(f"{SBOM}.sigstore.json")
        for name, data in files.items():
            kind = next(each for each in KINDS if each.name == name)
            manifest = referrer_manifest(kind, image, [blob_of(data)])
            if {"digest": digest_of(manifest), "artifactType": kind.artifact} not in self._claim["referrers"]:
                raise Fault("PACK_REFERRERS_MISMATCH", f"the publisher put in another {name}")


class GateChecks:
    """Approval requests and decisions (10.5)."""

    def __init__(self, whole: Verifier, plan: Plan, facts: Facts) -> None:
        self._whole = whole
        self._bundle = whole.bundle
        self._manifest = whole.manifest
        self._report = whole.report
        self._plan = plan
        self._facts = facts

    def make(self) -> None:
        """Every gate that opened, in the order of ids; then files that belong to none."""
        named: Set[str] = set()
        for step in sorted(self._facts.gates):
            folder = f"approvals/{gate_folder(step)}"
            named |= {f"{folder}/request.json", f"{folder}/request.json.sigstore.json"}
            named |= {f"{folder}/{at}.sigstore.json" for at in range(1, len(self._facts.by_gate[step]) + 1)}
            self._check_gate(step, folder)
        self._report.add("approval-requests", "pass", f"{len(self._facts.gates)} requests")
        self._report.run("approvals", lambda: self._check_named(named))

    def _check_named(self, named: Set[str]) -> "str | Skip":
        _hold_named(self._manifest, ("approval-request", "approval"), named)
        if self._whole.root is None and self._facts.gates:
            return Skip("no trust root to check it with")
        return "no gate asked for approvals"

    def _check_gate(self, step: str, folder: str) -> None:
        gate = self._facts.gates[step]
        node = self._facts.node(step)
        if node.get("kind") != "gate.approval":
            return
        try:
            request = self._check_request(step, folder, gate, node)
        except Fault as fault:
            self._report.fail("approval-requests", fault)
            return
        if self._whole.root is not None:
            try:
                self._check_decisions(step, folder, gate, request)
            except Fault as fault:
                self._report.fail("approvals", fault)

    # Request ---------------------------------------------------------------------------------------------------------

    def _check_request(self, step: str, folder: str, gate: Gate, node: Any) -> Any:
        """The request of a gate; a Fault of 10.5, 1 and 2."""
        data = self._bundle.document(f"{folder}/request.json")
        try:
            request = parse_canonical(data).value
            _REQUEST_FILE(request, ())
        except (ValueError, Misfit) as problem:
            raise Fault("REQUEST_FILE", f"the request of {step} has a wrong form: {problem}") from None
        if digest_of(data) != gate.opened.data["requestDigest"]:
            raise Fault("APPROVAL_REQUEST_MISMATCH", f"the request of {step} is not the one that the ledger names")
        self._hold_request(step, request, gate, node)
        self._check_request_sidecar(step, folder, digest_of(data), request)
        return request

    def _hold_request(self, step: str, request: Any, gate: Gate, node: Any) -> None:
        plan, created = self._plan.value, self._facts.created
        ttl = plan["approvals"][node["approval"]]["ttlMs"]
        wanted = {
            **{name: self._manifest[name] for name in _IDENTITY},
            "gateId": step,
            "approval": node["approval"],
            "notAfter": gate.opened.data["notAfter"],
            "requestedBy": None if created is None else created.data["requestedBy"],
            "pack": plan["pack"],
            "inputs": input_digests(self._plan),
        }
        if not holds_cel(node.get("message")):
            wanted["message"] = node.get("message")
        for name, value in wanted.items():
            if not same(request.get(name), value):
                raise Fault("APPROVAL_REQUEST_MISMATCH", f"{name} of the request of {step} is another one")
        if milliseconds(request["notAfter"]) != milliseconds(request["requestedAt"]) + ttl:
            raise Fault("APPROVAL_REQUEST_MISMATCH", f"the request of {step} has another time limit than its rule")

    def _check_request_sidecar(self, step: str, folder: str, file_digest: str, request: Any) -> None:
        whole, path = self._whole, f"{folder}/request.json.sigstore.json"
        if path not in self._bundle.sizes:
            if whole.options.require_dsse:
                raise Fault("SIGNATURE_ABSENT", f"the request of {step} is unsigned")
            self._report.add("approval-requests", "skipped", f"the request of {step} is unsigned")
            return
        if whole.root is None:
            return
        found = whole.signed(path, file_digest, "approval-request/v1", ["run-attestor"], gate=step)
        for name, value in found.predicate.items():
            if request[name] != value:
                raise Fault("APPROVAL_REQUEST_MISMATCH", f"{name} of the statement is not that of the request")
        if found.stale:
            why = f"the key of {found.principal} is out of its window"
            self._report.add("approval-requests", "stale", why, "KEY_WINDOW")

    # Decisions -------------------------------------------------------------------------------------------------------

    def _check_decisions(self, step: str, folder: str, gate: Gate, request: Any) -> None:
        passed: List[Tuple[Event, Signed]] = []
        for at, event in enumerate(self._facts.by_gate[step], 1):
            try:
                signed = self._check_decision(step, f"{folder}/{at}.sigstore.json", event, request)
                self._hold_rule(step, event, signed, request, {each.principal for _, each in passed})
            except Fault as fault:
                self._report.fail("approvals", fault)
            else:
                if self._counts(event):
                    passed.append((event, signed))
        rule = self._rule(step)
        approving = [signed for event, signed in passed if event.data["decision"] == "approve"]
        has = min(len({each.principal for each in approving}), len({each.keyid for each in approving}))
        until = min([request["notAfter"], *(each.predicate["notAfter"] for each in approving)])
        if gate.end is not None:
            rejected = len(approving) < len(passed)
            self._hold_end(step, gate.end, has, rule["required"], rejected, request["notAfter"], until)
        self._report.add("approvals", "pass", f"{step}: {has} of {rule['required']}")

    def _rule(self, step: str) -> Any:
        return self._plan.value["approvals"][self._facts.node(step)["approval"]]

    def _counts(self, event: Event) -> bool:
        """Whether a decision was not taken back."""
        return event.sequence not in self._facts.taken_back

    def _check_decision(self, step: str, path: str, event: Event, request: Any) -> Signed:
        """10.5, 3 to 5."""
        roles, plan_hash, counts = self._rule(step)["from"], self._manifest["planHash"], self._counts(event)
        signed = self._whole.signed(path, plan_hash, "approval/v1", roles, own=False, gate=step, revocable=counts)
        for name, code in _BINDING_CODES:
            if signed.predicate[name] != request[name]:
                raise Fault(code, f"{path} is a decision about another {name}")
        told = (event.data["payloadDigest"], event.data["decision"], event.data["principal"])
        if told != (signed.payload_digest, signed.predicate["decision"], signed.principal):
            raise Fault("DECISION_MISMATCH", f"{path} is not the decision of the ledger")
        return signed

    def _hold_rule(self, step: str, event: Event, signed: Signed, request: Any, before: Set[str]) -> None:
        """10.5, 6 and 7; `before` are the principals whose decisions count so far."""
        root, rule, said, who = self._whole.root, self._rule(step), signed.predicate, signed.principal
        counts = self._counts(event)
        assert root is not None
        if request["requestedBy"] not in root.principals():
            raise Fault("REQUESTER_UNKNOWN", f"{request['requestedBy']} is no principal of the trust root")
        if counts and event.time < root.value["keys"][signed.keyid]["validFrom"]:
            raise Fault("APPROVAL_KEY_WINDOW", f"the key of {who} became valid after the decision")
        if said["approver"] != who:
            raise Fault("APPROVAL_APPROVER", f"{said['approver']} is not the principal of the key, {who}")
        if counts and event.time >= min(said["notAfter"], request["notAfter"]):
            raise Fault("APPROVAL_LATE", f"{who} decided too late")
        if who in before:
            raise Fault("APPROVAL_ALREADY_DECIDED", f"{who} decided twice")
        if rule["separationOfDuties"] and who == request["requestedBy"]:
            raise Fault("APPROVAL_SELF", f"{who} requested the run")
        if rule["reasonRequired"] and re.fullmatch(f"[{SPACE}]*", said["reason"]):
            raise Fault("APPROVAL_REASON_MISSING", f"{who} gave no reason")
        if counts and (signed.stale or not root.in_window(signed.keyid, event.time)):
            self._report.add("approvals", "stale", f"the key of {who} is out of its window", "KEY_WINDOW")

    @staticmethod
    def _hold_end(step: str, end: Event, has: int, need: int, rejected: bool, not_after: str, until: str) -> None:
        """10.5, 8; from `not_after` on the gate expires, from `until` on not all of its approvals hold."""
        if end.kind == "gate.passed" and rejected:
            raise Fault("GATE_END_UNFOUNDED", f"{step} passed, although somebody rejected")
        if end.kind == "gate.passed" and has < need:
            raise Fault("QUORUM_MISSING", f"{step} passed with {has} of {need}")
        if end.kind == "gate.passed" and end.time >= until:
            raise Fault("GATE_END_UNFOUNDED", f"{step} passed when not all of its approvals held any more")
        if end.kind == "gate.rejected" and not rejected:
            raise Fault("GATE_END_UNFOUNDED", f"{step} was rejected, although nobody did")
        if end.kind == "gate.expired" and end.time < not_after:
            raise Fault("GATE_END_UNFOUNDED", f"{step} expired before its time")


# ---------------------------------------------------------------------------------------------------------------------
# Pack bundles: archive and folder (13.1)
# ---------------------------------------------------------------------------------------------------------------------

LAYOUT, INDEX = "oci-layout", "index.json"
LAYOUT_BYTES = b'{"imageLayoutVersion":"1.0.0"}'
MAX_PACK_FILES, MAX_ENTRIES = 20_000, 20_032
MAX_PACK_FILE, MAX_PACK_YAML, PACK_DOCUMENT_BYTES = 8 * 1024**3, 8 * 1024**2, 32 * 1024**2
_BLOB_PATH = re.compile(rf"blobs/sha256/{HEX}")
_TURNS = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|\Z)", re.ASCII | re.IGNORECASE
)
_LOWER = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


class Unreadable(Exception):
    """A pack bundle could not be read to its end."""


def name_problem(path: str) -> Optional[str]:
    """The code by which a name is refused in pack bundles, if any."""
    parts = path.split("/")
    if _TURNS.search(path):
        return "PACK_BUNDLE_PATH_NUL"
    if any(letter in path for letter in '\\:*?"<>|'):
        return "PACK_BUNDLE_PATH_WINDOWS"
    if path.startswith("/"):
        return "PACK_BUNDLE_PATH_ABSOLUTE"
    if any(part in ("", ".", "..") for part in parts):
        return "PACK_BUNDLE_PATH_TRAVERSAL"
    if any(part.endswith((".", " ")) or _DEVICE.match(part) for part in parts):
        return "PACK_BUNDLE_PATH_WINDOWS"
    return None


def _is_pack_entry(name: str) -> bool:
    return name in (LAYOUT, INDEX) or _BLOB_PATH.fullmatch(name) is not None


def _hold_entry_name(raw: bytes) -> str:
    """The name of an entry that may be in a pack bundle; Fault PACK_BUNDLE_PATH_… (13.1, 5 to 7)."""
    if not _is_utf8(raw):
        raise Fault("PACK_BUNDLE_PATH_FOREIGN", "a name that is not UTF-8")
    name = raw.decode("utf-8")
    code = name_problem(name)
    if code is None and not _is_pack_entry(name):
        in_one_form = _is_pack_entry(unicodedata.normalize("NFKC", name))
        in_one_case = _is_pack_entry(name.translate(_LOWER))
        ending = "UNICODE" if in_one_form else "CASE" if in_one_case else "FOREIGN"
        code = f"PACK_BUNDLE_PATH_{ending}"
    if code is not None:
        raise Fault(code, f"{name!r} is no name of an entry")
    return name


def _entry_rank(name: str) -> Tuple[int, str]:
    """Where an entry stands: the two fixed files, then blobs by their name."""
    return {LAYOUT: 0, INDEX: 1}.get(name, 2), name


class PackSource:
    """The entries of a pack bundle with their sizes, in their order, and how to read them."""

    def __init__(self) -> None:
        self.sizes: Dict[str, int] = {}

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of an entry that is there; Unreadable when they are not as many as its size."""
        left = self.sizes[name]
        try:
            for chunk in self._read(name):
                left -= len(chunk)
                if left < 0:
                    break
                yield chunk
        except OSError as problem:
            raise Unreadable(problem.strerror) from None
        if left != 0:
            raise Unreadable(f"{name} has another size than at first")

    def _read(self, name: str) -> Iterator[bytes]:
        raise NotImplementedError


class PackArchive(PackSource):
    """A tar in the one form of 13.1. Only its headers are kept."""

    def __init__(self, path: bytes) -> None:
        super().__init__()
        self._path = path
        self._starts: Dict[str, int] = {}
        try:
            with open(path, "rb") as file:
                self._index(file, os.fstat(file.fileno()).st_size)
        except OSError as problem:
            raise Unreadable(problem.strerror) from None

    def _index(self, file: Any, length: int) -> None:
        at, last = 0, ""
        while True:
            if at + 512 > length:
                raise Fault("PACK_BUNDLE_TRUNCATED", f"no header fits at byte {at}")
            header = _stretch(file, at, 512)
            if header == bytes(512):
                _hold_end(file, at, length)
                return
            name, size = _read_pack_header(header, at)
            self._hold_place(name, last)
            end = at + 512 + size
            if end + -size % 512 > length:
                raise Fault("PACK_BUNDLE_TRUNCATED", f"{name} is longer than the archive")
            if any(_stretch(file, end, -size % 512)):
                raise Fault("PACK_BUNDLE_PADDING", f"the padding behind {name} is not zero")
            if len(self.sizes) == MAX_ENTRIES:
                raise Fault("PACK_BUNDLE_TOO_MANY", f"more than {MAX_ENTRIES} entries")
            self.sizes[name], self._starts[name] = size, at + 512
            at, last = end + -size % 512, name

    def _hold_place(self, name: str, last: str) -> None:
        stands = _entry_rank(name) > _entry_rank(last) if last else name == LAYOUT
        if not stands:
            code = "PACK_BUNDLE_DUPLICATE" if name in self.sizes else "PACK_BUNDLE_ORDER"
            raise Fault(code, f"{name} comes twice or out of order")

    def _read(self, name: str) -> Iterator[bytes]:
        left = self.sizes[name]
        with open(self._path, "rb") as file:
            file.seek(self._starts[name])
            while left > 0:
                chunk = file.read(min(CHUNK, left))
                if not chunk:
                    return
                left -= len(chunk)
                yield chunk


def _stretch(file: Any, at: int, size: int) -> bytes:
    file.seek(at)
    data = bytes(file.read(size))
    if len(data) != size:
        raise Unreadable("the archive became shorter")
    return data


def _hold_end(file: Any, at: int, length: int) -> None:
    if at + 1024 > length:
        raise Fault("PACK_BUNDLE_TRUNCATED", "it does not end with two zero blocks")
    if at + 1024 < length or any(_stretch(file, at + 512, 512)):
        raise Fault("PACK_BUNDLE_TRAILING", "something follows the end")


def _read_pack_header(header: bytes, at: int) -> Tuple[str, int]:
    """Name and size of an entry; Fault (13.1, 2 to 8)."""
    kind = header[156:157].decode("latin-1")
    if kind in ("1", "2"):
        raise Fault("PACK_BUNDLE_LINK", f"the entry at byte {at} is a link")
    if kind in "gxXADEIKLMNSV":
        raise Fault("PACK_BUNDLE_EXTENDED_HEADER", f"the entry at byte {at} is an extended header")
    if kind != "0":
        raise Fault("PACK_BUNDLE_ENTRY_TYPE", f"the entry at byte {at} is no regular file")
    raw, _, behind = header[:100].partition(b"\0")
    if any(behind):
        raise Fault("PACK_BUNDLE_PATH_NUL", f"something stands behind the name at byte {at}")
    name = _hold_entry_name(raw)
    digits = header[124:135]
    if re.fullmatch(rb"[0-7]{11}", digits) is None or header != _tar_header(raw, int(digits, 8)):
        raise Fault("PACK_BUNDLE_HEADER", f"the header at byte {at} has another form")
    return name, int(digits, 8)


class PackFolder(PackSource):
    """A layout as a folder. Links are not followed inside it."""

    def __init__(self, root: bytes) -> None:
        super().__init__()
        self._root = root
        try:
            found = sorted(self._list())
        except OSError as problem:
            raise Unreadable(problem.strerror) from None
        sizes = {name: size for name, size in map(self._hold, found) if name}
        self.sizes = {name: sizes[name] for name in sorted(sizes, key=_entry_rank)}

    def _list(self) -> List[Tuple[bytes, os.stat_result]]:
        found: List[Tuple[bytes, os.stat_result]] = []
        for below in (b"", b"blobs/", b"blobs/sha256/"):
            if below and not any(path + b"/" == below and stat.S_ISDIR(status.st_mode) for path, status in found):
                break
            with os.scandir(os.path.join(self._root, below)) as entries:
                for entry in entries:
                    found.append((below + entry.name, entry.stat(follow_symlinks=False)))
                    if len(found) > MAX_ENTRIES + 2:
                        raise Fault("PACK_BUNDLE_TOO_MANY", f"more than {MAX_ENTRIES} files")
        return found

    @staticmethod
    def _hold(entry: Tuple[bytes, os.stat_result]) -> Tuple[str, int]:
        """Name and size of a file; no name for the two folders."""
        path, status = entry
        if stat.S_ISLNK(status.st_mode):
            raise Fault("PACK_BUNDLE_LINK", f"{_shown(path)!r} is a link")
        if path in (b"blobs", b"blobs/sha256") and stat.S_ISDIR(status.st_mode):
            return "", 0
        if not stat.S_ISREG(status.st_mode):
            raise Fault("PACK_BUNDLE_ENTRY_TYPE", f"{_shown(path)!r} is no regular file")
        return _hold_entry_name(path), status.st_size

    def _read(self, name: str) -> Iterator[bytes]:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        handle = os.open(os.path.join(self._root, name.encode("utf-8")), flags)
        with os.fdopen(handle, "rb", buffering=0) as file:
            while True:
                chunk = file.read(CHUNK)
                if not chunk:
                    return
                yield chunk


def is_pack_bundle(path: bytes) -> bool:
    """Which bundle it is, by names alone (10); a path at which nothing can be read is no pack bundle."""
    try:
        if os.path.isdir(path):
            telling = {MANIFEST.encode(), LAYOUT.encode(), INDEX.encode(), b"blobs"}
            with os.scandir(path) as entries:
                names = {entry.name for entry in entries if entry.name in telling}
            return MANIFEST.encode() not in names and bool(names)
        if not os.path.isfile(path):
            return False
        with open(path, "rb") as file:
            first = file.read(100).partition(b"\0")[0].lower()
    except OSError:
        return False
    return any(name in first for name in (LAYOUT.encode(), INDEX.encode(), b"blobs/"))


# ---------------------------------------------------------------------------------------------------------------------
# Pack bundles: the checks (13.3)
# ---------------------------------------------------------------------------------------------------------------------

PACK_CHECKS = (
    "trust-root", "archive", "blobs", "pack", "revocation", "publisher", "bindings", "referrers", "sbom",
    "sbom-attestation", "plan", "min-version", "freshness",
)  # fmt: skip


class Referrer(NamedTuple):
    """Something that came with a pack: its manifest, and the blobs of its files."""

    kind: Kind
    manifest: Blob
    files: Sequence[Blob]


class PackLayout:
    """What archive and manifests of a pack bundle say; made by `read` alone, with a Fault of `archive`."""

    def __init__(self, source: PackSource) -> None:
        self.source = source
        self.referrers: Dict[str, Referrer] = {}
        index = self._index()
        first, *others = index["manifests"]
        data = self.document(Blob(first["digest"], first["size"]))
        self.image = blob_of(data)
        self.pack = self._read_image(data)
        for each in others:
            self._read_referrer(each)
        described = [(self.image, PACK_ARTIFACT, self.pack.version)] + [
            (each.manifest, each.kind.artifact, f"{self.pack.version}.{each.kind.name}")
            for each in self.referrers.values()
        ]
        remade = {
            "schemaVersion": 2,
            "mediaType": IMAGE_INDEX,
            "manifests": [{"mediaType": IMAGE_MANIFEST, "digest": blob.digest, "size": blob.size,
                           "artifactType": artifact, "annotations": {REF_NAME: name}}
                          for blob, artifact, name in described],
        }  # fmt: skip
        if not same(remade, index):
            raise _misshapen(INDEX, "it does not say of its manifests what they say of themselves")
        self._hold_listed()

    def whole(self, name: str) -> bytes:
        """A fixed file; Fault PACK_BUNDLE_DOCUMENT or PACK_BUNDLE_TOO_LARGE."""
        if name not in self.source.sizes:
            raise _misshapen(name, "it is not there")
        return self._bounded(name)

    def document(self, blob: Blob) -> bytes:
        """A listed blob; Fault PACK_BUNDLE_BLOB_… or PACK_BUNDLE_TOO_LARGE."""
        self._hold_placed(blob)
        data = self._bounded(blob.path)
        if digest_of(data) != blob.digest:
            raise Fault("PACK_BUNDLE_BLOB_DIGEST", f"{blob.path} has another digest")
        return data

    def digest(self, blob: Blob) -> str:
        """The digest of a blob of any size that is there."""
        sha = hashlib.sha256()
        for chunk in self.source.chunks(blob.path):
            sha.update(chunk)
        return f"sha256:{sha.hexdigest()}"

    def _bounded(self, name: str) -> bytes:
        if self.source.sizes[name] > PACK_DOCUMENT_BYTES:
            raise Fault("PACK_BUNDLE_TOO_LARGE", f"{name} is larger than 32 MiB")
        return b"".join(self.source.chunks(name))

    def _hold_placed(self, blob: Blob) -> None:
        if blob.path not in self.source.sizes:
            raise Fault("PACK_BUNDLE_BLOB_MISSING", f"{blob.path} is listed, but not there")
        if self.source.sizes[blob.path] != blob.size:
            raise Fault("PACK_BUNDLE_BLOB_SIZE", f"{blob.path} has another size")

    def _index(self) -> Any:
        if self.whole(LAYOUT) != LAYOUT_BYTES:
            raise _misshapen(LAYOUT, "it is no layout of version 1.0.0")
        return _pack_document(self.whole(INDEX), _INDEX, INDEX)

    def _read_image(self, data: bytes) -> PackContent:
        value = _pack_document(data, _IMAGE, self.image.path)
        layers = value["layers"]
        if len(layers) > MAX_PACK_FILES:
            raise Fault("PACK_BUNDLE_TOO_MANY", f"more than {MAX_PACK_FILES} files")
        listing = [{"path": each["annotations"][TITLE], "mode": each["annotations"][FILE_MODE],
                    "size": each["size"], "sha256": each["digest"][7:]} for each in layers]  # fmt: skip
        _hold_pack_files(listing)
        paths = [file["path"].encode("utf-8") for file in listing]
        if any(one >= next_one for one, next_one in zip(paths, paths[1:])):
            raise _misshapen(self.image.path, "its files are not sorted, or one comes twice")
        said = value["annotations"]
        pack = PackContent(said[IMAGE_NAME], said[IMAGE_VERSION], digest_of_json(listing), listing)
        if image_manifest(pack) != data:
            raise _misshapen(self.image.path, "its pack digest is not that of its files, or its config is not empty")
        return pack

    def _read_referrer(self, described: Any) -> None:
        blob = Blob(described["digest"], described["size"])
        data = self.document(blob)
        value = _pack_document(data, _REFERRER, blob.path)
        predicate = value.get("annotations", {}).get(CONTENT_TYPE)
        found = (value["artifactType"], predicate)
        kind = next((each for each in KINDS if (each.artifact, each.predicate) == found), None)
        if kind is None:
            raise Fault("PACK_ATTACHMENT_UNKNOWN", f"{blob.path} is of a kind that nobody knows")
        before = [KINDS.index(each.kind) for each in self.referrers.values()]
        if before and KINDS.index(kind) <= before[-1]:
            raise _misshapen(blob.path, "it is out of place")
        files = [Blob(each["digest"], each["size"]) for each in value["layers"]]
        if len(files) != len(kind.files) or referrer_manifest(kind, self.image, files) != data:
            raise _misshapen(blob.path, "it refers to another pack, or its files are named otherwise")
        self.referrers[kind.name] = Referrer(kind, blob, files)

    def _hold_listed(self) -> None:
        listed = [blob_of(EMPTY_CONFIG), self.image, *self.files()]
        for each in self.referrers.values():
            listed += [each.manifest, *each.files]
        for blob in listed:
            self._hold_placed(blob)
        known = {LAYOUT, INDEX, *(blob.path for blob in listed)}
        extra = next((name for name in self.source.sizes if name not in known), None)
        if extra is not None:
            raise Fault("PACK_BUNDLE_BLOB_UNLISTED", f"{extra} is not listed")

    def files(self) -> List[Blob]:
        """The files of the pack, in the order of the layers."""
        return [Blob(f"sha256:{file['sha256']}", file["size"]) for file in self.pack.listing]

    def attached(self, kind: str) -> Sequence[Blob]:
        """The files of a referrer; none where it is not there."""
        return self.referrers[kind].files if kind in self.referrers else []


def _misshapen(name: str, why: str) -> Fault:
    return Fault("PACK_BUNDLE_DOCUMENT", f"{name}: {why}")


def _pack_document(data: bytes, shape: Shape, name: str) -> Any:
    try:
        value = parse_canonical(data).value
        shape(value, ())
    except ValueError:
        raise _misshapen(name, "it is not canonical JSON") from None
    except Misfit as misfit:
        raise _misshapen(name, str(misfit)) from None
    return value


class _Names:
    """Numbers what lies in folders that have numbers; the root is 0."""

    def __init__(self) -> None:
        self._ids: Dict[Tuple[int, str], int] = {}

    def number(self, above: int, name: str) -> Tuple[int, bool]:
        """The number of a name in a folder, and whether it has only now got it."""
        count = len(self._ids) + 1
        number = self._ids.setdefault((above, name), count)
        return number, number == count


def _hold_pack_files(listing: Sequence[Any]) -> None:
    """Names that every system can hold, and no two that one could take for the same (13.3, `archive` 3)."""
    exact, normal, folded = _Names(), _Names(), _Names()
    for file in listing:
        code = name_problem(file["path"])
        if code is not None:
            raise Fault(code, f"{file['path']!r} is no name of a file that every system can hold")
        here, here_normal, here_folded = 0, 0, 0
        for part in file["path"].split("/"):
            in_one_form = unicodedata.normalize("NFC", part)
            in_one_case = in_one_form.upper().lower()
            here, is_new = exact.number(here, part)
            here_normal, is_own_form = normal.number(here_normal, in_one_form)
            here_folded, is_own_case = folded.number(here_folded, in_one_case)
            if is_new and not is_own_form:
                raise Fault("PACK_BUNDLE_PATH_UNICODE", f"{file['path']!r} has a twin in another normalisation")
            if is_new and not is_own_case:
                raise Fault("PACK_BUNDLE_PATH_CASE", f"{file['path']!r} has a twin in another case")
        if file["size"] >= MAX_PACK_FILE:
            raise Fault("PACK_BUNDLE_TOO_LARGE", f"{file['path']} has 8 GiB or more")


def _hold_content(listing: Sequence[Any]) -> None:
    """Files that can be a pack in a folder (13.3, `pack`); Fault PACK_CONTENT_INVALID."""
    sizes = {file["path"]: file["size"] for file in listing}
    if sizes.get("pack.yaml", MAX_PACK_YAML + 1) > MAX_PACK_YAML:
        raise Fault("PACK_CONTENT_INVALID", "it has no pack.yaml, or one of more than 8 MiB")
    for path in sizes:
        parts = path.split("/")
        if parts[0] in (".git", ".packrun") or len(parts) > 65:
            raise Fault("PACK_CONTENT_INVALID", f"{path} lies where no file of a pack does")
        if any("/".join(parts[:count]) in sizes for count in range(1, len(parts))):
            raise Fault("PACK_CONTENT_INVALID", f"a folder above {path} is a file, too")


_INPUTS_LOCK = closed({
    "schema": one_of("packrun.inputs-lock/v1"),
    "planHash": digest,
    "tenantId": tenant,
    "inputs": map_of(VALUE_NAME, closed(
        {
            "type": one_of(*_JSON_TYPES, "file", "directory"),
            "source": one_of("cli", "file", "api", "default"),
            "digest": digest,
        },
        {"value": anything},
    )),
    "secrets": map_of(VALUE_NAME, closed({"provider": name_text, "redacted": one_of(True)})),
})  # fmt: skip


def is_earlier(version: str, other: str) -> bool:
    """Whether a version comes before another (Semantic Versioning 2.0.0, 11)."""
    core, pre = _version_parts(version)
    other_core, other_pre = _version_parts(other)
    if core != other_core:
        return core < other_core
    if not pre or not other_pre:
        return bool(pre) and not other_pre
    return pre < other_pre


def _version_parts(version: str) -> Tuple[List[Tuple[int, str]], List[Tuple[int, Tuple[int, str]]]]:
    """Numbers of the core; parts of what follows, which sort as they should: numbers before words."""
    known, dash, pre = version.partition("+")[0].partition("-")
    parts = pre.split(".") if dash else []
    return [_whole(part) for part in known.split(".")], [
        (0, _whole(part)) if part.isdigit() else (1, (0, part)) for part in parts
    ]


def _whole(digits: str) -> Tuple[int, str]:
    """Sorts as the number does, which may be of any length."""
    return len(digits), digits


class PackVerifier:
    """One verification of one pack bundle."""

    def __init__(self, path: bytes, options: Options, ssl: OpenSsl) -> None:
        self._path = path
        self._options = options
        self._ssl = ssl
        self.report = Report(PACK_CHECKS)
        self.root: Optional[TrustRoot] = None
        self.subject: Dict[str, str] = {"type": "pack"}
        self._layout: Optional[PackLayout] = None
        self._revocations: Optional[RevocationList] = None
        self._claim: Any = None

    def verdict(self) -> Dict[str, Any]:
        """The document of 10.1."""
        self.root = check_root(self.report, self._options)
        try:
            self._verify()
        except Unreadable as problem:
            self.report.fail("archive", Fault("PACK_BUNDLE_UNREADABLE", f"it cannot be read: {problem}"))
            self.subject = {"type": "pack"}
        return verdict_of(self.report, self.subject, self.root)

    def _verify(self) -> None:
        report = self.report
        if not report.run("archive", self._check_archive):
            return
        report.run("blobs", self._check_blobs)
        report.run("pack", self._check_pack)
        if self.root is None:
            return
        report.run("min-version", self._check_version)
        self._check_revocations(self.root)
        if report.run("publisher", self._check_publisher):
            report.run("bindings", self._check_bindings)
            report.run("referrers", self._check_referrers)
        if report.run("sbom", self._check_sbom):
            report.run("sbom-attestation", self._check_sbom_attestation)
        report.run("plan", self._check_plan)

    @property
    def layout(self) -> PackLayout:
        """What the archive says; there once `archive` passed."""
        assert self._layout is not None
        return self._layout

    def _check_archive(self) -> str:
        source: PackSource = PackFolder(self._path) if os.path.isdir(self._path) else PackArchive(self._path)
        self._layout = PackLayout(source)
        pack = self._layout.pack
        self.subject.update(name=pack.name, version=pack.version, packDigest=pack.digest)
        self.subject["manifestDigest"] = self._layout.image.digest
        return f"{len(source.sizes)} entries"

    def _check_blobs(self) -> str:
        attached = [file for kind in ("spdx", "spdx3") for file in self.layout.attached(kind)]
        for blob in dict.fromkeys([blob_of(EMPTY_CONFIG), *self.layout.files(), *attached]):
            if self.layout.digest(blob) != blob.digest:
                raise Fault("PACK_BUNDLE_BLOB_DIGEST", f"{blob.path} has another digest")
        return f"{len(self.layout.pack.listing)} files of the pack"

    def _check_pack(self) -> str:
        _hold_content(self.layout.pack.listing)
        return f"{self.layout.pack.name} {self.layout.pack.version}"

    def _check_version(self) -> str:
        assert self.root is not None
        pack = self.layout.pack
        least = self.root.value.get("policy", {}).get("minVersion", {}).get(pack.name)
        if least is not None and is_earlier(pack.version, least):
            raise Fault("PACK_BELOW_MINIMUM", f"the trust root takes {pack.name} from {least} on")
        return f"the trust root takes {pack.name} {pack.version}"

    def _check_revocations(self, root: TrustRoot) -> None:
        judge = Judge(root, self._options.at, None, self._ssl)
        own, given = self._own_list(judge), given_list(self._options, judge, self.report)
        self._revocations = in_force(given, own)
        self.report.run("revocation", lambda: self._check_in_force(root))

    def _own_list(self, judge: Judge) -> Optional[RevocationList]:
        files = self.layout.attached("revocations")
        try:
            if not files:
                raise Fault("PACK_REVOCATIONS_MISSING", "the bundle has no revocation list")
            data, sidecar = (self.layout.document(file) for file in files)
            return read_revocations(data, sidecar, judge)
        except Fault as fault:
            self.report.fail("revocation", fault)
            return None

    def _check_in_force(self, root: TrustRoot) -> "str | Skip":
        found, pack = self._revocations, self.layout.pack
        if found is None:
            return Skip("no list is left")
        hold_fresh(found, root, self._options.at, self.report)
        for plan in self.layout.attached("plan"):
            found.hold("plan", plan.digest)
        found.hold("pack", pack.digest)
        found.hold("pack", f"{pack.name}@{pack.version}")
        return f"list {found.sequence} revokes neither pack nor plan"

    def _signed(self, kind: str, predicate: str, absent: Fault) -> Signed:
        """The statement of an attestation about the image manifest that passes 6.4."""
        assert self.root is not None
        files = self.layout.attached(kind)
        if not files:
            raise absent
        judge = Judge(self.root, self._options.at, self._revocations, self._ssl)
        asked = Asked(predicate, predicate != CYCLONEDX, [PUBLISHER], Scope(pack=self.layout.pack.name))
        return check_signed(self.layout.document(files[0]), self.layout.image.digest, asked, judge)

    def _tell_window(self, name: str, signed: Signed) -> None:
        if signed.stale:
            self.report.add(name, "stale", f"the key of {signed.principal} is out of its window", "KEY_WINDOW")

    def _check_publisher(self) -> str:
        absent = Fault("PACK_ATTESTATION_MISSING", "no publisher stands for it")
        signed = self._signed("publisher", "pack-bundle/v1", absent)
        self._tell_window("publisher", signed)
        self._claim = signed.predicate
        return f"{signed.principal} ({signed.keyid})"

    def _check_bindings(self) -> str:
        assert self.root is not None
        pack = self.layout.pack
        expected = {"name": pack.name, "version": pack.version, "packDigest": pack.digest}
        hold_claim(self._claim, {**expected, "trustDomain": self.root.domain})
        return f"attested for {self.root.domain}"

    def _check_referrers(self) -> str:
        found = [{"digest": each.manifest.digest, "artifactType": each.kind.artifact}
                 for name, each in self.layout.referrers.items() if name != "publisher"]  # fmt: skip
        if not same(found, self._claim["referrers"]):
            raise Fault("PACK_REFERRERS_MISMATCH", "they are not those that the publisher put in")
        return f"{len(found)}, all that the publisher put in"

    def _check_sbom(self) -> str:
        files = self.layout.attached("sbom")
        if not files:
            raise Fault("PACK_SBOM_MISSING", "the bundle has no SBOM")
        hold_sbom(read_sbom(self.layout.document(files[0])), self.layout.pack)
        return "every file of the pack, and nothing else"

    def _check_sbom_attestation(self) -> str:
        absent = Fault("PACK_SBOM_UNATTESTED", "there is no attestation of the SBOM")
        signed = self._signed("sbom-attestation", CYCLONEDX, absent)
        if canonical(signed.predicate) != self.layout.document(self.layout.attached("sbom")[0]):
            raise Fault("PACK_SBOM_UNATTESTED", "another SBOM is attested")
        self._tell_window("sbom-attestation", signed)
        return f"{signed.principal} ({signed.keyid})"

    def _check_plan(self) -> "str | Skip":
        plans, locks = self.layout.attached("plan"), self.layout.attached("inputs-lock")
        asserted = self._options.plan_hash
        if asserted is not None and (not plans or plans[0].digest != asserted):
            raise Fault("ASSERTED_PLAN_MISMATCH", "the bundle has not the plan that was asserted")
        attested = None if self._claim is None else self._claim.get("plan")
        if not plans and not locks and attested is None:
            return Skip("the bundle was made without inputs, and has no plan")
        if not plans or not locks or attested is None:
            raise Fault("PACK_PLAN_MISMATCH", "plan, inputs lock and their attestation come together, or not at all")
        plan, lock = self.layout.document(plans[0]), self.layout.document(locks[0])
        if (attested["hash"], attested["canonicalPlanPath"]) != (plans[0].digest, plans[0].path):
            raise Fault("PACK_PLAN_MISMATCH", "the publisher attests another plan")
        pack = self.layout.pack
        planned = read_plan_file(plan)["pack"]
        if (planned["name"], planned["version"], planned["digest"]) != pack[:3]:
            raise Fault("PACK_PLAN_MISMATCH", "the plan is of another pack")
        if _read_lock(lock)["planHash"] != plans[0].digest:
            raise Fault("PACK_PLAN_MISMATCH", "the inputs lock is of another plan")
        return f"{plans[0].digest} is of this pack"


def _read_lock(data: bytes) -> Any:
    try:
        value = parse_canonical(data).value
        _INPUTS_LOCK(value, ())
    except (ValueError, Misfit):
        raise Fault("INPUTS_LOCK_FILE", "the inputs lock has another form") from None
    return value


# ---------------------------------------------------------------------------------------------------------------------
# Command line
# ---------------------------------------------------------------------------------------------------------------------

USAGE = """usage: python3 verify_offline_bundle.py PATH [options]

Verifies an evidence bundle or a pack bundle of packrun, a folder or a tar, without network and without packrun.

  --trust FILE         the trust root that you pinned; without it nothing is verified
  --plan-hash HASH     the plan that it must be: sha256:…
  --revocations FILE   your revocation list, with FILE.sigstore.json beside it
  --at TIME            the time of verification, as 2026-01-05T08:00:00Z; now without it
  --require-dsse       every signature must be there, and the pack must come from a registry
  --format text|json   text without it
  --version            prints name, version and SHA-256 of this file

Ends with 0 verified, 2 wrong use, 7 failed, 11 verified but stale.
"""
EXIT_CODES = {"verified": 0, "failed": 7, "stale": 11}
_STEERING = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff\\ud800-\\udfff]"
)
_MARKS = {"pass": "ok  ", "fail": "FAIL", "stale": "OLD ", "skipped": "–   "}


class _Arguments(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise Usage(f"verify_offline_bundle: {message}\n\n{USAGE}")


def _parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = _Arguments(add_help=False, allow_abbrev=False)
    parser.add_argument("path", nargs="*")
    for flag in ("--trust", "--plan-hash", "--revocations", "--at", "--format"):
        parser.add_argument(flag)
    for flag in ("--require-dsse", "--version", "--help"):
        parser.add_argument(flag, action="store_true")
    return parser.parse_args(argv)


def _options(given: argparse.Namespace) -> Options:
    """Values of the flags; Usage for those that are not of their form."""
    if given.format not in (None, "text", "json"):
        raise Usage(f"verify_offline_bundle: {given.format} is no format\n\n{USAGE}")
    if given.plan_hash is not None and not fits(digest, given.plan_hash):
        raise Usage("error[VERIFY_OPTION]: --plan-hash needs sha256: and 64 lower-case hex digits")
    at = _now() if given.at is None else _spoken_time(given.at)
    if at is None:
        raise Usage("error[VERIFY_OPTION]: --at needs a UTC time, as 2026-01-05T08:00:00Z")
    root = None
    if given.trust is not None:
        try:
            with open(given.trust, "rb") as file:
                root = file.read()
        except OSError:
            raise Usage(f"verify_offline_bundle: {given.trust} cannot be read\n\n{USAGE}") from None
    return Options(root, given.plan_hash, _given_revocations(given.revocations), at, given.require_dsse)


def _spoken_time(text: str) -> Optional[str]:
    """The time with its milliseconds, which people may leave away; None where it is none."""
    found = re.fullmatch(r"([0-9T:-]+)(?:\.([0-9]{1,3}))?Z", text)
    full = "" if found is None else f"{found[1]}.{(found[2] or '').ljust(3, '0')}Z"
    return full if is_time(full) else None


def _given_revocations(path: Optional[str]) -> Optional[Tuple[bytes, Optional[bytes]]]:
    """The list of `--revocations` and the sidecar beside it; Usage (VERIFY_OPTION) where one cannot be read."""
    if path is None:
        return None
    try:
        data = _read_bounded(path)
        sidecar = _read_bounded(f"{path}.sigstore.json") if os.path.lexists(f"{path}.sigstore.json") else None
    except OSError:
        raise Usage(f"error[VERIFY_OPTION]: --revocations {path} cannot be read, or is larger than 64 MiB") from None
    return data, sidecar


def _read_bounded(path: str) -> bytes:
    with open(path, "rb") as file:
        data = file.read(DOCUMENT_BYTES + 1)
    if len(data) > DOCUMENT_BYTES:
        raise OSError("too large")
    return data


def _version_line() -> str:
    with open(__file__, "rb") as file:
        return f"{os.path.basename(__file__)} {VERSION} {digest_of(file.read())}\n"


def _now() -> str:
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"


def _pack_of(subject: Mapping[str, str]) -> str:
    return f"pack {subject['name']}@{subject['version']}" if "name" in subject else "a pack that cannot be read"


def as_text(verdict: Mapping[str, Any]) -> str:
    """A verdict for people."""
    subject, checks = verdict["subject"], verdict["checks"]
    is_run = subject["type"] == "evidence"
    what = f"run {subject.get('runId', 'unknown')}" if is_run else _pack_of(subject)
    lines = [f"{verdict['verdict']}: {what}"]
    told = {"plan": "planHash", "pack": "packDigest", "manifest": "manifestDigest"}
    lines += [f"  {name} {subject[member]}" for name, member in told.items() if member in subject]
    lines += [f"  trust domain {verdict.get('trustDomain', 'none: nobody is trusted')}", ""]
    for each in checks:
        code = f"{each['code']}: " if "code" in each else ""
        lines.append(f"  {_MARKS[each['status']]} {each['name']:<18} {code}{each['why']}")
    statuses = Counter(each["status"] for each in checks)
    lines += ["", f"{len(checks)} checks, {statuses['fail']} failed, {statuses['skipped']} not made"]
    return "\n".join(map(visible, lines)) + "\n"


def visible(line: str) -> str:
    """Without anything that steers a terminal: names of the bundle could else write a verdict of their own."""
    return _STEERING.sub(lambda found: f"\\u{{{ord(found.group()):x}}}", line)


def _say(stream: Any, words: str) -> None:
    """Writes UTF-8 whatever the locale is."""
    stream.buffer.write(words.encode("utf-8", "replace"))
    stream.flush()


def main(argv: Sequence[str]) -> int:
    """Runs the command; its exit code."""
    try:
        given = _parse_arguments(argv)
        if given.help or given.version:
            _say(sys.stdout, USAGE if given.help else _version_line())
            return 0
        if len(given.path) != 1:
            raise Usage(USAGE)
        options = _options(given)
        path, ssl = os.fsencode(given.path[0]), OpenSsl(shutil.which("openssl"))
        whole = PackVerifier(path, options, ssl) if is_pack_bundle(path) else Verifier(open_bundle(path), options, ssl)
        verdict = whole.verdict()
    except Usage as usage:
        _say(sys.stderr, "\n".join(map(visible, str(usage).rstrip("\n").split("\n"))) + "\n")
        return 2
    as_json = json.dumps(verdict, ensure_ascii=False, separators=(",", ":")) + "\n"
    _say(sys.stdout, as_json if given.format == "json" else as_text(verdict))
    return EXIT_CODES[verdict["verdict"]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
