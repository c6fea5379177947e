"""The API document says what the server does, and the explorer shows it without a byte from elsewhere."""

import re
from copy import deepcopy
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest
from jsonschema_rs import Draft202012Validator, meta
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

import orderdock
from orderdock.examples import EXAMPLES
from orderdock.http.call import ANY_SCOPE
from orderdock.orders.schema import Order, OrderIn, OrderOut
from orderdock.routes import ENDPOINTS
from tests.support import serving

STATIC = Path(orderdock.__file__).with_name("http") / "static"


@pytest.fixture(scope="module")
def document(server: str) -> dict:
    answer = httpx2.get(f"{server}/api/v3/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    return answer.json()


def faults(document: dict, schema: dict | str, value, *, closed: bool = False) -> list[str]:
    """What is wrong with a value, formats included; `closed` means that members beyond the schema are wrong too."""
    components = deepcopy(document["components"])
    for component in components["schemas"].values():
        if closed and "properties" in component:
            component["additionalProperties"] = False
    schema = {"$ref": f"#/components/schemas/{schema}"} if isinstance(schema, str) else schema
    validator = Draft202012Validator({**schema, "components": components}, validate_formats=True)
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)]


def operations(document: dict):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def contents(document: dict):
    """Every body that the document describes, by the name of its place."""
    for name, operation in operations(document):
        if "requestBody" in operation:
            yield f"{name} request", operation["requestBody"]["content"]["application/json"]
        for status, response in operation["responses"].items():
            if status not in ("204", "304"):
                yield f"{name} {status}", response["content"]["application/json"]


def members(schema: dict, names: str = ""):
    """Every schema of a property in a component, by its path."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{names}.{name}", inner


# The document


def test_the_document_is_valid_openapi_3_1(document):
    assert document["openapi"] == "3.1.0"
    assert [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []


def test_every_schema_is_valid_json_schema(document):
    schemas = document["components"]["schemas"] | {name: content["schema"] for name, content in contents(document)}
    assert [name for name, schema in schemas.items() if not meta.is_valid(schema)] == []


def test_every_reference_leads_somewhere_and_every_component_is_in_use(document):
    referred = set(re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(document)))
    assert referred == set(document["components"]["schemas"])


def test_it_says_what_and_where_it_is(document, server):
    assert document["info"]["version"] == orderdock.__version__
    assert document["info"]["license"]["identifier"] == "Apache-2.0"
    assert document["servers"] == [{"url": server}]


def test_servers_follow_the_request(server):
    answer = httpx2.get(f"{server}/api/v3/openapi.json/", headers={"host": "orders.example.com"})
    assert answer.json()["servers"] == [{"url": "http://orders.example.com"}]


def test_servers_follow_public_base_url(database_url, tmp_path):
    options = {"ORDERDOCK_DATABASE_URL": database_url, "ORDERDOCK_PUBLIC_BASE_URL": "https://orders.example.com/hub/"}
    with serving(tmp_path / "log", **options) as url:
        answer = httpx2.get(f"{url}/api/v3/openapi.json")
    assert answer.json()["servers"] == [{"url": "https://orders.example.com/hub"}]


def test_paths_are_the_documented_routes(document):
    documented = {f"{each.method} {each.path}" for each in ENDPOINTS if each.documented}
    assert {name for name, _ in operations(document)} == documented


def test_every_operation_says_what_it_does_and_who_may(document):
    scopes = {f"{each.method} {each.path}": each.scope for each in ENDPOINTS}
    for name, operation in operations(document):
        assert re.fullmatch(r"[A-Z0-9].{10,}[^.]", operation["summary"]), name
        assert "Raises" not in str(operation) and "behaviour" not in str(operation), name
        needed = [scopes[name]] if scopes[name] not in (None, ANY_SCOPE) else []
        assert operation["security"] == ([{"basic": needed}] if scopes[name] else []), name
        assert all(f"`{scope}`" in operation["description"] for scope in needed), name
        assert bool(operation["parameters"][:1] and operation["parameters"][0]["in"] == "path") == ("{id}" in name)
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(ids)) == len(ids)


def test_every_operation_lists_its_refusals(document):
    endpoints = {f"{each.method} {each.path}": each for each in ENDPOINTS}
    for name, operation in operations(document):
        endpoint = endpoints[name]
        statuses = {str(kind.status) for kind in endpoint.problems} | {"500"}
        if endpoint.scope:
            statuses |= {"401", "429", "503"} | ({"403"} if endpoint.scope != ANY_SCOPE else set())
        if "409" in statuses:
            statuses.add("400")  # the conflict of profile `openapi`
        assert {status for status in operation["responses"] if status >= "400"} == statuses, name


def test_every_answer_has_the_request_id_and_its_own_headers(document):
    for name, operation in operations(document):
        for response in operation["responses"].values():
            assert response["headers"]["X-Request-Id"] == {"$ref": "#/components/headers/X-Request-Id"}, name
    headers = {name: {s: set(r["headers"]) for s, r in o["responses"].items()} for name, o in operations(document)}
    assert "Link" in headers["GET /api/v3/orders"]["200"]
    assert headers["POST /api/v3/orders"]["201"] >= {"Orderdock-Ignored-Fields", "Preference-Applied"}
    assert "Retry-After" in headers["POST /api/v3/orders"]["409"]
    assert "WWW-Authenticate" in headers["POST /api/v3/orders"]["401"]
    limited = {"Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}
    assert headers["GET /api/v3/orders"]["429"] == {*limited, "X-Request-Id"}


def test_every_body_has_an_example_that_fits(document):
    found = {
        f"{name} {example}": faults(document, content["schema"], each["value"], closed=True)
        for name, content in contents(document)
        for example, each in content["examples"].items()
    }
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert {name for name, content in contents(document) if not content["examples"]} == set()


def test_refusals_show_the_status_they_are_for(document):
    for name, content in contents(document):
        for each in content["examples"].values():
            if isinstance(each["value"], dict) and "errors" in each["value"]:
                assert each["value"]["errors"][0]["status"] == name[-3:], name


def test_every_object_and_choice_is_described(document):
    assert [name for name, schema in document["components"]["schemas"].items() if not schema.get("description")] == []


# What the schemas say of null and of what must be there


def test_nothing_in_an_answer_is_null_but_the_shipping_option(document):
    nullable = [
        f"{name}{path}"
        for name, schema in document["components"]["schemas"].items()
        if not name.endswith(("In", "Patch"))
        for path, inner in members(schema)
        if "null" in str(inner)
    ]
    assert nullable == ["ShippingOption.shipping_option_code"]


def test_answers_have_what_every_stored_order_has(document):
    required = {name: schema.get("required") for name, schema in document["components"]["schemas"].items()}
    assert set(required["OrderOut"]) == {
        *("id", "order_id", "order_number", "order_details", "payment_details", "created_at", "modified_at"),
    }
    assert set(required["OrderDetails"]) == {"integration", "status", "order_created_at", "order_items"}
    assert set(required["PaymentDetails"]) == {"total_price", "status"}
    assert set(required["TaxNumbers"]) == {"sender", "receiver", "importer_of_record"}


def test_a_post_needs_the_key_and_a_patch_only_the_names_of_items(document):
    required = {name: schema.get("required") for name, schema in document["components"]["schemas"].items()}
    assert required["OrderIn"] == ["order_id", "order_details"]
    assert required["OrderDetailsIn"] == ["integration"]
    assert required["OrderItemIn"] == ["name", "quantity", "total_price"]
    patch = {name: names for name, names in required.items() if name.endswith("Patch") and names}
    assert patch == {"OrderItemPatch": ["name"]}


def test_a_patch_may_say_none_of_an_item(document):
    schemas = document["components"]["schemas"]
    least = [schemas[name]["properties"]["quantity"]["minimum"] for name in ("OrderItemIn", "OrderItemPatch")]
    assert least == [1, 0]


# The document and the server


def test_the_example_order_is_stored_and_answered_as_shown(a):
    example = {
        **EXAMPLES[OrderIn],
        "order_details": {**EXAMPLES[OrderIn]["order_details"], "integration": {"id": a.i1}},
    }
    [id_] = a.create(example)
    shown = a.show(id_)
    assert shown.keys() == EXAMPLES[OrderOut].keys()
    assert {name: shown[name] for name in example} == example

    assert a.patch(id_, EXAMPLES[Order]).status_code == 200
    assert a.show(id_)["order_details"]["order_items"][1]["quantity"] == 3
    assert "notes" not in a.show(id_)["order_details"]
    assert a.show(id_)["shipping_address"]["house_number"] == "14"


FULL = {
    "customs_details": {
        "commercial_invoice_number": "INV-1",
        "shipment_type": "gift",
        "export_type": "private",
        "tax_numbers": {"sender": [{"name": "VAT", "country_code": "NL", "value": "NL000"}], "receiver": None},
    },
    "customer_details": {"name": "Mara Lindqvist", "phone": "+31850000000", "email": None},
    "shipping_details": {
        "is_local_pickup": False,
        "measurement": {
            "dimension": {"length": 1, "width": 2.5, "height": "3", "unit": "CM"},
            "weight": {"value": 1.25, "unit": "kg"},
            "volume": {"value": 5, "unit": "l"},
        },
        "ship_with": {"type": "shipping_option_code", "properties": {"shipping_option_code": None, "contract_id": 517}},
    },
    "service_point_details": {"id": "10", "extra_data": {"open": ["mon", None]}, "latitude": "52.1"},
    "order_details.order_items.0.properties": {"size": {"eu": 42}},
    "order_details.order_items.0.dangerous_goods": {"regulation_set": "adr", "weight_type": "net", "id_number": None},
    "order_details.order_items.0.delivery_dates": {"handover_at": "2024-05-02", "deliver_at": None},
    "order_details.order_updated_at": None,
    "order_details.tags": [],
    "payment_details.freight_costs": {"value": 3.99, "currency": None},
}


@pytest.mark.parametrize("changes", [{}, FULL], ids=["least", "full"])
@pytest.mark.parametrize("profile", ["a", "generated"])
def test_a_stored_order_fits_its_schema(document, request, profile, changes):
    account = request.getfixturevalue(profile)
    [id_] = account.create(account.order("x", changes))
    assert faults(document, "OrderOut", account.show(id_), closed=True) == []
    assert faults(document, "OrderIn", account.order("x", {})) == []
    [integration] = [each for each in account.client.get("/integrations").json()["data"] if each["id"] == account.i1]
    assert faults(document, "Integration", integration, closed=True) == []


# The explorer


def test_the_explorer_lets_only_our_own_scripts_in(server):
    answer = httpx2.get(f"{server}/docs")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=|javascript:|<style|style=", answer.text)


@pytest.mark.parametrize("page", ["/docs", "/docs/"])
def test_the_explorer_refers_to_nothing_outside(server, page):
    text = httpx2.get(f"{server}{page}").text
    links = re.findall(r'(?:src|href)="([^"]*)"', text)
    kinds = {}
    for link in links:
        if link != "data:,":
            assert not re.match(r"\w+:|/", link), link
            answer = httpx2.get(urljoin(f"{server}{page}", link))
            assert answer.status_code == 200
            kinds[link.rpartition("/")[2]] = answer.headers["content-type"]
    assert kinds == {
        "swagger-ui.css": "text/css; charset=utf-8",
        "explorer.css": "text/css; charset=utf-8",
        "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
        "explorer.js": "text/javascript; charset=utf-8",
        "openapi.json": "application/json",
    }
    ours = text + (STATIC / "explorer.js").read_text() + (STATIC / "explorer.css").read_text()
    assert not re.search(r"https?://", ours)
    used = re.findall(r"(?:url\(|@import)\s*[\"']?([^)\"']{5})", (STATIC / "swagger-ui/swagger-ui.css").read_text())
    assert set(used) == {"data:"}


@pytest.mark.parametrize("file", [str(each.relative_to(STATIC)) for each in sorted(STATIC.rglob("*.*"))])
def test_each_file_is_served_and_asked_for_again_by_its_tag(server, file):
    answer = httpx2.get(f"{server}/static/{file}")
    assert answer.status_code == 200
    assert answer.content == (STATIC / file).read_bytes()
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    again = httpx2.get(f"{server}/static/{file}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["", "/", "/swagger-ui", "/%2e%2e/pages/explorer.html", "/..%2f..%2fapp.py", "/%2fetc/passwd", "/a%00", "/x"],
)
def test_nothing_else_is_served(server, path):
    answer = httpx2.get(f"{server}/static{path}")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "not_found"
