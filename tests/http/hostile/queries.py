"""Hostile query strings: encodings, repetitions, bounds, and cursors that lead nowhere."""

import base64

from tests.http.hostile.bodies import NUL
from tests.http.hostile.entry import ORDERS, Entry


def cursor(text: str | bytes) -> str:
    """A cursor as clients build it, ready for a URL."""
    raw = text.encode() if isinstance(text, str) else text
    return "cursor=" + base64.b64encode(raw).decode().replace("=", "%3D").replace("+", "%2B")


# Refused, with the parameter that is wrong.
INVALID: dict[str, tuple[str, str]] = {
    "page_size of zero": ("page_size=0", "page_size"),
    "page_size of -0": ("page_size=-0", "page_size"),
    "page_size of -1": ("page_size=-1", "page_size"),
    "page_size of -2^63": (f"page_size={-(2**63)}", "page_size"),
    "page_size of 1.5": ("page_size=1.5", "page_size"),
    "page_size of 1e9": ("page_size=1e9", "page_size"),
    "page_size of 0x10": ("page_size=0x10", "page_size"),
    "page_size of 1_0": ("page_size=1_0", "page_size"),
    "page_size of 1,0": ("page_size=1,0", "page_size"),
    "page_size of NaN": ("page_size=NaN", "page_size"),
    "page_size of Infinity": ("page_size=-Infinity", "page_size"),
    "page_size of words": ("page_size=all", "page_size"),
    "page_size of null": ("page_size=null", "page_size"),
    "page_size of true": ("page_size=true", "page_size"),
    "page_size of a list": ("page_size=[1]", "page_size"),
    "page_size of a blank": ("page_size=%20", "page_size"),
    "page_size with a blank": ("page_size=10%20", "page_size"),
    "page_size with NUL": ("page_size=10%00", "page_size"),
    "page_size with a line break": ("page_size=10%0A", "page_size"),
    "page_size in full-width digits": ("page_size=%EF%BC%91", "page_size"),
    "page_size in Arabic digits": ("page_size=%D9%A1", "page_size"),
    "page_size in superscript": ("page_size=%C2%B2", "page_size"),
    "page_size of SQL": ("page_size=1;DROP%20TABLE%20orders", "page_size"),
    "page_size of a plus": ("page_size=+1", "page_size"),
    "page_size of 5000 digits": ("page_size=" + "9" * 5000, "page_size"),
    "page_size twice, the last one wrong": ("page_size=10&page_size=0", "page_size"),
    "page_size escaped": ("page%5Fsize=%30", "page_size"),
    "order_number with NUL": ("order_number=%00", "order_number"),
    "order_id with NUL": ("order_id=a%00b", "order_id"),
    "status with NUL": ("status=open%00", "status"),
    "a day with NUL": ("order_created_at=2024-05-01%00", "order_created_at"),
    "the 30th of February asked for": ("order_created_at=2024-02-30", "order_created_at"),
    "month 13 asked for": ("order_created_at_min=2024-13-01", "order_created_at_min"),
    "year 0 asked for": ("order_created_at_max=0000-01-01", "order_created_at_max"),
    "year 10000 asked for": ("order_updated_at=10000-01-01", "order_updated_at"),
    "before year 1 asked for": ("order_created_at_min=0001-01-01T00:00:00%2B23:59", "order_created_at_min"),
    "after year 9999 asked for": ("order_created_at_max=9999-12-31T23:59:59-23:59", "order_created_at_max"),
    "an offset of a day asked for": ("order_updated_at_min=2024-05-01T00:00:00%2B24:00", "order_updated_at_min"),
    "infinity asked for": ("order_created_at_max=infinity", "order_created_at_max"),
    "now asked for": ("order_updated_at_max=now()", "order_updated_at_max"),
    "seconds since 1970 asked for": ("order_created_at=1714557600", "order_created_at"),
    "Arabic digits asked for": ("order_created_at=%D9%A2%D9%A0%D9%A2%D9%A4-05-01", "order_created_at"),
    "a range asked for": ("order_created_at=2024-05-01..2024-05-02", "order_created_at"),
    "a day of SQL": ("order_created_at=2024-05-01'::date--", "order_created_at"),
    "a day of 10,000 digits": (f"order_created_at={'2' * 10_000}", "order_created_at"),
    "a fraction of 10,000 letters": (f"order_created_at=2024-05-01T10:00:00.{'x' * 10_000}", "order_created_at"),
}

# Refused as a choice that there is not.
NO_CHOICES: dict[str, tuple[str, str]] = {
    "integration 0": ("integration=0", "0"),
    "integration -1": ("integration=-1", "-1"),
    "integration 1.0": ("integration=<shop>.0", "<shop>.0"),
    "integration 1e0": ("integration=<shop>e0", "<shop>e0"),
    "integration with a zero in front": ("integration=0<shop>", "0<shop>"),
    "integration with a plus": ("integration=%2B<shop>", "+<shop>"),
    "integration of 2^63": (f"integration={2**63}", str(2**63)),
    "integration of 5000 digits": (f"integration={'9' * 5000}", "9" * 5000),
    "integration in full-width digits": ("integration=%EF%BC%91", "１"),
    "integration of letters": ("integration=abc", "abc"),
    "integration of null": ("integration=null", "null"),
    "integration of SQL": ("integration=<shop>%20OR%201=1", "<shop> OR 1=1"),
    "integration of a wildcard": ("integration=%25", "%"),
    "integration of NUL": ("integration=<shop>%00", "<shop>\0"),
    "integration of HTML": ("integration=%3Cscript%3E", "<script>"),
    "integration of no UTF-8": ("integration=%FF", "\ufffd"),
    "integration of a surrogate": ("integration=%ED%A0%80", "\ufffd\ufffd\ufffd"),
    "integration with a semicolon": ("integration=<shop>;1", "<shop>;1"),
    "integration among right ones": ("integration=<shop>,%200,,<shop>", "0"),
    "integration in brackets": ("integration[]=0", "0"),
    "integration in escaped brackets": ("integration%5B7%5D=0", "0"),
    "integration in brackets of 5000 digits": (f"integration[{'9' * 5000}]=0", "0"),
    "integration repeated": ("integration=<shop>&integration=x&integration=x", "x"),
}

# Cursors that lead nowhere.
NO_CURSORS: dict[str, str] = {
    "no base64": "cursor=!!!",
    "base64 of one letter": "cursor=b",
    "base64 with a line break": "cursor=bz0w%0A",
    "base64 with NUL": "cursor=bz0w%00",
    "base64 with padding inside": "cursor=bz0%3DwJnI9MA",
    "base64 in base64": cursor("bz0wJnI9MA=="),
    "Latin-1 letters": "cursor=%C3%A4%C3%B6",
    "no UTF-8 in the URL": "cursor=%FF%FE",
    "a surrogate in the URL": "cursor=%ED%A0%80",
    "only padding and a letter": "cursor=A===",
    "no UTF-8 inside": cursor(b"\xff\xfe"),
    "no UTF-8 in a position": cursor("p=%FF"),
    "a surrogate in a position": cursor("p=%ED%A0%80"),
    "a pickle as a cursor": cursor(b"\x80\x04]\x94."),
    "gzip as a cursor": cursor(b"\x1f\x8b\x08\x00"),
    "JSON as a cursor": cursor('{"o":0}'),
    "XML as a cursor": cursor("<o>0</o>"),
    "a word as a cursor": cursor("next"),
    "no names": cursor("=1&=2"),
    "other names": cursor("offset=1&limit=2"),
    "names in capitals": cursor("O=1&R=0"),
    "an offset of -1": cursor("o=-1"),
    "an offset of +1": cursor("o=%2B1"),
    "an offset of 1.0": cursor("o=1.0"),
    "an offset of 1e3": cursor("o=1e3"),
    "an offset of nothing": cursor("o="),
    "an offset in Arabic digits": cursor("o=%D9%A1"),
    "an offset with a line break": cursor("o=1%0A"),
    "an offset of 4001 digits": cursor("o=" + "9" * 4001),
    "a direction of 2": cursor("r=2"),
    "a direction of true": cursor("r=true"),
    "a position of nothing": cursor("p="),
    "a position of letters": cursor("p=abc"),
    "a position of 2^63": cursor(f"p={2**63}"),
    "a position of -2^63 - 1": cursor(f"p={-(2**63) - 1}"),
    "a position of 5000 digits": cursor("p=" + "9" * 5000),
    "a position of 1.0": cursor("p=1.0"),
    "a position with a blank": cursor("p=1%20"),
    "a position with NUL": cursor("p=1%00"),
    "a position of SQL": cursor("p=1%20OR%201=1"),
    "a position of a list": cursor("p=[1]"),
    "two positions, the last one wrong": cursor("p=1&p=x"),
    "a position of another sort": "sort=order_number&" + cursor("p=1"),
    "a position of two numbers": "sort=order_created_at&" + cursor("p=[1,1]"),
    "a position of two texts": "sort=order_number&" + cursor('p=["a","b"]'),
    "a position of one value": "sort=order_number&" + cursor('p=["a"]'),
    "a position of three values": "sort=order_number&" + cursor('p=["a",1,1]'),
    "a position of lists": "sort=order_number&" + cursor('p=[["a"],[1]]'),
    "a position of true": "sort=order_number&" + cursor('p=["a",true]'),
    "a position of null": "sort=order_number&" + cursor("p=[null,null]"),
    "a position of an object": "sort=order_number&" + cursor('p={"0":"a","1":1}'),
    "a position of 1e999": "sort=order_number&" + cursor('p=["a",1e999]'),
    "a position of 2^63 beside a text": "sort=order_number&" + cursor(f'p=["a",{2**63}]'),
    "a position of NUL": "sort=order_number&" + cursor(r'p=["\u0000",1]'),
    "a position of a lone surrogate": "sort=order_number&" + cursor(r'p=["\ud800",1]'),
    "a position of 5000 open lists": "sort=order_number&" + cursor("p=" + "[" * 5000),
    "a position that goes on": "sort=order_number&" + cursor('p=["a",1]]'),
    "a position of infinity": "sort=order_created_at&" + cursor('p=["infinity",1]'),
    "a position that never was": "sort=order_created_at&" + cursor('p=["2024-02-30",1]'),
    "a position after year 9999": "sort=order_updated_at&" + cursor('p=["9999-12-31T23:59:59-01:00",1]'),
    "a position of letters in two sorts": "sort=integration,order_number&" + cursor('p=["x","a",1]'),
    "a cursor of 11,000 bytes": cursor(b"\0" * 11_000),
    "a cursor twice, the last one wrong": "cursor=&cursor=!",
}

# Without a meaning here, or with one that finds perhaps nothing.
HARMLESS: dict[str, str] = {
    "nothing": "",
    "a thousand ampersands": "&" * 1000,
    "an equals sign": "=",
    "a value without a name": "=x",
    "a name without a value": "x",
    "question marks": "???",
    "semicolons": "a=1;page_size=0",
    "2500 names": "&".join(f"a{n}" for n in range(2500)),
    "a name 2000 times": "&".join(["a=1"] * 2000),
    "16,384 bytes": "x=" + "y" * 16_382,
    "names in capitals": "PAGE_SIZE=0&Cursor=!",
    "names with blanks": "%20page_size=0&cursor%20=!",
    "names with NUL": "page_size%00=0",
    "names in brackets": "page_size[]=0&cursor[0]=!&sort[$ne]=x",
    "filters of others": "search=x&query=x&integration_id=0&updated_at__gte=x&filter[order_number]=x",
    "a filter of MongoDB": "order_number[$ne]=&status[$regex]=.*",
    "brackets that are open": "integration[=0&integration]=0&integration[][]=0&integration[x]=0",
    "a prototype": "__proto__[admin]=1&constructor.prototype.admin=1",
    "a callback": "callback=alert(1)&jsonp=x&format=xml",
    "a method": "_method=DELETE&X-HTTP-Method-Override=DELETE",
    "a key": "api_key=x&access_token=x&Authorization=x",
    "percent signs without digits": "a=%&b=%z&c=%zz&%=1&d=%u0041&e=%1",
    "no UTF-8": "order_number=%FF%FE%80",
    "overlong UTF-8": "order_number=%C0%80",
    "a surrogate": "order_number=%ED%A0%80",
    "beyond Unicode": "order_number=%F4%90%80%80",
    "UTF-16": "order_number=a%FE%FF",
    "escaped twice": "order_number=%2500&order_id=%252e",
    "wildcards of SQL": "order_number=%25&order_id=_&status=%25%25",
    "quotes of SQL": "order_number=%27%20OR%20%271%27=%271&order_id=%5C%27",
    "a letter that grows": "order_id=" + "%C3%9F" * 255,
    "a filter of 2500 letters": "order_number=" + "x" * 2500,
    "a filter of emoji": "status=%F0%9F%99%82",
    "a filter of line breaks": "status=%0D%0ASet-Cookie:%20a=b",
    "no filter at all": "integration=&order_number=&order_id=&status=&order_created_at=&page_size=&sort=&cursor=",
    "an integration many times": "integration=" + ",".join(["<shop>"] * 1000),
    "commas for an integration": "integration=,,,%20,",
    "an integration with blanks": "integration=+<shop>+",
    "page_size above all bounds": f"page_size={2**31}",
    "page_size of 39 digits": "page_size=" + "9" * 39,
    "page_size of 50 digits": "page_size=" + "9" * 50,
    "page_size with zeros": "page_size=0001.000",
    "page_size twice, the first one wrong": "page_size=x&page_size=1",
    "the first day": "order_created_at=0001-01-01",
    "the last day": "order_created_at=9999-12-31&order_updated_at_max=9999-12-31",
    "from the last to the first day": "order_created_at_min=9999-12-31&order_created_at_max=0001-01-01",
    "a plus that is a blank": "order_created_at_min=2024-05-01T10:00:00+02:00",
    "a sort of SQL": "sort=pk;DROP%20TABLE%20orders",
    "a sort of a column": "sort=o.account_id,doc",
    "a sort of NUL": "sort=%00",
    "a sort of dashes": "sort=-,--pk,-%20pk",
    "a sort of a thousand names": "sort=" + ",".join(["integration", "-pk"] * 500),
    "a sort in capitals": "sort=PK",
    "a cursor far away": cursor(f"o={'9' * 4000}"),
    "a cursor below zero": cursor("p=-1"),
    "a cursor at the end of ids": cursor(f"p={2**63 - 1}"),
    "a cursor at the end, backwards": cursor(f"o={2**31}&r=1&p={2**63 - 1}"),
    "a cursor of a thousand offsets": cursor("&".join(["o=1"] * 1000)),
    "a cursor of names of others": cursor("o=0&limit=1000000&account_id=1"),
    "a cursor without padding": "cursor=bz0wJnI9MA",
    "a cursor of the URL's alphabet": "cursor=bz0wJng9Pz8_",
    "a cursor of the longest text": "sort=order_number&" + cursor(f'p=["{"x" * 11_000}",1]'),
    "a cursor of quotes": "sort=order_number&" + cursor("p=" + r'["\"\\\u2028%27--",1]'),
    "a cursor with a number as a text": "sort=order_number&" + cursor('p=["a","1"]'),
    "a cursor of the first moment": "sort=order_created_at&" + cursor('p=["0001-01-01",-1]'),
}

TOO_LONG = {
    "one byte too many": "x=" + "y" * 16_383,
    "30 KB": "x=" + "y" * 30_000,
    "8,000 names": "&".join(["a=1"] * 8000),
    "a cursor too long": cursor(b"o=" + b"1" * 20_000),
}

DETAILS = {"page_size": "Enter a whole number from 1 to 200.", "order_number": NUL, "order_id": NUL, "status": NUL}


def fault(parameter: str) -> tuple[str, str]:
    return parameter, DETAILS.get(parameter, "Enter a valid date.")


def no_choice(text: str) -> tuple[str, str]:
    return "integration", f"Select a valid choice. {text} is not one of the available choices."


ENTRIES = [
    *(
        Entry(name, 400, target=f"{ORDERS}?{query}", faults=[fault(parameter)])
        for name, (query, parameter) in INVALID.items()
    ),
    *(
        Entry(name, 400, "invalid_choice", target=f"{ORDERS}?{query}", faults=[no_choice(text)])
        for name, (query, text) in NO_CHOICES.items()
    ),
    *(
        Entry(f"cursor: {name}", 404, target=f"{ORDERS}?{query}", faults=[(None, "Invalid cursor")])
        for name, query in NO_CURSORS.items()
    ),
    *(
        Entry(
            f"too long: {name}",
            400,
            target=f"{ORDERS}?{query}",
            faults=[(None, "The query should have at most 16384 bytes")],
        )
        for name, query in TOO_LONG.items()
    ),
    *(Entry(f"harmless: {name}", 200, target=f"{ORDERS}?{query}") for name, query in HARMLESS.items()),
    *(
        Entry(f"of an order: {name}", 200, target=f"{ORDERS}/<order>?{HARMLESS[name]}")
        for name in ("percent signs without digits", "a method", "a callback", "no UTF-8")
    ),
    *(
        Entry(f"of integrations: {name}", 200, target=f"/api/v3/integrations?{query}")
        for name, query in {
            "a sort of SQL": "sort=id;DROP%20TABLE%20integrations",
            "a sort of NUL": "sort=%00",
            "a sort of a thousand names": "sort=" + ",".join(["last_fetch", "-created_at"] * 500),
            "a page": "page_size=0&cursor=!!!",
        }.items()
    ),
    Entry("of integrations: 30 KB", 400, target="/api/v3/integrations?sort=" + "x" * 30_000),
    Entry("far too long: a filter", 414, target=f"{ORDERS}?order_number={'x' * 60_000}"),
    Entry("far too long: names", 414, target=f"{ORDERS}?{'&'.join(['a=1'] * 10_000)}"),
]
