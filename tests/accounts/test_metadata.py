"""GET /user/auth/metadata (behaviour 2.9): what clients test their keys with."""

from tests.support import make_key


def test_metadata_names_the_account_and_its_first_integration(a):
    answer = a.client.get("/user/auth/metadata")
    assert (answer.status_code, answer.json()) == (200, {"data": {"user_id": a.id, "integration_id": a.i1}})


def test_metadata_is_that_of_the_account_of_the_key(a, b, db):
    for account in (a, b):
        answer = a.client.get("/user/auth/metadata", auth=make_key(db, account.id))
        assert answer.json() == {"data": {"user_id": account.id, "integration_id": account.i1}}


def test_metadata_is_the_same_in_profile_openapi(generated):
    answer = generated.client.get("/user/auth/metadata")
    assert answer.json() == {"data": {"user_id": generated.id, "integration_id": generated.i1}}


def test_metadata_names_the_next_integration_when_the_first_is_deleted_and_none_when_all_are(a):
    found = []
    for integration_id in (a.i1, a.i2):
        assert a.client.delete(f"/integrations/{integration_id}").status_code == 204
        found.append(a.client.get("/user/auth/metadata").json())
    assert found == [{"data": {"user_id": a.id, "integration_id": a.i2}}, {"data": {"user_id": a.id}}]


def test_metadata_tells_wrong_keys(a):
    for key in ((a.public_key, "wrong"), ("unknown", a.secret_key)):
        assert a.client.get("/user/auth/metadata", auth=key).status_code == 401
