"""Hostile headers: credentials, media types, codings, hosts, preferences, and headers that other servers listen to."""

import base64
import gzip
import zlib

from tests.http.hostile.bodies import ORDER, WHOLE, batch
from tests.http.hostile.entry import ORDERS, Entry


def basic(credentials: bytes) -> str:
    return "Authorization: Basic " + base64.b64encode(credentials).decode()


# Credentials that do not fit.
STRANGERS: dict[str, list[str]] = {
    "no credentials": ["Authorization"],
    "empty credentials": ["Authorization:"],
    "a scheme alone": ["Authorization: Basic"],
    "a scheme and blanks": ["Authorization: Basic \t "],
    "credentials without a scheme": ["Authorization: <key>"],
    "another scheme": ["Authorization: Digest <key>"],
    "a scheme that begins like ours": ["Authorization: Basic2 <key>"],
    "a scheme with a colon": ["Authorization: Basic: <key>"],
    "a scheme with a comma": ["Authorization: Basic, <key>"],
    "a scheme with a tab": ["Authorization: Basic\t<key>"],
    "a scheme in Latin-1": ["Authorization: B\xe4sic <key>"],
    "a token": ["Authorization: Bearer <key>"],
    "a token without end": ["Authorization: Bearer"],
    "a token of null": ["Authorization: Bearer null"],
    "a token that signs nothing": ["Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOjF9."],
    "Negotiate": ["Authorization: Negotiate TlRMTVNTUAABAAAA"],
    "a signature": ["Authorization: AWS4-HMAC-SHA256 Credential=x/20240501/eu/s3/aws4_request, Signature=0"],
    "no base64": ["Authorization: Basic !!!"],
    "base64 with a letter too many": ["Authorization: Basic <key>A"],
    "base64 with a blank inside": ["Authorization: Basic YTpi YTpi"],
    "base64 with a comma": ["Authorization: Basic YTpi,YTpi"],
    "base64 with three paddings": ["Authorization: Basic YTpi==="],
    "base64 of the URL's alphabet": ["Authorization: Basic _-_-"],
    "base64 in quotes": ['Authorization: Basic "<key>"'],
    "base64 in percent signs": ["Authorization: Basic YTpi%3D"],
    "base64 twice": ["Authorization: " + "Basic <key> Basic <key>"],
    "no coding at all": ["Authorization: Basic user:secret"],
    "no colon": [basic(b"usersecret")],
    "only a colon": [basic(b":")],
    "two colons": [basic(b"::")],
    "an empty user": [basic(b":secret")],
    "an empty secret": [basic(b"user:")],
    "NUL": [basic(b"\0:\0")],
    "NUL in the user": [basic(b"us\0er:secret")],
    "no UTF-8": [basic(b"\xff\xfe:\xfd")],
    "a surrogate": [basic(b"\xed\xa0\x80:x")],
    "an overlong colon": [basic(b"user\xc0\xbasecret")],
    "UTF-16": [basic("user:secret".encode("utf-16"))],
    "line breaks": [basic(b"user\r\nX: y:secret")],
    "SQL": [basic(b"' OR '1'='1:' OR '1'='1")],
    "a wildcard": [basic(b"%:%")],
    "emoji": [basic("🙂:🙂".encode())],
    "a user of 5,000 characters": [basic(b"u" * 5000 + b":s")],
    "a secret of 5,000 characters": [basic(b"u:" + b"s" * 5000)],
    "two lines, the wrong one first": [basic(b"user:secret"), "Authorization: Basic <key>"],
    "credentials of a proxy": ["Authorization", "Proxy-Authorization: Basic <key>"],
    "credentials in a cookie": ["Authorization", "Cookie: Authorization=Basic <key>; session=<key>"],
    "credentials in another header": ["Authorization", "X-Authorization: Basic <key>", "X-Api-Key: <key>"],
    "credentials under a name like ours": [
        "Authorization",
        "Authorization_: Basic <key>",
        "Authorisation: Basic <key>",
    ],
}

# Media types that are not JSON.
NOT_JSON: dict[str, list[str]] = {
    "a form": ["Content-Type: application/x-www-form-urlencoded"],
    "a form of parts": ["Content-Type: multipart/form-data; boundary=x"],
    "plain text": ["Content-Type: text/plain"],
    "plain text with a parameter": ["Content-Type: text/plain; a=application/json"],
    "plain text, JSON in a comment": ["Content-Type: text/plain (application/json)"],
    "JSON of the text kind": ["Content-Type: text/json"],
    "JSON of old": ["Content-Type: application/x-json"],
    "JavaScript": ["Content-Type: application/javascript"],
    "lines of JSON": ["Content-Type: application/x-ndjson"],
    "a sequence of JSON": ["Content-Type: application/json-seq"],
    "XML": ["Content-Type: application/xml"],
    "bytes": ["Content-Type: application/octet-stream"],
    "MessagePack as such": ["Content-Type: application/msgpack"],
    "two types in one line": ["Content-Type: application/json, text/plain"],
    "two types, JSON last": ["Content-Type: text/plain, application/json"],
    "two lines, JSON last": ["Content-Type: text/plain", "Content-Type: application/json"],
    "any type": ["Content-Type: */*"],
    "any application": ["Content-Type: application/*"],
    "half a type": ["Content-Type: application"],
    "half a type and a slash": ["Content-Type: application/"],
    "a suffix alone": ["Content-Type: application/+json"],
    "a suffix of another kind": ["Content-Type: image/x+json"],
    "a suffix and a rest": ["Content-Type: application/x+jsonx"],
    "a word": ["Content-Type: json"],
    "a slash too many": ["Content-Type: application/json/x"],
    "a blank inside": ["Content-Type: application/ json"],
    "a parameter without a semicolon": ["Content-Type: application/json charset=utf-8"],
    "quotes": ['Content-Type: "application/json"'],
    "Latin-1 letters": ["Content-Type: application/js\xf6n"],
    "a byte order mark": ["Content-Type: \xef\xbb\xbfapplication/json"],
    "8,000 characters": ["Content-Type: " + "x" * 8000],
}

# Codings of the body: header lines, body.
BOMB = gzip.compress(b"[" + b" " * 10_000_000 + b"]")
CODED: dict[str, tuple[list[str], bytes]] = {
    "gzip": (["Content-Encoding: gzip"], gzip.compress(WHOLE)),
    "a gzip bomb": (["Content-Encoding: gzip"], BOMB),
    "a gzip bomb in gzip": (["Content-Encoding: gzip, gzip"], gzip.compress(BOMB)),
    "gzip in capitals": (["Content-Encoding: GZIP"], gzip.compress(WHOLE)),
    "gzip of old": (["Content-Encoding: x-gzip"], gzip.compress(WHOLE)),
    "gzip that is none": (["Content-Encoding: gzip"], WHOLE),
    "gzip of nothing": (["Content-Encoding: gzip"], b""),
    "deflate": (["Content-Encoding: deflate"], zlib.compress(WHOLE)),
    "compress": (["Content-Encoding: compress"], b"\x1f\x9d\x90"),
    "Brotli": (["Content-Encoding: br"], b"\x0b\x01\x80[]\x03"),
    "Zstandard": (["Content-Encoding: zstd"], b"\x28\xb5\x2f\xfd"),
    "a coding of the transfer": (["Content-Encoding: chunked"], WHOLE),
    "a coding that nobody knows": (["Content-Encoding: rot13"], WHOLE),
    "identity and gzip": (["Content-Encoding: identity, gzip"], gzip.compress(WHOLE)),
    "gzip and identity": (["Content-Encoding: gzip, identity"], gzip.compress(WHOLE)),
    "gzip with a weight": (["Content-Encoding: gzip;q=0"], WHOLE),
    "identity with a parameter": (["Content-Encoding: identity;x"], WHOLE),
    "identity and gzip on two lines": (["Content-Encoding: identity", "Content-Encoding: gzip"], gzip.compress(WHOLE)),
    "gzip and no JSON": (["Content-Encoding: gzip", "Content-Type: text/plain"], WHOLE),
}

# The header Sendcloud-Partner-Id, where it is no UUID.
NO_PARTNERS: dict[str, str] = {
    "nothing": "",
    "a digit": "1",
    "words": "not-a-uuid",
    "a digit too few": "12345678-1234-4234-8234-12345678901",
    "a digit too many": "12345678-1234-4234-8234-1234567890123",
    "a letter beyond f": "g2345678-1234-4234-8234-123456789012",
    "an underscore": "1_345678-1234-4234-8234-123456789012",
    "a hexadecimal sign": "0x345678-1234-4234-8234-123456789012",
    "a plus": "+2345678-1234-4234-8234-123456789012",
    "a blank inside": "12345678 1234-4234-8234-123456789012",
    "superscript digits": "\xb92345678-1234-4234-8234-123456789012",
    "two of them": "12345678-1234-4234-8234-123456789012, 12345678-1234-4234-8234-123456789012",
    "SQL": "12345678-1234-4234-8234-123456789012' OR '1'='1",
    "5,000 characters": "1" * 5000,
}

# The header Idempotency-Key, where it is no key.
NO_KEYS: dict[str, str] = {
    "nothing": "",
    "empty quotes": '""',
    "a blank inside": "a b",
    "a tab inside": "a\tb",
    "a blank in quotes": '"a b"',
    "blanks in quotes": '" "',
    "Latin-1": "cl\xe9",
    "UTF-8": "cl\xc3\xa9",
    "a no-break space": "\xa0",
    "256 characters": "k" * 256,
    "256 characters in quotes": f'"{"k" * 256}"',
    "8,000 characters": "k" * 8000,
    "two of them": "a, b",
}

# The headers If-Match and If-None-Match, where they hold no entity tags.
NO_TAGS: dict[str, str] = {
    "nothing": "",
    "commas": ",,,",
    "a word": "x",
    "a word and a tag": 'x, "1-1"',
    "a quote": '"',
    "a tag without end": '"1-1',
    "a tag without a beginning": '1-1"',
    "single quotes": "'1-1'",
    "a weak word": "W/1-1",
    "a weakness in small letters": 'w/"1-1"',
    "two stars": "**",
    "a blank in a tag": '"1 1"',
    "8,000 quotes": '"' * 7999,
}

# The header If-Match, where it is of another order.
OTHER_TAGS: dict[str, str] = {
    "an empty tag": '""',
    "another tag": '"0-0"',
    "a star in quotes": '"*"',
    "the id alone": '"<order>"',
    "Latin-1": '"\xe4"',
    "SQL": '"\'--"',
    "a thousand tags": ", ".join(['"x"'] * 1000),
}

# Taken, or without a meaning here: a batch with them is stored all the same. Header lines, and headers of the answer.
HARMLESS_IN_WRITES: dict[str, tuple[list[str], dict[str, str]]] = {
    "no media type": (["Content-Type"], {}),
    "an empty media type": (["Content-Type:"], {}),
    "JSON in capitals": (["Content-Type: APPLICATION/JSON"], {}),
    "JSON in another charset": (["Content-Type: application/json; charset=utf-16"], {}),
    "JSON with a rest": (["Content-Type: application/json;;; =; x"], {}),
    "JSON of JSON:API": (['Content-Type: application/vnd.api+json; ext="x"'], {}),
    "JSON as a patch": (["Content-Type: application/merge-patch+json"], {}),
    "two lines, JSON first": (["Content-Type: application/json", "Content-Type: text/plain"], {}),
    "identity": (["Content-Encoding: identity"], {}),
    "identity in capitals": (["Content-Encoding: IDENTITY"], {}),
    "a language": (["Content-Language: tlh, mi-\xff"], {}),
    "a part of the body": (["Content-Range: bytes 0-1/2"], {}),
    "a wrong digest of the body": (["Content-MD5: AAAA", "Digest: sha-256=AAAA"], {}),
    "a place of the body": (["Content-Location: ../../etc/passwd"], {}),
    "a disposition": (['Content-Disposition: form-data; name="x"'], {}),
    "a method beside the method": (
        ["X-HTTP-Method-Override: DELETE", "X-Method-Override: PUT", "X-HTTP-Method: GET"],
        {},
    ),
    "another address of the request": (["X-Original-URL: /healthz", "X-Rewrite-URL: /healthz"], {}),
    "another origin": (
        ["Origin: https://evil.example", "Referer: https://evil.example/", "Sec-Fetch-Site: cross-site"],
        {},
    ),
    "cookies": (["Cookie: a=b; =; ;;; c=\xff" + "; d=e" * 500], {}),
    "a preference of nothing": (["Prefer:"], {}),
    "a preference of commas": (["Prefer: " + "," * 5000], {}),
    "a preference that begins like ours": (["Prefer: handling=strictly, xhandling=strict, return"], {}),
    "a preference to be lenient": (["Prefer: handling=lenient, return=minimal"], {}),
    "a preference for a coding": (["Prefer: return=\xffrepresentation"], {}),
    "a preference without a value": (["Prefer: handling=, return=, =strict, ="], {}),
    "a preference for the whole": (
        ['Prefer: RETURN = "representation";x'],
        {"preference-applied": "return=representation"},
    ),
    "a partner of zeros": ([f"Sendcloud-Partner-Id: {'0' * 8}-0000-0000-0000-{'0' * 12}"], {}),
    "a partner in capitals": (["Sendcloud-Partner-Id: ABCDEF01-ABCD-4BCD-8BCD-ABCDEFABCDEF"], {}),
    "a request id with blanks": (["X-Request-Id: a b"], {}),
    "90 headers": ([f"X-{n}: {n}" for n in range(90)], {}),
}

# The same for reads, of the page that stands behind the last order.
LINK = '<{}/api/v3/orders?cursor=cj0x>; rel="prev"'
HERE = LINK.format("http://<server>")
HARMLESS_IN_READS: dict[str, tuple[list[str], dict[str, str]]] = {
    "a body type without a body": (["Content-Type: application/json"], {}),
    "another body type without a body": (["Content-Type: text/plain", "Content-Encoding: gzip"], {}),
    "a type that there is not": (["Accept: application/pdf"], {}),
    "no type at all": (["Accept: */*;q=0"], {}),
    "an empty type": (["Accept:"], {}),
    "types without sense": (["Accept: ;;q=x,,/,\xff"], {}),
    "a thousand types": (["Accept: " + "a/b," * 1000], {}),
    "no coding at all, not even none": (["Accept-Encoding: identity;q=0, *;q=0"], {}),
    "another charset": (["Accept-Charset: utf-16;q=1, *;q=0"], {}),
    "languages without sense": (["Accept-Language: -,--,;q=9"], {}),
    "a part of the page": (["Range: bytes=0-0"], {}),
    "parts that overlap": (["Range: bytes=" + "0-," * 1000], {}),
    "a time that never was": (["If-Modified-Since: Wed, 99 Foo 99999 99:99:99 GMT"], {}),
    "a time far ahead": (["If-Modified-Since: Fri, 31 Dec 9999 23:59:59 GMT"], {}),
    "a time of no change": (["If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT"], {}),
    "a part if": (['If-Range: "x"', "Range: bytes=0-0"], {}),
    "an age": (["Cache-Control: max-age=-1, only-if-cached", "Pragma: no-cache"], {}),
    "a lower case": (["authorization: Basic <key>"], {}),
    "a mixed case": (["aUTHORIZATION: bAsIc <key>"], {}),
    "blanks around the credentials": (["Authorization:    Basic    <key>   "], {}),
    "two lines, the right one first": (["Authorization: Basic <key>", basic(b"user:secret")], {}),
    "a user in a proxy's name": (["X-Remote-User: admin", "X-Forwarded-User: admin", "Remote-User: admin"], {}),
    "an account in a header": (["X-Account-Id: 1", "X-Tenant: 1"], {}),
    "a user agent of 8,000 characters": (["User-Agent: " + "x" * 8000], {}),
    "a user agent of a shell": (["User-Agent: () { :;}; /bin/true"], {}),
    "a lookup": (["User-Agent: ${jndi:ldap://localhost/a}", "X-Api-Version: ${jndi:ldap://localhost/a}"], {}),
    "a trace": (["Max-Forwards: -1", "Via: 1.1 \xff", "Traceparent: 00-0-0-00"], {}),
    "a debugger": (["X-Debug: 1", "Debug: true", "X-Xdebug-Session: 1"], {}),
    "early data": (["Early-Data: 1"], {}),
    "an upgrade to TLS": (["Upgrade-Insecure-Requests: 1"], {}),
    "a request id of the longest kind": (["X-Request-Id: " + "9" * 128], {"x-request-id": "9" * 128}),
    "a request id of HTML": (["X-Request-Id: <script>"], {"x-request-id": "<script>"}),
    # Links are ours
    "an empty host": (["Host:"], {"link": HERE}),
    "a host with a path": (["Host: evil.example/x?"], {"link": HERE}),
    "a host with a user": (["Host: user@evil.example"], {"link": HERE}),
    "a host with a blank": (["Host: evil example"], {"link": HERE}),
    "a host with a quote": (['Host: evil">x'], {"link": HERE}),
    "a host in Latin-1": (["Host: \xe4vil.example"], {"link": HERE}),
    "a host of 256 characters": (["Host: " + "x" * 256], {"link": HERE}),
    "a host of another port": (["Host: localhost:0"], {"link": LINK.format("http://localhost:0")}),
    "a host of brackets": (["Host: [::1]:80"], {"link": LINK.format("http://[::1]:80")}),
    "a host told by a proxy": (["X-Forwarded-Host: evil.example"], {"link": LINK.format("http://localhost")}),
    "a server told by a proxy": (["X-Forwarded-Server: evil.example"], {"link": LINK.format("http://localhost")}),
    "a port told by a proxy": (["X-Forwarded-Port: 1"], {"link": LINK.format("http://localhost")}),
    "a prefix told by a proxy": (["X-Forwarded-Prefix: /evil"], {"link": LINK.format("http://localhost")}),
    "all told by a proxy": (
        ["Forwarded: for=1;host=evil.example;proto=javascript"],
        {"link": LINK.format("http://localhost")},
    ),
    "a scheme told by a proxy": (["X-Forwarded-Proto: https"], {"link": LINK.format("https://localhost")}),
    "a script told by a proxy": (["X-Forwarded-Proto: javascript"], {"link": LINK.format("http://localhost")}),
    "a socket told by a proxy": (["X-Forwarded-Proto: ws"], {"link": LINK.format("http://localhost")}),
    "two schemes told by proxies": (["X-Forwarded-Proto: https, http"], {"link": LINK.format("http://localhost")}),
    "no scheme told by a proxy": (["X-Forwarded-Proto:"], {"link": LINK.format("http://localhost")}),
    "an address that is none": (["X-Forwarded-For: x:y:z, \xff,, ,999.1.1.1"], {}),
    "an address of this machine": (["X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1", "True-Client-IP: ::1"], {}),
    "a thousand addresses": (["X-Forwarded-For: " + "127.0.0.1, " * 700 + "1"], {}),
}

# A batch with members that are not known: how the answer's header names them. JSON text of a member after "x".
IGNORED: dict[str, tuple[str, str]] = {
    "a header in a name": (r'0,"a\r\nSet-Cookie: b=c":1', "[0].x, [0].a%0D%0ASet-Cookie%3A%20b%3Dc"),
    "a comma in a name": ('0,"a, b":1', "[0].x, [0].a%2C%20b"),
    "emoji in a name": ('0,"🙂":1', "[0].x, [0].%F0%9F%99%82"),
    "an empty name": ('0,"":1', "[0].x, [0]."),
    "brackets in a name": ('0,"a[0].b":1', "[0].x, [0].a[0].b"),
    "a noncharacter in a name": ('0,"\uffff":1', "[0].x, [0].%EF%BF%BF"),
    "a name of 1 MB": (f'0,"{"k" * 10**6}":1', f"[0].x, [0].{'k' * 196}"),
    "30 names": (
        "0" + "".join(f',"x{n}":0' for n in range(30)),
        ", ".join(["[0].x", *(f"[0].x{n}" for n in range(19))]),
    ),
}

# Unknown members are faults.
STRICT: dict[str, list[str]] = {
    "strict": ["Prefer: handling=strict"],
    "strict in capitals": ["Prefer: HANDLING=STRICT"],
    "strict in quotes": ['Prefer: handling="strict"'],
    "strict with blanks": ["Prefer: handling = strict"],
    "strict with a parameter": ["Prefer: handling=strict; a=b"],
    "strict after others": ["Prefer: respond-async, wait=100, , handling=strict"],
    "strict on a second line": ["Prefer: respond-async", "Prefer: handling=strict"],
}

BEHIND = f"{ORDERS}?cursor=bz0x"
CHANGE = b'{"order_number":"changed"}'

ENTRIES = [
    *(Entry(f"stranger: {name}", 401, headers=lines) for name, lines in STRANGERS.items()),
    *(
        Entry(f"stranger's body: {name}", 401, method="POST", headers=STRANGERS[name], body=b"[{")
        for name in ("no credentials", "no UTF-8", "a token")
    ),
    *(Entry(f"type: {name}", 415, method="POST", headers=lines, body=WHOLE) for name, lines in NOT_JSON.items()),
    *(Entry(f"coding: {name}", 415, method="POST", headers=lines, body=body) for name, (lines, body) in CODED.items()),
    *(
        Entry(
            f"partner: {name}",
            400,
            method="POST",
            headers=[f"Sendcloud-Partner-Id: {value}"],
            body=WHOLE,
            faults=[("Sendcloud-Partner-Id", "The partner ID is not valid.")],
        )
        for name, value in NO_PARTNERS.items()
    ),
    *(
        Entry(
            f"key of {method}: {name}",
            400,
            method=method,
            target=target,
            headers=[f"Idempotency-Key: {key}"],
            body=body,
        )
        for method, target, body in (("POST", ORDERS, WHOLE), ("PATCH", ORDER, CHANGE))
        for name, key in NO_KEYS.items()
    ),
    *(
        Entry(f"tags of PATCH: {name}", 400, method="PATCH", target=ORDER, headers=[f"If-Match: {tags}"], body=CHANGE)
        for name, tags in NO_TAGS.items()
    ),
    *(
        Entry(f"tags of DELETE: {name}", 400, method="DELETE", target=ORDER, headers=[f"If-Match: {tags}"])
        for name, tags in NO_TAGS.items()
    ),
    *(
        Entry(f"tags of GET: {name}", 400, target=ORDER, headers=[f"If-None-Match: {tags}"])
        for name, tags in NO_TAGS.items()
    ),
    *(
        Entry(f"other tags: {name}", 412, method="PATCH", target=ORDER, headers=[f"If-Match: {tags}"], body=CHANGE)
        for name, tags in OTHER_TAGS.items()
    ),
    *(
        Entry(
            f"write: {name}",
            200,
            method="POST",
            headers=lines,
            body=WHOLE,
            stored={"order_number": "N"},
            sent_back=back,
        )
        for name, (lines, back) in HARMLESS_IN_WRITES.items()
    ),
    *(
        Entry(f"read: {name}", 200, target=BEHIND, headers=lines, sent_back=back)
        for name, (lines, back) in HARMLESS_IN_READS.items()
    ),
    *(
        Entry(
            f"not known: {name}",
            200,
            method="POST",
            body=batch("x", literal),
            stored={"x": None},
            sent_back={"orderdock-ignored-fields": header},
        )
        for name, (literal, header) in IGNORED.items()
    ),
    *(
        Entry(
            name,
            400,
            "unknown_field",
            "POST",
            headers=lines,
            body=batch("x", "0"),
            faults=[("/data/attributes/[0]/x", "Extra inputs are not permitted")],
        )
        for name, lines in STRICT.items()
    ),
]
