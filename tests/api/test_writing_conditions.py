"""spec/remote-api.md section 6: ETag, If-Match, If-None-Match; Idempotency-Key. RFC 9110 13.1."""

import threading

import pytest

from support.answers import BASE, address, credentials, parse_json
from support.ports import wait_until
from support.writing import ADMINS, RESOURCES, Writer, faults, record_tag

pytestmark = pytest.mark.writing

LEAST = {"projects": {"project_name": "p"}, "actions": {"action_name": "a", "project_id": 100}, "topics": {"topic_detail": "t"},
         "files": {"file_name": "f"}, "ticketxrefs": {"ticket_id": 2038}, "timelogs": {}}
CHANGE = {"projects": {"project_name": "q"}, "actions": {"action_name": "b"}, "topics": {"topic_detail": "u"}, "files": {"file_name": "g"},
          "ticketxrefs": {"ticket_id": 2039}, "timelogs": {"timelog_note": "x"}}


def stale(answer, field="If-Match"):
    answer.expect(412, "Precondition Failed", "precondition_failed", field)
    assert "ETag" not in answer.headers


# ---- If-Match -------------------------------------------------------------------------------------

@pytest.mark.parametrize("resource", RESOURCES)
def test_read_then_update_then_delete(api_writer, store, resource):
    """The tag of a read serves the update; the update's tag serves the next; an old one is 412."""
    number = store.insert(resource, **LEAST[resource])
    chain = f"{resource}/{number}"
    first = api_writer.get(chain).headers["ETag"]
    answer = api_writer.put(chain, CHANGE[resource], headers={"If-Match": first}).success()
    second = answer.headers["ETag"]
    assert record_tag(answer) == record_tag(api_writer.get(chain)) and first != second
    with store.unchanged():
        stale(api_writer.put(chain, LEAST[resource], headers={"If-Match": first}))
        stale(api_writer.put(chain, {}, headers={"If-Match": first}))
        stale(api_writer.delete(chain, headers={"If-Match": first}))
        unchanged = api_writer.put(chain, CHANGE[resource], headers={"If-Match": second}).success()
    assert unchanged.headers["ETag"].split(".")[0] == second.split(".")[0]
    api_writer.delete(chain, headers={"If-Match": second}).success()


def test_the_tag_is_of_the_record_not_of_its_parents(api_writer, store, branch):
    """"so that a parent's date_activity does not spoil it", neither do kept columns and counted children."""
    project, action = f"projects/{branch['project']}", f"actions/{branch['action']}"
    tags = {chain: api_writer.get(chain).headers["ETag"] for chain in (project, action)}
    api_writer.post(f"projects/{branch['project']}/actions", {"action_name": "x", "parent_action_id": branch["action"]}).success()
    api_writer.put(f"{action}/timelogs/{branch[branch['action']]['timelogs']}", {"timelog_note": "x"}).success()
    assert api_writer.get(project).headers["ETag"] != tags[project]
    for chain, tag in tags.items():
        with store.unchanged():
            api_writer.put(chain, {}, headers={"If-Match": tag}).success()
    api_writer.delete(action, headers={"If-Match": tags[action]}).success()


def test_tags_of_all_ways_to_read_the_record(api_writer, store, branch):
    """Chains, formats and codings of one record have one first part; lists, threads and `fields` have none."""
    project, number = branch["project"], branch[branch["action"]]["timelogs"]
    ways = [api_writer.get(chain, fmt=fmt, headers={"Accept-Encoding": coding}) for coding in ("identity", "gzip", "br") for fmt in ("json", "xml")
            for chain in (f"timelogs/{number}", f"projects/{project}/timelogs/{number}", f"projects/{project}/actions/{branch['action']}/timelogs/{number}")]
    tags = {answer.headers["ETag"] for answer in ways}
    assert len(tags) >= 6
    for tag in tags:
        with store.unchanged():
            api_writer.put(f"timelogs/{number}", {}, headers={"If-Match": tag}).success()
    without = [api_writer.get(f"timelogs/{number}", {"fields": "timelog_id"}), api_writer.get("timelogs", {"timelog_id": number})]
    for answer in without:
        assert "." not in answer.headers["ETag"]
        with store.unchanged():
            stale(api_writer.put(f"timelogs/{number}", {}, headers={"If-Match": answer.headers["ETag"]}))


def test_lists_of_tags(api_writer, store):
    """RFC 9110 13.1.1: a list, or *; compared strongly."""
    number = store.insert("timelogs")
    chain = f"timelogs/{number}"
    tag = api_writer.get(chain).headers["ETag"]
    record = tag.strip('"').split(".")[0]
    good = ["*", f'"a.b", {tag}', f'{tag}, "a"', f'"a",{tag},"b"', f'"{record}.other"', f'"{record}.other-gzip"', f',, {tag},']
    bad = ["", "x", record, f'"{record}"', f"W/{tag}", f'"x{record}.y"', '"', '"."', '".x"', f'"a", W/{tag}', "**", f"'{record}.x'", '"*"', f'"{record}x.y"',
           f'"{record[:-1]}.y"', "a" * 4000, f'"{record.upper()}.y"' if record.upper() != record else '"x"']
    for value in good:
        with store.unchanged():
            api_writer.put(chain, {}, headers={"If-Match": value}).success()
    for value in bad:
        with store.unchanged():
            stale(api_writer.put(chain, {"timelog_note": "x"}, headers={"If-Match": value}))
            stale(api_writer.delete(chain, headers={"If-Match": value}))


def test_conditions_of_what_is_not_there(api_writer, store):
    """404 before 412."""
    with store.unchanged():
        for value in ("*", '"x.y"'):
            api_writer.put("timelogs/99999", {}, headers={"If-Match": value}).expect(404)
            api_writer.delete("timelogs/99999", headers={"If-None-Match": value}).expect(404)


def test_if_none_match(api_writer, store):
    """On update and delete `*` means "only where there is none": 412. A tag there says nothing."""
    number = store.insert("timelogs")
    chain = f"timelogs/{number}"
    tag = api_writer.get(chain).headers["ETag"]
    with store.unchanged():
        stale(api_writer.put(chain, {"timelog_note": "x"}, headers={"If-None-Match": "*"}), "If-None-Match")
        stale(api_writer.delete(chain, headers={"If-None-Match": "*"}), "If-None-Match")
        stale(api_writer.raw("GET", address(chain)[0], {"method": "delete"}, headers={"If-None-Match": "*"}), "If-None-Match")
    answer = api_writer.put(chain, {"timelog_note": "x"}, headers={"If-None-Match": tag}).success()
    # a write through a GET is answered in full, never by 304
    answer = api_writer.raw("GET", address(chain)[0], {"method": "put"}, headers={"If-None-Match": answer.headers["ETag"]}).success()
    assert answer.response["timelog"]["timelog_note"] == "x"


def test_conditions_do_not_concern_creating(api_writer, store):
    """Both are ignored on POST: there is no record yet to compare."""
    for headers in ({"If-Match": '"x.y"'}, {"If-None-Match": "*"}):
        api_writer.post("timelogs", {}, headers=headers).success()


def test_a_condition_is_looked_at_under_the_lock(api_writer, store, writing_gateway):
    """Of many who read the same and update with If-Match, one at a time wins: no update is lost."""
    number = store.insert("timelogs", timelog_elapsed=0)
    wins = []

    def add_one():
        writer = Writer(writing_gateway.url)
        for _ in range(60):
            read = writer.get(f"timelogs/{number}").success()
            value = read.response["timelog"]["timelog_elapsed"]
            answer = writer.put(f"timelogs/{number}", {"timelog_elapsed": value + 1}, headers={"If-Match": read.headers["ETag"]})
            assert answer.status in (200, 412), answer.http.text
            if answer.status == 200:
                wins.append(answer.response["timelog"]["timelog_elapsed"])
            if len(wins) >= 40:
                return

    threads = [threading.Thread(target=add_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(wins) == list(range(1, len(wins) + 1))
    assert store.row("timelogs", number)["timelog_elapsed"] == len(wins)


# ---- Idempotency-Key ------------------------------------------------------------------------------

def key_of(store):
    return f"key-{store.one('SELECT UUID()')}"


def same(first, second):
    """Byte by byte, with the fields that speak of the record."""
    assert second.status == first.status == 200, second.http.text
    assert second.http.content == first.http.content
    for name in ("Location", "ETag", "Content-Type"):
        assert second.headers.get(name) == first.headers.get(name), name


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_the_same_again(api_writer, store, resource, fmt):
    """"answers the first success again and creates nothing"."""
    headers = {"Idempotency-Key": key_of(store)}
    first = api_writer.post(resource, LEAST[resource], fmt=fmt, headers=headers)
    assert first.status == 200 and first.headers["Location"].startswith(f"{BASE}/api.php/v1/{resource}/")
    with store.unchanged():
        for _ in range(3):
            same(first, api_writer.post(resource, LEAST[resource], fmt=fmt, headers=headers))
    # also when the record is another by now, or gone
    number = int(first.headers["Location"].split("/")[-2])
    api_writer.put(f"{resource}/{number}", CHANGE[resource]).success()
    same(first, api_writer.post(resource, LEAST[resource], fmt=fmt, headers=headers))
    api_writer.delete(f"{resource}/{number}").success()
    with store.unchanged():
        same(first, api_writer.post(resource, LEAST[resource], fmt=fmt, headers=headers))


def test_the_same_in_other_forms(api_writer, store):
    """The request is its method, chain, parameters and format, not the way they were written."""
    headers, path = {"Idempotency-Key": key_of(store)}, address("timelogs")[0]
    params = {"timelog_note": "same", "timelog_type": "t"}
    first = api_writer.post("timelogs", params, headers=headers).success()
    client, who = api_writer.client, credentials()
    with store.unchanged():
        for again in (client.send("POST", path, data={**who, "params": '{"timelog_note":"same", "timelog_type":"t"}'}, headers=headers),
                      client.send("POST", path, {**who, "params[timelog_note]": "same", "params[timelog_type]": "t"}, headers=headers),
                      client.send("POST", path, {**who, **params}, headers=headers),
                      client.send("GET", path, {**who, **params, "method": "post"}, headers=headers),
                      api_writer.post("timelogs", params, headers=headers, form="direct"),
                      api_writer.post("timelog", params, headers=headers),
                      client.send("POST", path, {**who, **params, "_": "17"}, headers=headers)):
            same(first, again)


def test_another_request_with_the_key(api_writer, store):
    """"with a different request, 422", naming the key; the first is remembered still."""
    headers = {"Idempotency-Key": key_of(store)}
    first = api_writer.post("projects/100/timelogs", {"timelog_note": "a"}, headers=headers).success()
    with store.unchanged():
        for answer in (api_writer.post("projects/100/timelogs", {"timelog_note": "b"}, headers=headers),
                       api_writer.post("projects/100/timelogs", {}, headers=headers),
                       api_writer.post("projects/200/timelogs", {"timelog_note": "a"}, headers=headers),
                       api_writer.post("timelogs", {"timelog_note": "a", "project_id": 100}, headers=headers),
                       api_writer.post("projects/100/topics", {"topic_detail": "a"}, headers=headers),
                       api_writer.post("projects/100/timelogs", [{"timelog_note": "a"}], headers=headers)):
            answer.expect(422, field="Idempotency-Key")
        assert api_writer.post("projects/100/timelogs", {"timelog_note": "a"}, fmt="xml", headers=headers).status == 422
        same(first, api_writer.post("projects/100/timelogs", {"timelog_note": "a"}, headers=headers))


def test_a_key_is_an_admins_own(api_writer, store):
    """Section 6: "per admin"."""
    headers, count = {"Idempotency-Key": key_of(store)}, len(store.ids("timelogs"))
    answers = [api_writer.post("timelogs", {}, headers=headers, user=user).success() for user in ("alice", "bob", "zoë")]
    assert len({answer.response["timelog"]["timelog_id"] for answer in answers}) == 3
    assert [answer.response["timelog"]["owner_adminid"] for answer in answers] == [ADMINS[user] for user in ("alice", "bob", "zoë")]
    for answer, user in zip(answers, ("alice", "bob", "zoë")):
        same(answer, api_writer.post("timelogs", {}, headers=headers, user=user))
    assert len(store.ids("timelogs")) == count + 3


def test_keys_are_compared_byte_by_byte(api_writer, store):
    key = key_of(store)
    numbers = [api_writer.post("timelogs", {}, headers={"Idempotency-Key": one}).success().response["timelog"]["timelog_id"]
               for one in (key, key.upper(), key + "x", "x" + key, '"' + key + '"')]
    assert len(set(numbers)) == 5


@pytest.mark.parametrize("key", ["x", "~" * 255, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "';DROP/**/TABLE/**/portcullis_idempotency;--"])
def test_keys_of_every_shape(api_writer, store, key):
    first = api_writer.post("timelogs", {"timelog_note": "shape"}, headers={"Idempotency-Key": key}).success()
    same(first, api_writer.post("timelogs", {"timelog_note": "shape"}, headers={"Idempotency-Key": key}))


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "a\tb", "ä", "a\u00ff", "x" * 9000])
def test_keys_that_are_none(api_writer, store, key):
    """1 to 255 visible ASCII characters: 400."""
    with store.unchanged():
        answer = api_writer.post("timelogs", {}, headers={"Idempotency-Key": key.encode("utf-8")})
        answer.expect(400, "Request Invalid or Bad Format", "bad_idempotency_key", "Idempotency-Key")


def test_only_successes_are_kept(api_writer, store, branch):
    """After 4xx the key is free: for the same request and for another."""
    headers = {"Idempotency-Key": key_of(store)}
    with store.unchanged():
        api_writer.post("timelogs", {"timelog_elapsed": -1}, headers=headers).expect(422)
        api_writer.post("timelogs", {"ticket_id": 99999}, headers=headers).expect(422)
        api_writer.post("projects/99999/timelogs", {}, headers=headers).expect(404)
        api_writer.post("projects/101/timelogs", {}, headers=headers).expect(409)
        api_writer.post("projects", {"project_name": "p", "kind_year": 3000}, headers=headers).expect(422)
        api_writer.post("timelogs", {}, headers=headers, user=None).expect(401)
    first = api_writer.post("timelogs", {}, headers=headers).success()
    same(first, api_writer.post("timelogs", {}, headers=headers))


def test_a_dry_run_keeps_no_key(api_writer, store):
    headers = {"Idempotency-Key": key_of(store)}
    with store.unchanged():
        api_writer.post("timelogs", {"dry_run": True}, headers=headers).success()
        api_writer.post("timelogs", {"dry_run": True}, headers=headers).success()
    first = api_writer.post("timelogs", {}, headers=headers).success()
    same(first, api_writer.post("timelogs", {}, headers=headers))
    with store.unchanged():
        again = api_writer.post("timelogs", {"dry_run": True}, headers=headers).success()
    assert "Location" not in again.headers


def test_keys_are_for_creating(api_writer, store):
    """On PUT and DELETE, which may be repeated anyway, the field says nothing, not even when it is malformed."""
    number = store.insert("timelogs")
    key = key_of(store)
    for value in (key, "a b", ""):
        api_writer.put(f"timelogs/{number}", {"timelog_note": value or "x"}, headers={"Idempotency-Key": value}).success()
    api_writer.get("timelogs", headers={"Idempotency-Key": key}).success()
    api_writer.delete(f"timelogs/{number}", headers={"Idempotency-Key": key}).success()
    assert store.one("SELECT COUNT(*) FROM portcullis_idempotency WHERE `key`=%s", key) == 0


def test_a_list_with_a_key(api_writer, store):
    headers, items = {"Idempotency-Key": key_of(store)}, [{"timelog_note": str(number)} for number in range(500)]
    first = api_writer.post("timelogs", body=items, headers=headers).success()
    assert "Location" not in first.headers
    with store.unchanged():
        same(first, api_writer.post("timelogs", body=items, headers=headers))
        api_writer.post("timelogs", body=items[:-1], headers=headers).expect(422)


def test_after_a_day_the_key_is_free(api_writer, store):
    """Section 6: "within 24 h"."""
    key = key_of(store)
    headers = {"Idempotency-Key": key}
    first = api_writer.post("timelogs", {}, headers=headers).success()
    move = "UPDATE portcullis_idempotency SET created_at=created_at-INTERVAL %s MINUTE WHERE `key`=%s"
    store.run(move, 24 * 60 - 5, key)
    same(first, api_writer.post("timelogs", {}, headers=headers))
    store.run(move, 6, key)
    second = api_writer.post("timelogs", {"timelog_note": "another request"}, headers=headers).success()
    assert second.headers["Location"] != first.headers["Location"]
    same(second, api_writer.post("timelogs", {"timelog_note": "another request"}, headers=headers))
    api_writer.post("timelogs", {}, headers=headers).expect(422)


def test_two_at_once(store, writing_gateway):
    """"two at once, one waits": all of them answer the same."""
    headers, count = {"Idempotency-Key": key_of(store)}, len(store.ids("timelogs"))
    answers, start = [], threading.Barrier(4)

    def create():
        writer = Writer(writing_gateway.url)
        start.wait(30)
        answers.append(writer.post("timelogs", {"timelog_note": "once"}, headers=headers))

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 4
    for answer in answers:
        same(answers[0], answer)
    assert len(store.ids("timelogs")) == count + 1


def test_one_that_waits_for_a_failure(api_writer, store, mariadb):
    """The first is rolled back while the second waits: then the second runs."""
    key = key_of(store)
    with mariadb.connect("whmcs_write") as blocker, blocker.cursor() as cursor:
        cursor.execute("START TRANSACTION")
        cursor.execute("INSERT INTO portcullis_idempotency (scope,`key`,request_hash,status,body,created_at) VALUES ('remote:1',%s,'',0,'',NOW())", (key,))
        answers = []
        thread = threading.Thread(target=lambda: answers.append(api_writer.post("timelogs", {}, headers={"Idempotency-Key": key})))
        thread.start()
        waits = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'"
        wait_until(lambda: int(store.run(waits)[0][1]) > 0, 10, "the request waits for the key")
        blocker.rollback()
        thread.join(30)
    assert answers[0].success()


def test_codings_of_a_repeated_answer(api_writer, store):
    """Kept uncompressed, sent as the client takes it."""
    headers = {"Idempotency-Key": key_of(store)}
    items = [{"timelog_note": "x" * 500}] * 10
    first = api_writer.post("timelogs", body=items, headers={**headers, "Accept-Encoding": "identity"}).success()
    again = api_writer.post("timelogs", body=items, headers={**headers, "Accept-Encoding": "gzip"}).success()
    assert again.headers["Content-Encoding"] == "gzip" and again.http.content == first.http.content


def test_old_keys_are_swept(mariadb, module_gateway):
    """data-model.md: "swept after 24 h"."""
    from support import writing
    writing.load(mariadb, "written_swept")
    mariadb.run("INSERT INTO portcullis_idempotency SELECT 'remote:1', CONCAT('old', seq), '', 200, '', NOW() - INTERVAL 25 HOUR FROM seq_1_to_1200",
                database="written_swept")
    mariadb.run("INSERT INTO portcullis_idempotency VALUES ('remote:1', 'young', '', 200, '', NOW() - INTERVAL 23 HOUR)", database="written_swept")
    writer = Writer(module_gateway({"mysql.database": "written_swept"}).url)
    for number in range(4):
        writer.post("timelogs", {}, headers={"Idempotency-Key": f"new{number}"}).success()
    left = [row[0] for row in mariadb.run("SELECT `key` FROM portcullis_idempotency ORDER BY 1", database="written_swept")]
    assert left == ["new0", "new1", "new2", "new3", "young"]


# ---- without the gateway's table --------------------------------------------------------------------

def test_without_the_table(mariadb, module_gateway):
    """"Where the gateway's table is missing, such a request is refused 501, never run"; others are served."""
    from support import writing
    writing.load(mariadb, "written_keyless")
    mariadb.run("DROP TABLE portcullis_idempotency", database="written_keyless")
    server = module_gateway({"mysql.database": "written_keyless"})
    writer, store = Writer(server.url), writing.Store(mariadb, "written_keyless")
    with store.unchanged():
        answer = writer.post("timelogs", {}, headers={"Idempotency-Key": "k"})
        answer.expect(501, "Not Implemented", "idempotency_unavailable", "Idempotency-Key")
        writer.post("timelogs", {"dry_run": True}, headers={"Idempotency-Key": "k"}).expect(501)
        writer.post("timelogs", {}, headers={"Idempotency-Key": "a b"}).expect(400)
    writer.post("timelogs", {}).success()
    number = store.insert("timelogs")
    writer.put(f"timelogs/{number}", {"timelog_note": "x"}, headers={"Idempotency-Key": "k"}).success()


def test_the_table_goes_while_running(mariadb, module_gateway):
    """A schema change while running: one re-read; nothing is created that was to be kept."""
    from support import writing
    writing.load(mariadb, "written_losing")
    writer, store = Writer(module_gateway({"mysql.database": "written_losing"}).url), writing.Store(mariadb, "written_losing")
    writer.post("timelogs", {}, headers={"Idempotency-Key": "k"}).success()
    mariadb.run("RENAME TABLE portcullis_idempotency TO away", database="written_losing")
    with store.unchanged():
        writer.post("timelogs", {}, headers={"Idempotency-Key": "other"}).expect(501, code="idempotency_unavailable")
    writer.post("timelogs", {}).success()


# ---- what else the answer says ------------------------------------------------------------------------

def test_always_200(start_gateway, store):
    """http.error_status=always_200: the code stands in the answer; a failed write has neither tag nor Location."""
    from support.writing import DATABASE
    writer = Writer(start_gateway({"mysql.database": DATABASE, "http.error_status": "always_200"}).url)
    number = store.insert("timelogs")
    with store.unchanged():
        for answer, code in ((writer.put(f"timelogs/{number}", {}, headers={"If-Match": '"x.y"'}), 412), (writer.post("projects", {}), 422),
                             (writer.delete("projects/101"), 409), (writer.post("projects/100", {}), 405)):
            assert (answer.status, answer.request["code"]) == (200, code)
            assert "ETag" not in answer.headers and "Location" not in answer.headers
    assert "Location" in writer.post("timelogs", {}).success().headers


def test_the_tag_of_a_write_holds_for_conditional_reads(api_writer, store):
    """The second part is of the whole answer, which of a read is another: 304 after a read alone."""
    answer = api_writer.post("timelogs", {}).success()
    chain = f"timelogs/{answer.response['timelog']['timelog_id']}"
    assert api_writer.get(chain, headers={"If-None-Match": answer.headers["ETag"]}).status == 200
    read = api_writer.get(chain)
    assert api_writer.get(chain, headers={"If-None-Match": read.headers["ETag"]}).status == 304


def test_json_of_the_kept_answer(api_writer, store):
    headers = {"Idempotency-Key": key_of(store)}
    api_writer.post("projects", {"project_name": "ü\u0001\"<"}, headers=headers).success()
    again = api_writer.post("projects", {"project_name": "ü\u0001\"<"}, headers=headers)
    row = parse_json(again.http.text)["response"]["project"]
    assert row == store.row("projects", row["project_id"])
    assert faults(api_writer.post("projects", {"project_name": "ü"}, headers=headers)) == {"Idempotency-Key": "invalid_value"}
