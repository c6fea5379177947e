"""What was sent, when, and what came back: the history of some requests on some orders."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Literal, NamedTuple

import httpx2

_MERGED = ("order_details", "payment_details", "customs_details", "shipping_details")
_OURS = ("id", "created_at", "modified_at")
_FIXED = {
    "order_id",
    "order_details.integration",
    "order_details.status",
    "order_details.order_created_at",
    "order_details.order_items",
    "payment_details.total_price",
    "payment_details.status",
}

Kind = Literal["post", "patch", "delete", "get", "list"]
Outcome = Literal["done", "refused", "busy", "unknown"]


@dataclass(frozen=True)
class Sent:
    """One order of a request: how it is named, and its members; None takes one away.

    `whole` says that it has all that a new order needs, `valid` that its members are right.
    """

    key: str
    id: int | None = None
    members: Mapping[str, str | None] | None = None
    whole: bool = False
    valid: bool = True

    def __str__(self) -> str:
        name = self.key if self.id is None else f"{self.key}={self.id}"
        return f"{name}{' whole' * self.whole}{' invalid' * (not self.valid)} {_drawn(self.members or {})}"


class Seen(NamedTuple):
    """An order in an answer."""

    key: str
    id: int
    members: frozenset[tuple[str, str]]
    modified_at: str = ""

    def __str__(self) -> str:
        return f"{self.key}={self.id} {self.modified_at} {_drawn(dict(self.members))}"


@dataclass(frozen=True)
class Event:
    """A request and its outcome, with the seconds between which it took place; those of an unknown one never end.

    `ids` are what a POST answered with, `seen` the orders that an answer showed; None when it showed none.
    """

    kind: Kind
    began: float
    ended: float
    outcome: Outcome = "done"
    sent: Sequence[Sent] = ()
    ids: Sequence[int] | None = None
    seen: Sequence[Seen] | None = None
    status: int | None = None

    def __str__(self) -> str:
        what = [f"{self.began:.4f} to {self.ended:.4f}", self.kind, self.status, *map(str, self.sent)]
        if self.ids is not None:
            what.append(f"ids {self.ids}")
        if self.seen is not None:
            what += ["saw", *map(str, self.seen)]
        return " ".join(map(str, what))


class History:
    """Records requests. Threads may share one."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def record(self, kind: Kind, sent: Sequence[Sent], send: Callable[[], httpx2.Response]) -> Event:
        """Send a request, and write down what became of it."""
        began = time.monotonic()
        try:
            answer = send()
        except httpx2.TransportError:
            answer = None
        ended = time.monotonic()
        if answer is None or answer.status_code >= 500:
            event = Event(kind, began, inf, "unknown", sent, status=answer.status_code if answer else None)
        elif answer.is_success:
            data = answer.json()["data"] if answer.content else []
            orders = data if isinstance(data, list) else [data]
            shown = kind == "list" or any("order_details" in order for order in orders)
            event = Event(
                kind,
                began,
                ended,
                sent=sent,
                ids=[order["id"] for order in orders] if kind in ("post", "patch") else None,
                seen=[read(order) for order in orders] if shown else None,
                status=answer.status_code,
            )
        else:
            assert answer.status_code in (400, 404, 409), answer.text
            busy = answer.status_code == 409
            assert not busy or answer.headers["Retry-After"] == "1"
            event = Event(kind, began, ended, "busy" if busy else "refused", sent, status=answer.status_code)
        self.events.append(event)
        return event

    def last_list(self) -> Sequence[Seen]:
        """The orders that the last list showed."""
        return next(event.seen or () for event in reversed(self.events) if event.kind == "list")


def read(order: Mapping[str, Any]) -> Seen:
    """An order as an answer shows it."""
    return Seen(order["order_id"], order["id"], frozenset(members_of(order).items()), order["modified_at"])


def members_of(order: Mapping[str, Any]) -> dict[str, str]:
    """What a POST replaces one by one, as dotted names and JSON."""
    members = {}
    for name, value in order.items():
        if name in _MERGED:
            members |= {f"{name}.{inner}": json.dumps(each, sort_keys=True) for inner, each in value.items()}
        elif name not in _OURS:
            members[name] = json.dumps(value, sort_keys=True)
    return members


def _drawn(members: Mapping[str, str | None]) -> str:
    """The members that differ from one request to the next."""
    return ", ".join(f"{name} {members[name]}" for name in sorted(set(members) - _FIXED))


def order_of(members: Mapping[str, str | None]) -> dict[str, Any]:
    """The body that sends these members."""
    order: dict[str, Any] = {}
    for path, text in members.items():
        *outer, name = path.split(".")
        place = order.setdefault(outer[0], {}) if outer else order
        place[name] = None if text is None else json.loads(text)
    return order
