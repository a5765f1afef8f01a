"""The fixture itself: without these the exact answers of the other files prove nothing."""

from support.fixture import ACTIONS, BAD_TEXT, PROJECTS


def test_no_gateway_rows_are_there(oracle):
    assert len(oracle.list("projects")) == len(PROJECTS) == 63
    assert len(oracle.list("actions")) == len(ACTIONS)
    project = oracle.record("projects", 100)
    assert project["project_name"] == "Relaunch – Müller & Söhne <GmbH>"
    assert (project["custom_amount"], project["custom_big"]) == ("1234.50", 18446744073709551615)
    assert project["date_finish"] == "0000-00-00"
    assert project["custom_blob"] == "AP8Q"


def test_no_gateway_bad_bytes_are_in_the_database(oracle):
    raw = oracle.record("projects", 102)["custom_raw"]
    assert raw == BAD_TEXT.decode("utf-8", "replace")
    assert "�" in raw


def test_no_gateway_merged_ticket_is_in_the_database(oracle):
    assert oracle.query("SELECT merged_ticket_id FROM tbltickets WHERE id = 2041")[1] == (("2038",),)
