"""The kinds of value on the wire (behaviour 1.6): how each is read from JSON, and its JSON Schema.

A kind is a class that is never instantiated: `Timestamp.read(value)` gives the canonical form that is stored and sent
back, or raises ValueError with the contract's words. Structs name kinds as field types; msgspec calls `read` through
`read_value`, and so does `http/explain.py`. What is read is a plain str, int, bool, Decimal, dict or list.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any, ClassVar, Literal

import pycountry
from msgspec import Meta, Struct

from orderdock import limits


class _Kind(type):
    """Makes every value an instance, since msgspec asks whether what `read` gave back is one."""

    def __instancecheck__(cls, instance: object) -> bool:
        return True


class Kind(metaclass=_Kind):
    """One kind of value. `schema` is its JSON Schema in answers.

    `quick` is a type that msgspec reads by itself, in C: `read` gives each of its values back as it is.
    """

    schema: ClassVar[Mapping[str, Any]] = {}
    quick: ClassVar[Any] = None

    @classmethod
    def read(cls, value: Any) -> Any:
        """Give the canonical form of a parsed JSON value; raise ValueError, the fault's words."""
        raise NotImplementedError


def read_value(kind: type[Kind], value: Any) -> Any:
    """Read a value of a kind: the `dec_hook` of every decoder."""
    return kind.read(value)


class Object(Struct, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A JSON object. Members without a value are left out of answers; members that it does not know are not read."""


class FieldFault(ValueError):
    """A rule between the members of an object is broken; `member` is where to say so."""

    def __init__(self, member: str, detail: str) -> None:
        super().__init__(detail)
        self.member = member


# Text: kept byte for byte; NUL and lone surrogates are looked for in the whole body at once.

Text = Annotated[str, Meta(max_length=limits.text_chars_max)]
SomeText = Annotated[str, Meta(min_length=1, max_length=limits.text_chars_max)]
LongText = Annotated[str, Meta(max_length=limits.long_text_chars_max)]
OrderNumber = Annotated[str, Meta(min_length=1, max_length=limits.key_chars_max)]
OrderKey = Annotated[str, Meta(min_length=1, max_length=limits.key_chars_max, pattern=r"\S")]
InvoiceDate = Annotated[str, Meta(max_length=limits.invoice_date_chars_max)]
ShopName = Annotated[str, Meta(min_length=1, max_length=limits.shop_name_chars_max)]


def read_text(value: Any) -> str:
    """Give a text as it is. Raises ValueError for anything else: numbers are not turned into text."""
    if type(value) is not str:
        raise ValueError("Input should be a valid string")
    return value


# Numbers. Decimal throughout: a price is answered with the digits it was sent with.

_DECIMAL_TEXT = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?").fullmatch
_MONEY_STEP = Decimal(1).scaleb(-limits.money_decimals)
_NUMBER_STEP = Decimal(1).scaleb(-limits.number_decimals)
_PLAIN_FRACTION = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]{0,5}[1-9]").fullmatch
_FLOAT_MAX = Decimal("1.7976931348623157e308")


def read_decimal(value: Any) -> Decimal | int:
    """Read a JSON number or a text of plain decimal digits. Raises ValueError for others, and beyond a double."""
    if type(value) is str and len(value) <= limits.text_chars_max and _DECIMAL_TEXT(value):
        value = Decimal(value)
    if type(value) is not int and type(value) is not Decimal:
        raise ValueError("Input should be a valid number")
    if not -_FLOAT_MAX <= value <= _FLOAT_MAX:
        raise ValueError("Input should be a finite number")
    return value


def _shortest(value: Decimal | int, step: Decimal) -> Decimal | int:
    """Round to a step and drop the zeros at the end, so that one amount has one text."""
    if value >= limits.money_max:
        raise ValueError(f"Input should be less than {limits.money_max}")
    if value <= -limits.money_max:
        raise ValueError(f"Input should be greater than -{limits.money_max}")
    if isinstance(value, int):
        return value
    whole = int(value)
    if whole == value:
        return whole
    if _PLAIN_FRACTION(str(value)):
        return value
    rounded = value.quantize(step, ROUND_HALF_EVEN)
    whole = int(rounded)
    return _shortest(whole, step) if whole == rounded else rounded.normalize()


class Amount(Kind):
    """An amount of money: below 10^12 either way, rounded to six decimals (float noise of shops).

    Doubles below 10^9 tell any two such amounts apart, and are written with the digits that they were read from. Their
    `quick` form is not the shortest yet: a Struct with an amount finishes it with `finish_amount`.
    """

    schema: ClassVar = {
        "type": "number",
        "exclusiveMinimum": -limits.money_max,
        "exclusiveMaximum": limits.money_max,
        "examples": [19.99],
    }
    quick: ClassVar = (
        Annotated[int, Meta(gt=-limits.money_max, lt=limits.money_max)] | Annotated[float, Meta(gt=-1e9, lt=1e9)]
    )

    @classmethod
    def read(cls, value: Any) -> Decimal | int:
        return _shortest(read_decimal(value), _MONEY_STEP)


class _FinishedAmounts(dict[float, Decimal | float]):
    """The shortest form of each double: fifteen amounts in an everyday order, and the same ones again and again."""

    def __missing__(self, value: float) -> Decimal | float:
        if len(self) >= 20_000:
            self.clear()
        if value.is_integer():
            shortest = int(value)
        elif abs(value) >= 0.001 and round(value, limits.money_decimals) == value:  # smaller ones get an exponent
            shortest = value
        else:
            shortest = Amount.read(Decimal(repr(value)))
        self[value] = shortest
        return shortest


_finished_amounts = _FinishedAmounts()


def finish_amount(value: Any) -> Any:
    """Give what `Amount.read` gives, or what its quick form stands for, in the form that is written."""
    return _finished_amounts[value] if type(value) is float else value


class PositiveNumber(Kind):
    """A weight: above zero, unit beside it."""

    schema: ClassVar = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": limits.money_max}

    @classmethod
    def read(cls, value: Any) -> Decimal | int:
        number = _shortest(read_decimal(value), _NUMBER_STEP)
        if number <= 0:
            raise ValueError("Input should be greater than 0")
        return number


class NonNegativeNumber(Kind):
    """A length, width or height: zero or more, unit beside it."""

    schema: ClassVar = {"type": "number", "minimum": 0, "exclusiveMaximum": limits.money_max}

    @classmethod
    def read(cls, value: Any) -> Decimal | int:
        number = _shortest(read_decimal(value), _NUMBER_STEP)
        if number < 0:
            raise ValueError("Input should be greater than or equal to 0")
        return number


class DecimalText(Kind):
    """An amount of a cost object: taken as text or number, kept and sent as decimal text."""

    schema: ClassVar = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "examples": ["3.99"]}

    @classmethod
    def read(cls, value: Any) -> str:
        number = Amount.read(value)
        if number < 0:
            raise ValueError("Input should be greater than or equal to 0")
        return str(number)


def read_whole(value: Any) -> int:
    """Read a whole number: 2, 2.0 or "2". Raises ValueError for true, 2.5 and the rest."""
    if type(value) is int:
        return value
    if type(value) is str and len(value) <= limits.text_chars_max and _DECIMAL_TEXT(value):
        value = Decimal(value)
    # Beyond 10^40 nothing we keep has room, and int() of 1e999999999 would take all memory.
    if type(value) is not Decimal or not value.is_finite() or value.adjusted() > 40 or value != int(value):
        raise ValueError("Input should be a valid integer")
    return int(value)


class Quantity(Kind):
    """How many of an item: 1 to 2147483647."""

    schema: ClassVar = {"type": "integer", "minimum": 1, "maximum": limits.quantity_max, "examples": [2]}
    quick: ClassVar = Annotated[int, Meta(ge=1, le=limits.quantity_max)]

    @classmethod
    def read(cls, value: Any) -> int:
        number = read_whole(value)
        if number <= 0:
            raise ValueError("Input should be greater than 0")
        if number > limits.quantity_max:
            raise ValueError(f"Input should be less than or equal to {limits.quantity_max}")
        return number


class QuantityOrZero(Kind):
    """How many of an item, where a PATCH may say none: 0 to 2147483647."""

    schema: ClassVar = {"type": "integer", "minimum": 0, "maximum": limits.quantity_max, "examples": [2]}
    quick: ClassVar = Annotated[int, Meta(ge=0, le=limits.quantity_max)]

    @classmethod
    def read(cls, value: Any) -> int:
        number = read_whole(value)
        return number if number == 0 else Quantity.read(_not_below_zero(number))


class Volume(Kind):
    """A volume: whole, zero or more, unit beside it."""

    schema: ClassVar = {"type": "integer", "minimum": 0, "maximum": limits.quantity_max, "examples": [5]}

    @classmethod
    def read(cls, value: Any) -> int:
        return QuantityOrZero.read(value)


def _not_below_zero(number: int) -> int:
    if number < 0:
        raise ValueError("Input should be greater than or equal to 0")
    return number


class ContractId(Kind):
    """The id of a carrier contract: 1 or more."""

    schema: ClassVar = {"type": "integer", "minimum": 1, "maximum": limits.id_max, "examples": [517]}

    @classmethod
    def read(cls, value: Any) -> int:
        number = read_whole(value)
        if number < 1:
            raise ValueError("Input should be greater than or equal to 1")
        if number > limits.id_max:
            raise ValueError(f"Input should be less than or equal to {limits.id_max}")
        return number


class IntegrationId(Kind, int):
    """The id of an integration: any whole number is read, whether it exists is asked later."""

    schema: ClassVar = {"type": "integer", "examples": [1]}
    quick: ClassVar = int

    @classmethod
    def read(cls, value: Any) -> int:
        return read_whole(value)


class OrderIdText(Kind, str):
    """Our own id of an order, which requests send as text of digits (guide: it must be a string)."""

    schema: ClassVar = {"type": "string", "pattern": "^[0-9]+$", "examples": ["669"]}

    @classmethod
    def read(cls, value: Any) -> str:
        if not re.fullmatch(r"[0-9]{1,4096}", read_text(value)):
            raise ValueError("Input should be a valid string of digits")
        return value


class OrderId(Kind):
    """Our own id of an order: a number; for keys of profile `openapi`, the same digits as text."""

    schema: ClassVar = {"type": ["integer", "string"], "minimum": 1, "pattern": "^[1-9][0-9]*$", "examples": [669]}


_BOOLEANS = {"true": True, "false": False}


class Boolean(Kind):
    """true or false; also 0, 1, "true" and "false"."""

    schema: ClassVar = {"type": "boolean"}
    quick: ClassVar = bool

    @classmethod
    def read(cls, value: Any) -> bool:
        if type(value) is bool:
            return value
        if type(value) is int and value in (0, 1):
            return value == 1
        if type(value) is str and value in _BOOLEANS:
            return _BOOLEANS[value]
        raise ValueError("Input should be a valid boolean")


# Time.

_UTC_SECONDS = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z").fullmatch
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]((?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2})(\.[0-9]+)?([Zz]|[+-][0-9]{2}:?[0-5][0-9])?)?"
).fullmatch


def parse_time(text: str) -> datetime:
    """Read RFC 3339 and its everyday variants as aware UTC: blank for T, no offset (UTC), date only, long fractions.

    Raises ValueError for other text, for impossible dates, and for times outside the years 1 to 9999 in UTC.
    """
    match = _TIMESTAMP(text)
    if match is None:
        raise ValueError("Input should be a valid datetime")
    day, clock, fraction, offset = match.groups()
    try:
        # Seven characters: the point and six digits.
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00:00'}{(fraction or '')[:7]}{(offset or 'Z').upper()}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("Input should be a valid datetime") from None


def write_time(moment: datetime) -> str:
    """Write an aware UTC time with six digits; a client of the field parses with a mask that requires them."""
    return moment.isoformat(timespec="microseconds")


class Timestamp(Kind, str):
    """A time, kept as UTC text with six digits after the second."""

    schema: ClassVar = {"type": "string", "format": "date-time", "examples": ["2024-05-01T10:00:00.000000+00:00"]}

    @classmethod
    def read(cls, value: Any) -> str:
        if type(value) is not str:
            raise ValueError("Input should be a valid datetime")
        if _UTC_SECONDS(value):  # what most clients send: only the calendar is left to ask
            try:
                datetime.fromisoformat(value)
                return value[:19] + ".000000+00:00"
            except ValueError:
                pass  # parse_time has the words
        return write_time(parse_time(value))


# Codes: compared without regard to case, kept in the documented spelling.

# Kosovo, Northern Ireland, Canary Islands, Ceuta and Melilla: in use by carriers and customs, not in ISO 3166-1.
_COUNTRIES = frozenset(country.alpha_2 for country in pycountry.countries) | {"XK", "XI", "IC", "EA"}


class Country(Kind):
    """A country: ISO 3166-1 alpha-2, or one of XK, XI, IC, EA."""

    schema: ClassVar = {"type": "string", "pattern": "^[A-Z]{2}$", "examples": ["NL"]}
    quick: ClassVar = Literal[tuple(sorted(_COUNTRIES))]

    @classmethod
    def read(cls, value: Any) -> str:
        code = read_text(value).upper()
        if not value.isascii() or code not in _COUNTRIES:
            raise ValueError(f'"{value[:64]}" is not a valid country code')
        return code


class TaxCountry(Kind):
    """The country of a tax number: two letters, not looked up, since EU and XI occur."""

    schema: ClassVar = {"type": "string", "pattern": "^[A-Z]{2}$", "examples": ["NL"]}

    @classmethod
    def read(cls, value: Any) -> str:
        if not re.fullmatch("[A-Za-z]{2}", read_text(value)):
            raise ValueError(f'"{value[:64]}" is not a valid country code')
        return value.upper()


_CURRENCIES = frozenset(currency.alpha_3 for currency in pycountry.currencies)


class Currency(Kind):
    """A currency: three letters, in ISO 4217 or not (shops have currencies of their own)."""

    schema: ClassVar = {"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR"]}
    quick: ClassVar = Literal[tuple(sorted(_CURRENCIES))]

    @classmethod
    def read(cls, value: Any) -> str:
        if type(value) is str and value in _CURRENCIES:
            return value
        if len(read_text(value)) < 3:
            raise ValueError("String should have at least 3 characters")
        if len(value) > 3:
            raise ValueError("String should have at most 3 characters")
        if not (value.isascii() and value.isalpha()):
            raise ValueError("Input should be a valid currency code")
        return value.upper()


class Choice(Kind):
    """One of a few words. Subclasses name them: `class WeightUnit(Choice, words=("kg", "g"))`."""

    words: ClassVar[tuple[str, ...]]
    by_folded: ClassVar[Mapping[str, str]]

    def __init_subclass__(cls, words: tuple[str, ...]) -> None:
        cls.words = words
        cls.by_folded = {word.casefold(): word for word in words}
        cls.schema = {"type": "string", "enum": list(words)}
        cls.quick = Literal[words]

    @classmethod
    def read(cls, value: Any) -> str:
        word = cls.by_folded.get(value.casefold()) if type(value) is str and value.isascii() else None
        if word is None:
            quoted = [f"'{word}'" for word in cls.words]
            listed = " or ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))
            raise ValueError(f"Input should be {listed}")
        return word


# Addresses on the network.


class Email(Kind):
    """An e-mail address: one @ with something on both sides, no white space; or empty, as shops send it."""

    schema: ClassVar = {
        "type": "string",
        "maxLength": limits.text_chars_max,
        "pattern": r"^([^@\s]+@[^@\s]+)?$",
        "examples": ["jane@example.com"],
    }

    @classmethod
    def read(cls, value: Any) -> str:
        if len(read_text(value)) > limits.text_chars_max:
            raise ValueError(f"String should have at most {limits.text_chars_max} characters")
        if value and not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
            raise ValueError("Input should be a valid email address")
        return value


class WebUrl(Kind):
    """An http or https URL; nothing else, since it is shown as a link."""

    schema: ClassVar = {
        "type": "string",
        "maxLength": limits.text_chars_max,
        "pattern": r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#]\S*$",
        "examples": ["https://example.com/"],
    }

    @classmethod
    def read(cls, value: Any) -> str:
        if len(read_text(value)) > limits.text_chars_max:
            raise ValueError(f"String should have at most {limits.text_chars_max} characters")
        if not re.fullmatch(r"https?://[^\s/?#]\S*", value, re.IGNORECASE):
            raise ValueError("Input should be a valid URL, starting with http:// or https://")
        return value


class WebUrlOrEmpty(WebUrl):
    """An http or https URL, or empty."""

    schema: ClassVar = {**WebUrl.schema, "pattern": f"^$|{WebUrl.schema['pattern']}"}

    @classmethod
    def read(cls, value: Any) -> str:
        return value if value == "" else WebUrl.read(value)


# Objects of any shape.


class FreeForm(Kind):
    """A JSON object of the sender's own making, kept as sent. PHP cannot tell {} from [], so [] is {} too."""

    schema: ClassVar = {"type": "object", "additionalProperties": True}
    levels_above: ClassVar[int] = 0  # how deep in a batch this member stands, for the bound on the depth of a body

    @classmethod
    def read(cls, value: Any) -> dict[str, Any]:
        if value == [] and type(value) is list:
            return {}
        if type(value) is not dict:
            raise ValueError("Input should be an object")
        _refuse_deep_or_infinite(value, limits.json_depth_max - cls.levels_above)
        return value


class ItemProperties(FreeForm):
    """`properties` of an order item."""

    levels_above: ClassVar = 5


class ServicePointData(FreeForm):
    """`extra_data` of a service point."""

    levels_above: ClassVar = 3


def _refuse_deep_or_infinite(value: Any, levels_left: int) -> None:
    if type(value) is dict or type(value) is list:
        if levels_left == 0:
            raise ValueError(f"JSON should be at most {limits.json_depth_max} levels deep")
        for inner in value.values() if type(value) is dict else value:
            _refuse_deep_or_infinite(inner, levels_left - 1)
    elif type(value) is Decimal and not value.is_finite():
        raise ValueError("Input should be a finite number")


class Ignored(Kind):
    """A member that clients send back to us and that only we set: read-only, dropped without a word."""

    schema: ClassVar = {"readOnly": True}
    levels_above: ClassVar = 2

    @classmethod
    def read(cls, value: Any) -> None:
        """Refuse only what no body may hold."""
        _refuse_deep_or_infinite(value, limits.json_depth_max - cls.levels_above)
