"""All SQL on integrations."""

from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from orderdock.db.pool import Tx
from orderdock.errors import NotFound


class IntegrationRow(NamedTuple):
    """An integration as it is stored."""

    id: int
    account_id: int
    shop_name: str
    shop_url: str | None
    type: str
    service_point_enabled: bool
    service_point_carriers: list[str]
    webhook_active: bool
    webhook_url: str | None
    feedback_type: str
    started_failing_at: datetime | None
    last_fetched_at: datetime | None
    created_at: datetime
    updated_at: datetime


WRITABLE = (
    "shop_name",
    "shop_url",
    "service_point_enabled",
    "service_point_carriers",
    "webhook_active",
    "webhook_url",
    "feedback_type",
)
"""The columns that update_integration stores."""

_COLUMNS: LiteralString = (
    "i.id, i.account_id, i.shop_name, i.shop_url, i.type, i.service_point_enabled, i.service_point_carriers, "
    "i.webhook_active, i.webhook_url, i.feedback_type, i.started_failing_at, i.last_fetched_at, i.created_at, "
    "i.updated_at"
)


async def create_integration(tx: Tx, account_id: int, *, shop_name: str, type_: str) -> IntegrationRow:
    """Store a new integration."""
    rows = await tx.rows(
        IntegrationRow,
        """
        INSERT INTO integrations AS i (account_id, shop_name, type)
        VALUES (%(account_id)s, %(shop_name)s, %(type)s)
        RETURNING """
        + _COLUMNS,
        {"account_id": account_id, "shop_name": shop_name, "type": type_},
    )
    return rows[0]


async def find_integrations(tx: Tx, account_id: int | None) -> list[IntegrationRow]:
    """The integrations of an account, or (for the administrator) of all, by id."""
    return await tx.rows(
        IntegrationRow,
        "SELECT "
        + _COLUMNS
        + """
          FROM integrations AS i
         WHERE %(account_id)s::bigint IS NULL OR i.account_id = %(account_id)s
         ORDER BY i.id
        """,
        {"account_id": account_id},
    )


async def find_ids(tx: Tx, account_id: int) -> set[int]:
    """The ids of an account's integrations."""
    rows = await tx.rows(
        int,
        "SELECT id FROM integrations WHERE account_id = %(account_id)s",
        {"account_id": account_id},
    )
    return set(rows)


async def find_account_of(tx: Tx, integration_id: int) -> int | None:
    """The account of an integration, for the administrator; None when there is no such integration."""
    return await tx.row(
        int,
        "SELECT account_id FROM integrations WHERE id = %(id)s",
        {"id": integration_id},
    )


async def get_integration(tx: Tx, account_id: int, id_: int, *, lock: bool = False) -> IntegrationRow:
    """One integration; with `lock`, until the transaction ends. Raises NotFound, and Conflict for a lock not free."""
    lock_row: LiteralString = "FOR UPDATE" if lock else ""
    row = await tx.row(
        IntegrationRow,
        "SELECT "
        + _COLUMNS
        + """
          FROM integrations AS i
         WHERE i.account_id = %(account_id)s AND i.id = %(id)s
        """
        + lock_row,
        {"account_id": account_id, "id": id_},
    )
    if row is None:
        raise NotFound("The Integration could not be found with the search criteria given")
    return row


async def update_integration(tx: Tx, account_id: int, id_: int, values: dict[str, Any]) -> None:
    """Store the writable members of an integration that is locked."""
    await tx.run(
        """
        UPDATE integrations AS i
           SET shop_name = %(shop_name)s,
               shop_url = %(shop_url)s,
               service_point_enabled = %(service_point_enabled)s,
               service_point_carriers = %(service_point_carriers)s,
               webhook_active = %(webhook_active)s,
               webhook_url = %(webhook_url)s,
               feedback_type = %(feedback_type)s,
               updated_at = now()
         WHERE i.account_id = %(account_id)s AND i.id = %(id)s
        """,
        {**values, "account_id": account_id, "id": id_},
    )


async def delete_integration(tx: Tx, account_id: int, id_: int) -> None:
    """Move an integration, locked before, to the deleted ones."""
    await tx.run(
        """
          WITH gone AS (
               DELETE FROM integrations AS i
                WHERE i.account_id = %(account_id)s AND i.id = %(id)s
            RETURNING i.*
               )
        INSERT INTO deleted_integrations
        SELECT gone.*, now()
          FROM gone
        """,
        {"account_id": account_id, "id": id_},
    )
