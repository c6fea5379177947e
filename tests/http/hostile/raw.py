"""Hostile bytes: requests that are none, that could be two, that never end; and clients that leave."""

from collections.abc import Sequence

from tests.http.hostile.entry import RawEntry

CLOSED: tuple[int, ...] = ()
HEAD = b"GET /api/v3/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic <key>\r\n"
GET = HEAD + b"Connection: close\r\n\r\n"
KEPT_GET = HEAD + b"\r\n"
STRANGER = b"POST /api/v3/orders HTTP/1.1\r\nHost: localhost\r\n"
POST = STRANGER + b"Authorization: Basic <key>\r\nContent-Type: application/json\r\n"
SECOND = b"DELETE /api/v3/orders/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"


def first_line(line: bytes) -> bytes:
    return line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def header(line: bytes) -> bytes:
    """A request for orders with one more line."""
    return HEAD + line + b"\r\nConnection: close\r\n\r\n"


def post(lines: bytes, body: bytes) -> bytes:
    """A batch with its framing as it is given."""
    return POST + lines + b"Connection: close\r\n\r\n" + body


# One piece of bytes, and the status of the one answer.
ONE: dict[str, tuple[bytes, int]] = {
    # First lines
    "an empty line and a letter": (b"\r\nx\r\n\r\n", 400),
    "a word": (b"hello\r\n\r\n", 400),
    "NUL": (b"\0" * 100, 400),
    "every byte": (bytes(range(256)), 400),
    "a handshake of TLS": (bytes.fromhex("1603010200010001fc0303") + b"\xff" * 200, 400),
    "a handshake of SSH": (b"SSH-2.0-OpenSSH_9.0\r\n", 400),
    "a greeting of SMTP": (b"EHLO localhost\r\n", 400),
    "a command of Redis": (b"*1\r\n$4\r\nINFO\r\n", 400),
    "a packet of PostgreSQL": (bytes.fromhex("0000000804d2162f"), 400),
    "a line of a proxy": (b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n" + GET, 400),
    "a greeting of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "an answer": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 400),
    "no version": (b"GET /api/v3/orders\r\n\r\n", 505),
    "no target": (first_line(b"GET HTTP/1.1"), 400),
    "no method": (first_line(b" /api/v3/orders HTTP/1.1"), 400),
    "a method in small letters": (first_line(b"get /api/v3/orders HTTP/1.1"), 400),
    "a method that nobody knows": (first_line(b"FETCH /api/v3/orders HTTP/1.1"), 400),
    "a method with a colon": (first_line(b"GET: /api/v3/orders HTTP/1.1"), 400),
    "a method with NUL": (first_line(b"GE\0T /api/v3/orders HTTP/1.1"), 400),
    "a method of 10,000 letters": (first_line(b"A" * 10_000 + b" / HTTP/1.1"), 400),
    "a method of another protocol": (first_line(b"DESCRIBE rtsp://localhost RTSP/1.0"), 400),
    "two methods": (first_line(b"GET POST /api/v3/orders HTTP/1.1"), 400),
    "CONNECT": (first_line(b"CONNECT localhost:5432 HTTP/1.1"), 400),
    "CONNECT to nothing": (first_line(b"CONNECT / HTTP/1.1"), 400),
    "version 0.9": (first_line(b"GET /api/v3/orders HTTP/0.9"), 505),
    "version 1.2": (first_line(b"GET /api/v3/orders HTTP/1.2"), 505),
    "version 2.0": (first_line(b"GET /api/v3/orders HTTP/2.0"), 505),
    "version 9.9": (first_line(b"GET /api/v3/orders HTTP/9.9"), 505),
    "version 1.10": (first_line(b"GET /api/v3/orders HTTP/1.10"), 400),
    "version 1": (first_line(b"GET /api/v3/orders HTTP/1"), 400),
    "version -1.1": (first_line(b"GET /api/v3/orders HTTP/-1.1"), 400),
    "a version in small letters": (first_line(b"GET /api/v3/orders http/1.1"), 400),
    "a version of another protocol": (first_line(b"GET /api/v3/orders ICY/1.1"), 400),
    "a tab for a blank": (first_line(b"GET\t/api/v3/orders\tHTTP/1.1"), 400),
    "a blank in the target": (first_line(b"GET /api/v3/ orders HTTP/1.1"), 400),
    "a tab in the target": (first_line(b"GET /api/v3/\torders HTTP/1.1"), 400),
    "NUL in the target": (first_line(b"GET /api/v3/orders\0 HTTP/1.1"), 400),
    "UTF-8 in the target": (first_line("GET /api/v3/ordérs HTTP/1.1".encode()), 400),
    "Latin-1 in the target": (first_line(b"GET /api/v3/ord\xe9rs HTTP/1.1"), 400),
    "an escape of a terminal in the target": (first_line(b"GET /\x1b[31m HTTP/1.1"), 400),
    "no slash in the target": (first_line(b"GET api/v3/orders HTTP/1.1"), 400),
    "a way up as a target": (first_line(b"GET ../../etc/passwd HTTP/1.1"), 400),
    "a question mark as a target": (first_line(b"GET ? HTTP/1.1"), 400),
    "a hash as a target": (first_line(b"GET # HTTP/1.1"), 400),
    "a URL without a host": (first_line(b"GET http:///api/v3/orders HTTP/1.1"), 400),
    "a URL of another scheme": (first_line(b"GET ftp://localhost/api/v3/orders HTTP/1.1"), 400),
    "a URL of a file": (first_line(b"GET file:///etc/passwd HTTP/1.1"), 400),
    "a URL with a user": (first_line(b"GET http://user@localhost/ HTTP/1.1"), 400),
    "a URL with a port that is none": (first_line(b"GET http://localhost:99999/ HTTP/1.1"), 400),
    "a star with OPTIONS": (first_line(b"OPTIONS * HTTP/1.1"), 400),
    "a star with GET": (first_line(b"GET * HTTP/1.1"), 400),
    "a target of 40,000 bytes": (first_line(b"GET /" + b"x" * 40_000 + b" HTTP/1.1"), 414),
    "a target of 1 MB": (b"GET /" + b"x" * 10**6, 414),
    "a URL of 1 MB": (b"GET http://localhost/" + b"x" * 10**6, 414),
    # Headers
    "no host": (b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
    "two hosts": (header(b"Host: localhost"), 400),
    "two hosts that differ": (header(b"host: evil.example"), 400),
    "a header without a colon": (header(b"X-A b"), 400),
    "a header without a name": (header(b": b"), 400),
    "a blank before the colon": (header(b"X-A : b"), 400),
    "a blank before the colon of a length": (post(b"Content-Length : 2\r\n", b"[]"), 400),
    "a blank in a name": (header(b"X A: b"), 400),
    "a bracket in a name": (header(b"X(A): b"), 400),
    "a quote in a name": (header(b'"X-A": b'), 400),
    "a name in UTF-8": (header("X-Ä: b".encode()), 400),
    "NUL in a name": (header(b"X\0A: b"), 400),
    "NUL in a value": (header(b"X-A: b\0c"), 400),
    "a bell in a value": (header(b"X-A: b\x07"), 400),
    "an escape in a value": (header(b"X-A: \x1b[31m"), 400),
    "DEL in a value": (header(b"X-A: \x7f"), 400),
    "a line that goes on": (header(b"X-A: b\r\n c"), 400),
    "a line that goes on before the first": (b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n", 400),
    "a carriage return in a value": (header(b"X-A: b\rc"), 400),
    "a carriage return at the end": (header(b"X-A: b\r"), 400),
    "line feeds only": (b"GET /healthz HTTP/1.1\nHost: localhost\n\n", 400),
    "carriage returns only": (b"GET /healthz HTTP/1.1\rHost: localhost\r\r", 400),
    "a header of 70,000 bytes": (header(b"X-A: " + b"x" * 70_000), 431),
    "a header of 1 MB without end": (HEAD + b"X-A: " + b"x" * 10**6, 431),
    "a name of 1 MB": (HEAD + b"x" * 10**6, 431),
    "credentials of 100 KB": (
        b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic " + b"A" * 100_000 + b"\r\n\r\n",
        431,
    ),
    "20,000 headers": (HEAD + b"a: b\r\n" * 20_000 + b"\r\n", 431),
    "20,000 cookies": (header(b"Cookie: " + b"a=b; " * 20_000), 431),
    "empty lines without end": (b"\r\n" * 100_000, 431),
    # Framing
    "a length of letters": (post(b"Content-Length: two\r\n", b"[]"), 400),
    "a length of nothing": (post(b"Content-Length: \r\n", b"[]"), 400),
    "a length below zero": (post(b"Content-Length: -2\r\n", b"[]"), 400),
    "a length with a plus": (post(b"Content-Length: +2\r\n", b"[]"), 400),
    "a length in hexadecimal": (post(b"Content-Length: 0x2\r\n", b"[]"), 400),
    "a length with a point": (post(b"Content-Length: 2.0\r\n", b"[]"), 400),
    "a length with an exponent": (post(b"Content-Length: 2e0\r\n", b"[]"), 400),
    "a length with an underscore": (post(b"Content-Length: 0_2\r\n", b"[]"), 400),
    "a length with a blank": (post(b"Content-Length: 2 2\r\n", b"[]"), 400),
    "a length of a list": (post(b"Content-Length: 2, 2\r\n", b"[]"), 400),
    "a length of 2^64": (post(b"Content-Length: 18446744073709551616\r\n", b"[]"), 400),
    "a length of 5000 digits": (post(b"Content-Length: " + b"9" * 5000 + b"\r\n", b"[]"), 400),
    "two lengths": (post(b"Content-Length: 2\r\nContent-Length: 2\r\n", b"[]"), 400),
    "two lengths that differ": (post(b"Content-Length: 2\r\nContent-Length: 30\r\n", b"[]" + SECOND), 400),
    "a length over the bound": (post(b"Content-Length: 10485761\r\n", b"["), 413),
    "a length of 2^63 - 1": (post(b"Content-Length: 9223372036854775807\r\n", b"[]"), 413),
    "a length and chunks": (
        post(b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", b"2\r\n[]\r\n0\r\n\r\n"),
        400,
    ),
    "chunks and a length": (
        post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n" + SECOND),
        400,
    ),
    "a coding of nothing": (post(b"Transfer-Encoding: \r\n", b"[]"), 400),
    "a coding of the transfer: gzip": (post(b"Transfer-Encoding: gzip\r\n", b"[]"), 400),
    "a coding of the transfer: gzip, chunked": (
        post(b"Transfer-Encoding: gzip, chunked\r\n", b"2\r\n[]\r\n0\r\n\r\n"),
        400,
    ),
    "a coding of the transfer: identity": (post(b"Transfer-Encoding: identity\r\n", b"[]"), 400),
    "a coding of the transfer: chunked, identity": (
        post(b"Transfer-Encoding: chunked, identity\r\n", b"2\r\n[]\r\n0\r\n\r\n"),
        400,
    ),
    "a coding of the transfer: chunked, chunked": (
        post(b"Transfer-Encoding: chunked, chunked\r\n", b"2\r\n[]\r\n0\r\n\r\n"),
        400,
    ),
    "a coding of the transfer: xchunked": (post(b"Transfer-Encoding: xchunked\r\n", b"2\r\n[]\r\n0\r\n\r\n"), 400),
    "a coding of the transfer in quotes": (post(b'Transfer-Encoding: "chunked"\r\n', b"2\r\n[]\r\n0\r\n\r\n"), 400),
    "a coding of the transfer with a parameter": (
        post(b"Transfer-Encoding: chunked;a=b\r\n", b"2\r\n[]\r\n0\r\n\r\n"),
        400,
    ),
    "a coding of the transfer with a vertical tab": (
        post(b"Transfer-Encoding: \x0bchunked\r\n", b"2\r\n[]\r\n0\r\n\r\n"),
        400,
    ),
    "a coding of the transfer with a blank before the colon": (
        post(b"Transfer-Encoding : chunked\r\n", b"2\r\n[]\r\n0\r\n\r\n"),
        400,
    ),
    "two codings of the transfer": (
        post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", b"2\r\n[]\r\n0\r\n\r\n"),
        400,
    ),
    "chunks in HTTP/1.0": (
        b"POST /api/v3/orders HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
        400,
    ),
    "a chunk of letters": (post(b"Transfer-Encoding: chunked\r\n", b"xyz\r\n[]\r\n0\r\n\r\n"), 400),
    "a chunk of nothing": (post(b"Transfer-Encoding: chunked\r\n", b"\r\n[]\r\n0\r\n\r\n"), 400),
    "a chunk below zero": (post(b"Transfer-Encoding: chunked\r\n", b"-2\r\n[]\r\n0\r\n\r\n"), 400),
    "a chunk with a hexadecimal sign": (post(b"Transfer-Encoding: chunked\r\n", b"0x2\r\n[]\r\n0\r\n\r\n"), 400),
    "a chunk with an underscore": (post(b"Transfer-Encoding: chunked\r\n", b"0_2\r\n[]\r\n0\r\n\r\n"), 400),
    "a chunk of 2^64": (post(b"Transfer-Encoding: chunked\r\n", b"10000000000000000\r\n[]\r\n0\r\n\r\n"), 400),
    "a chunk of 2^63": (post(b"Transfer-Encoding: chunked\r\n", b"8000000000000000\r\n" + b" " * 0xB00000), 413),
    "a chunk longer than it says": (post(b"Transfer-Encoding: chunked\r\n", b"2\r\n[]]]]\r\n0\r\n\r\n"), 400),
    "a chunk that ends in a line feed": (post(b"Transfer-Encoding: chunked\r\n", b"2\n[]\n0\n\n"), 400),
    "a chunk and NUL": (post(b"Transfer-Encoding: chunked\r\n", b"2\0\r\n[]\r\n0\r\n\r\n"), 400),
    "an extension of a chunk with a line feed": (
        post(b"Transfer-Encoding: chunked\r\n", b"2;a=\n[]\r\n0\r\n\r\n"),
        400,
    ),
    "an extension of a chunk without end": (post(b"Transfer-Encoding: chunked\r\n", b"2;" + b"a" * 10**6), 431),
    "trailers without end": (post(b"Transfer-Encoding: chunked\r\n", b"2\r\n[]\r\n0\r\n" + b"a: b\r\n" * 20_000), 431),
    "a trailer that is none": (post(b"Transfer-Encoding: chunked\r\n", b"2\r\n[]\r\n0\r\nx y\r\n\r\n"), 400),
    # Taken
    "empty lines in front": (b"\r\n\r\n" + GET, 200),
    "a value of all it may hold": (header(b"X-A: !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\t\x80\xff"), 200),
    "a header that is empty": (header(b"X-A:"), 200),
    "60,000 bytes of headers": (header(b"X-A: " + b"x" * 60_000), 200),
    "5,000 headers": (HEAD + b"a: b\r\n" * 5000 + b"Connection: close\r\n\r\n", 200),
    "a host of HTTP/1.0": (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
    "a URL of this host": (first_line(b"GET http://LOCALHOST/healthz HTTP/1.1"), 200),
    "an offer of WebSocket": (
        header(
            b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x"
        ),
        200,
    ),
    "an offer of HTTP/2": (header(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA"), 200),
    "an offer without a connection": (header(b"Upgrade: websocket"), 200),
    "an expectation of something else": (header(b"Expect: 200-ok"), 200),
    "a length with zeros": (post(b"Content-Length: 0000002\r\n", b"[]"), 200),
    "an empty batch in chunks": (post(b"Transfer-Encoding: chunked\r\n", b"1\r\n[\r\n1\r\n]\r\n0\r\n\r\n"), 200),
    "chunks in capitals": (post(b"Transfer-Encoding: CHUNKED\r\n", b"2\r\n[]\r\n0\r\n\r\n"), 200),
    "a chunk with zeros and an extension": (
        post(b"Transfer-Encoding: chunked\r\n", b'00002;a="b"\r\n[]\r\n0;c\r\n\r\n'),
        200,
    ),
    "a trailer that would be a header": (
        STRANGER + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\nAuthorization: Basic <key>\r\n\r\n",
        401,
    ),
    "a body in chunks over the bound": (
        post(b"Transfer-Encoding: chunked\r\n", b"b00000\r\n" + b" " * 0xB00000 + b"\r\n0\r\n\r\n"),
        413,
    ),
    "a body of blanks": (post(b"Content-Length: 10485760\r\n", b" " * 10_485_760), 400),
    "a body shorter than what comes": (post(b"Content-Length: 1\r\n", b"[]"), 400),
    "no length at all": (post(b"", b"[]"), 400),
}

# More than one piece, or more than one request: parts, what may be answered, and what the client does in the end.
MORE: dict[str, tuple[Sequence[bytes], Sequence[tuple[int, ...]], str]] = {
    "nothing, and half a connection": ([b""], [CLOSED], "half"),
    "half a first line": ([b"GET /api"], [CLOSED, (400,)], "half"),
    "half a head": ([HEAD], [CLOSED, (400,)], "half"),
    "half a body": ([POST + b"Content-Length: 100\r\n\r\n[{"], [CLOSED, (400,)], "half"),
    "half a chunk": ([POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n[{"], [CLOSED, (400,)], "half"),
    "a whole request, and half a connection": ([GET], [(200,)], "half"),
    "a whole request that would be kept, and half a connection": ([KEPT_GET], [(200,)], "half"),
    "two requests, and half a connection": ([KEPT_GET + GET], [(200, 200)], "half"),
    "nothing, and a reset": ([b""], [CLOSED], "reset"),
    "half a head, and a reset": ([HEAD], [CLOSED], "reset"),
    "half a body, and a reset": ([POST + b"Content-Length: 100\r\n\r\n[{"], [CLOSED], "reset"),
    "half a chunk, and a reset": ([POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n[{"], [CLOSED], "reset"),
    "a request, and a reset": ([GET], [CLOSED], "reset"),
    "an empty line, and a request later": ([b"\r\n", GET], [(200,)], "wait"),
    "half a line end, and a request later": ([b"\r", b"\n" + GET], [(200,)], "wait"),
    "a byte at a time": ([GET[n : n + 1] for n in range(30)] + [GET[30:]], [(200,)], "wait"),
    "a head in two": ([GET[:30], GET[30:]], [(200,)], "wait"),
    "a line end in two": ([GET[:-3], GET[-3:]], [(200,)], "wait"),
    "a name in two": ([HEAD + b"Conn", b"ection: close\r\n\r\n"], [(200,)], "wait"),
    "a body in two": ([post(b"Content-Length: 2\r\n", b"["), b"]"], [(200,)], "wait"),
    "a chunk in many": (
        [post(b"Transfer-Encoding: chunked\r\n", b""), b"1", b"\r\n", b"[", b"\r\n1\r", b"\n]\r\n0", b"\r\n\r\n"],
        [(200,)],
        "wait",
    ),
    "two requests": ([KEPT_GET + GET], [(200, 200)], "wait"),
    "a hundred requests": ([KEPT_GET * 99 + GET], [(200,) * 100], "wait"),
    "a request after the last": ([GET + SECOND], [(200,)], "wait"),
    "a request and a rest": ([KEPT_GET + b"x\r\n\r\n"], [(200, 400)], "wait"),
    "a request in a body": (
        [POST + b"Content-Length: %d\r\n\r\n" % len(SECOND) + SECOND + GET],
        [(400, 200)],
        "wait",
    ),
    "a request after a body too long": ([post(b"Content-Length: 2\r\n", b"[]" + SECOND)], [(200,)], "wait"),
    "a request in a chunk of GET": (
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nxx\r\n0\r\n\r\n" + GET],
        [(200, 200)],
        "wait",
    ),
    "a request in a body of GET": (
        [HEAD + b"Content-Length: %d\r\n\r\n" % len(SECOND) + SECOND + GET],
        [(200, 200)],
        "wait",
    ),
    "a request in a body of DELETE": (
        [
            b"DELETE /api/v3/orders/0 HTTP/1.1\r\nHost: a\r\nAuthorization: Basic <key>\r\n"
            b"Content-Length: %d\r\n\r\n" % len(SECOND) + SECOND + GET
        ],
        [(404, 200)],
        "wait",
    ),
    "a request after an offer of WebSocket": (
        [HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + GET],
        [(200, 200), (200,)],
        "wait",
    ),
    "an offer of HTTP/2 with a body": (
        [post(b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n", b"[]")],
        [(200,)],
        "wait",
    ),
    "a request after CONNECT": ([b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n" + SECOND], [(400,)], "wait"),
    "a request after a malformed one": ([b"GET / HTTP/1.1\r\nx y\r\n\r\n" + SECOND], [(400,)], "wait"),
    "a request after a length and chunks": (
        [POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND],
        [(400,)],
        "wait",
    ),
    "a request after two lengths": (
        [POST + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(SECOND) + SECOND],
        [(400,)],
        "wait",
    ),
    "a request after a wrong chunk": (
        [POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]x\r\n0\r\n\r\n" + SECOND],
        [(400,)],
        "wait",
    ),
    "a request after a body over the bound": ([POST + b"Content-Length: 99999999\r\n\r\n" + SECOND], [(413,)], "wait"),
    "a body that is waited for": (
        [post(b"Expect: 100-continue\r\nContent-Length: 2\r\n", b""), b"[]"],
        [(100, 200)],
        "wait",
    ),
    "a body over the bound that is waited for": (
        [post(b"Expect: 100-continue\r\nContent-Length: 99999999\r\n", b"")],
        [(413,)],
        "wait",
    ),
    "a stranger's body that is waited for": (
        [STRANGER + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: 9999\r\n\r\n"],
        [(401,)],
        "wait",
    ),
    "a body of another type that is waited for": (
        [
            HEAD.replace(b"GET", b"POST")
            + b"Connection: close\r\nContent-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 9999\r\n\r\n"
        ],
        [(415,)],
        "wait",
    ),
    "a body that nobody waits for": (
        [b"POST /api/v3/nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 9999\r\n\r\n"],
        [(404,)],
        "wait",
    ),
}

ENTRIES = [
    *(RawEntry(name, [sent], [(status,)]) for name, (sent, status) in ONE.items()),
    *(RawEntry(name, parts, answers, ending) for name, (parts, answers, ending) in MORE.items()),
]
