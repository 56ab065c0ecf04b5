"""The local HubSpot's answers against HubSpot's own OpenAPI files, where those are at hand.

CADENZA_HUBSPOT_SPECS names their folder; they are HubSpot's and do not ship with the project.
"""

import http.client
import json
import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft4Validator

from tests.connectors.conftest import start_sandbox

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "specs" / "hubspot"
SPECS = Path(os.environ.get("CADENZA_HUBSPOT_SPECS", _BESIDE))
pytestmark = pytest.mark.skipif(
    not SPECS.is_dir(), reason="HubSpot's OpenAPI files are not here; set CADENZA_HUBSPOT_SPECS"
)
NAMED = {"contacts": "contacts", "companies": "companies", "deals": "0-3"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with start_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="module")
def operations():
    """(method, path) -> its responses, and the document that they refer into."""
    found = {}
    for file in sorted(SPECS.glob("*.json")):
        document = _as_json_schema(json.loads(file.read_text()))
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                found[method.upper(), path] = (operation["responses"], document)
    return found


def _as_json_schema(node):
    """OpenAPI 3.0 as JSON Schema: `nullable`, and a property's value, which is null when unset."""
    if isinstance(node, list):
        return [_as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {name: _as_json_schema(value) for name, value in node.items() if name != "example"}
    if made.pop("nullable", False) and "type" in made:
        made["type"] = [made["type"], "null"]
    values = made.get("properties", {})
    held = values.get("properties") if isinstance(values, dict) else None
    if isinstance(held, dict) and held.get("additionalProperties") == {"type": "string"}:
        held["additionalProperties"] = {"type": ["string", "null"]}
    return made


def ask(sandbox, method, path, body=None, token=None):
    connection = http.client.HTTPConnection(urlsplit(sandbox["hubspot"]).netloc, timeout=20)
    try:
        headers = {"Authorization": f"Bearer {token or sandbox['hubspot_token']}"}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or "null")
    finally:
        connection.close()


def problems(operations, method, template, status, body):
    responses, document = operations[method, template]
    response = responses.get(str(status)) or responses["default"]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    schema = response["content"]["application/json" if "application/json" in response["content"]
                                 else "*/*"]["schema"]  # fmt: skip
    validator = Draft4Validator({**schema, "components": document["components"]})
    return [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(body)]


def some(sandbox, kind, count=2):
    return list(sandbox.records("hubspot", kind))[:count]


def calls(sandbox):
    """(method, path, template, body) of every kind of call that the product makes."""
    for kind, named in NAMED.items():
        ids = [{"id": id_} for id_ in some(sandbox, kind)]
        base, template = f"/crm/v3/objects/{kind}", f"/crm/v3/objects/{named}"
        yield "GET", f"{base}?limit=3", template, None
        yield "GET", f"{base}?limit=3&archived=true", template, None
        yield "POST", f"{base}/search", f"{template}/search", {"limit": 3, "filterGroups": []}
        read = {"inputs": ids, "properties": ["hubspot_owner_id"], "propertiesWithHistory": []}
        yield "POST", f"{base}/batch/read", f"{template}/batch/read", read
        past = {**read, "propertiesWithHistory": ["hubspot_owner_id"]}
        yield "POST", f"{base}/batch/read", f"{template}/batch/read", past
        field = {"contacts": "jobtitle", "companies": "industry", "deals": "dealname"}[kind]
        rows = [{**row, "properties": {field: "x"}} for row in ids]
        yield "POST", f"{base}/batch/update", f"{template}/batch/update", {"inputs": rows}
        gone = {**read, "inputs": [*ids, {"id": "1"}]}
        yield "POST", f"{base}/batch/read", f"{template}/batch/read", gone
        bad = {"inputs": [{**ids[0], "properties": {"no_such": "x"}}]}
        yield "POST", f"{base}/batch/update", f"{template}/batch/update", bad
    yield "GET", "/crm/v3/owners?limit=5", "/crm/v3/owners", None
    yield "GET", "/crm/v3/pipelines/deals", "/crm/v3/pipelines/{objectType}", None
    yield (
        "GET",
        "/crm/v3/properties/contacts/lifecyclestage",
        "/crm/v3/properties/{objectType}/{propertyName}",
        None,
    )
    pair = "/crm/v4/associations/{}/{}/batch/read"
    deals = {"inputs": [{"id": id_} for id_ in some(sandbox, "deals", 20)]}
    yield (
        "POST",
        pair.format("deals", "contacts"),
        pair.format("{fromObjectType}", "{toObjectType}"),
        deals,
    )
    email = {
        "properties": {"hs_timestamp": "2026-03-02T06:00:00Z", "hs_email_direction": "EMAIL"},
        "associations": [],
    }
    yield (
        "POST",
        "/crm/v3/objects/emails/batch/create",
        "/crm/v3/objects/emails/batch/create",
        {"inputs": [email]},
    )
    yield (
        "POST",
        "/communication-preferences/v4/statuses/batch/unsubscribe-all?channel=EMAIL",
        "/communication-preferences/v4/statuses/batch/unsubscribe-all",
        {"inputs": ["nobody@nowhere.example"]},
    )
    yield from calls_of_lists(sandbox)


def calls_of_lists(sandbox):
    """Of one by hand, which is filled and emptied, and of an active one, which takes nobody."""
    rows = [{"name": name, "processingType": name.upper()} for name in ("Manual", "Dynamic")]
    manual, dynamic = sandbox.hands("hubspot", "create", "lists", rows=rows)
    template = "/crm/v3/lists/{listId}"
    named = "/crm/v3/lists/object-type-id/{objectTypeId}/name/{listName}"
    yield "GET", "/crm/v3/lists/object-type-id/0-1/name/Manual", named, None
    yield "GET", "/crm/v3/lists/object-type-id/0-1/name/None", named, None
    for verb in ("add", "remove"):
        ids = [*some(sandbox, "contacts", 3), "1"]
        path, of_verb = f"/memberships/{verb}", f"{template}/memberships/{verb}"
        yield "PUT", f"/crm/v3/lists/{manual}{path}", of_verb, ids
        yield "PUT", f"/crm/v3/lists/{dynamic}{path}", of_verb, ids
        asked = f"/crm/v3/lists/{manual}/memberships?limit=2"
        yield "GET", asked, f"{template}/memberships", None
    yield "GET", f"/crm/v3/lists/{manual}", template, None


def test_every_answer_has_the_shape_that_hubspot_promises(sandbox, operations):
    found = {}
    statuses = set()
    for method, path, template, body in calls(sandbox):
        status, answer = ask(sandbox, method, path, body)
        statuses.add(status)
        if wrong := problems(operations, method, template, status, answer):
            found[f"{method} {path} {status}"] = wrong[:5]

    assert found == {}
    assert statuses == {200, 201, 207, 400, 404}


def test_an_unknown_token_is_answered_in_hubspots_shape(sandbox, operations):
    path = "/crm/v3/objects/contacts"
    status, answer = ask(sandbox, "GET", path, token="wrong")

    assert status == 401
    assert problems(operations, "GET", path, status, answer) == []


def test_a_wrong_answer_would_be_told(operations):
    path = "/crm/v3/objects/contacts"

    assert problems(operations, "GET", path, 200, {"results": [{"id": 7}]}) != []
