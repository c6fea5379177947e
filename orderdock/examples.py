"""What the API document shows as examples, all in one place: an order of an invented shop, and what is said about it.

tests/http/test_openapi.py holds each of them against its schema, and sends the order to a real server.
"""

from collections.abc import Mapping
from typing import Any

from orderdock import limits
from orderdock.accounts.schema import Metadata
from orderdock.errors import Fault
from orderdock.http.health import Health
from orderdock.integrations.schema import Integration, IntegrationPatch
from orderdock.orders.schema import Order, OrderIn, OrderOut, OrderRef

_ADDRESS = {
    "name": "Mara Lindqvist",
    "address_line_1": "Voorbeeldlaan",
    "house_number": "12",
    "address_line_2": "2nd floor",
    "postal_code": "3511 AB",
    "city": "Utrecht",
    "country_code": "NL",
    "email": "mara@example.com",
    "phone_number": "+31850000000",
}

_ORDER = {
    "order_id": "5512",
    "order_number": "KW-5512",
    "order_details": {
        "integration": {"id": 1},
        "status": {"code": "unfulfilled", "message": "Unfulfilled"},
        "order_created_at": "2024-05-01T10:00:00.000000+00:00",
        "order_updated_at": "2024-05-01T10:04:12.000000+00:00",
        "order_items": [
            {
                "item_id": "5512-1",
                "product_id": "88",
                "name": "Stoneware mug, blue",
                "quantity": 2,
                "sku": "MUG-BLUE",
                "hs_code": "6912.00",
                "country_of_origin": "PT",
                "unit_price": {"value": 14.5, "currency": "EUR"},
                "total_price": {"value": 29, "currency": "EUR"},
                "measurement": {"weight": {"value": 0.35, "unit": "kg"}},
            },
            {
                "item_id": "5512-2",
                "product_id": "91",
                "name": "Tea towel",
                "quantity": 1,
                "sku": "TOWEL-1",
                "total_price": {"value": 9.95, "currency": "EUR"},
            },
        ],
        "notes": "Please ring twice.",
        "tags": ["gift"],
    },
    "payment_details": {
        "total_price": {"value": 40.95, "currency": "EUR"},
        "subtotal_price": {"value": 38.95, "currency": "EUR"},
        "estimated_shipping_price": {"value": 4.95, "currency": "EUR"},
        "status": {"code": "paid", "message": "Paid"},
        "discount_granted": {"value": "2.95", "currency": "EUR"},
    },
    "customer_details": {
        "name": "Mara Lindqvist",
        "email": "mara@example.com",
        "phone_number": "+31850000000",
    },
    "billing_address": _ADDRESS,
    "shipping_address": _ADDRESS,
    "shipping_details": {
        "delivery_indicator": "Standard delivery",
        "measurement": {"weight": {"value": 0.9, "unit": "kg"}},
        "ship_with": {"type": "shipping_option_code", "properties": {"shipping_option_code": "test:standard"}},
    },
}

EXAMPLES: Mapping[type, Any] = {
    OrderIn: _ORDER,
    OrderOut: {
        "id": 669,
        "created_at": "2024-05-01T10:00:03.120411+00:00",
        "modified_at": "2024-05-01T10:04:15.002873+00:00",
        **_ORDER,
    },
    OrderRef: {"id": 669, "order_id": _ORDER["order_id"], "order_number": _ORDER["order_number"]},
    Order: {
        "order_details": {"order_items": [{"name": "Tea towel", "quantity": 3}], "notes": None},
        "shipping_address": {"house_number": "14"},
    },
    Integration: {
        "id": 1,
        "shop_name": "Kiln & Wheel",
        "type": "api",
        "service_point_enabled": False,
        "service_point_carriers": [],
        "webhook_active": True,
        "feedback_type": "eager",
        "created_at": "2024-04-02T08:30:00.000000+00:00",
        "updated_at": "2024-04-30T16:12:45.881203+00:00",
        "shop_url": "https://shop.example.com",
        "webhook_url": "https://shop.example.com/hooks/orders",
    },
    IntegrationPatch: {"webhook_active": True, "webhook_url": "https://shop.example.com/hooks/orders"},
    Metadata: {"user_id": 1, "integration_id": 1},
    Health: {"status": "ready"},
}
"""An example of each type that a request or an answer is made of."""

BATCH_FAULT = Fault(
    (0, "order_details", "integration", "id"), "Integration with id 9 does not exist", key=str(_ORDER["order_id"])
)
PATCH_FAULT = Fault(("order_details", "order_items"), "Could not find specified item.", key=str(_ORDER["order_id"]))
INTEGRATION_FAULT = Fault(("webhook_url",), "Webhook URL required when enable webhook is set to true")
ENTITY_TAG_FAULT = Fault(None, 'Input should be entity tags such as "669-1", or *', header="If-Match")
DATE_FAULT = Fault(None, "Enter a valid date.", parameter="order_created_at_min")
QUERY_FAULT = Fault(None, f"The query should have at most {limits.query_bytes_max} bytes")
