"""The checker on histories made by hand: what can be explained, and each kind of anomaly, which cannot."""

from math import inf

import pytest

from tests.concurrency.explain import explain, find_wrong_times
from tests.concurrency.history import Event, Seen, Sent


def whole(key: str, id_: int | None = None, **members: str | None) -> Sent:
    """A complete order."""
    return Sent(key, id_, members, whole=True)


def part(key: str, id_: int | None = None, **members: str | None) -> Sent:
    """Some members of an order."""
    return Sent(key, id_, members)


def saw(key: str, id_: int, modified_at: str = "", **members: str) -> Seen:
    return Seen(key, id_, frozenset(members.items()), modified_at)


def post(began: float, ended: float, *sent: Sent, ids: list[int]) -> Event:
    return Event("post", began, ended, sent=sent, ids=ids)


def patch(began: float, ended: float, sent: Sent, *seen: Seen) -> Event:
    return Event("patch", began, ended, sent=[sent], ids=[sent.id or 0], seen=seen or None)


def delete(began: float, ended: float, key: str, id_: int) -> Event:
    return Event("delete", began, ended, sent=[Sent(key, id_)])


def refused(kind: str, began: float, ended: float, *sent: Sent, outcome: str = "refused") -> Event:
    return Event(kind, began, ended, outcome, sent)  # pyright: ignore[reportArgumentType]


def unknown(kind: str, began: float, *sent: Sent) -> Event:
    return Event(kind, began, inf, "unknown", sent)  # pyright: ignore[reportArgumentType]


def listed(began: float, ended: float, *seen: Seen) -> Event:
    return Event("list", began, ended, seen=seen)


def got(began: float, ended: float, key: str, id_: int, *seen: Seen) -> Event:
    return Event("get", began, ended, "done" if seen else "refused", [Sent(key, id_)], seen=seen)


A = post(0, 1, whole("a", x="0"), ids=[1])
AB = post(0, 1, whole("a", x="0"), whole("b", x="0"), ids=[1, 2])
BOTH = (part("a", y="2"), part("b", y="2"))

EXPLAINED = {
    "nothing": [],
    "one after the other": [A, patch(2, 3, part("a", 1, x="1")), listed(4, 5, saw("a", 1, x="1"))],
    "at once, the later one last": [
        A,
        patch(2, 5, part("a", 1, x="1")),
        patch(3, 4, part("a", 1, x="2")),
        listed(6, 7, saw("a", 1, x="2")),
    ],
    "at once, the later one first": [
        A,
        patch(2, 5, part("a", 1, x="1")),
        patch(3, 4, part("a", 1, x="2")),
        listed(6, 7, saw("a", 1, x="1")),
    ],
    "a write that changes nothing where it could first be": [
        A,
        post(2, 9, whole("a", x="0"), ids=[1]),
        patch(2, 3, part("a", 1, x="1")),
        listed(4, 5, saw("a", 1, x="1")),
        listed(10, 11, saw("a", 1, x="0")),
    ],
    "a member taken away": [A, patch(2, 3, part("a", 1, x=None, y="1")), listed(4, 5, saw("a", 1, y="1"))],
    "two requests create one order": [
        post(0, 2, whole("a", x="1"), ids=[1]),
        post(0, 2, whole("a", y="2"), ids=[1]),
        listed(3, 4, saw("a", 1, x="1", y="2")),
    ],
    "one order twice in a batch": [
        post(0, 1, whole("a", x="1", y="1"), part("a", y=None), ids=[1, 1]),
        listed(2, 3, saw("a", 1, x="1")),
    ],
    "deleted and created again": [
        A,
        delete(2, 3, "a", 1),
        post(4, 5, whole("a", x="1"), ids=[2]),
        got(6, 7, "a", 1),
        listed(6, 7, saw("a", 2, x="1")),
    ],
    "refused as it was deleted meanwhile": [
        A,
        delete(2, 5, "a", 1),
        refused("patch", 3, 4, part("a", 1, x="1")),
        refused("post", 3, 4, part("a", x="1"), whole("b", x="1")),
        listed(6, 7),
    ],
    "busy": [A, refused("patch", 2, 3, part("a", 1, x="1"), outcome="busy"), listed(4, 5, saw("a", 1, x="0"))],
    "unknown, and stored": [
        AB,
        unknown("post", 2, *BOTH),
        listed(3, 4, saw("a", 1, x="0", y="2"), saw("b", 2, x="0", y="2")),
    ],
    "unknown, and not stored": [AB, unknown("post", 2, *BOTH), listed(3, 4, saw("a", 1, x="0"), saw("b", 2, x="0"))],
    "unknown, and stored later": [
        AB,
        unknown("post", 2, *BOTH),
        listed(3, 4, saw("a", 1, x="0"), saw("b", 2, x="0")),
        listed(5, 6, saw("a", 1, x="0", y="2"), saw("b", 2, x="0", y="2")),
    ],
    "unknown, with an id that is seen later": [
        unknown("post", 0, whole("a", x="0")),
        got(1, 2, "a", 7, saw("a", 7, x="0")),
    ],
    "unknown, with an id that nobody ever sees": [
        unknown("post", 0, whole("a", x="0")),
        refused("post", 1, 2, part("a", 5, x="1")),
        post(1, 2, part("a", y="1"), ids=[7]),
        listed(3, 4, saw("a", 7, x="0", y="1")),
    ],
}

ANOMALIES = {
    "lost update": [
        A,
        patch(2, 4, part("a", 1, y="1")),
        patch(2, 4, part("a", 1, z="2")),
        listed(5, 6, saw("a", 1, x="0", z="2")),
    ],
    "acknowledged, and not there": [A, listed(2, 3)],
    "never sent": [A, listed(2, 3, saw("a", 1, x="9"))],
    "the earlier one last": [
        A,
        patch(2, 3, part("a", 1, x="1")),
        patch(4, 5, part("a", 1, x="2")),
        listed(6, 7, saw("a", 1, x="1")),
    ],
    "half a batch": [
        AB,
        post(2, 3, *BOTH, ids=[1, 2]),
        listed(4, 5, saw("a", 1, x="0", y="2"), saw("b", 2, x="0")),
    ],
    "half a batch, for a moment": [
        AB,
        post(2, 7, *BOTH, ids=[1, 2]),
        listed(3, 4, saw("a", 1, x="0", y="2"), saw("b", 2, x="0")),
        listed(8, 9, saw("a", 1, x="0", y="2"), saw("b", 2, x="0", y="2")),
    ],
    "half an unknown batch": [
        AB,
        unknown("post", 2, *BOTH),
        listed(4, 5, saw("a", 1, x="0", y="2"), saw("b", 2, x="0")),
    ],
    "two batches, each of them last": [
        AB,
        post(2, 4, part("a", x="1"), part("b", x="1"), ids=[1, 2]),
        post(2, 4, part("b", x="2"), part("a", x="2"), ids=[2, 1]),
        listed(5, 6, saw("a", 1, x="1"), saw("b", 2, x="2")),
    ],
    "a trace of what was refused": [
        A,
        refused("post", 2, 3, part("a", y="1"), part("b", y="1")),
        listed(4, 5, saw("a", 1, x="0", y="1")),
    ],
    "a trace of what was busy": [
        A,
        refused("post", 2, 3, part("a", y="1"), outcome="busy"),
        listed(4, 5, saw("a", 1, x="0", y="1")),
    ],
    "an order of what was refused": [
        refused("post", 2, 3, whole("a", x="0"), part("b", y="1")),
        listed(4, 5, saw("a", 1, x="0")),
    ],
    "refused without a reason": [A, refused("patch", 2, 3, part("a", 1, x="1"))],
    "resurrected": [
        A,
        delete(2, 5, "a", 1),
        patch(3, 4, part("a", 1, x="1")),
        listed(6, 7, saw("a", 1, x="1")),
    ],
    "changed after it was deleted": [A, delete(2, 3, "a", 1), patch(4, 5, part("a", 1, x="1"))],
    "deleted twice": [A, delete(2, 4, "a", 1), delete(2, 4, "a", 1)],
    "the old id again": [A, delete(2, 3, "a", 1), post(4, 5, whole("a", x="1"), ids=[1])],
    "the old id, which was found meanwhile": [
        A,
        delete(2, 3, "a", 1),
        unknown("post", 4, whole("a", x="1")),
        listed(5, 6, saw("a", 1, x="1")),
    ],
    "one id of two orders": [A, post(2, 3, whole("b", x="0"), ids=[1])],
    "two ids of one order": [post(0, 1, whole("a", x="0"), part("a", y="0"), ids=[1, 2])],
    "two orders of one key": [post(0, 2, whole("a", x="1"), ids=[1]), post(0, 2, whole("a", y="2"), ids=[2])],
    "an id that changes": [A, post(2, 3, part("a", y="1"), ids=[2])],
    "stale list": [A, patch(2, 3, part("a", 1, x="1")), listed(4, 5, saw("a", 1, x="0"))],
    "stale order": [A, patch(2, 3, part("a", 1, x="1")), got(4, 5, "a", 1, saw("a", 1, x="0"))],
    "stale answer": [A, patch(2, 3, part("a", 1, x="1")), patch(4, 5, part("a", 1, y="1"), saw("a", 1, x="0", y="1"))],
    "seen, and then not seen": [
        A,
        patch(2, 9, part("a", 1, x="1")),
        got(3, 4, "a", 1, saw("a", 1, x="1")),
        got(5, 6, "a", 1, saw("a", 1, x="0")),
    ],
    "unknown, stored and gone": [
        A,
        unknown("patch", 2, part("a", 1, x="1")),
        got(3, 4, "a", 1, saw("a", 1, x="1")),
        got(5, 6, "a", 1, saw("a", 1, x="0")),
    ],
}


@pytest.mark.parametrize("history", EXPLAINED.values(), ids=EXPLAINED)
def test_what_can_be_explained(history):
    assert explain(history) is None


@pytest.mark.parametrize("history", ANOMALIES.values(), ids=ANOMALIES)
def test_what_nothing_explains(history):
    assert explain(history) is not None


def test_what_is_said_of_an_anomaly():
    assert str(explain(ANOMALIES["stale order"])).splitlines() == [
        "nothing explains these requests",
        "so far:",
        "  0.0000 to 1.0000 post None a whole x 0 ids [1]",
        "  2.0000 to 3.0000 patch None a=1 x 1 ids [1]",
        "state:",
        "  a=1  x 1",
        "none comes next:",
        "  4.0000 to 5.0000 get None a=1  saw a=1  x 0",
    ]


@pytest.mark.parametrize(
    ("first", "second", "right"),
    [
        (got(0, 1, "a", 1, saw("a", 1, "10:00", x="0")), got(2, 3, "a", 1, saw("a", 1, "10:01", x="1")), True),
        (got(0, 1, "a", 1, saw("a", 1, "10:00", x="0")), got(2, 3, "a", 1, saw("a", 1, "10:00", x="0")), True),
        (got(0, 2, "a", 1, saw("a", 1, "10:01", x="1")), got(1, 3, "a", 1, saw("a", 1, "10:00", x="0")), True),
        (got(0, 1, "a", 1, saw("a", 1, "10:01", x="0")), got(2, 3, "a", 1, saw("a", 1, "10:00", x="1")), False),
        (got(0, 1, "a", 1, saw("a", 1, "10:00", x="0")), got(2, 3, "a", 1, saw("a", 1, "10:00", x="1")), False),
    ],
    ids=["later", "unchanged", "at once", "back", "changed at the same time"],
)
def test_times(first, second, right):
    assert (find_wrong_times([first, second]) == []) is right
