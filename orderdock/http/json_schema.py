"""JSON Schemas of the Structs that endpoints read and answer, as components of the API document."""

import inspect
from typing import Any, Literal

from msgspec.inspect import (
    BoolType,
    CustomType,
    Field,
    IntType,
    ListType,
    Metadata,
    StrType,
    StructType,
    Type,
    UnionType,
    type_info,
)

from orderdock.values import Choice, Kind

Schema = dict[str, Any]
Way = Literal["In", "Patch", "Out"]


class Schemas:
    """Collects the schemas of Structs, which differ with the way a value goes.

    In: null is taken where the Struct takes it. Patch: besides, nothing is required but what an entry of a list is
    found by. Out: what is always there is required, and null is only what has to be there all the same.
    """

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def add(self, kind: Any, way: Way) -> Schema:
        """Give the schema of a type; Structs and choices in it become components."""
        return self._schema(type_info(kind), way)

    def _schema(self, info: Type, way: Way) -> Schema:
        match info:
            case Metadata():
                return self._schema(info.type, way) | (info.extra_json_schema or {})
            case UnionType(includes_none=True):
                return _or_null(self._schema(_not_null(info), way))
            case ListType():
                bounds = _given(minItems=info.min_length, maxItems=info.max_length)
                return {"type": "array", "items": self._schema(info.item_type, way), **bounds}
            case StrType():
                return {
                    "type": "string",
                    **_given(minLength=info.min_length, maxLength=info.max_length, pattern=info.pattern),
                }
            case IntType():
                return {"type": "integer"}
            case BoolType():
                return {"type": "boolean"}
            case CustomType(cls=cls) if issubclass(cls, Kind):
                schema = {**about(cls), **cls.schema}
                return self._component(cls.__name__, schema) if issubclass(cls, Choice) else schema
            case StructType(cls=cls):
                name = cls.__name__ if way == "Out" else cls.__name__.removesuffix(way) + way
                return self._component(name, self._object(info, way))
        raise TypeError(f"no schema for {info}")

    def _component(self, name: str, schema: Schema) -> Schema:
        assert self.components.setdefault(name, schema) == schema, f"two schemas are called {name}"
        return {"$ref": f"#/components/schemas/{name}"}

    def _object(self, info: StructType, way: Way) -> Schema:
        properties: dict[str, Schema] = {}
        required: list[str] = []
        for member in info.fields:
            schema = self._schema(_not_null(member.type) if way == "Out" and not member.required else member.type, way)
            if way == "Out" and schema.get("writeOnly"):
                continue
            if way == "In" and not member.required and _always_there(member):
                schema["description"] = f"{schema.get('description', '')} Required to create one.".strip()
            properties[member.encode_name] = schema
            if _required(info.cls, member, way):
                required.append(member.encode_name)
        return {"type": "object", **about(info.cls), "properties": properties, **_given(required=required or None)}


def about(kind: type) -> Schema:
    """Give the description of a type: the first paragraph of its own docstring."""
    text = inspect.cleandoc(kind.__dict__.get("__doc__") or "").partition("\n\n")[0].replace("\n", " ")
    return _given(description=text or None)


def _required(kind: type, member: Field, way: Way) -> bool:
    if way == "Patch":
        return member.encode_name == getattr(kind, "found_by", None)
    if way == "In":
        return member.required
    return _always_there(member) or not kind.__struct_config__.omit_defaults  # pyright: ignore[reportAttributeAccessIssue]


def _always_there(member: Field) -> bool:
    """Whether a whole object has this member: what may be left out may be null too (see orders/schema.py)."""
    return member.required or _not_null(member.type) is member.type


def _not_null(info: Type) -> Type:
    return info.types[0] if isinstance(info, UnionType) else info


def _or_null(schema: Schema) -> Schema:
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]} if "type" in schema else schema


def _given(**members: Any) -> Schema:
    return {name: value for name, value in members.items() if value is not None}
