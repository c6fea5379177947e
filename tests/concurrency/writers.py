"""Writers and readers that meet at a few orders: what they send is drawn from a seed."""

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier

from tests.concurrency.history import Event, History, Kind, Sent, members_of, order_of
from tests.support import Account, an_order

SEEDS = range(16)

_WRITERS, _WRITES = 5, 5
_OPTIONAL = (
    "order_details.notes",
    "order_details.tags",
    "payment_details.invoice_date",
    "shipping_details.delivery_indicator",
)
_KEY = ("order_id", "order_details.integration")
_WHOLE = {"Prefer": "return=representation"}


class Round:
    """Some requests at once on a few new orders of an account."""

    def __init__(self, account: Account, seed: int) -> None:
        self.account, self.seed, self.name = account, seed, f"round-{seed}"
        self.history = History()
        self.keys = [f"{seed}{letter}" for letter in "abc"]
        self.ids: dict[str, list[int]] = defaultdict(list)
        self._writing = self._stopped = False

    def run(self, *, writes: int = _WRITES) -> list[Event]:
        """Write and read at once, then read all that was heard of; gives the history."""
        self._writing = True
        began = Barrier(_WRITERS + 1)
        with ThreadPoolExecutor(_WRITERS + 1) as threads:
            reader = threads.submit(self._read_on, began)
            writers = [threads.submit(self._write_on, began, number, writes) for number in range(_WRITERS)]
            try:
                for each in writers:
                    each.result()
            finally:
                self._writing = False
            reader.result()
        self.read_all()
        return self.history.events

    def stop(self) -> None:
        """Let the writers end with the request that they are at."""
        self._stopped = True

    def read_all(self) -> None:
        """Read every order that was heard of, and the list."""
        self._list()
        for key in self.keys:
            for id_ in self.ids[key]:
                self._get(key, id_)

    def _write_on(self, began: Barrier, number: int, writes: int) -> None:
        draw = Random(f"{self.seed} {number}")
        began.wait()
        for write in range(writes):
            if self._stopped or self._write(draw, f"{number}.{write}").status is None:
                return  # the server may have been killed

    def _read_on(self, began: Barrier) -> None:
        draw = Random(f"{self.seed} reader")
        began.wait()
        pause_s = 0.001
        while self._writing:
            known = [(key, id_) for key in self.keys for id_ in self.ids[key]]
            event = self._list() if not known or draw.random() < 0.6 else self._get(*draw.choice(known))
            if event.status is None:
                return
            time.sleep(pause_s := min(pause_s * 1.1, 0.1))

    # One request

    def _write(self, draw: Random, value: str) -> Event:
        headers = _WHOLE if draw.random() < 0.3 else {}
        [*_, newest] = [None, *self.ids[key := draw.choice(self.keys)]]
        how = draw.random()
        if newest and how < 0.12:
            return self._record("delete", [Sent(key, newest)], f"/orders/{newest}")
        if newest and how < 0.5:
            sent = Sent(key, newest, self._members(draw, value))
            return self._record("patch", [sent], f"/orders/{newest}", order_of(sent.members or {}), headers)
        keys = draw.choices(self.keys, k=draw.choice((1, 1, 2, 3, 3)))
        batch = [self._entry(draw, key, f"{value}.{place}") for place, key in enumerate(keys)]
        body = [order_of(sent.members or {}) | ({"id": str(sent.id)} if sent.id else {}) for sent in batch]
        return self._record("post", batch, "/orders", body, headers)

    def _entry(self, draw: Random, key: str, value: str) -> Sent:
        """An order of a batch: as for a new one or only what changes; now and then by its id, or with a fault."""
        how = draw.random()
        base = members_of(
            an_order(
                key,
                self.account.i1,
                {
                    "order_details.order_created_at": "2024-05-01T10:00:00.000000+00:00",
                    "order_details.status.code": self.name,
                },
            )
        )
        if how < 0.3:
            base = {name: base[name] for name in _KEY}
        members = base | self._members(draw, value)
        if how > 0.95:
            members["order_number"] = '""'
        id_ = self.ids[key][-1] if self.ids[key] and 0.25 < how < 0.4 else None
        return Sent(key, id_, members, whole=how >= 0.3, valid=how <= 0.95)

    def _members(self, draw: Random, value: str) -> dict[str, str | None]:
        members: dict[str, str | None] = {}
        for name in draw.sample(_OPTIONAL, draw.choice((1, 1, 2))):
            text = json.dumps([value] if name.endswith("tags") else value)
            members[name] = None if draw.random() < 0.15 else text
        if draw.random() < 0.3:
            members["order_number"] = json.dumps(value)
        return members

    def _list(self) -> Event:
        return self._record("list", (), f"/orders?status={self.name}")

    def _get(self, key: str, id_: int) -> Event:
        return self._record("get", [Sent(key, id_)], f"/orders/{id_}")

    def _record(
        self, kind: Kind, sent: Sequence[Sent], path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Event:
        method = "GET" if kind == "list" else kind.upper()
        request = self.account.client.build_request(method, path, json=body, headers=headers)
        event = self.history.record(kind, sent, lambda: self.account.client.send(request))
        for key, id_ in [
            *zip([each.key for each in sent], event.ids or (), strict=False),
            *((seen.key, seen.id) for seen in event.seen or ()),
        ]:
            if id_ not in self.ids[key]:
                self.ids[key].append(id_)
        return event
