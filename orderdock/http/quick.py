"""The Structs of a body in a form that msgspec reads faster: kinds of value that it knows itself in place of ours.

Where a kind names a `quick` type, each value of that type is one that the kind would give back as it is, or that its
Struct brings to that in `__post_init__`. So a body that the quick Structs read is read right; any other body is for the
Structs themselves.
"""

import functools
from collections.abc import Callable
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, Struct, structs

from orderdock.values import Kind


@functools.cache
def quick_type(kind: Any, *, quick: bool = True, only_known: bool = True) -> Any:
    """Give the quick form of a type. The form of a Struct is a subclass of it.

    Without `quick` the kinds stay; without `only_known` Structs pass over members that they do not know.
    """
    form = functools.partial(quick_type, quick=quick, only_known=only_known)
    if isinstance(kind, type) and issubclass(kind, Kind):
        return (quick and kind.quick) or kind
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _form_of_struct(kind, form, only_known=only_known)
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return Annotated[(form(parts[0]), *parts[1:])]
    if origin in (Union, UnionType):
        return Union[tuple(form(part) for part in parts)]  # noqa: UP007  there is no other way for a tuple
    if origin is list:
        return list[form(parts[0])]
    return kind


def _form_of_struct(kind: type[Struct], form: Callable[[Any], Any], *, only_known: bool) -> type[Struct]:
    hints = get_type_hints(kind, include_extras=True)
    fields = [
        (field.name, form(hints[field.name]), msgspec.field(default=field.default, name=field.encode_name))
        for field in structs.fields(kind)
    ]
    assert all(field.default_factory is NODEFAULT for field in structs.fields(kind))
    return msgspec.defstruct(
        kind.__name__,
        fields,
        bases=(kind,),
        module=kind.__module__,
        kw_only=True,
        forbid_unknown_fields=only_known,
    )
