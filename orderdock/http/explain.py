"""Read a request body: at once when it is fine, and otherwise with every fault named.

msgspec reads what is right, in C, and stops at the first thing that is not. Then the body is read again by a walk over
the same Structs, which goes on after a fault. A body that only says more than we know (unknown members) is read by
msgspec too, and the walk is for their names alone. tests/http/test_explain.py holds the readers together.
"""

import functools
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import inspect

from orderdock import limits
from orderdock.errors import Fault, Invalid, Path
from orderdock.http.quick import quick_type
from orderdock.values import FieldFault, Kind, read_value

T = TypeVar("T")


class _Broken:
    """Stands for a value that could not be read, so that the rest of its object still can be looked at."""

    def __repr__(self) -> str:
        return "BROKEN"


BROKEN: Any = _Broken()


@dataclass
class Reading(Generic[T]):
    """A body that was read: its value (with BROKEN where a fault is), its faults, and the members we do not know."""

    value: T
    faults: list[Fault] = field(default_factory=list)
    ignored: list[Path] = field(default_factory=list)
    faults_left_out: int = 0


class Malformed(Invalid):
    """The body is no JSON, or nested deeper than the limit."""

    def __init__(self, detail: str, pointer: str = "/data") -> None:
        super().__init__([Fault(None, detail, title="Malformed JSON", pointer=pointer)])


class BodyReader(Generic[T]):
    """Reads bodies of one type: an object, or a bounded list whose entries are called `entries`."""

    def __init__(self, kind: Any, entries: str = "") -> None:
        self.kind = kind
        self.entries = entries
        self.top = "list of objects" if entries else "object"
        # First what msgspec reads by itself, then with our kinds of value; both without and with unknown members.
        self._decoders, self._decoders_of_known = (
            [_decoder(quick_type(kind, quick=quick, only_known=only_known)) for quick in (True, False)]
            for only_known in (True, False)
        )

    def read(self, body: bytes, *, depth_max: int, strict: bool) -> Reading[T]:
        """Read a body; with `strict`, members that we do not know are faults.

        Raises Malformed when it is no JSON, Invalid when its outermost value is of the wrong type.
        """
        # Free-form members, the only ones that can be deep, know of the usual depth by themselves.
        if depth_max < limits.json_depth_max:
            _refuse_deep(body, depth_max)
        # PostgreSQL has no room for NUL. There is one way to write it in JSON, and it is hardly ever there.
        if b"\\u0000" not in body:
            for decode in self._decoders:
                with suppress(*_UNREADABLE):  # what is wrong is for the walk to say
                    return Reading(decode(body))
            if not strict and not _deeper_than(body, depth_max):
                for decode in self._decoders_of_known:
                    with suppress(*_UNREADABLE):
                        return Reading(decode(body), ignored=self._find_unknown(body))
        return self.explain(self.parse(body, depth_max=depth_max), strict=strict)

    def _find_unknown(self, body: bytes) -> list[Path]:
        found: list[Path] = []
        _find_unknown(_type_info(self.kind), _parse_all(body), (), found)
        return found

    def parse(self, body: bytes, *, depth_max: int) -> Any:
        """Parse a body and look at its outermost value only. Raises Malformed and Invalid as `read` does."""
        tree = parse_json(body, depth_max)
        info = _type_info(self.kind)
        if type(tree) is not (list if isinstance(info, inspect.ListType) else dict):
            raise Invalid(
                [Fault(None, f"Wrong request format, expected {self.top}", "non_field_errors", "Wrong format")]
            )
        if isinstance(info, inspect.ListType) and info.max_length is not None and len(tree) > info.max_length:
            # Alone: the faults of the entries would be thousands.
            raise Invalid(
                [Fault((), f"{self.entries} list should have at most {info.max_length} items, not {len(tree)}")]
            )
        return tree

    def explain(self, tree: Any, *, strict: bool) -> Reading[T]:
        """Read a parsed body with every fault named. Raises Invalid when it has more than anybody would count."""
        walk = _Walk()
        try:
            walk.find_unstorable_text(tree, ())
            value = walk.read(_type_info(self.kind), tree, ())
            if strict:
                for path in walk.ignored:
                    walk.fault(path, "Extra inputs are not permitted", "unknown_field", "Unknown field")
        except _TooManyFaults:
            raise Invalid(walk.faults, faults_left_out=walk.left_out) from None
        return Reading(value, walk.faults, walk.ignored, walk.left_out)


def _decoder(kind: Any) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(kind, dec_hook=read_value, float_hook=Decimal).decode


_UNREADABLE = (msgspec.DecodeError, ArithmeticError, RecursionError, ValueError)


# Parsing: as msgspec parses, but lone surrogates come through, so that their place can be named.

_STRING = re.compile(rb'"[^"]*"?')  # of text without escapes; the last may have no end
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")


def parse_json(body: bytes, depth_max: int) -> Any:
    """Parse JSON text into dicts, lists, str, int, Decimal, bool and None. Raises Malformed."""
    _refuse_deep(body, depth_max)
    try:
        return json.loads(body.decode(), parse_float=_read_float, parse_int=_read_int, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise Malformed("The body should be UTF-8") from None
    except json.JSONDecodeError as error:
        raise Malformed(f"{error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise Malformed(f"JSON should be at most {depth_max} levels deep") from None


def _refuse_deep(body: bytes, depth_max: int) -> None:
    if _deeper_than(body, depth_max):
        raise Malformed(f"JSON should be at most {depth_max} levels deep")


def _deeper_than(body: bytes, depth_max: int) -> bool:
    """Say whether brackets nest too deep, level by level: without the innermost pairs, each time, a level is less."""
    plain = body.replace(rb"\\", b"").replace(rb"\"", b"")
    brackets = _STRING.sub(b"", plain).translate(_ONE_KIND, delete=_NOT_BRACKETS)
    for _ in range(depth_max):
        fewer = brackets.replace(b"[]", b"")
        if len(fewer) == len(brackets):
            return False  # flat, or malformed
        brackets = fewer
    return brackets != b""


def _read_float(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond all bounds
        return Decimal("Infinity")


def _read_int(text: str) -> int | Decimal:
    # As many characters as msgspec reads: what is stored must be read again.
    return int(text) if len(text) <= 4300 else Decimal("Infinity")


def _refuse_constant(text: str) -> Any:
    raise Malformed(f"{text} is not JSON")


_parse_all = msgspec.json.Decoder().decode


# The walks


def _find_unknown(info: inspect.Type, value: Any, path: Path, found: list[Path]) -> None:
    """Name the members of a value of this type that its Structs do not know, in the order in which the walk does."""
    if isinstance(info, inspect.ListType):
        for index, inner in enumerate(value):
            _find_unknown(info.item_type, inner, (*path, index), found)
    elif isinstance(info, inspect.StructType):
        known, parts = _parts(info.cls)
        if not known.issuperset(value):
            found.extend((*path, name) for name in value if name not in known)
        for name, part in parts:
            inner = value.get(name)
            if inner is not None:
                _find_unknown(part, inner, (*path, name), found)


@functools.cache
def _parts(kind: type) -> tuple[frozenset[str], list[tuple[str, inspect.Type]]]:
    """The members of a Struct, and those that are Structs or lists of them, with their types."""
    parts: list[tuple[str, inspect.Type]] = []
    for name, member in _fields(kind).items():
        info = member.type
        if isinstance(info, inspect.UnionType):
            info = next((each for each in info.types if isinstance(each, inspect.StructType | inspect.ListType)), info)
        if isinstance(info, inspect.Metadata):
            info = info.type
        item = info.item_type if isinstance(info, inspect.ListType) else info
        if isinstance(item, inspect.StructType):
            parts.append((name, info))
    return frozenset(_fields(kind)), parts


@functools.cache
def _type_info(kind: Any) -> inspect.Type:
    return inspect.type_info(kind)


@functools.cache
def _fields(kind: type) -> dict[str, inspect.Field]:
    info = _type_info(kind)
    assert isinstance(info, inspect.StructType)
    return {member.encode_name: member for member in info.fields}


class _TooManyFaults(Exception):
    """The walk has gone on for long enough."""


class _Walk:
    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.left_out = 0
        self.ignored: list[Path] = []
        self.unstorable: set[Path] = set()

    def fault(self, path: Path, detail: str, code: str = "invalid", title: str = "Invalid") -> Any:
        if len(self.faults) < limits.errors_per_reply_max:
            self.faults.append(Fault(path, detail, code, title))
        else:
            self.left_out += 1
            if self.left_out == limits.errors_counted_max:
                raise _TooManyFaults
        return BROKEN

    def find_unstorable_text(self, value: Any, path: Path) -> None:
        """Look for NUL and lone surrogates in every text and member name, known or not."""
        if type(value) is str:
            detail = _unstorable(value)
            if detail:
                self.unstorable.add(path)
                self.fault(path, detail)
        elif type(value) is list:
            for index, inner in enumerate(value):
                self.find_unstorable_text(inner, (*path, index))
        elif type(value) is dict:
            for name, inner in value.items():
                detail = _unstorable(name)
                if detail:
                    self.fault((*path, name), detail)
                self.find_unstorable_text(inner, (*path, name))

    def read(self, info: inspect.Type, value: Any, path: Path) -> Any:
        if path in self.unstorable:
            return BROKEN
        if isinstance(info, inspect.Metadata):
            return self.read(info.type, value, path)
        if isinstance(info, inspect.UnionType):
            if value is None and info.includes_none:
                return None
            [inner] = [each for each in info.types if not isinstance(each, inspect.NoneType)]
            return self.read(inner, value, path)
        if isinstance(info, inspect.StructType):
            return self.read_object(info, value, path)
        if isinstance(info, inspect.ListType):
            if type(value) is not list:
                return self.fault(path, "Input should be a valid list")
            if info.max_length is not None and len(value) > info.max_length:
                return self.fault(path, f"List should have at most {info.max_length} items, not {len(value)}")
            return [self.read(info.item_type, inner, (*path, index)) for index, inner in enumerate(value)]
        if isinstance(info, inspect.StrType):
            return self.read_text(info, value, path)
        if isinstance(info, inspect.CustomType) and issubclass(info.cls, Kind):
            try:
                return info.cls.read(value)
            except ValueError as error:
                return self.fault(path, str(error))
        raise TypeError(f"no reader for {info}")

    def read_text(self, info: inspect.StrType, value: Any, path: Path) -> Any:
        if type(value) is not str:
            return self.fault(path, "Input should be a valid string")
        least = info.min_length or 0
        # The one pattern in use asks for something that is not white space.
        if len(value) < least or (info.pattern and not re.search(info.pattern, value)):
            return self.fault(path, f"String should have at least {least} character{'' if least == 1 else 's'}")
        if info.max_length is not None and len(value) > info.max_length:
            return self.fault(path, f"String should have at most {info.max_length} characters")
        return value

    def read_object(self, info: inspect.StructType, value: Any, path: Path) -> Any:
        if type(value) is not dict:
            return self.fault(path, "Input should be an object")
        known = _fields(info.cls)
        self.ignored.extend((*path, name) for name in value if name not in known)
        members = {}
        for name, member in known.items():
            if name in value:
                members[member.name] = self.read(member.type, value[name], (*path, name))
            elif member.required:
                members[member.name] = self.fault((*path, name), "Field required")
        try:
            return info.cls(**members)
        except FieldFault as error:
            return self.fault((*path, error.member), str(error))


def find_unstorable_text(tree: Any, path: Path) -> list[Fault]:
    """Name every text of a parsed value that PostgreSQL has no room for."""
    walk = _Walk()
    walk.find_unstorable_text(tree, path)
    return walk.faults


def _unstorable(text: str) -> str | None:
    if "\0" in text:
        return "Null characters are not allowed"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "Input should be valid Unicode"
    return None
