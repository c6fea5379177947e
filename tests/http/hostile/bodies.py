"""Hostile bodies: JSON that is none, of other shapes and types, too deep, too wide; numbers, texts, times and codes."""

import json
from typing import Any

from tests.http.hostile.entry import ORDERS, Entry
from tests.support import AN_ADDRESS, an_order

ORDER = f"{ORDERS}/<order>"
SHOP = "/api/v3/integrations/<shop>"

# An order that has every part, so that a table can change any one member. What is in < > is put in by the test.
PARTS: dict[str, Any] = {
    "order_details.integration.id": "<shop>",
    "order_details.order_items.0.properties": {"size": "M"},
    "order_details.order_items.0.delivery_dates": {"handover_at": None},
    "order_details.order_items.0.dangerous_goods": {"regulation_set": "ADR"},
    "payment_details.discount_granted": {"value": "1.50", "currency": "EUR"},
    "customs_details": {"shipment_type": "gift", "tax_numbers": {"sender": [{"country_code": "EU"}]}},
    "customer_details": {"name": "Jane"},
    "shipping_address": AN_ADDRESS,
    "shipping_details": {
        "measurement": {
            "dimension": {"length": 1, "width": 1, "height": 1, "unit": "cm"},
            "weight": {"value": 1, "unit": "kg"},
            "volume": {"value": 1, "unit": "l"},
        },
        "ship_with": {"type": "shipping_option_code", "properties": {"shipping_option_code": "x", "contract_id": 1}},
    },
    "service_point_details": {"id": "1", "extra_data": {"a": 1}},
}
DETAILS = "order_details"
ITEMS = "order_details.order_items"
ITEM = f"{ITEMS}.0"
PAYMENT = "payment_details"
TOTAL = "payment_details.total_price"
ADDRESS = "shipping_address"
MEASURES = "shipping_details.measurement"
CREATED = "order_details.order_created_at"
NOTES = "order_details.notes"
PROPERTIES = f"{ITEM}.properties"

FIRST = "/data/attributes/[0]/"
STRING = "Input should be a valid string"
NUMBER = "Input should be a valid number"
INTEGER = "Input should be a valid integer"
FINITE = "Input should be a finite number"
OBJECT = "Input should be an object"
LIST = "Input should be a valid list"
BOOLEAN = "Input should be a valid boolean"
DATETIME = "Input should be a valid datetime"
POSITIVE = "Input should be greater than 0"
NOT_NEGATIVE = "Input should be greater than or equal to 0"
NUL = "Null characters are not allowed"
UNICODE = "Input should be valid Unicode"
EMPTY = "String should have at least 1 character"
DIGITS = "Input should be a valid string of digits"
MONEY = "Input should be less than 1000000000000"
DEPTH = "JSON should be at most 64 levels deep"
UTF_8 = "The body should be UTF-8"
CURRENCY = "Input should be a valid currency code"
EMAIL = "Input should be a valid email address"
URL = "Input should be a valid URL, starting with http:// or https://"


def at_most(characters: int) -> str:
    return f"String should have at most {characters} characters"


def no_country(code: str) -> str:
    return f'"{code}" is not a valid country code'


def batch(path: str = "order_number", literal: str = '"N"') -> bytes:
    """A batch of one order, with one member as the given JSON text."""
    fresh = json.loads(json.dumps(PARTS))
    text = json.dumps([an_order("hostile", 0, fresh | {path: "<here>"})])
    return text.replace('"<here>"', literal, 1).encode()


def nested(opening: str, closing: str, levels: int, inner: str = "1") -> str:
    return opening * levels + inner + closing * levels


WHOLE = batch()

# Refused as malformed JSON, at /data.
MALFORMED: dict[str, bytes] = {
    "nothing at all": b"",
    "blanks only": b" \t\r\n ",
    "a byte order mark only": b"\xef\xbb\xbf",
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf[]",
    "a byte order mark at the end": b"[]\xef\xbb\xbf",
    "an open list": b"[",
    "an open object": b"[{",
    "a batch cut in a name": WHOLE[:10],
    "a batch cut in the middle": WHOLE[: len(WHOLE) // 2],
    "a batch without its last bracket": WHOLE[:-1],
    "a batch and a bracket": WHOLE + b"]",
    "a batch twice": WHOLE + WHOLE,
    "a batch on each of two lines": WHOLE + b"\n" + WHOLE,
    "a batch and a comma": WHOLE + b",",
    "a batch and NUL": WHOLE + b"\0",
    "NUL in front": b"\0" + WHOLE,
    "NUL for a blank": b"[\0]",
    "a comma at the end of a list": b"[{},]",
    "a comma at the end of an object": b'[{"order_id":"a",}]',
    "only a comma": b"[,]",
    "two commas": b"[{},,{}]",
    "brackets crossed": b"[{]}",
    "brackets the wrong way round": b"][",
    "no colon": b'[{"order_id" "a"}]',
    "two colons": b'[{"order_id"::"a"}]',
    "a value without a name": b'[{"a"}]',
    "a name without a value": b'[{"order_id":}]',
    "a number for a name": b'[{1:"a"}]',
    "null for a name": b"[{null:1}]",
    "a bare name": b'[{order_id:"a"}]',
    "single quotes": b"[{'order_id':'a'}]",
    "typographic quotes": "[{“order_id”:“a”}]".encode(),
    "back quotes": b"[`a`]",
    "a comment in a line": b"[] // none",
    "a comment in a block": b"[/* none */]",
    "a comment with a hash": b"# none\n[]",
    "a guard against hijacking in front": b")]}',\n[]",
    "a function call around it": b"callback([])",
    "JSON5's plus": b"[+1]",
    "a hexadecimal number": b"[0x10]",
    "an octal number": b"[0o17]",
    "a binary number": b"[0b1]",
    "a number with underscores": b"[1_000]",
    "a number with a comma": b"[1,000]",
    "a number with a zero in front": b"[01]",
    "minus zero one": b"[-01]",
    "a point at the end": b"[1.]",
    "a point in front": b"[.5]",
    "only a point": b"[.]",
    "an exponent of nothing": b"[1e]",
    "an exponent of a sign": b"[1e+]",
    "an exponent with a point": b"[1e1.5]",
    "two points": b"[1.2.3]",
    "only a minus": b"[-]",
    "two minuses": b"[--1]",
    "a minus and a blank": b"[- 1]",
    "full-width digits": "[１２]".encode(),
    "Arabic digits": "[١٢]".encode(),
    "a letter after a number": b"[1n]",
    "NaN": b"[NaN]",
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "nan": b"[nan]",
    "inf": b"[inf]",
    "undefined": b"[undefined]",
    "None": b"[None]",
    "True": b"[True]",
    "TRUE": b"[TRUE]",
    "tru": b"[tru]",
    "nulll": b"[nulll]",
    "a text without end": b'["a',
    "a text that ends in a backslash": b'["a\\',
    "a text with an escaped end": b'["a\\"]',
    "an escape that is none": b'["\\x41"]',
    "an escape of a quote": b'["\\\'"]',
    "an escape in capitals": b'["\\U00000041"]',
    "an escape of three digits": b'["\\u041"]',
    "an escape with a sign": b'["\\u+041"]',
    "an escape with an underscore": b'["\\u0_41"]',
    "an escape of full-width digits": '["\\u００４１"]'.encode(),
    "an escape in braces": b'["\\u{41}"]',
    "a bare escape": b"[\\n]",
    "a line break in a text": b'["a\nb"]',
    "a tab in a text": b'["a\tb"]',
    "NUL in a text": b'["a\0b"]',
    "a unit separator in a text": b'["a\x1fb"]',
    "a vertical tab between values": b"[\x0b]",
    "a form feed between values": b"[\x0c]",
    "a no-break space between values": "[\u00a0]".encode(),
    "an ideographic space between values": "[\u3000]".encode(),
    "a line separator between values": "[\u2028]".encode(),
    "a zero-width space in front": "\u200b[]".encode(),
    "a lone continuation byte": b'["\x80"]',
    "half a character": b'["\xc3"]',
    "half an emoji at the end": b'["\xf0\x9f\x98',
    "an overlong slash": b'["\xc0\xaf"]',
    "an overlong NUL": b'["\xc0\x80"]',
    "an overlong slash of three bytes": b'["\xe0\x80\xaf"]',
    "a bracket written overlong": b"\xc1\x9b]",
    "a surrogate in UTF-8": b'["\xed\xa0\x80"]',
    "a surrogate pair in UTF-8": b'["\xed\xa0\xbd\xed\xb8\x80"]',
    "beyond Unicode": b'["\xf4\x90\x80\x80"]',
    "five bytes": b'["\xf8\x88\x80\x80\x80"]',
    "the byte FF": b'["\xff"]',
    "the byte FE in a name": b'[{"\xfe":1}]',
    "Latin-1": '["Müller"]'.encode("latin-1"),
    "Shift JIS": '["表示"]'.encode("shift_jis"),
    "UTF-16 with a mark": WHOLE.decode().encode("utf-16"),
    "UTF-16, little end first": WHOLE.decode().encode("utf-16-le"),
    "UTF-16, big end first": WHOLE.decode().encode("utf-16-be"),
    "UTF-32 with a mark": WHOLE.decode().encode("utf-32"),
    "UTF-32, big end first": WHOLE.decode().encode("utf-32-be"),
    "UTF-7": b"+AFsAXQ-",
    "EBCDIC": "[]".encode("cp500"),
    "gzip": bytes.fromhex("1f8b08000000000000038b8e050029bb4c0d02000000"),
    "MessagePack": b"\x91\x80",
    "CBOR": b"\x81\xa0",
    "BSON": b"\x05\x00\x00\x00\x00",
    "a pickle": b"\x80\x04]\x94.",
    "a form": b"order_id=a&order_number=1",
    "a form of parts": b'--x\r\nContent-Disposition: form-data; name="order_id"\r\n\r\na\r\n--x--\r\n',
    "XML with an entity": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "YAML": b"- order_id: a\n  order_number: N\n",
    "YAML with an object": b"!!python/object/apply:os.system ['true']",
    "CSV": b"order_id,order_number\na,N\n",
    "HTML": b"<script>alert(1)</script>",
    "SQL": b"'; DROP TABLE orders; --",
    "a request": b"GET /api/v3/orders HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a shell command": b"$(touch x)",
    "a PHP array": b'a:1:{s:8:"order_id";s:1:"a";}',
    "a list of 65 levels": nested("[", "]", 65).encode(),
    "objects of 65 levels": nested('{"a":', "}", 65).encode(),
    "lists and objects of 66 levels": nested('[{"a":', "}]", 33).encode(),
    "100,000 open lists": b"[" * 100_000,
    "100,000 lists": nested("[", "]", 100_000).encode(),
    "100,000 objects": nested('{"a":', "}", 100_000).encode(),
    "100,000 closing brackets": b"]" * 100_000,
    "50,000 lists and objects": nested('[{"":', "}]", 50_000).encode(),
    "65 levels after a whole batch": WHOLE[:-1] + b"," + nested("[", "]", 65).encode() + b"]",
    "65 levels in a member that is not known": batch("unknown", nested("[", "]", 64)),
    "properties of 200 levels": batch(PROPERTIES, nested('{"a":', "}", 200)),
    "a million quotes": b'"' * 1_000_001,
    "a million backslashes": b'["' + b"\\" * 1_000_001 + b'"]',
    "escaped quotes without end": b'["' + b'\\"' * 200_000,
    "brackets after backslashes": b'["' + b"\\\\" * 500_000 + b'"]' + b"[" * 500_000,
    "a number of a million digits and a letter": b"[" + b"9" * 1_000_000 + b"x]",
}

# What is malformed is so at every path: target, body.
MALFORMED_ELSEWHERE: dict[str, tuple[str, bytes]] = {
    "nothing for an order": (ORDER, b""),
    "half an object for an order": (ORDER, b'{"order_number":'),
    "Latin-1 for an order": (ORDER, '{"order_number":"ä"}'.encode("latin-1")),
    "NaN for an order": (ORDER, b'{"payment_details":{"total_price":{"value":NaN}}}'),
    "100,000 objects for an order": (ORDER, nested('{"a":', "}", 100_000).encode()),
    "65 levels of an order": (ORDER, nested('{"order_details":', "}", 65).encode()),
    "an order and a rest": (ORDER, b"{}{}"),
    "an order that is not there, malformed": (f"{ORDERS}/0", b"{"),
    "nothing for an integration": (SHOP, b""),
    "half an object for an integration": (SHOP, b'{"shop_name":"'),
    "UTF-16 for an integration": (SHOP, "{}".encode("utf-16")),
    "Infinity for an integration": (SHOP, b'{"shop_name":Infinity}'),
    "100,000 lists for an integration": (SHOP, nested("[", "]", 100_000).encode()),
}

# The outermost value is of another type: target, body.
WRONG_FORMAT: dict[str, tuple[str, bytes]] = {
    "null for a batch": (ORDERS, b"null"),
    "true for a batch": (ORDERS, b"true"),
    "zero for a batch": (ORDERS, b"0"),
    "a number of 5000 digits for a batch": (ORDERS, b"9" * 5000),
    "an exponent for a batch": (ORDERS, b"1e999999"),
    "a text for a batch": (ORDERS, b'"[]"'),
    "NUL for a batch": (ORDERS, b'"\\u0000"'),
    "a lone surrogate for a batch": (ORDERS, b'"\\ud800"'),
    "an empty object for a batch": (ORDERS, b"{}"),
    "one order for a batch": (ORDERS, WHOLE[1:-1]),
    "a batch in data": (ORDERS, b'{"data":[]}'),
    "a batch in orders": (ORDERS, b'{"orders":[]}'),
    "a batch by its index": (ORDERS, b'{"0":{}}'),
    "100,000 members for a batch": (ORDERS, b"{" + b",".join(b'"%d":0' % n for n in range(100_000)) + b"}"),
    "a prototype for a batch": (ORDERS, b'{"__proto__":[]}'),
    "null for an order": (ORDER, b"null"),
    "false for an order": (ORDER, b"false"),
    "a number for an order": (ORDER, b"-0.0"),
    "a text for an order": (ORDER, b'"{}"'),
    "an empty list for an order": (ORDER, b"[]"),
    "a list of one for an order": (ORDER, b'[{"order_number":"changed"}]'),
    "64 lists for an order": (ORDER, nested("[", "]", 64).encode()),
    "null for an integration": (SHOP, b"null"),
    "true for an integration": (SHOP, b"true"),
    "a number for an integration": (SHOP, b"1"),
    "a text for an integration": (SHOP, b'"shop_name"'),
    "a list for an integration": (SHOP, b'[{"shop_name":"changed"}]'),
}

MANY_NULS = b",".join([b'"\\u0000"'] * 1000)
MISSING = [
    (FIRST + name, "Field required") for name in ("order_id", "order_details", "order_number", "payment_details")
]

# Batches of wrong entries: body, and every fault.
WRONG_ENTRIES: dict[str, tuple[bytes, list[tuple[str, str]]]] = {
    "a batch of null": (b"[null]", [(FIRST[:-1], OBJECT)]),
    "a batch of lists": (b"[[],[[]]]", [(FIRST[:-1], OBJECT), ("/data/attributes/[1]", OBJECT)]),
    "a batch of 63 more levels": (nested("[", "]", 64).encode(), [(FIRST[:-1], OBJECT)]),
    "a batch of a text": (b'["order_id"]', [(FIRST[:-1], OBJECT)]),
    "a batch of NUL": (b'["\\u0000"]', [(FIRST[:-1], NUL)]),
    "a batch of a lone surrogate": (b'["\\udfff"]', [(FIRST[:-1], UNICODE)]),
    "a batch of true and a number": (b"[true,-0]", [(FIRST[:-1], OBJECT), ("/data/attributes/[1]", OBJECT)]),
    "a batch of an exponent": (b"[1e999999]", [(FIRST[:-1], OBJECT)]),
    "an empty order": (b"[{}]", MISSING),
    "members of prototypes only": (
        b'[{"__proto__":{"order_id":"a"},"constructor":{"prototype":{}}}]',
        MISSING,
    ),
    "names in capitals": (
        b'[{"ORDER_ID":"a","Order_Details":{}}]',
        MISSING,
    ),
    "names with blanks": (
        b'[{" order_id":"a","order_details ":{}}]',
        MISSING,
    ),
    "names in full-width letters": (
        '[{"ｏｒｄｅｒ_id":"a","order_details\u200b":{}}]'.encode(),
        MISSING,
    ),
    "101 orders": (
        b"[" + b",".join([b"{}"] * 101) + b"]",
        [("/data/attributes/", "Orders list should have at most 100 items, not 101")],
    ),
    "a million empty lists": (
        b"[" + b",".join([b"[]"] * 1_000_000) + b"]",
        [("/data/attributes/", "Orders list should have at most 100 items, not 1000000")],
    ),
    "100,000 zeros": (
        b"[" + b",".join([b"0"] * 100_000) + b"]",
        [("/data/attributes/", "Orders list should have at most 100 items, not 100000")],
    ),
}

# One member of an order that is otherwise right: path, JSON text, what the error says. Where that is about a place
# inside of the member, the way there stands after a >.
REFUSED: dict[str, tuple[str, str, str]] = {
    # Types
    "order_id null": ("order_id", "null", STRING),
    "order_id a number": ("order_id", "1", STRING),
    "order_id a list": ("order_id", '["a"]', STRING),
    "order_id an object": ("order_id", '{"$ne":""}', STRING),
    "order_id true": ("order_id", "true", STRING),
    "order_number 1e3": ("order_number", "1e3", STRING),
    "order_details a text": (DETAILS, '"x"', OBJECT),
    "order_details a list": (DETAILS, "[]", OBJECT),
    "order_details null": (DETAILS, "null", OBJECT),
    "integration a number": (f"{DETAILS}.integration", "1", OBJECT),
    "integration a list": (f"{DETAILS}.integration", '[{"id":1}]', OBJECT),
    "integration id a list": (f"{DETAILS}.integration.id", "[1]", INTEGER),
    "integration id an object": (f"{DETAILS}.integration.id", '{"id":1}', INTEGER),
    "integration id true": (f"{DETAILS}.integration.id", "true", INTEGER),
    "integration id empty": (f"{DETAILS}.integration.id", '""', INTEGER),
    "integration id with blanks": (f"{DETAILS}.integration.id", '" 1 "', INTEGER),
    "integration id in hexadecimal": (f"{DETAILS}.integration.id", '"0x1"', INTEGER),
    "integration id in Arabic digits": (f"{DETAILS}.integration.id", '"١"', INTEGER),
    "integration id a half": (f"{DETAILS}.integration.id", "0.5", INTEGER),
    "status a text": (f"{DETAILS}.status", '"open"', OBJECT),
    "status code a number": (f"{DETAILS}.status.code", "1", STRING),
    "status code empty": (f"{DETAILS}.status.code", '""', EMPTY),
    "items an object": (ITEMS, '{"0":{}}', LIST),
    "items a text": (ITEMS, '"[]"', LIST),
    "items null": (ITEMS, "null", LIST),
    "an item null": (ITEM, "null", OBJECT),
    "an item a list": (ITEM, "[]", OBJECT),
    "an item's name a list": (f"{ITEM}.name", "[]", STRING),
    "an item's name an object": (f"{ITEM}.name", "{}", STRING),
    "an item's price a number": (f"{ITEM}.total_price", "3.5", OBJECT),
    "an item's price null": (f"{ITEM}.total_price", "null", OBJECT),
    "properties a list of one": (PROPERTIES, "[1]", OBJECT),
    "properties a text": (PROPERTIES, '"{}"', OBJECT),
    "tags a text": (f"{DETAILS}.tags", '"a"', LIST),
    "tags an object": (f"{DETAILS}.tags", "{}", LIST),
    "tags of null": (f"{DETAILS}.tags>0", "[null]", STRING),
    "tags of lists": (f"{DETAILS}.tags>0", "[[]]", STRING),
    "payment a list": (PAYMENT, "[]", OBJECT),
    "cash on delivery yes": (f"{PAYMENT}.is_cash_on_delivery", '"yes"', BOOLEAN),
    "cash on delivery 2": (f"{PAYMENT}.is_cash_on_delivery", "2", BOOLEAN),
    "cash on delivery in capitals": (f"{PAYMENT}.is_cash_on_delivery", '"TRUE"', BOOLEAN),
    "cash on delivery a list": (f"{PAYMENT}.is_cash_on_delivery", "[true]", BOOLEAN),
    "tax numbers a list": ("customs_details.tax_numbers", "[]", OBJECT),
    "a tax number a text": ("customs_details.tax_numbers.sender.0", '"NL1"', OBJECT),
    "an address a text": (ADDRESS, '"Oss"', OBJECT),
    "a postal code a number": (f"{ADDRESS}.postal_code", "5341", STRING),
    "measures a number": (MEASURES, "1", OBJECT),
    "ship_with a text": ("shipping_details.ship_with", '"x"', OBJECT),
    "a service point a list": ("service_point_details", '["1"]', OBJECT),
    "a service point's id a number": ("service_point_details.id", "1", STRING),
    # Ids
    "id a number": ("id", "1", STRING),
    "id empty": ("id", '""', DIGITS),
    "id of letters": ("id", '"abc"', DIGITS),
    "id negative": ("id", '"-1"', DIGITS),
    "id with a plus": ("id", '"+1"', DIGITS),
    "id with a point": ("id", '"1.0"', DIGITS),
    "id with an exponent": ("id", '"1e3"', DIGITS),
    "id with an underscore": ("id", '"1_0"', DIGITS),
    "id with a line break": ("id", r'"1\n"', DIGITS),
    "id in Arabic digits": ("id", '"١٢"', DIGITS),
    "id in full-width digits": ("id", '"１２"', DIGITS),
    "id in superscript": ("id", '"¹²"', DIGITS),
    "id of 4097 digits": ("id", f'"{"1" * 4097}"', DIGITS),
    "id zero": ("id", '"0"', "Order with id 0 does not exist"),
    "id of 2^63": ("id", f'"{2**63}"', f"Order with id {2**63} does not exist"),
    "id of 2^64": ("id", f'"{2**64}"', f"Order with id {2**64} does not exist"),
    "id of 2^70": ("id", f'"{2**70}"', f"Order with id {2**70} does not exist"),
    "integration of 0": (f"{DETAILS}.integration.id", "0", "Integration with id 0 does not exist"),
    "integration of -1": (f"{DETAILS}.integration.id", "-1", "Integration with id -1 does not exist"),
    "integration of 2^63": (f"{DETAILS}.integration.id", str(2**63), f"Integration with id {2**63} does not exist"),
    "integration of -2^63 - 1": (
        f"{DETAILS}.integration.id",
        str(-(2**63) - 1),
        f"Integration with id {-(2**63) - 1} does not exist",
    ),
    "integration of 10^40": (f"{DETAILS}.integration.id", "1e40", f"Integration with id {10**40} does not exist"),
    "integration of 10^999999": (f"{DETAILS}.integration.id", "1e999999", INTEGER),
    "integration of 5000 digits": (f"{DETAILS}.integration.id", "9" * 5000, INTEGER),
    # Keys
    "order_id empty": ("order_id", '""', EMPTY),
    "order_id of blanks": ("order_id", '"   "', EMPTY),
    "order_id of a tab and a line break": ("order_id", r'"\t\r\n"', EMPTY),
    "order_id of a no-break space": ("order_id", r'"\u00a0"', EMPTY),
    "order_id of an ideographic space": ("order_id", r'"\u3000"', EMPTY),
    "order_id of an ogham space": ("order_id", r'"\u1680"', EMPTY),
    "order_id of a hair space": ("order_id", r'"\u200a"', EMPTY),
    "order_id of a line separator": ("order_id", r'"\u2028\u2029"', EMPTY),
    "order_id of a narrow no-break space": ("order_id", r'"\u202f\u205f"', EMPTY),
    "order_id of next line": ("order_id", r'"\u0085"', EMPTY),
    "order_id of separators": ("order_id", r'"\u001c\u001d\u001e\u001f"', EMPTY),
    "order_id of 256 characters": ("order_id", f'"{"x" * 256}"', at_most(255)),
    "order_id of 256 emoji": ("order_id", f'"{"🙂" * 256}"', at_most(255)),
    "order_id of a million characters": ("order_id", f'"{"x" * 1_000_000}"', at_most(255)),
    "order_number of 256 characters": ("order_number", f'"{"x" * 256}"', at_most(255)),
    "order_number empty": ("order_number", '""', EMPTY),
    # NUL and surrogates
    "NUL in order_id": ("order_id", r'"a\u0000b"', NUL),
    "NUL in order_number": ("order_number", r'"\u0000"', NUL),
    "NUL at the end of notes": (NOTES, r'"a\u0000"', NUL),
    "NUL in a tag": (f"{DETAILS}.tags>0", r'["\u0000"]', NUL),
    "NUL in a status": (f"{DETAILS}.status.code", r'"\u0000"', NUL),
    "NUL in a country": (f"{ADDRESS}.country_code", r'"N\u0000"', NUL),
    "NUL in a currency": (f"{TOTAL}.currency", r'"EU\u0000"', NUL),
    "NUL in an e-mail address": (f"{ADDRESS}.email", r'"a\u0000@b"', NUL),
    "NUL in a time": (CREATED, r'"2024-05-01\u0000"', NUL),
    "NUL in a number's text": (f"{TOTAL}.value", r'"1\u0000"', NUL),
    "NUL in properties": (f"{PROPERTIES}>a/0", r'{"a":["\u0000"]}', NUL),
    "NUL in a name of properties": (f"{PROPERTIES}>\0", r'{"\u0000":1}', NUL),
    "NUL in extra data": ("service_point_details.extra_data>a", r'{"a":"\u0000"}', NUL),
    "NUL in what is not known": ("unknown>a/b", r'{"a":{"b":"\u0000"}}', NUL),
    "NUL in a name that is not known": ("unknown>a\0", r'{"a\u0000":1}', NUL),
    "NUL in what is read-only": ("created_at", r'"\u0000"', NUL),
    "a high surrogate in order_id": ("order_id", r'"\ud800"', UNICODE),
    "a low surrogate in order_number": ("order_number", r'"\udc00"', UNICODE),
    "surrogates the wrong way round": (NOTES, r'"\udc00\ud83d"', UNICODE),
    "two high surrogates": (NOTES, r'"\ud83d\ud83d"', UNICODE),
    "a high surrogate and a letter": (NOTES, r'"\ud83dx"', UNICODE),
    "a pair and a half": (NOTES, r'"\ud83d\ude00\ud83d"', UNICODE),
    "a surrogate in a tag": (f"{DETAILS}.tags>0", r'["\udfff"]', UNICODE),
    "a surrogate in a country": (f"{ADDRESS}.country_code", r'"\ud83d\ud83d"', UNICODE),
    "a surrogate in a currency": (f"{TOTAL}.currency", r'"\ud83dUR"', UNICODE),
    "a surrogate in a unit": (f"{MEASURES}.weight.unit", r'"\udbff"', UNICODE),
    "a surrogate in a time": (CREATED, r'"2024-05-01\udc00"', UNICODE),
    "a surrogate in a URL": (f"{ITEM}.image_url", r'"https://a/\ud800"', UNICODE),
    "a surrogate in properties": (f"{PROPERTIES}>a", r'{"a":"\ud800"}', UNICODE),
    "a surrogate in a name": (rf"{PROPERTIES}>\ud800", r'{"\ud800":1}', UNICODE),
    "a surrogate in a name that is not known": (r"unknown>\udabc", r'{"\udabc":1}', UNICODE),
    # Numbers
    "a price of 1e400": (f"{TOTAL}.value", "1e400", FINITE),
    "a price of -1e400": (f"{TOTAL}.value", "-1e400", FINITE),
    "a price of 1e999999": (f"{TOTAL}.value", "1e999999", FINITE),
    "a price of 1e999999999999999999999": (f"{TOTAL}.value", "1e999999999999999999999", FINITE),
    "a price of 10^12": (f"{TOTAL}.value", "1e12", MONEY),
    "a price of 999999999999.9999999": (f"{TOTAL}.value", "999999999999.9999999", MONEY),
    "a price of -10^12": (f"{TOTAL}.value", "-1000000000000", "Input should be greater than -1000000000000"),
    "a price of 300 digits": (f"{TOTAL}.value", "9" * 300, MONEY),
    "a price of 5000 digits": (f"{TOTAL}.value", "9" * 5000, FINITE),
    "a price of a million digits": (f"{TOTAL}.value", "1" * 1_000_000, FINITE),
    "a price of 5000 digits in a text": (f"{TOTAL}.value", f'"{"9" * 5000}"', NUMBER),
    "a price with a comma": (f"{TOTAL}.value", '"3,50"', NUMBER),
    "a price with a blank": (f"{TOTAL}.value", '" 3.50"', NUMBER),
    "a price with a line break": (f"{TOTAL}.value", r'"3.50\n"', NUMBER),
    "a price with a currency": (f"{TOTAL}.value", '"€3.50"', NUMBER),
    "a price with an exponent in a text": (f"{TOTAL}.value", '"1e3"', NUMBER),
    "a price of nan": (f"{TOTAL}.value", '"nan"', NUMBER),
    "a price of Infinity in a text": (f"{TOTAL}.value", '"Infinity"', NUMBER),
    "a price in hexadecimal": (f"{TOTAL}.value", '"0x10"', NUMBER),
    "a price with underscores": (f"{TOTAL}.value", '"1_000"', NUMBER),
    "a price with a point at the end": (f"{TOTAL}.value", '"1."', NUMBER),
    "a price with a point in front": (f"{TOTAL}.value", '".5"', NUMBER),
    "a price of a sign": (f"{TOTAL}.value", '"-"', NUMBER),
    "a price of two signs": (f"{TOTAL}.value", '"--1"', NUMBER),
    "a price with a minus that is a dash": (f"{TOTAL}.value", '"−1"', NUMBER),
    "a price in Devanagari digits": (f"{TOTAL}.value", '"३"', NUMBER),
    "a price in full-width digits": (f"{TOTAL}.value", '"３.５"', NUMBER),
    "a price of a fraction sign": (f"{TOTAL}.value", '"½"', NUMBER),
    "a price of nothing": (f"{TOTAL}.value", '""', NUMBER),
    "a price of null": (f"{TOTAL}.value", "null", NUMBER),
    "a price of true": (f"{TOTAL}.value", "true", NUMBER),
    "a price of a list": (f"{TOTAL}.value", "[1]", NUMBER),
    "a price of an object": (f"{TOTAL}.value", '{"$gt":0}', NUMBER),
    "a discount below zero": (f"{PAYMENT}.discount_granted.value", '"-0.01"', NOT_NEGATIVE),
    "a discount of 1e400": (f"{PAYMENT}.discount_granted.value", "1e400", FINITE),
    "a quantity of zero": (f"{ITEM}.quantity", "0", POSITIVE),
    "a quantity of -0": (f"{ITEM}.quantity", "-0", POSITIVE),
    "a quantity of -1": (f"{ITEM}.quantity", "-1", POSITIVE),
    "a quantity of 2^31": (f"{ITEM}.quantity", str(2**31), f"Input should be less than or equal to {2**31 - 1}"),
    "a quantity of 2^63": (f"{ITEM}.quantity", str(2**63), f"Input should be less than or equal to {2**31 - 1}"),
    "a quantity of 2^64 + 1": (
        f"{ITEM}.quantity",
        str(2**64 + 1),
        f"Input should be less than or equal to {2**31 - 1}",
    ),
    "a quantity of 1.5": (f"{ITEM}.quantity", "1.5", INTEGER),
    "a quantity of almost 1": (f"{ITEM}.quantity", "0.99999999999999999999", INTEGER),
    "a quantity of 1e-400": (f"{ITEM}.quantity", "1e-400", INTEGER),
    "a quantity of 1e999999": (f"{ITEM}.quantity", "1e999999", INTEGER),
    "a quantity of 5000 digits": (f"{ITEM}.quantity", "1" * 5000, INTEGER),
    "a quantity of 0x10": (f"{ITEM}.quantity", '"0x10"', INTEGER),
    "a quantity of one in words": (f"{ITEM}.quantity", '"one"', INTEGER),
    "a quantity of true": (f"{ITEM}.quantity", "true", INTEGER),
    "a weight of zero": (f"{MEASURES}.weight.value", "0.0", POSITIVE),
    "a weight of 1e-13": (f"{MEASURES}.weight.value", "1e-13", POSITIVE),
    "a weight of minus zero": (f"{MEASURES}.weight.value", "-0.0", POSITIVE),
    "a weight of 1e300": (f"{MEASURES}.weight.value", "1e300", MONEY),
    "a length below zero": (f"{MEASURES}.dimension.length", "-0.001", NOT_NEGATIVE),
    "a volume of 4.5": (f"{MEASURES}.volume.value", "4.5", INTEGER),
    "a volume of -1": (f"{MEASURES}.volume.value", "-1", NOT_NEGATIVE),
    "a contract of 0": (
        "shipping_details.ship_with.properties.contract_id",
        "0",
        "Input should be greater than or equal to 1",
    ),
    "a contract of 2^63": (
        "shipping_details.ship_with.properties.contract_id",
        str(2**63),
        f"Input should be less than or equal to {2**63 - 1}",
    ),
    "an infinite number in properties": (PROPERTIES, '{"a":1e9999999999999999999999}', FINITE),
    "5000 digits in properties": (PROPERTIES, f'{{"a":[{"9" * 5000}]}}', FINITE),
    # Times
    "the 30th of February": (CREATED, '"2024-02-30"', DATETIME),
    "the 29th of February of a common year": (CREATED, '"2023-02-29T10:00:00Z"', DATETIME),
    "the 29th of February of 1900": (CREATED, '"1900-02-29"', DATETIME),
    "the 31st of April": (CREATED, '"2024-04-31T00:00:00Z"', DATETIME),
    "month 13": (CREATED, '"2024-13-01"', DATETIME),
    "month 0": (CREATED, '"2024-00-10"', DATETIME),
    "day 0": (CREATED, '"2024-01-00"', DATETIME),
    "year 0": (CREATED, '"0000-01-01T00:00:00Z"', DATETIME),
    "year 10000": (CREATED, '"10000-01-01T00:00:00Z"', DATETIME),
    "a year below zero": (CREATED, '"-0044-03-15T00:00:00Z"', DATETIME),
    "a year with a sign": (CREATED, '"+02024-05-01T00:00:00Z"', DATETIME),
    "a year of two digits": (CREATED, '"24-05-01"', DATETIME),
    "before year 1 in UTC": (CREATED, '"0001-01-01T00:00:00+01:00"', DATETIME),
    "after year 9999 in UTC": (CREATED, '"9999-12-31T23:59:59-01:00"', DATETIME),
    "24 o'clock and a second": (CREATED, '"2024-05-01T24:00:01Z"', DATETIME),
    "25 o'clock": (CREATED, '"2024-05-01T25:00:00Z"', DATETIME),
    "minute 60": (CREATED, '"2024-05-01T10:60:00Z"', DATETIME),
    "second 61": (CREATED, '"2024-05-01T10:00:61Z"', DATETIME),
    "an offset of 24 hours": (CREATED, '"2024-05-01T10:00:00+24:00"', DATETIME),
    "an offset of 99 hours": (CREATED, '"2024-05-01T10:00:00-99:00"', DATETIME),
    "an offset of 60 minutes": (CREATED, '"2024-05-01T10:00:00+01:60"', DATETIME),
    "an offset of hours": (CREATED, '"2024-05-01T10:00:00+2"', DATETIME),
    "an offset without digits": (CREATED, '"2024-05-01T10:00:00+"', DATETIME),
    "two offsets": (CREATED, '"2024-05-01T10:00:00Z+01:00"', DATETIME),
    "a zone in words": (CREATED, '"2024-05-01T10:00:00 Europe/Amsterdam"', DATETIME),
    "a zone in brackets": (CREATED, '"2024-05-01T10:00:00Z[UTC]"', DATETIME),
    "a time without a day": (CREATED, '"10:00:00Z"', DATETIME),
    "a time without seconds": (CREATED, '"2024-05-01T10:00Z"', DATETIME),
    "a point without digits": (CREATED, '"2024-05-01T10:00:00.Z"', DATETIME),
    "a comma before the fraction": (CREATED, '"2024-05-01T10:00:00,5Z"', DATETIME),
    "a week": (CREATED, '"2024-W18-3"', DATETIME),
    "a day of the year": (CREATED, '"2024-122"', DATETIME),
    "no dashes": (CREATED, '"20240501T100000Z"', DATETIME),
    "slashes": (CREATED, '"2024/05/01"', DATETIME),
    "a date of the web": (CREATED, '"Wed, 01 May 2024 10:00:00 GMT"', DATETIME),
    "a date of JSON in .NET": (CREATED, r'"\/Date(1714557600000)\/"', DATETIME),
    "seconds since 1970": (CREATED, "1714557600", DATETIME),
    "seconds since 1970 in a text": (CREATED, '"1714557600"', DATETIME),
    "now": (CREATED, '"now"', DATETIME),
    "infinity as PostgreSQL writes it": (CREATED, '"infinity"', DATETIME),
    "epoch as PostgreSQL writes it": (CREATED, '"epoch"', DATETIME),
    "before Christ as PostgreSQL writes it": (CREATED, '"0044-03-15 BC"', DATETIME),
    "Arabic digits in a time": (CREATED, '"٢٠٢٤-٠٥-٠١"', DATETIME),
    "full-width digits in a time": (CREATED, '"２０２４-05-01"', DATETIME),
    "a line break after a time": (CREATED, r'"2024-05-01T10:00:00Z\n"', DATETIME),
    "a blank before a time": (CREATED, '" 2024-05-01"', DATETIME),
    "an empty time": (CREATED, '""', DATETIME),
    "a time of a list": (CREATED, "[2024,5,1]", DATETIME),
    "a time of a MongoDB object": (CREATED, '{"$date":"2024-05-01"}', DATETIME),
    "an impossible day of handing over": (f"{ITEM}.delivery_dates.handover_at", '"2024-06-31"', DATETIME),
    # Codes
    "a country that is not": (f"{ADDRESS}.country_code", '"XX"', no_country("XX")),
    "a country of one letter": (f"{ADDRESS}.country_code", '"N"', no_country("N")),
    "a country of three letters": (f"{ADDRESS}.country_code", '"NLD"', no_country("NLD")),
    "a country in full-width letters": (f"{ADDRESS}.country_code", '"ＮＬ"', no_country("ＮＬ")),
    "a country in Cyrillic letters": (f"{ADDRESS}.country_code", '"ВЕ"', no_country("ВЕ")),
    "a country with a sharp s": (f"{ADDRESS}.country_code", '"ß"', no_country("ß")),
    "a country with a dotless i": (f"{ADDRESS}.country_code", '"ıt"', no_country("ıt")),
    "a country as a flag": (f"{ADDRESS}.country_code", '"🇳🇱"', no_country("🇳🇱")),
    "a country with a blank": (f"{ADDRESS}.country_code", '"NL "', no_country("NL ")),
    "a country of 100,000 letters": (f"{ADDRESS}.country_code", f'"{"N" * 100_000}"', no_country("N" * 64)),
    "a country of origin of no letters": (f"{ITEM}.country_of_origin", '""', no_country("")),
    "a country of tax in digits": ("customs_details.tax_numbers.sender.0.country_code", '"12"', no_country("12")),
    "a country of tax in full-width": (
        "customs_details.tax_numbers.sender.0.country_code",
        '"ＥＵ"',
        no_country("ＥＵ"),
    ),
    "a currency of two letters": (f"{TOTAL}.currency", '"EU"', "String should have at least 3 characters"),
    "a currency of four letters": (f"{TOTAL}.currency", '"EURO"', at_most(3)),
    "a currency with a digit": (f"{TOTAL}.currency", '"E1R"', CURRENCY),
    "a currency of digits": (f"{TOTAL}.currency", '"978"', CURRENCY),
    "a currency in full-width letters": (f"{TOTAL}.currency", '"ＥＵＲ"', CURRENCY),
    "a currency in Greek letters": (f"{TOTAL}.currency", '"ΕUR"', CURRENCY),
    "a currency of signs": (f"{TOTAL}.currency", '"€€€"', CURRENCY),
    "a currency of a million letters": (f"{TOTAL}.currency", f'"{"E" * 1_000_000}"', at_most(3)),
    "a unit of stones": (f"{MEASURES}.weight.unit", '"stone"', "Input should be 'kg', 'g', 'lbs' or 'oz'"),
    "a unit of nothing": (f"{MEASURES}.weight.unit", '""', "Input should be 'kg', 'g', 'lbs' or 'oz'"),
    "a unit of a list": (f"{MEASURES}.volume.unit", '["l"]', "Input should be 'm3', 'cm3', 'l', 'ml' or 'gal'"),
    # Addresses on the network
    "an e-mail address without an at": (f"{ADDRESS}.email", '"jane"', EMAIL),
    "an e-mail address of two ats": (f"{ADDRESS}.email", '"a@b@c"', EMAIL),
    "an e-mail address with a header": (f"{ADDRESS}.email", r'"a@b\r\nBcc: c@d"', EMAIL),
    "an e-mail address with a line break": (f"{ADDRESS}.email", r'"a@b.nl\n"', EMAIL),
    "an e-mail address of 5000 characters": (f"{ADDRESS}.email", f'"a@{"b" * 5000}"', at_most(4096)),
    "an image of a script": (f"{ITEM}.image_url", '"javascript:alert(1)"', URL),
    "an image of a script after a blank": (f"{ITEM}.image_url", '" javascript:alert(1)"', URL),
    "an image of data": (f"{ITEM}.image_url", '"data:text/html,x"', URL),
    "an image of a file": (f"{ITEM}.image_url", '"file:///etc/passwd"', URL),
    "an image without a host": (f"{ITEM}.image_url", '"https://"', URL),
    "an image of a query": (f"{ITEM}.image_url", '"https://?x"', URL),
    "an image without a scheme": (f"{ITEM}.image_url", '"//example.com/x.png"', URL),
    "an image with a line break": (f"{ITEM}.image_url", r'"https://a/\nx"', URL),
    "an image with a line break at the end": (f"{ITEM}.image_url", r'"https://a/x\n"', URL),
    # Bounds
    "notes of 65536 characters": (NOTES, f'"{"x" * 65_536}"', at_most(65_535)),
    "a name of 4097 characters": (f"{ITEM}.name", f'"{"x" * 4097}"', at_most(4096)),
    "a name of 4097 combining marks": (f"{ITEM}.name", f'"{"́" * 4097}"', at_most(4096)),
    "an invoice date of 65 characters": (f"{PAYMENT}.invoice_date", f'"{"1" * 65}"', at_most(64)),
    "1001 tags": (f"{DETAILS}.tags", json.dumps(["x"] * 1001), "List should have at most 1000 items, not 1001"),
    "100,000 tags": (f"{DETAILS}.tags", json.dumps([""] * 10**5), "List should have at most 1000 items, not 100000"),
    "10,001 items": (ITEMS, json.dumps([{}] * 10_001), "List should have at most 10000 items, not 10001"),
    "101 tax numbers": (
        "customs_details.tax_numbers.receiver",
        json.dumps([{}] * 101),
        "List should have at most 100 items, not 101",
    ),
}

EVIL = {
    "a quote that ends SQL": "'; DROP TABLE orders; --",
    "a condition of SQL": "' OR '1'='1",
    "a dollar quote": "$$; SELECT pg_sleep(9); $$",
    "a parameter of SQL": "%s %(name)s $1 :name ?",
    "an array of PostgreSQL": '{a,"b",NULL}',
    "a copy of PostgreSQL": "\\N\t\\.\n",
    "a script": "<script>alert(1)</script>",
    "an image that fails": '"><img src=x onerror=alert(1)>',
    "an end of a comment": "--></script><!--",
    "an entity": "&lt;b&gt;&amp;&#0;&nbsp;",
    "CDATA": "]]><![CDATA[x]]>",
    "a formula of a sheet": "=cmd|' /C calc'!A0",
    "another formula": '@SUM(1+1)*HYPERLINK("http://x")',
    "a formula after a tab": "\t=1+1",
    "a line of CSV": 'a,"b\n""c",d;e',
    "a header": "x\r\nSet-Cookie: a=b\r\n\r\n<html>",
    "a line of a log": '2024-05-01 INFO logged in\n{"event": "ok"}',
    "colours of a terminal": "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "a template of Jinja": "{{ 7*7 }}{% for x in y %}{# z #}",
    "a template of Java": "${7*7}#{7*7}*{7*7}",
    "a lookup of a log": "${jndi:ldap://localhost/a}",
    "a format": "{0.__class__.__mro__}%n%x",
    "a path": "../../../../etc/passwd",
    "a path of Windows": "..\\..\\windows\\win.ini::$DATA",
    "a device": "CON NUL /dev/null",
    "a command": "; ls | cat `id` $(id) && true",
    "an LDAP filter": "*)(uid=*))(|(uid=*",
    "an XPath": "' or count(//*)=0 or 'a'='b",
    "a query of MongoDB": '{"$where": "sleep(1)"}',
    "JSON in a text": '[{"order_id": "x"}]',
    "percent signs": "%00%0d%0a%2e%2e%2f%",
    "backslashes": '\\\\\\" \\u0041 \\x00',
    "the word null": "null",
    "the word undefined": "[object Object]",
    "a placeholder of ours": "<here>",
    # Unicode
    "an override from right to left": "abc\u202egnp.exe",
    "isolates": "\u2066\u2067x\u2069\u2069",
    "marks of direction": "\u200e\u200f\u061c",
    "nothing that is seen": "\u200b\u200c\u200d\u2060\ufeff",
    "a byte order mark in a text": "\ufeffx",
    "noncharacters": "\ufffe\uffff\ufdd0\U0001fffe\U0010ffff",
    "a replacement character": "\ufffd",
    "private letters": "\ue000\U000f0000\U0010fffd",
    "controls": "".join(map(chr, range(1, 32))) + "\x7f" + "".join(map(chr, range(128, 160))),
    "line ends of all kinds": "a\nb\rc\r\nd\x0be\x0cf\x85g\u2028h\u2029i",
    "blanks of all kinds": " \t\xa0\u1680\u2000\u2003\u200a\u202f\u205f\u3000",
    "composed and decomposed": "é e\u0301 Å A\u030a Å",
    "a hundred combining marks": "z" + "\u0321\u0489" * 100,
    "emoji in a family": "👩‍👩‍👧‍👦🏳️‍🌈🇳🇱👍🏽",
    "a flag of tags": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "letters beyond the first plane": "𝕬𝖇𝖈𠜎𓀀",
    "ligatures and full-width letters": "ﬀ ﬃ ＡＢＣ ㎏ ½ ⅷ",
    "letters that grow in capitals": "ßŉǰΐİıſ",
    "a Hangul of parts": "\u1112\u1161\u11ab\u115f\u3164",
    "variations": "︎︎x️",
    "old format characters": "\u206a\u206f\ufff9x\ufffay\ufffb",
    "blanks around": "  x  ",
    "an empty text": "",
}

# One member of an order that is otherwise right: path, JSON text, and how it comes back.
ACCEPTED: dict[str, tuple[str, str, Any]] = {
    **{f"notes of {name}": (NOTES, json.dumps(text), text) for name, text in EVIL.items()},
    **{
        f"{name} as it is in UTF-8": (NOTES, json.dumps(EVIL[name], ensure_ascii=False), EVIL[name])
        for name in ("noncharacters", "nothing that is seen", "an override from right to left", "private letters")
    },
    "order_id of one letter": ("order_id", '"x"', "x"),
    "order_id of 255 emoji": ("order_id", f'"{"🙂" * 255}"', "🙂" * 255),
    "order_id of 255 letters that grow": ("order_id", f'"{"ΐ" * 255}"', "ΐ" * 255),
    "order_id with blanks around": ("order_id", r'"\u00a0x\u3000\t"', "\u00a0x\u3000\t"),
    "order_id that cannot be seen": ("order_id", r'"\u200b"', "\u200b"),
    "order_id of a Braille blank": ("order_id", r'"\u2800"', "\u2800"),
    "order_id of a Hangul filler": ("order_id", r'"\u3164"', "\u3164"),
    "order_id of a noncharacter": ("order_id", r'"\uffff"', "\uffff"),
    "order_id of SQL": ("order_id", json.dumps(EVIL["a quote that ends SQL"]), EVIL["a quote that ends SQL"]),
    "order_id of a path": ("order_id", '"../../orders"', "../../orders"),
    "order_id of an escape": ("order_id", r'"\ud83d\ude00"', "😀"),
    "order_id of quotes and braces": ("order_id", json.dumps('{"},\\NULL'), '{"},\\NULL'),
    "order_number of HTML": ("order_number", '"<b>&amp;"', "<b>&amp;"),
    "order_number of a formula": ("order_number", '"=1+1"', "=1+1"),
    "a status of the word null": (f"{DETAILS}.status.code", '"null"', "null"),
    "a tag of nothing": (f"{DETAILS}.tags", '["",""]', ["", ""]),
    "a name of a prototype": (f"{ITEM}.name", '"__proto__"', "__proto__"),
    "properties of prototypes": (
        PROPERTIES,
        '{"__proto__":{"a":1},"constructor":null,"toString":0}',
        {"__proto__": {"a": 1}, "constructor": None, "toString": 0},
    ),
    "properties of an empty name": (PROPERTIES, '{"":{"":[]}}', {"": {"": []}}),
    "properties of names twice": (PROPERTIES, '{"a":1,"a":{"b":1},"a":2}', {"a": 2}),
    "properties of dots and slashes": (PROPERTIES, '{"a.b":1,"a/b":2,"~0":3}', {"a.b": 1, "a/b": 2, "~0": 3}),
    "properties of a name of 1 MB": (PROPERTIES, f'{{"{"k" * 10**6}":1}}', {"k" * 10**6: 1}),
    "properties of 100,000 members": (
        PROPERTIES,
        json.dumps({str(n): n for n in range(100_000)}),
        {str(n): n for n in range(100_000)},
    ),
    "properties of 100,000 empty lists": (PROPERTIES, f'{{"a":{[[]] * 100_000}}}', {"a": [[]] * 100_000}),
    "properties of 64 levels": (
        PROPERTIES,
        nested('{"a":', "}", 59),
        json.loads(nested('{"a":', "}", 59)),
    ),
    "properties of 64 levels of lists": (
        PROPERTIES,
        f'{{"a":{nested("[", "]", 58)}}}',
        {"a": json.loads(nested("[", "]", 58))},
    ),
    "properties of numbers at the edges": (PROPERTIES, '{"a":-0,"b":1e2,"c":0.1}', {"a": 0, "b": 100, "c": 0.1}),
    "properties of an empty list": (PROPERTIES, "[]", {}),
    "brackets in a text": (NOTES, json.dumps('\\" [[[ {{{ \\\\' * 100), '\\" [[[ {{{ \\\\' * 100),
    "notes of 65535 emoji": (NOTES, f'"{"🙂" * 65_535}"', "🙂" * 65_535),
    "order_number twice": ("order_number", '"first","order_number":"last"', "last"),
    "order_number in escapes": ("order_number", r'"\u004e\/\u0031"', "N/1"),
    "a name in escapes": ("order_number", r'"first","order\u005fnumber":"last"', "last"),
    "blanks of all four kinds": ("order_number", ' \t\r\n"N"\n\r\t ', "N"),
    # Numbers
    "a price of -0": (f"{TOTAL}.value", "-0", 0),
    "a price of -0.0": (f"{TOTAL}.value", "-0.0", 0),
    "a price of 0e0": (f"{TOTAL}.value", "0e0", 0),
    "a price of 1E+2": (f"{TOTAL}.value", "1E+2", 100),
    "a price of 1e-400": (f"{TOTAL}.value", "1e-400", 0),
    "a price of 1e-999999": (f"{TOTAL}.value", "1e-999999", 0),
    "a price of float noise": (f"{TOTAL}.value", "3.3000000000000003", 3.3),
    "a price of a hundred zeros": (f"{TOTAL}.value", f"1.{'0' * 100}", 1),
    "a price of 5000 decimals": (f"{TOTAL}.value", f"0.{'3' * 5000}", 0.333333),
    "a price below zero": (f"{TOTAL}.value", "-0.01", -0.01),
    "a price of almost 10^12": (f"{TOTAL}.value", "999999999999.999999", 999999999999.999999),
    "a price with zeros in front, in a text": (f"{TOTAL}.value", '"007.50"', 7.5),
    "a price with a plus, in a text": (f"{TOTAL}.value", '"+1"', 1),
    "a quantity of 2^31 - 1": (f"{ITEM}.quantity", str(2**31 - 1), 2**31 - 1),
    "a quantity of 2.0": (f"{ITEM}.quantity", "2.0", 2),
    "a quantity of 2e0": (f"{ITEM}.quantity", "2e0", 2),
    "a quantity of 20e-1": (f"{ITEM}.quantity", "20e-1", 2),
    "a weight of 1e-12": (f"{MEASURES}.weight.value", "1e-12", 1e-12),
    "a contract of 2^63 - 1": ("shipping_details.ship_with.properties.contract_id", str(2**63 - 1), 2**63 - 1),
    "cash on delivery of 1": (f"{PAYMENT}.is_cash_on_delivery", "1", True),
    # Times
    "the first moment": (CREATED, '"0001-01-01T00:00:00Z"', "0001-01-01T00:00:00.000000+00:00"),
    "the last moment": (CREATED, '"9999-12-31T23:59:59.9999999Z"', "9999-12-31T23:59:59.999999+00:00"),
    "an offset of almost a day": (CREATED, '"2024-05-01T00:00:00+23:59"', "2024-04-30T00:01:00.000000+00:00"),
    "an offset of minus zero": (CREATED, '"2024-05-01T00:00:00-00:00"', "2024-05-01T00:00:00.000000+00:00"),
    "an offset without a colon": (CREATED, '"2024-05-01T00:00:00-0130"', "2024-05-01T01:30:00.000000+00:00"),
    "small letters in a time": (CREATED, '"2024-05-01t10:00:00z"', "2024-05-01T10:00:00.000000+00:00"),
    "a thousand digits of a second": (
        CREATED,
        f'"2024-05-01T10:00:00.{"1" * 1000}Z"',
        "2024-05-01T10:00:00.111111+00:00",
    ),
    "a leap day of 2000": (CREATED, '"2000-02-29"', "2000-02-29T00:00:00.000000+00:00"),
    "an invoice date that never was": (f"{PAYMENT}.invoice_date", '"99/99/9999"', "99/99/9999"),
    # Codes
    "a country in small letters": (f"{ADDRESS}.country_code", '"nL"', "NL"),
    "a country beside the standard": (f"{ADDRESS}.country_code", '"xk"', "XK"),
    "a currency in small letters": (f"{TOTAL}.currency", '"chf"', "CHF"),
    "a currency of no country": (f"{TOTAL}.currency", '"zzz"', "ZZZ"),
    "a unit in capitals": (f"{MEASURES}.weight.unit", '"LBS"', "lbs"),
    "an empty e-mail address": (f"{ADDRESS}.email", '""', ""),
    "an e-mail address in quotes": (f"{ADDRESS}.email", '"<a\'b>@[::1]"', "<a'b>@[::1]"),
    "an image at an address of this machine": (f"{ITEM}.image_url", '"http://127.0.0.1/"', "http://127.0.0.1/"),
    # What is not known, and what only we set
    "a member of a prototype": ("__proto__", '{"polluted":true}', None),
    "a member with NUL in its name, escaped twice": (NOTES, r'"\\u0000"', "\\u0000"),
    "another account": ("account_id", "1", None),
    "a member named for a header": (r"x\r\nSet-Cookie: a=b", "1", None),
}

# A PATCH of the stored order: body, and every fault.
PATCHES: dict[str, tuple[bytes, list[tuple[str, str]]]] = {
    "PATCH order_id to another": (b'{"order_id":"b"}', [("order/order_id", "Order id kept cannot be changed")]),
    "PATCH order_id to null": (b'{"order_id":null}', [("order/order_id", STRING)]),
    "PATCH order_id to a list": (b'{"order_id":["kept"]}', [("order/order_id", STRING)]),
    "PATCH order_number to null": (b'{"order_number":null}', [("order/order_number", STRING)]),
    "PATCH order_number to NUL": (b'{"order_number":"\\u0000"}', [("order/order_number", NUL)]),
    "PATCH order_number to a surrogate": (b'{"order_number":"\\ud800"}', [("order/order_number", UNICODE)]),
    "PATCH order_details to null": (b'{"order_details":null}', [("order/order_details", OBJECT)]),
    "PATCH order_details to a list": (b'{"order_details":[]}', [("order/order_details", OBJECT)]),
    "PATCH order_details to a text": (b'{"order_details":"x"}', [("order/order_details", OBJECT)]),
    "PATCH the integration to a number": (
        b'{"order_details":{"integration":1}}',
        [("order/order_details/integration", OBJECT)],
    ),
    "PATCH the integration to a list": (
        b'{"order_details":{"integration":[]}}',
        [("order/order_details/integration", OBJECT)],
    ),
    "PATCH the items to null": (b'{"order_details":{"order_items":null}}', [("order/order_details/order_items", LIST)]),
    "PATCH the items to an object": (
        b'{"order_details":{"order_items":{}}}',
        [("order/order_details/order_items", LIST)],
    ),
    "PATCH an item to null": (
        b'{"order_details":{"order_items":[null]}}',
        [("order/order_details/order_items/0", OBJECT)],
    ),
    "PATCH an item to a list": (
        b'{"order_details":{"order_items":[[]]}}',
        [("order/order_details/order_items/0", OBJECT)],
    ),
    "PATCH an item without a name": (
        b'{"order_details":{"order_items":[{}]}}',
        [("order/order_details/order_items/0/name", "Field required")],
    ),
    "PATCH an item whose name is a list": (
        b'{"order_details":{"order_items":[{"name":["Candle"]}]}}',
        [("order/order_details/order_items/0/name", STRING)],
    ),
    "PATCH an item whose name is an object": (
        b'{"order_details":{"order_items":[{"name":{}}]}}',
        [("order/order_details/order_items/0/name", STRING)],
    ),
    "PATCH an item whose name is a surrogate": (
        b'{"order_details":{"order_items":[{"name":"\\ud800"}]}}',
        [("order/order_details/order_items/0/name", UNICODE)],
    ),
    "PATCH an item that is not there": (
        b'{"order_details":{"order_items":[{"name":"candle"}]}}',
        [("order/order_details/order_items", "Could not find specified item.")],
    ),
    "PATCH an item twice": (
        b'{"order_details":{"order_items":[{"name":"Candle","quantity":2},{"name":"Candle","quantity":3}]}}',
        [("order/order_details/order_items", "Could not find specified item.")],
    ),
    "PATCH a quantity to 1e999999": (
        b'{"order_details":{"order_items":[{"name":"Candle","quantity":1e999999}]}}',
        [("order/order_details/order_items/0/quantity", INTEGER)],
    ),
    "PATCH a quantity to -1": (
        b'{"order_details":{"order_items":[{"name":"Candle","quantity":-1}]}}',
        [("order/order_details/order_items/0/quantity", NOT_NEGATIVE)],
    ),
    "PATCH a price to null": (
        b'{"payment_details":{"total_price":{"value":null}}}',
        [("order/payment_details/total_price/value", NUMBER)],
    ),
    "PATCH a price to infinity": (
        b'{"payment_details":{"total_price":{"value":1e400}}}',
        [("order/payment_details/total_price/value", FINITE)],
    ),
    "PATCH the payment to a number": (b'{"payment_details":0}', [("order/payment_details", OBJECT)]),
    "PATCH half an address": (
        b'{"shipping_address":{"name":"a","address_line_1":"b","postal_code":"c","city":"d"}}',
        [("order/shipping_address/country_code", "Field required")],
    ),
    "PATCH an address to a list": (b'{"shipping_address":[]}', [("order/shipping_address", OBJECT)]),
    "PATCH a time to the 30th of February": (
        b'{"order_details":{"order_created_at":"2024-02-30"}}',
        [("order/order_details/order_created_at", DATETIME)],
    ),
    "PATCH what is not known to NUL": (b'{"unknown":["\\u0000"]}', [("order/unknown/0", NUL)]),
    "PATCH the id to another": (b'{"id":1e30}', [("order/id", "Id <order> cannot be changed")]),
    "PATCH tags to 1001": (
        json.dumps({"order_details": {"tags": ["x"] * 1001}}).encode(),
        [("order/order_details/tags", "List should have at most 1000 items, not 1001")],
    ),
}

# A PATCH of the integration: body, and every fault.
SHOP_PATCHES: dict[str, tuple[bytes, list[tuple[str, str]]]] = {
    "PATCH shop_name to null": (b'{"shop_name":null}', [("/data/shop_name", STRING)]),
    "PATCH shop_name to nothing": (b'{"shop_name":""}', [("/data/shop_name", EMPTY)]),
    "PATCH shop_name to 251 characters": (b'{"shop_name":"%b"}' % (b"x" * 251), [("/data/shop_name", at_most(250))]),
    "PATCH shop_name to NUL": (b'{"shop_name":"\\u0000"}', [("/data/shop_name", NUL)]),
    "PATCH shop_name to a surrogate": (b'{"shop_name":"\\udfff"}', [("/data/shop_name", UNICODE)]),
    "PATCH shop_name to an object": (b'{"shop_name":{"toString":"x"}}', [("/data/shop_name", STRING)]),
    "PATCH shop_url to a script": (b'{"shop_url":"javascript:alert(1)"}', [("/data/shop_url", URL)]),
    "PATCH webhook_url to a file": (b'{"webhook_url":"file:///etc/passwd"}', [("/data/webhook_url", URL)]),
    "PATCH webhook_url to gopher": (b'{"webhook_url":"gopher://localhost:6379/_x"}', [("/data/webhook_url", URL)]),
    "PATCH webhook_url to a line break": (b'{"webhook_url":"http://a/\\r\\nX: y"}', [("/data/webhook_url", URL)]),
    "PATCH webhook_active to a text": (b'{"webhook_active":"on"}', [("/data/webhook_active", BOOLEAN)]),
    "PATCH webhook_active without a URL": (
        b'{"webhook_active":true}',
        [("/data/webhook_url", "Webhook URL required when enable webhook is set to true")],
    ),
    "PATCH feedback_type to another": (
        b'{"feedback_type":"never"}',
        [("/data/feedback_type", "Input should be 'eager', 'delayed' or 'none'")],
    ),
    "PATCH carriers to an object": (b'{"service_point_carriers":{}}', [("/data/service_point_carriers", LIST)]),
    "PATCH carriers to 101": (
        json.dumps({"service_point_carriers": ["x"] * 101}).encode(),
        [("/data/service_point_carriers", "List should have at most 100 items, not 101")],
    ),
    "PATCH carriers to NUL": (b'{"service_point_carriers":["\\u0000"]}', [("/data/service_point_carriers/0", NUL)]),
}


def refused_member(path: str, literal: str, detail: str) -> tuple[bytes, list[tuple[str, str]]]:
    """A body with one wrong member, and its fault."""
    return batch(path.partition(">")[0], literal), [(FIRST + path.replace(".", "/").replace(">", "/"), detail)]


ENTRIES = [
    *(Entry(name, 400, method="POST", body=body, faults=[("/data", "")]) for name, body in MALFORMED.items()),
    *(
        Entry(name, 400, method="PATCH", target=target, body=body, faults=[("/data", "")])
        for name, (target, body) in MALFORMED_ELSEWHERE.items()
    ),
    *(
        Entry(
            name,
            400,
            "non_field_errors",
            "POST" if target == ORDERS else "PATCH",
            target,
            body=body,
            faults=[(None, "")],
        )
        for name, (target, body) in WRONG_FORMAT.items()
    ),
    # A place is said once for every fault, a thousand times here.
    Entry(
        "a thousand NULs below a name of 20 KB", 400, method="POST", body=b'[{"%b":[%b]}]' % (b"k" * 20_000, MANY_NULS)
    ),
    *(Entry(name, 400, method="POST", body=body, faults=faults) for name, (body, faults) in WRONG_ENTRIES.items()),
    *(
        Entry(name, 400, method="POST", body=body, faults=faults)
        for name, member in REFUSED.items()
        for body, faults in [refused_member(*member)]
    ),
    *(
        Entry(name, 200, method="POST", body=batch(path, literal), stored={path: stored})
        for name, (path, literal, stored) in ACCEPTED.items()
    ),
    *(
        Entry(name, 400, method="PATCH", target=ORDER, body=body, faults=faults)
        for name, (body, faults) in PATCHES.items()
    ),
    *(
        Entry(name, 400, method="PATCH", target=SHOP, body=body, faults=faults)
        for name, (body, faults) in SHOP_PATCHES.items()
    ),
]
