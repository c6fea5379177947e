"""Looks for an order of the requests, one after the other, in which every answer is right (linearizability).

The order respects time: what ended before another began comes first. A request with several orders is one step, and so
is a list, so half a batch is never right. A request that was answered with an error of the server, or not at all,
happened at some time after it was sent, or never. The search is that of Wing and Gong with the memory of Lowe ("Testing
for linearizability", 2017).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from tests.concurrency.history import Event, Seen


class Stored(NamedTuple):
    """An order that lives."""

    key: str
    id: int
    members: frozenset[tuple[str, str]]


class State(NamedTuple):
    """All orders that live, and every id that was ever given."""

    orders: frozenset[Stored] = frozenset()
    ids: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Unexplained:
    """The longest explanation that was found, where it led, and the requests of which none can come next."""

    explained: Sequence[Event]
    state: State
    stuck: Sequence[Event]

    def __str__(self) -> str:
        lines = ["nothing explains these requests"]
        for title, rows in (
            ("so far", self.explained),
            ("state", [Seen(*order) for order in sorted(self.state.orders)]),
            ("none comes next", self.stuck),
        ):
            lines += [f"{title}:", *(f"  {row}" for row in rows)]
        return "\n".join(lines)


def explain(history: Iterable[Event]) -> Unexplained | None:
    """Find out whether a history that began with no orders can be explained; None when it can."""
    told = [event for event in history if event.outcome != "unknown" or event.kind not in ("get", "list")]
    events = sorted(told, key=lambda event: event.began)
    everything = {place for place, event in enumerate(events) if event.outcome != "unknown"}
    ids = _ids_by_key(events)
    todo: list[tuple[tuple[int, ...], State]] = [((), State())]
    known: set[tuple[frozenset[int], State]] = set()
    longest = Unexplained((), State(), ())
    while todo:
        path, state = todo.pop()
        done = frozenset(path)
        if everything <= done:
            return None
        if (done, state) in known:
            continue
        known.add((done, state))
        ready = _ready(events, done)
        if len(path) >= len(longest.explained):
            longest = Unexplained([events[each] for each in path], state, [events[each] for each in ready])
        todo += _steps(events, path, state, ready, ids)
    return longest


def _ready(events: Sequence[Event], done: frozenset[int]) -> list[int]:
    """The requests that can come next, those that ended first last: none that is left ended before they began."""
    left = [each for each in range(len(events)) if each not in done]
    first_end = min(events[each].ended for each in left)
    return sorted([each for each in left if events[each].began <= first_end], key=lambda each: -events[each].ended)


def _steps(
    events: Sequence[Event],
    path: tuple[int, ...],
    state: State,
    ready: Sequence[int],
    ids: Mapping[str, Sequence[int]],
) -> list[tuple[tuple[int, ...], State]]:
    steps = []
    for each in ready:
        event = events[each]
        for after in _after(state, event, ids):
            steps.append(((*path, each), after))
            if event.kind in ("get", "list") or event.outcome in ("refused", "busy"):
                return steps[-1:]  # what changes nothing and is right now need not come later
    return steps


def _ids_by_key(events: Iterable[Event]) -> dict[str, list[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for event in events:
        for sent, id_ in zip(event.sent, event.ids or (), strict=False):
            found[sent.key].add(id_)
        for seen in event.seen or ():
            found[seen.key].add(seen.id)
    return {key: sorted(ids) for key, ids in found.items()}


# One request


def _after(state: State, event: Event, ids: Mapping[str, Sequence[int]]) -> Iterator[State]:
    """The states after a request, if its answer can be right in this state."""
    if event.kind == "list":
        if _shown(event.seen) == state.orders:
            yield state
    elif event.kind == "get":
        [wanted] = event.sent
        found = frozenset(order for order in state.orders if order.id == wanted.id)
        if _shown(event.seen) == found:
            yield state
    elif event.outcome == "busy" or (event.outcome == "refused" and not _accepted(state, event)):
        yield state
    elif event.outcome == "done" and _accepted(state, event):
        yield from _answered(state, event)
    elif event.outcome == "unknown" and _accepted(state, event):
        # Which ids it gave, nobody was told: any that was seen later, or one that never was.
        keys = [key for key in dict.fromkeys(sent.key for sent in event.sent) if not _find(state, key)]
        for given in product(*([*ids.get(key, ()), -len(state.ids) - 1 - place] for place, key in enumerate(keys))):
            if after := _write(state, event, dict(zip(keys, given, strict=True))):
                yield after


def _answered(state: State, event: Event) -> Iterator[State]:
    given = [sent.id or 0 for sent in event.sent] if event.ids is None else event.ids
    named = dict(zip([sent.key for sent in event.sent], given, strict=False))
    after = _write(state, event, named) if len(given) == len(event.sent) else None
    if after is None or [named[sent.key] for sent in event.sent] != list(given):
        return  # also when one order has two ids
    if event.kind != "delete":
        orders = {order.key: order for order in after.orders}
        if any(orders[key].id != id_ for key, id_ in named.items()):
            return
        if event.seen is not None and _shown(event.seen) != {orders[key] for key in named}:
            return
    yield after


def _accepted(state: State, event: Event) -> bool:
    """Whether the contract has this write accepted."""
    living = {order.key: order.id for order in state.orders}
    for sent in event.sent:
        if not sent.valid:
            return False
        if sent.key in living:
            if sent.id not in (None, living[sent.key]):
                return False
        elif event.kind != "post" or sent.id is not None or not sent.whole:
            return False
        living.setdefault(sent.key, 0)
    return True


def _write(state: State, event: Event, new_ids: Mapping[str, int]) -> State | None:
    """The state after an accepted write; None when one of the new ids was given before."""
    orders, ids = {order.key: order for order in state.orders}, state.ids
    for sent in event.sent:
        if event.kind == "delete":
            del orders[sent.key]
            continue
        stored = orders.get(sent.key)
        if stored is None:
            stored = Stored(sent.key, new_ids[sent.key], frozenset())
            if stored.id in ids:
                return None
            ids |= {stored.id}
        members = {**dict(stored.members), **(sent.members or {})}
        orders[sent.key] = stored._replace(
            members=frozenset((name, value) for name, value in members.items() if value is not None)
        )
    return State(frozenset(orders.values()), ids)


def _find(state: State, key: str) -> bool:
    return any(order.key == key for order in state.orders)


def _shown(seen: Iterable[Seen] | None) -> frozenset[Stored]:
    return frozenset(Stored(*order[:3]) for order in seen or ())


# Times and ids


def find_wrong_times(history: Iterable[Event]) -> list[tuple[Seen, Seen]]:
    """Pairs of what was seen of one order, the first before the second, of which modified_at cannot be right.

    It never goes back, and an order that differs was modified at another time.
    """
    seen: dict[int, list[tuple[float, float, Seen]]] = defaultdict(list)
    for event in history:
        for order in event.seen or ():
            seen[order.id].append((event.began, event.ended, order))
    return [
        (first, second)
        for versions in seen.values()
        for _, ended, first in versions
        for began, _, second in versions
        if (ended < began and first.modified_at > second.modified_at)
        or (first.modified_at == second.modified_at and first.members != second.members)
    ]
