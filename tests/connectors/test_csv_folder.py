"""A folder of CSV files, and that a write leaves every other byte as it was."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import LeadRecord, Update
from connectors.errors import ConnectorError, Refused, Unavailable
from connectors.registry import connect
from tests.connectors.conformance import Account, Conformance

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "owners.csv").write_text("id,email,name\no1,ada@x.example,Ada\n")
    (tmp_path / "companies.csv").write_text("id,name,domain\nc1,Acme,acme.example\n")
    leads = "".join(
        f"l{n},l{n}@x.example,Zoë,NEW,CTO,+49 {n},o1,c1,note {n},,,,,\n" for n in range(1, 1203)
    )
    (tmp_path / "leads.csv").write_text(
        "id,email,first_name,status,title,phone,owner_id,company_id,remark,"
        "seats,is_partner,renewal_date,last_demo_at,regions\n" + leads
    )
    (tmp_path / "deals.csv").write_text(
        "id,name,stage,amount,lead_ids\nd1,First,open,1054.50,l2; l1\nd2,Second,won,,\n"
    )
    return tmp_path


@pytest.fixture
def crm(folder):
    return Account(
        connect=lambda **others: connect("csv", {"folder": str(folder), **others}),
        now=lambda: NOW,
        advance=lambda: None,
        nowhere={"folder": str(folder / "nowhere")},
        wrong_secret=None,
        lead_id="l1",
        deal_id="d1",
        status="OPEN",
        stage="won",
        refused=Update(kind="lead", external_id="l2", fields={"do_not_contact": "perhaps"}),
        unknown_id="l9999",
        custom={
            "text": "remark",
            "number": "seats",
            "bool": "is_partner",
            "date": "renewal_date",
            "datetime": "last_demo_at",
            "multiselect": "regions",
        },
        quiet_calls={"owner": 1, "company": 1, "lead": 1, "deal": 1},
    )


class TestCsv(Conformance):
    pass


def test_people_of_a_deal_keep_their_order(crm):
    deals, _ = crm.pull(crm.connect(), "deal")

    assert (deals["d1"].lead_ids, str(deals["d1"].amount)) == (("l2", "l1"), "1054.50")


def test_mapped_columns_and_custom_ones(tmp_path):
    (tmp_path / "leads.csv").write_text("Key;E-Mail;Tier\n7;ada@x.example;gold\n")
    fields = {"lead": {"external_id": "Key", "email": "E-Mail", "tier": "Tier"}}
    connector = connect("csv", {"folder": str(tmp_path), "fields": fields})

    (page,) = connector.changed("lead", "", now=NOW)

    (lead,) = page.records
    assert isinstance(lead, LeadRecord)
    assert (lead.external_id, lead.email, lead.extra) == ("7", "ada@x.example", {"tier": "gold"})


def test_bad_rows_are_told_with_their_place_and_the_others_land(tmp_path):
    (tmp_path / "deals.csv").write_text(
        'id,name,stage,amount\nd1,"two\nlines",open,12\nd2,Two,open,a lot\n,Three,open,\n'
        "d4,Four,open,1,2\n\nd5,Five,open,\n"
    )
    connector = connect("csv", {"folder": str(tmp_path)})

    (page,) = connector.changed("deal", "", now=NOW)

    assert [record.external_id for record in page.records] == ["d1", "d5"]
    assert [(skipped.external_id, skipped.reason) for skipped in page.skipped] == [
        ("d2", "deals.csv:4:4: amount: 'a lot' where a number was expected"),
        ("", "deals.csv:5:1: a record without id"),
        ("d4", "deals.csv:6:1: more values (5) than columns (4)"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "leads.csv:1:1: the file is empty; its first row names the columns"),
        (b"email\na@x.example\n", "leads.csv:1:1: has no column 'id'"),
        (b"id,email,id\n", "leads.csv:1:3: the column 'id' stands there twice"),
        (b"id,email\n1,\xff\n", "leads.csv:2:1: is not UTF-8; save it as CSV UTF-8"),
        (b'id,email\n1,"a\n', "leads.csv:2:1: unexpected end of data"),
    ],
)
def test_unreadable_file_is_refused_with_the_place(tmp_path, content, message):
    (tmp_path / "leads.csv").write_bytes(content)
    connector = connect("csv", {"folder": str(tmp_path)})

    with pytest.raises(Refused) as caught:
        list(connector.changed("lead", "", now=NOW))

    assert str(caught.value) == message


def test_a_column_that_is_missing_is_asked_for(tmp_path):
    (tmp_path / "leads.csv").write_text("id,email\n1,a@x.example\n")
    connector = connect("csv", {"folder": str(tmp_path)})
    update = Update(kind="lead", external_id="1", fields={"do_not_contact": True})

    (outcome,) = connector.update([update])

    assert str(outcome.error) == (
        "leads.csv takes no 'do_not_contact'; add a column do_not_contact; its columns are id, email"
    )


def test_update_leaves_every_other_byte(tmp_path):
    path = tmp_path / "leads.csv"
    path.write_bytes(
        b"\xef\xbb\xbfid;status;note\r\n"
        b'1;NEW;"quoted, though it need not be"\r\n'
        b"2;NEW;odd \r\n"
        b"3;NEW"
    )
    connector = connect("csv", {"folder": str(tmp_path)})

    connector.update([Update(kind="lead", external_id="2", fields={"status": "a;b"})])

    assert path.read_bytes() == (
        b"\xef\xbb\xbfid;status;note\r\n"
        b'1;NEW;"quoted, though it need not be"\r\n'
        b'2;"a;b";odd \r\n'
        b"3;NEW"
    )
    assert sorted(file.name for file in tmp_path.iterdir()) == [".cadenza.lock", "leads.csv"]


def test_file_that_is_not_there_is_empty(tmp_path):
    connector = connect("csv", {"folder": str(tmp_path)})

    (page,) = connector.changed("deal", "", now=NOW)

    assert list(page.records) == []


def test_file_that_changed_between_two_pages_starts_over(folder):
    connector = connect("csv", {"folder": str(folder)})
    first = next(iter(connector.changed("lead", "", now=NOW)))
    (folder / "leads.csv").write_text("id,email\nnew,new@x.example\n")

    rest = [r for page in connector.changed("lead", first.cursor, now=NOW) for r in page.records]

    assert [record.external_id for record in rest] == ["new"]


@given(content=st.binary(max_size=200))
def test_any_file_is_read_or_refused(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("any")
    (folder / "leads.csv").write_bytes(b"id,email,do_not_contact\n" + content)
    connector = connect("csv", {"folder": str(folder)})

    try:
        pages = list(connector.changed("lead", "", now=NOW))
        connector.update([Update(kind="lead", external_id="1", fields={"email": "x"})])
    except ConnectorError:
        return

    assert pages


@given(
    values=st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), min_size=1, max_size=5)
)
def test_any_text_reads_back(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("texts")
    rows = "".join(f"{n},,\n" for n in range(len(values)))
    (folder / "leads.csv").write_text("id,title,phone\n" + rows)
    connector = connect("csv", {"folder": str(folder)})

    connector.update(
        [
            Update(kind="lead", external_id=str(n), fields={"title": title, "phone": phone})
            for n, (title, phone) in enumerate(values)
        ]
    )

    read = connector.read("lead", [str(n) for n in range(len(values))])
    assert [(lead.title, lead.phone) for lead in read if isinstance(lead, LeadRecord)] == [
        (_kept(title), _kept(phone)) for title, phone in values
    ]


def _kept(value):
    return "".join(char for char in value if char in "\t\n\r" or not _is_control(char)).strip()


def _is_control(char):
    return unicodedata.category(char) == "Cc"


def test_a_file_that_is_gone_is_no_empty_one(folder):
    connector = connect("csv", {"folder": str(folder)})
    *_, page = connector.changed("deal", "", now=NOW)
    (folder / "deals.csv").unlink()

    with pytest.raises(Unavailable) as caught:
        list(connector.changed("deal", page.cursor, now=NOW))

    assert str(caught.value) == f"deals.csv is gone from {folder}; put it back, if only its header"


def test_of_two_rows_with_one_id_the_first_is_the_record(folder):
    (folder / "deals.csv").write_text("id,name,stage\nd1,First,open\nd1,Second,won\n")
    connector = connect("csv", {"folder": str(folder)})

    (page,) = connector.changed("deal", "", now=NOW)
    connector.update([Update(kind="deal", external_id="d1", fields={"name": "Changed"})])

    assert [deal.name for deal in page.records] == ["First"]
    assert [skipped.reason for skipped in page.skipped] == [
        "deals.csv:3:1: external_id: 'd1' stands in line 2 already"
    ]
    assert (folder / "deals.csv").read_text() == ("id,name,stage\nd1,Changed,open\nd1,Second,won\n")
