"""The checker finds what goes wrong when a part of the server is taken out, by requests that the whole one stands."""

import pytest

from tests.concurrency.broken import PARTS
from tests.concurrency.explain import explain
from tests.concurrency.servers import running
from tests.concurrency.writers import SEEDS, Round
from tests.support import make_account


@pytest.mark.parametrize("part", [part.__name__ for part in PARTS])
def test_without_a_part_there_are_histories_that_nothing_explains(db, database_url, tmp_path, part):
    with running(tmp_path / "log", without=part, ORDERDOCK_DATABASE_URL=database_url) as server:
        account = make_account(db, server.url)
        with account.client:
            histories = (Round(account, seed).run() for seed in SEEDS)
            assert any(explain(history) for history in histories), "found nothing"
