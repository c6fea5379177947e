"""The order on the wire (behaviour 2.1): what a request may say, and what is stored and answered.

Two rules carry the meaning of "required", "null" and "absent", so that no list of fields repeats them:

- In an object that an update merges (`Merged`), a member that was not sent is UNSET and stays as stored. One that may
  also be null is optional; one that may not is required of a new order.
- In any other object, which an update replaces as a whole, null and absent both mean "no value".
"""

import functools
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Annotated, ClassVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from orderdock import limits, values
from orderdock.values import (
    Amount,
    Choice,
    Country,
    Currency,
    DecimalText,
    FieldFault,
    Object,
    SomeText,
    Text,
    Timestamp,
    finish_amount,
)


class Merged(Object):
    """An object whose members an update changes one by one."""


# Measures


class LengthUnit(Choice, words=("cm", "mm", "m", "yd", "ft", "in")):
    """Unit of a dimension."""


class WeightUnit(Choice, words=("kg", "g", "lbs", "oz")):
    """Unit of a weight."""


class VolumeUnit(Choice, words=("m3", "cm3", "l", "ml", "gal")):
    """Unit of a volume."""


class Dimension(Object):
    """Outer size."""

    length: values.NonNegativeNumber
    width: values.NonNegativeNumber
    height: values.NonNegativeNumber
    unit: LengthUnit


class Weight(Object):
    """Weight in the unit that was sent."""

    value: values.PositiveNumber
    unit: WeightUnit


class Volume(Object):
    """Volume in the unit that was sent."""

    value: values.Volume
    unit: VolumeUnit


class Measurement(Object):
    """What packing and shipping need to know of size and weight."""

    dimension: Dimension | None = None
    weight: Weight | None = None
    volume: Volume | None = None


# Money


class ItemPrice(Object):
    """A price of an order line, whose currency may be left out."""

    value: Amount
    currency: Currency | None = None

    def __post_init__(self) -> None:
        self.value = finish_amount(self.value)


class Price(Object):
    """A price of the order."""

    value: Amount
    currency: Currency

    def __post_init__(self) -> None:
        self.value = finish_amount(self.value)


class Cost(Object):
    """A cost or discount beside the prices; the amount is decimal text."""

    value: DecimalText | None = None
    currency: Currency | None = None


# Items


class RegulationSet(Choice, words=("IATA", "ADR")):
    """Rules for dangerous goods."""


class DangerousGoodsUnit(Choice, words=("KG", "G", "L", "ML")):
    """Unit of an amount of dangerous goods."""


class RegulatedLevel(Choice, words=("LQ", "EQ")):
    """Limited or excepted quantity."""


class TransportationMode(Choice, words=("Highway", "Ground", "PAX", "CAO")):
    """How dangerous goods may travel."""


class PackingGroup(Choice, words=("I", "II", "III")):
    """ADR packing group."""


class WeightType(Choice, words=("Net", "Gross")):
    """What a weight includes."""


class DangerousGoods(Object):
    """What a carrier must know of hazardous goods."""

    chemical_record_identifier: Text | None = None
    regulation_set: RegulationSet | None = None
    packaging_type_quantity: Text | None = None
    packaging_type: Text | None = None
    packaging_instruction_code: Text | None = None
    id_number: Text | None = None
    class_division_number: Text | None = None
    quantity: Text | None = None
    unit_of_measurement: DangerousGoodsUnit | None = None
    proper_shipping_name: Text | None = None
    commodity_regulated_level_code: RegulatedLevel | None = None
    transportation_mode: TransportationMode | None = None
    emergency_contact_name: Text | None = None
    emergency_contact_phone: Text | None = None
    adr_packing_group_letter: PackingGroup | None = None
    local_proper_shipping_name: Text | None = None
    transport_category: Text | None = None
    tunnel_restriction_code: Text | None = None
    weight_type: WeightType | None = None


class DeliveryDates(Object):
    """When an item leaves and when it should arrive."""

    handover_at: Timestamp | None = None
    deliver_at: Timestamp | None = None


class OrderItem(Object, kw_only=True):
    """One line of an order."""

    found_by: ClassVar[str] = "name"  # a PATCH says with it which line it means

    item_id: SomeText | None = None
    product_id: Text | None = None
    variant_id: Text | None = None
    image_url: values.WebUrlOrEmpty | None = None
    name: Text
    description: values.LongText | None = None
    quantity: values.QuantityOrZero
    sku: Text | None = None
    hs_code: Text | None = None
    country_of_origin: Country | None = None
    properties: values.ItemProperties | None = None
    unit_price: ItemPrice | None = None
    total_price: ItemPrice
    measurement: Measurement | None = None
    ean: Text | None = None
    delivery_dates: DeliveryDates | None = None
    mid_code: Text | None = None
    material_content: Text | None = None
    intended_use: Text | None = None
    dangerous_goods: DangerousGoods | None = None


class OrderItemIn(OrderItem, kw_only=True):
    """One line of an order that is sent: at least one piece of it."""

    quantity: values.Quantity


# The order's parts


class IntegrationRef(Object):
    """The shop that the order comes from."""

    id: values.IntegrationId


class Status(Object):
    """A status in the shop's own words."""

    code: SomeText
    message: Text | None = None


class OrderDetails(Merged, kw_only=True):
    """What the shop says of the order in general."""

    integration: IntegrationRef
    status: Status | UnsetType = UNSET
    order_created_at: Timestamp | UnsetType = UNSET
    order_updated_at: Timestamp | None | UnsetType = UNSET
    order_items: Annotated[list[OrderItem], Meta(max_length=limits.items_per_order_max)] | UnsetType = UNSET
    notes: values.LongText | None | UnsetType = UNSET
    tags: Annotated[list[Text], Meta(max_length=limits.tags_per_order_max)] | None | UnsetType = UNSET


class OrderDetailsIn(OrderDetails, kw_only=True):
    """What a shop sends of the order in general."""

    order_items: Annotated[list[OrderItemIn], Meta(max_length=limits.items_per_order_max)] | UnsetType = UNSET


class PaymentDetails(Merged):
    """Prices, costs and payment."""

    is_cash_on_delivery: values.Boolean | None | UnsetType = UNSET
    total_price: Price | UnsetType = UNSET
    subtotal_price: Price | None | UnsetType = UNSET
    estimated_shipping_price: Price | None | UnsetType = UNSET
    estimated_tax_price: Price | None | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    invoice_date: values.InvoiceDate | None | UnsetType = UNSET
    discount_granted: Cost | None | UnsetType = UNSET
    insurance_costs: Cost | None | UnsetType = UNSET
    freight_costs: Cost | None | UnsetType = UNSET
    other_costs: Cost | None | UnsetType = UNSET


class TaxNumber(Object):
    """One tax identification."""

    name: Text | None = None
    country_code: values.TaxCountry | None = None
    value: Text | None = None


PartyTaxNumbers = Annotated[list[TaxNumber], Meta(max_length=limits.tax_numbers_per_party_max)]


class TaxNumbers(Object, omit_defaults=False):
    """Tax identifications of the parties. All three lists are answered, empty if need be: clients loop over them."""

    sender: PartyTaxNumbers | None = None
    receiver: PartyTaxNumbers | None = None
    importer_of_record: PartyTaxNumbers | None = None

    def __post_init__(self) -> None:
        self.sender = self.sender or []
        self.receiver = self.receiver or []
        self.importer_of_record = self.importer_of_record or []


class ShipmentType(Choice, words=("gift", "commercial_goods", "commercial_sample", "returned_goods")):
    """Why goods cross a border."""


class ExportType(Choice, words=("private", "commercial_b2c", "commercial_b2b")):
    """Who sends goods to whom."""


class CustomsDetails(Merged):
    """What customs ask."""

    commercial_invoice_number: Text | None | UnsetType = UNSET
    shipment_type: ShipmentType | None | UnsetType = UNSET
    export_type: ExportType | None | UnsetType = UNSET
    tax_numbers: TaxNumbers | None | UnsetType = UNSET


class CustomerDetails(Object):
    """Who ordered. `phone` is read as another name of `phone_number`."""

    name: Text
    phone_number: Text | None = None
    email: values.Email | None = None
    phone: Annotated[Text, Meta(extra_json_schema={"writeOnly": True})] | None = None

    def __post_init__(self) -> None:
        if self.phone_number is None:
            self.phone_number = self.phone
        self.phone = None


class Address(Object, kw_only=True):
    """Where a parcel or an invoice goes."""

    name: SomeText
    company_name: Text | None = None
    address_line_1: Text
    house_number: Text | None = None
    address_line_2: Text | None = None
    postal_code: SomeText
    city: SomeText
    po_box: Text | None = None
    state_province_code: Text | None = None
    country_code: Country
    email: values.Email | None = None
    phone_number: Text | None = None


class ShipWithType(Choice, words=("shipping_option_code",)):
    """How the shipping method is named."""


class ShippingOption(Object):
    """A shipping method of a contract. The code must be sent, and may be null."""

    shipping_option_code: Text | None
    contract_id: values.ContractId | None = None


class ShipWith(Object):
    """The shipping method to use."""

    properties: ShippingOption
    type: ShipWithType


class ShippingDetails(Merged):
    """How the order is to be shipped."""

    is_local_pickup: values.Boolean | None | UnsetType = UNSET
    delivery_indicator: Text | None | UnsetType = UNSET
    measurement: Measurement | None | UnsetType = UNSET
    ship_with: ShipWith | None | UnsetType = UNSET


class ServicePoint(Object):
    """Where the customer collects the parcel: by our id or by the carrier's own, one of which must be there."""

    id: Text | None = None
    carrier_service_point_id: Text | None = None
    post_number: Text | None = None
    latitude: Text | None = None
    longitude: Text | None = None
    type: Text | None = None
    extra_data: values.ServicePointData | None = None

    def __post_init__(self) -> None:
        if self.id is None and self.carrier_service_point_id is None:
            raise FieldFault("id", "Field required")


class Order(Merged, kw_only=True):
    """An order: what the shop said of it, in the contract's spelling."""

    order_id: values.OrderKey
    order_number: values.OrderNumber | UnsetType = UNSET
    order_details: OrderDetails
    payment_details: PaymentDetails | UnsetType = UNSET
    customs_details: CustomsDetails | None | UnsetType = UNSET
    customer_details: CustomerDetails | None | UnsetType = UNSET
    billing_address: Address | None | UnsetType = UNSET
    shipping_address: Address | None | UnsetType = UNSET
    shipping_details: ShippingDetails | None | UnsetType = UNSET
    service_point_details: ServicePoint | None | UnsetType = UNSET


class OrderIn(Order, kw_only=True):
    """An order as POST takes it: the key, and what is new. A new order needs every required member."""

    order_details: OrderDetailsIn
    id: values.OrderIdText | None = None
    created_at: values.Ignored | None = None
    modified_at: values.Ignored | None = None


class OrderOut(Order, kw_only=True):
    """An order as it is answered: with our own id and times."""

    id: values.OrderId
    created_at: Timestamp
    modified_at: Timestamp


class OrderRef(Struct):
    """What a write answers: our id beside the shop's own names."""

    id: int
    order_id: str
    order_number: str


@functools.cache
def _required_of_new(kind: type[Merged]) -> tuple[str, ...]:
    info = msgspec.inspect.type_info(kind)
    assert isinstance(info, msgspec.inspect.StructType)
    return tuple(field.encode_name for field in info.fields if field.required or not _nullable(field.type))


def _nullable(info: msgspec.inspect.Type) -> bool:
    return isinstance(info, msgspec.inspect.UnionType) and info.includes_none


@functools.cache
def _required_members() -> Callable[[Order], tuple[object, ...]]:
    def paths(kind: type[Merged], path: str) -> Iterator[str]:
        info = msgspec.inspect.type_info(kind)
        assert isinstance(info, msgspec.inspect.StructType)
        for field in info.fields:
            if field.encode_name in _required_of_new(kind):
                yield path + field.encode_name
                inner = next(_parts(field.type), None)
                if inner is not None:
                    yield from paths(inner, f"{path}{field.encode_name}.")

    return attrgetter(*paths(OrderIn, ""))


def _parts(info: msgspec.inspect.Type) -> Iterator[type[Merged]]:
    for each in info.types if isinstance(info, msgspec.inspect.UnionType) else (info,):
        if isinstance(each, msgspec.inspect.StructType) and issubclass(each.cls, Merged):
            yield each.cls


def is_complete(order: Order) -> bool:
    """Say whether an order has every member that a new one must have: what missing_members looks for, at once."""
    try:
        return UNSET not in _required_members()(order)
    except AttributeError:  # a part that is not there has no members
        return False


def missing_members(part: Merged, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Name the members that a new order must have and this one has not, as paths from the order."""
    for name in _required_of_new(type(part)):
        value = getattr(part, name)
        if value is UNSET:
            yield (*path, name)
        elif isinstance(value, Merged):
            yield from missing_members(value, (*path, name))
