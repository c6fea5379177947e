"""Change an integration's settings (behaviour 2.5)."""

import msgspec
from msgspec import UNSET

from orderdock.db.pool import Tx
from orderdock.errors import Fault, Invalid
from orderdock.http.explain import Reading
from orderdock.integrations import store
from orderdock.integrations.schema import IntegrationPatch


async def update_integration(tx: Tx, account_id: int, id_: int, reading: Reading[IntegrationPatch]) -> None:
    """Change what was sent. Raises NotFound, Conflict, and Invalid with every fault; then nothing is written."""
    row = await store.get_integration(tx, account_id, id_, lock=True)
    sent = {
        name: value
        for name, value in msgspec.structs.asdict(reading.value).items()
        if name in store.WRITABLE and value is not UNSET
    }
    after = {name: getattr(row, name) for name in store.WRITABLE} | sent
    faults = list(reading.faults)
    if after["webhook_active"] is True and not after["webhook_url"]:
        faults.append(Fault(("webhook_url",), "Webhook URL required when enable webhook is set to true"))
    if after["service_point_enabled"] is True and not after["service_point_carriers"]:
        faults.append(Fault(("service_point_carriers",), "List should have at least 1 item"))
    if faults:
        raise Invalid(faults, faults_left_out=reading.faults_left_out)
    if any(getattr(row, name) != value for name, value in after.items()):
        await store.update_integration(tx, account_id, id_, after)
