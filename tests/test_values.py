"""What each kind of value is read as (contract 1.6): JSON text in, the stored form or the contract's words out."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import DecodeError, json

from orderdock import values
from orderdock.http.explain import parse_json
from orderdock.http.quick import quick_type
from orderdock.orders.schema import ItemPrice, LengthUnit, PackingGroup, ShipmentType, ShipWithType, WeightUnit
from orderdock.values import (
    Amount,
    Boolean,
    ContractId,
    Country,
    Currency,
    DecimalText,
    Email,
    FreeForm,
    Ignored,
    IntegrationId,
    ItemProperties,
    NonNegativeNumber,
    OrderIdText,
    PositiveNumber,
    Quantity,
    QuantityOrZero,
    TaxCountry,
    Timestamp,
    Volume,
    WebUrl,
    WebUrlOrEmpty,
)

NUMBER = "Input should be a valid number"
FINITE = "Input should be a finite number"
INTEGER = "Input should be a valid integer"
STRING = "Input should be a valid string"
BOOLEAN = "Input should be a valid boolean"
DATETIME = "Input should be a valid datetime"
DIGITS = "Input should be a valid string of digits"
EMAIL = "Input should be a valid email address"
URL = "Input should be a valid URL, starting with http:// or https://"
OBJECT = "Input should be an object"
TOO_MUCH = "Input should be less than 1000000000000"
TOO_LITTLE = "Input should be greater than -1000000000000"
POSITIVE = "Input should be greater than 0"
NOT_NEGATIVE = "Input should be greater than or equal to 0"
INT_MAX = "Input should be less than or equal to 2147483647"


def cases(kind: type, table: dict[str, Any]) -> list[Any]:
    return [
        pytest.param(kind, sent, result, id=f"{kind.__name__} {sent[:30].encode('unicode_escape').decode()}")
        for sent, result in table.items()
    ]


def many(result: Any, *sent: str) -> dict[str, Any]:
    return dict.fromkeys(sent, result)


READ = [
    *cases(
        Amount,
        {
            "19.99": Decimal("19.99"),
            '"3.50"': Decimal("3.5"),
            "3.3000000000000003": Decimal("3.3"),
            "0.1234565": Decimal("0.123456"),  # half to even
            "0.1234575": Decimal("0.123458"),
            "-0.0000005": 0,
            "1e-999999999": 0,
            "-0": 0,
            "-0.0": 0,
            '"-0"': 0,
            '"+5"': 5,
            '"007"': 7,
            "7.00": 7,
            "1E2": 100,
            "1.5e1": 15,
            "-5.25": Decimal("-5.25"),
            "999999999999": 999999999999,
            "999999999999.999999": Decimal("999999999999.999999"),
            "-999999999999.999999": Decimal("-999999999999.999999"),
            f'"0.{"3" * 4094}"': Decimal("0.333333"),
            f"0.{'3' * 100_000}": Decimal("0.333333"),
        },
    ),
    *cases(PositiveNumber, {"0.001": Decimal("0.001"), "1e-12": Decimal("1E-12"), "1.50": Decimal("1.5"), '"2"': 2}),
    *cases(NonNegativeNumber, {"0": 0, "-0.0": 0, "0.15": Decimal("0.15")}),
    *cases(
        DecimalText,
        {
            '"3.99"': "3.99",
            "3.99": "3.99",
            "3.990": "3.99",
            "7": "7",
            "0.000001": "0.000001",
            "1E2": "100",
            "-0.0": "0",
        },
    ),
    *cases(Quantity, {"1": 1, "2.0": 2, '"2"': 2, '"2.00"': 2, "2e0": 2, '"+5"': 5, "2147483647": 2147483647}),
    *cases(QuantityOrZero, {"0": 0, "-0": 0, "0.0": 0, '"0"': 0, "2": 2}),
    *cases(Volume, {"0": 0, "4.0": 4, "2147483647": 2147483647}),
    *cases(ContractId, {"1": 1, '"517"': 517, "9223372036854775807": 2**63 - 1}),
    *cases(IntegrationId, {"7": 7, '"7"': 7, "-7": -7, "0": 0, "1e30": 10**30, "1" * 4300: int("1" * 4300)}),
    *cases(OrderIdText, {'"669"': "669", '"007"': "007", f'"{"9" * 4096}"': "9" * 4096}),
    *cases(Boolean, many(True, "true", "1", '"true"') | many(False, "false", "0", "-0", '"false"')),
    *cases(
        Timestamp,
        {
            '"2018-02-27T10:00:00.556Z"': "2018-02-27T10:00:00.556000+00:00",
            '"2018-02-27t10:00:00z"': "2018-02-27T10:00:00.000000+00:00",
            '"2018-02-27 10:00:00"': "2018-02-27T10:00:00.000000+00:00",
            '"2018-02-27T12:00:00+02:00"': "2018-02-27T10:00:00.000000+00:00",
            '"2018-02-27T12:00:00+0200"': "2018-02-27T10:00:00.000000+00:00",
            '"2018-02-27T10:00:00-00:00"': "2018-02-27T10:00:00.000000+00:00",
            '"2018-02-27T23:59:00+23:59"': "2018-02-27T00:00:00.000000+00:00",
            '"2018-02-27T10:00:00.1"': "2018-02-27T10:00:00.100000+00:00",
            '"2018-02-27T10:00:00.123456789Z"': "2018-02-27T10:00:00.123456+00:00",
            '"2018-02-27T23:59:59.9999999Z"': "2018-02-27T23:59:59.999999+00:00",
            '"2024-02-29"': "2024-02-29T00:00:00.000000+00:00",
            '"0001-01-01"': "0001-01-01T00:00:00.000000+00:00",
            '"9999-12-31T23:59:59.999999Z"': "9999-12-31T23:59:59.999999+00:00",
        },
    ),
    *cases(Country, {'"NL"': "NL", '"nl"': "NL", '"xK"': "XK", '"xi"': "XI", '"IC"': "IC", '"EA"': "EA"}),
    *cases(TaxCountry, {'"nl"': "NL", '"EU"': "EU", '"XX"': "XX"}),
    *cases(Currency, {'"EUR"': "EUR", '"eur"': "EUR", '"Chf"': "CHF", '"XYZ"': "XYZ"}),
    *cases(WeightUnit, {'"kg"': "kg", '"KG"': "kg", '"Lbs"': "lbs"}),
    *cases(PackingGroup, {'"iii"': "III"}),
    *cases(Email, {'"x@y.nl"': "x@y.nl", '""': "", '"jörg@例え.jp"': "jörg@例え.jp"}),
    *cases(
        WebUrl, {'"https://example.com/a b"'.replace(" ", "%20"): "https://example.com/a%20b", '"HTTP://x"': "HTTP://x"}
    ),
    *cases(WebUrlOrEmpty, {'""': "", '"http://x"': "http://x"}),
    *cases(
        FreeForm,
        {
            "{}": {},
            "[]": {},
            '{"a": [1, 1.50, "x", true, null, {}]}': {"a": [1, Decimal("1.50"), "x", True, None, {}]},
            '{"a": 1e400}': {"a": Decimal("1E+400")},
            '{"a":' * 63 + "{}" + "}" * 63: parse_json(('{"a":' * 63 + "{}" + "}" * 63).encode(), 64),
        },
    ),
    *cases(Ignored, many(None, "1", '"x"', "null", "[]", '{"a": [1e400]}')),
]

REFUSED = [
    *cases(
        Amount,
        many(NUMBER, "null", "true", "[]", "{}", '""', '"abc"', '"3,50"', '" 3"', '"3 "', '"3\\n"', '"1_0"', '"1e3"')
        | many(NUMBER, '"NaN"', '"Infinity"', '"-"', '"."', '".5"', '"5."', '"--5"', '"0x10"', '"１２"', '"٣"', '"²"')
        | many(NUMBER, f'"{"1" * 4097}"')
        | many(
            FINITE, "1e400", "-1e400", "1e999999999", "1e99999999999999999999", "1" * 310, "1" * 5000, "-" + "1" * 5000
        )
        | many(FINITE, f'"{"1" * 4096}"')
        | many(TOO_MUCH, "1000000000000", '"1000000000000"', "1e12", "999999999999.9999995", "1e308")
        | many(TOO_LITTLE, "-1000000000000", "-999999999999.9999995"),
    ),
    *cases(PositiveNumber, many(POSITIVE, "0", "-0.0", "-1", "1e-13", '"-1"') | {"1e12": TOO_MUCH, '"x"': NUMBER}),
    *cases(NonNegativeNumber, {"-0.001": NOT_NEGATIVE, "null": NUMBER}),
    *cases(DecimalText, {'"abc"': NUMBER, '"-1"': NOT_NEGATIVE, "-0.01": NOT_NEGATIVE, "1e12": TOO_MUCH}),
    *cases(
        Quantity,
        many(INTEGER, "1.5", '"1.5"', '"x"', "true", "null", '""', '" 3"', '"1_0"', '"１２"', "1e999999999", "1e-1")
        | many(INTEGER, "1e99999999999999999999", "1" * 5000, f'"{"1" * 42}"', f'"{"1" * 4097}"')
        | many(POSITIVE, "0", "-1", "-0", "0.0", '"-0"')
        | many(INT_MAX, "2147483648", "1e40", "1" * 4300),
    ),
    *cases(QuantityOrZero, {"-1": NOT_NEGATIVE, "2147483648": INT_MAX, "0.5": INTEGER}),
    *cases(Volume, {"-1": NOT_NEGATIVE, "2147483648": INT_MAX, "4.5": INTEGER}),
    *cases(
        ContractId,
        many("Input should be greater than or equal to 1", "0", "-1")
        | {"9223372036854775808": "Input should be less than or equal to 9223372036854775807", "null": INTEGER},
    ),
    *cases(IntegrationId, many(INTEGER, "7.5", "true", '"x"', "null", "1e999999999", "1" * 4301)),
    *cases(
        OrderIdText,
        many(STRING, "669", "null") | many(DIGITS, '""', '"abc"', '"1e3"', '"-5"', '" 669"', '"669\\n"', '"１２"'),
    ),
    *cases(Boolean, many(BOOLEAN, "2", "1.0", '"yes"', '"True"', '"1"', '""', "null", "[]")),
    *cases(
        Timestamp,
        many(
            DATETIME,
            '""',
            '"yesterday"',
            "1714557600",
            "null",
            '"2024-13-01T00:00:00Z"',
            '"2024-02-30"',
            '"2023-02-29"',
        )
        | many(DATETIME, '"2024-06-30T23:59:60Z"', '"2024-05-01T24:00:00Z"', '"2024-05-01T10:60:00Z"')
        | many(DATETIME, '"2024-05-01T10:00:00+24:00"', '"2024-05-01T10:00:00+23:60"', '"2024-05-01T10:00:00+05:75"')
        | many(DATETIME, '"0000-01-01"', '"10000-01-01"', '"0001-01-01T00:00:00+12:00"', '"9999-12-31T23:59:59-12:00"')
        | many(DATETIME, '"2024-05-01T10:00Z"', '"20240501T100000Z"', '"2024-W18-3"', '"2024-05-01Z"', '"２０24-05-01"')
        | many(DATETIME, '" 2024-05-01"', '"2024-05-01\\n"', '"2024-05-01T10:00:00.Z"', '"2024-05-01T10:00:00+2"'),
    ),
    *[
        pytest.param(Country, f'"{code}"', f'"{code}" is not a valid country code', id=f"Country {code}")
        for code in ("XX", "NLD", "N", "", "ZZ", "EU", " NL", "ﬁ", "ıt", "NL\u200b")
    ],
    *cases(Country, {"null": STRING, "1": STRING, f'"{"x" * 100}"': f'"{"x" * 64}" is not a valid country code'}),
    *cases(TaxCountry, many('"ß" is not a valid country code', '"ß"') | {'"N1"': '"N1" is not a valid country code'}),
    *cases(
        Currency,
        many("String should have at least 3 characters", '""', '"EU"', '"ß"')
        | many("String should have at most 3 characters", '"EURO"', '"EUR "')
        | many("Input should be a valid currency code", '"E1R"', '"EU "', '"ＥＵＲ"', '"ﬁx"'.replace("x", "xx"))
        | {"null": STRING, "978": STRING},
    ),
    *cases(ShipWithType, many("Input should be 'shipping_option_code'", '"x"', '""', "null")),
    *cases(LengthUnit, {'"miles"': "Input should be 'cm', 'mm', 'm', 'yd', 'ft' or 'in'"}),
    *cases(
        ShipmentType,
        many(
            "Input should be 'gift', 'commercial_goods', 'commercial_sample' or 'returned_goods'", '"sale"', "1", "[]"
        ),
    ),
    *cases(
        Email,
        many(EMAIL, '"x"', '"@"', '"x@"', '"@y"', '"x@@y"', '"x y@z"', '"x@y\\n"', '" "')
        | {"1": STRING, f'"{"x" * 4095}@y"': "String should have at most 4096 characters"},
    ),
    *cases(
        WebUrl,
        many(URL, '""', '"javascript:alert(1)"', '"//example.com"', '"https://"', '"https:///x"', '" https://x"')
        | many(URL, '"https://x y"', '"https://x\\n"', '"ftp://x"')
        | {"null": STRING, f'"https://{"x" * 4089}"': "String should have at most 4096 characters"},
    ),
    *cases(
        FreeForm,
        many(OBJECT, "null", "1", '"{}"', "[1]", "[[]]", "true")
        | many(FINITE, '{"a": 1e99999999999999999999}', f'{{"a": [{{"b": {"1" * 4301}}}]}}', f'{{"a": -{"1" * 4300}}}'),
    ),
    *cases(Ignored, many(FINITE, "1e99999999999999999999", f"[{'1' * 4301}]")),
    *cases(ItemProperties, {'{"a":' * 59 + "{}" + "}" * 59: "JSON should be at most 64 levels deep"}),
]


@pytest.mark.parametrize(("kind", "sent", "stored"), READ)
def test_a_value_is_read_in_its_one_spelling(kind, sent, stored):
    assert repr(kind.read(parse_json(sent.encode(), 64))) == repr(stored)


@pytest.mark.parametrize(("kind", "sent", "says"), REFUSED)
def test_a_value_out_of_its_kind_is_refused_in_the_words_of_the_contract(kind, sent, says):
    with pytest.raises(ValueError) as refusal:
        kind.read(parse_json(sent.encode(), 64))
    assert str(refusal.value) == says


@settings(deadline=None, max_examples=2000)
@given(
    st.builds(
        lambda digits, places: f"{Decimal(digits).scaleb(-places):f}",
        st.integers(-(10**15), 10**15),
        st.integers(0, 15),
    )
    | st.floats(-1e13, 1e13).map(repr)
)
@example("-0.0")
@example("0.000001")
@example("999999999.999999")
@example("1.0000005")
@example("19.990000000000002")
def test_an_amount_is_written_alike_whichever_reader_read_it(text):
    """msgspec's own, and Amount.read; of 15 digits, or what a computer writes for a double."""

    def written(read: Callable[[bytes], Any]) -> bytes | None:
        try:
            return json.Encoder(decimal_format="number").encode(read(b'{"value":' + text.encode() + b"}"))
        except DecodeError:
            return None

    exact = written(json.Decoder(ItemPrice, dec_hook=values.read_value, float_hook=Decimal).decode)
    assert written(json.Decoder(quick_type(ItemPrice)).decode) in (exact, None)
    assert exact is None or abs(Decimal(exact[9:-1].decode()) - Decimal(text)) <= Decimal("0.0000005")
