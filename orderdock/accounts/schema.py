"""Accounts on the wire (behaviour 2.9)."""

from orderdock.values import Object


class Metadata(Object):
    """What a key belongs to. An account without integrations has no integration_id."""

    user_id: int
    integration_id: int | None = None
