"""The integration on the wire (behaviour 2.5)."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from orderdock import limits, values
from orderdock.integrations.store import IntegrationRow
from orderdock.values import Object, write_time


class FeedbackType(values.Choice, words=("eager", "delayed", "none")):
    """When a shop hears of a shipment."""


class IntegrationPatch(Object):
    """The members of an integration that a client may change; what is not sent stays."""

    shop_name: values.ShopName | UnsetType = UNSET
    shop_url: values.WebUrl | None | UnsetType = UNSET
    service_point_enabled: values.Boolean | UnsetType = UNSET
    service_point_carriers: (
        Annotated[list[values.SomeText], Meta(max_length=limits.carriers_per_integration_max)] | UnsetType
    ) = UNSET
    webhook_active: values.Boolean | UnsetType = UNSET
    webhook_url: values.WebUrl | None | UnsetType = UNSET
    feedback_type: FeedbackType | UnsetType = UNSET
    id: values.Ignored | None = None
    type: values.Ignored | None = None
    started_failing_at: values.Ignored | None = None
    last_fetched_at: values.Ignored | None = None
    created_at: values.Ignored | None = None
    updated_at: values.Ignored | None = None


class Integration(Object):
    """An integration as it is answered."""

    id: int
    shop_name: str
    type: str
    service_point_enabled: bool
    service_point_carriers: list[str]
    webhook_active: bool
    feedback_type: str
    created_at: values.Timestamp
    updated_at: values.Timestamp
    shop_url: str | None = None
    webhook_url: str | None = None
    started_failing_at: values.Timestamp | None = None
    last_fetched_at: values.Timestamp | None = None

    @classmethod
    def from_row(cls, row: IntegrationRow) -> "Integration":
        """Show a stored integration."""
        shown: dict[str, Any] = {
            name: write_time(value) if isinstance(value, datetime) else value
            for name, value in row._asdict().items()
            if name != "account_id"
        }
        return cls(**shown)
