import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crm.facts import FIELDS
from process.blueprint import Invalid, load
from sequences.definition import WaitStep
from workspace.durations import Duration
from workspace.problems import Problem

TEMPLATE = "templates/email/approach-cold-opening"


@pytest.fixture
def problems_after(starter):
    """What is wrong after one text in one file was replaced."""

    def edit(file, written, instead):
        path = starter / file
        text = path.read_text()
        assert written in text
        path.write_text(text.replace(written, instead))
        return problems(starter)

    return edit


def problems(folder: Path) -> list[str]:
    with pytest.raises(Invalid) as caught:
        load(folder, schema=FIELDS)
    return list(map(str, caught.value.problems))


def test_the_starter_is_valid(starter):
    blueprint = load(starter, schema=FIELDS)

    assert list(blueprint.sequences) == [
        "after-demo",
        "after-loss",
        "approach-cold",
        "approach-inbound",
        "check-in",
        "feedback-request",
        "meeting-canceled",
        "meeting-recap",
        "meeting-reminder",
        "no-show",
        "objection-person",
        "objection-price",
        "objection-solution",
        "objection-timing",
        "preparation-tasks",
        "proposal-follow-up",
        "prospecting-tasks",
        "referral-ask",
        "renewal-reminder",
        "stalled-deal",
        "won-handoff",
    ]
    assert blueprint.timezone == "Europe/Berlin"
    assert blueprint.mailboxes[0].owner == "ada@example.com"
    assert blueprint.templates["approach-cold-reminder"].subject == ""
    assert blueprint.sequences["objection-timing"].steps[0] == WaitStep(
        id="leave-in-peace", wait=Duration(amount=20, unit="business day")
    )
    assert set(blueprint.digests) == set(blueprint.sequences)


def problems_of(folder: Path) -> tuple[Problem, ...] | None:
    """None when it can be loaded."""
    try:
        load(folder, schema=FIELDS)
    except Invalid as invalid:
        return invalid.problems
    return None


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        (f"{TEMPLATE}/body.txt", {"approach-cold"}),
        ("sequences/won-handoff.yaml", {"won-handoff"}),
    ],
)
def test_a_digest_changes_with_what_it_covers(starter, file, changed):
    before = load(starter, schema=FIELDS).digests
    text = (starter / file).read_text()
    (starter / file).write_text(
        text.replace("routine", "paper").replace("10 business days", "11 business days")
    )

    after = load(starter, schema=FIELDS).digests

    assert {name for name in after if after[name] != before[name]} == changed


def test_every_digest_covers_the_process(starter):
    before = load(starter, schema=FIELDS).digests
    path = starter / "process.yaml"
    path.write_text(path.read_text().replace("service_level: 5 days", "service_level: 6 days"))

    after = load(starter, schema=FIELDS).digests

    assert not set(before.values()) & set(after.values())


@pytest.mark.parametrize(
    ("file", "written", "instead", "expected"),
    [
        (
            "sequences/approach-cold.yaml",
            "email: approach-cold-reminder",
            "email: approach-cold-remainder",
            (
                'sequences/approach-cold.yaml:51:12: unknown template "approach-cold-remainder"; '
                'did you mean "approach-cold-reminder"? valid: '
            ),
        ),
        (
            "sequences/approach-cold.yaml",
            "wait: 3 business days",
            "wait: 3 fortnights",
            (
                'sequences/approach-cold.yaml:49:11: steps.2.wait: "3 fortnights": unknown unit '
                '"fortnights"; valid: business days, days, hours, minutes, seconds, weeks'
            ),
        ),
        (
            "sequences/approach-cold.yaml",
            "stage: Approach",
            "stage: Aproach",
            'sequences/approach-cold.yaml:4:8: unknown stage "Aproach"; did you mean "Approach"? valid',
        ),
        (
            "sequences/objection-price.yaml",
            '== "price"',
            '== "prize"',
            (
                "sequences/objection-price.yaml:7:72: enroll.when: unknown value of "
                'answer.disposition "prize"; did you mean "price"? valid: '
            ),
        ),
        (
            "sequences/approach-cold.yaml",
            "not deal.is_closed",
            "not deal.is_close",
            (
                "sequences/approach-cold.yaml:7:74: enroll.when: unknown field of deal "
                '"is_close"; did you mean "is_closed"? valid: '
            ),
        ),
        (
            "sequences/approach-cold.yaml",
            "Thank {{ lead.first_name",
            "Thank {{ lead.first_nam",
            (
                "sequences/approach-cold.yaml:35:21: on_reply.declined.title: unknown field of lead "
                '"first_nam"; did you mean "first_name"? valid: '
            ),
        ),
        (
            "sequences/approach-cold.yaml",
            "steps:",
            "steps: [",
            "sequences/approach-cold.yaml:",
        ),
        (
            f"{TEMPLATE}/body.txt",
            "{{ lead.first_name",
            "{{ lead.frist_name",
            (
                f'{TEMPLATE}/body.txt:1:7: unknown field of lead "frist_name"; '
                'did you mean "first_name"? valid: '
            ),
        ),
        (
            f"{TEMPLATE}/body.html",
            "{{ unsubscribe_url }}",
            "#",
            (
                f"{TEMPLATE}/body.html:1:1: must have {{{{ unsubscribe_url }}}}: "
                "the law asks for it in every email"
            ),
        ),
        (
            f"{TEMPLATE}/body.txt",
            "{{ sender.postal_address }}",
            "",
            (
                f"{TEMPLATE}/body.txt:1:1: must have {{{{ sender.postal_address }}}}: "
                "the law asks for it in every email"
            ),
        ),
        (
            "process.yaml",
            "sequences: [won-handoff,",
            "sequences: [won-handof,",
            'process.yaml:140:19: unknown sequence "won-handof"; did you mean "won-handoff"? valid: ',
        ),
        (
            "cadenza.yaml",
            "timezone: Europe/Berlin #",
            "timezone: Berlin #",
            'cadenza.yaml:4:11: timezone: unknown timezone "Berlin"; IANA names are valid',
        ),
        (
            "cadenza.yaml",
            "holidays: lead",
            "holidays: [lead, Norway]",
            'cadenza.yaml:5:18: holidays.1: unknown country code "Norway"; did you mean "NO"? ',
        ),
        (
            "cadenza.yaml",
            "kind: hubspot",
            "kind: hubspt",
            (
                'cadenza.yaml:15:11: connections.hubspot.kind: unknown value "hubspt"; '
                'did you mean "hubspot"? valid: csv, hubspot, salesforce, tryton'
            ),
        ),
        (
            "cadenza.yaml",
            "pull_every: 15 minutes",
            "pull_every: 2 business days",
            (
                'cadenza.yaml:17:17: connections.hubspot.pull_every: "2 business days": business '
                "days have no fixed length; valid: "
            ),
        ),
        (
            "cadenza.yaml",
            "smtp+starttls://smtp",
            "https://smtp",
            (
                'cadenza.yaml:37:11: mailboxes.0.smtp: "https://smtp.example.com:587" is no '
                "address of this kind of server; write it like smtp+starttls://mail.example.com; "
                "valid schemes: smtp+starttls, smtps, smtp"
            ),
        ),
        (
            "cadenza.yaml",
            "per_hour: 25",
            "per_hour: 0",
            'cadenza.yaml:42:15: mailboxes.0.per_hour "0" should be greater than 0',
        ),
        (
            "cadenza.yaml",
            "per_hour: 25",
            "per_hour: 25\n    per_minute: 26",
            "cadenza.yaml:43:17: mailboxes.0.per_minute: 26 is more than per_hour, 25",
        ),
        (
            "cadenza.yaml",
            "per_hour: 25",
            "per_hour: 25\n    ramp_up: { start: 101 }",
            "cadenza.yaml:43:23: mailboxes.0.ramp_up.start: 101 is more than per_day, 100",
        ),
        (
            "cadenza.yaml",
            "tracking:",
            "limits:\n  per_domain: {}\ntracking:",
            "cadenza.yaml:48:15: limits.per_domain: needs per_hour or per_day",
        ),
        (
            "cadenza.yaml",
            "tracking:",
            "limits:\n  per_company: { per_hour: 3, per_day: 2 }\ntracking:",
            "cadenza.yaml:48:28: limits.per_company.per_hour: 3 is more than per_day, 2",
        ),
        (
            "cadenza.yaml",
            "tracking:",
            "limits:\n  per_lead: { per_day: 2 }\ntracking:",
            'cadenza.yaml:48:3: unknown field "per_lead"; valid: per_company, per_domain',
        ),
        (
            "cadenza.yaml",
            "clicks: true",
            "clicks: often",
            'cadenza.yaml:48:11: tracking.clicks "often" must be true or false',
        ),
        (
            "cadenza.yaml",
            "opens: false",
            "url: go.example.com",
            (
                'cadenza.yaml:49:8: tracking.url: "go.example.com" is no web address; '
                "write it like https://example.com"
            ),
        ),
    ],
)
def test_a_mistake_is_told_at_its_place(problems_after, file, written, instead, expected):
    found = problems_after(file, written, instead)

    assert found[0].startswith(expected), found


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://[::1",
            ": is no web address; write it like https://example.com or https://[2001:db8::1]",
        ),
        (
            "https://out.example:70000",
            ' "{}" is no web address: its port must be a number from 1 to 65535',
        ),
        (
            "https://out.example:abc",
            ' "{}" is no web address: its port must be a number from 1 to 65535',
        ),
        ("https://out..example", ' "{}" is no web address: no host can be called "out..example"'),
        (
            f"https://{64 * 'a'}.example",
            f' "{{}}" is no web address: no host can be called "{64 * "a"}.example"',
        ),
        ("https://out example", ' "{}" is no web address: no host can be called "out example"'),
        ("https://out.example/a b", ' "{}" is no web address: a blank in it is written %20'),
        (
            "https://out.example/?a=1",
            ': must have no "?" in it: the paths of our pages are put behind it',
        ),
        (
            "https://out.example/#a",
            ': must have no "#" in it: the paths of our pages are put behind it',
        ),
    ],
)
def test_a_public_address_that_nobody_can_reach(problems_after, url, expected):
    found = problems_after("cadenza.yaml", "https://outreach.example.com", f'"{url}"')

    place = "cadenza.yaml:7:13: public_url:"
    assert found == [f"{place}{expected.removeprefix(':').format(url)}"]


@pytest.mark.parametrize(
    "url",
    [
        "https://out.example.",
        "https://bücher.example:8443/cadenza",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
        "http://web_1:80",
    ],
)
def test_a_public_address_that_can_be_reached(starter, url):
    path = starter / "cadenza.yaml"
    path.write_text(path.read_text().replace("https://outreach.example.com", f'"{url}"'))

    assert load(starter, schema=FIELDS).public_url == url


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("token: ${HUBSPOT_TOKEN}", "token: pat-na1-secret"),
        ("token: ${HUBSPOT_TOKEN}", "token: {value: pat-na1-secret}"),
        ("token: ${HUBSPOT_TOKEN}", "tokn: pat-na1-secret"),
        ("token: ${HUBSPOT_TOKEN}", "token: 'x${HUBSPOT_TOKEN}pat-na1-secret'"),
        ("kind: hubspot\n    token: ${HUBSPOT_TOKEN}", "token: pat-na1-secret"),
        ("password: ${MAIL_PASSWORD_ADA}", "password: pat-na1-secret"),
        ("smtp://smtp.example.com", "smtp://ada:pat-na1-secret@smtp.example.com"),
        ("smtp+starttls://smtp.example.com:587", "smtps://ada:pat-na1-secret@host:x"),
        ("https://example.my", "https://ada:pat-na1-secret@example.my"),
        ("token: ${HUBSPOT_TOKEN}", "token: ${HUBSPOT_TOKEN}\n    token: pat-na1-secret"),
        ("token: ${HUBSPOT_TOKEN}", "token: !!binary pat-na1-secret"),
        ("token: ${HUBSPOT_TOKEN}", "token: pat-na1-secret: x"),
    ],
)
def test_a_secret_that_is_written_out_is_refused_and_not_shown(starter, written, instead):
    path = starter / "cadenza.yaml"
    text = path.read_text().replace("smtp+starttls://smtp", "smtp://smtp")
    written = written.replace("smtp+starttls://smtp", "smtp://smtp")
    assert written in text
    path.write_text(text.replace(written, instead))

    with pytest.raises(Invalid) as caught:
        load(starter, schema=FIELDS)

    assert all(problem.file == "cadenza.yaml" for problem in caught.value.problems)
    assert "pat-na1" not in repr(caught.value.problems)


def test_all_problems_of_all_files_come_at_once_in_order(starter):
    for file, written, instead in (
        ("cadenza.yaml", "ada@example.com\n    name", "ada\n    name"),
        ("process.yaml", "owner: marketing", "ownr: marketing"),
        ("sequences/approach-cold.yaml", "approach-cold-closing", "no-such"),
        ("sequences/won-handoff.yaml", "name: won-handoff", "name: approach-cold"),
        (f"{TEMPLATE}/subject.txt", "company.name", "company.nam"),
    ):
        path = starter / file
        path.write_text(path.read_text().replace(written, instead))

    found = problems(starter)

    assert [line.split(":")[0] for line in found] == [
        "cadenza.yaml",
        "process.yaml",
        "process.yaml",
        "sequences/approach-cold.yaml",
        "sequences/won-handoff.yaml",
        f"{TEMPLATE}/subject.txt",
    ]


def test_the_holidays_of_the_workspace_are_those_of_each_window(starter):
    path = starter / "sequences/won-handoff.yaml"
    path.write_text(path.read_text().replace("window:", "window:\n  holidays: [NO, SE]"))

    found = load(starter, schema=FIELDS).sequences

    assert found["approach-cold"].window.holidays == ("lead",)
    assert found["won-handoff"].window.holidays == ("NO", "SE")


def test_whoever_names_a_sequence_that_was_refused_is_told_nothing(problems_after):
    file = "sequences/approach-cold.yaml"

    told = problems_after(file, "when_changed: move", "when_changed: moved")

    assert [problem.partition(": ")[0] for problem in told] == [f"{file}:21:15"]


def test_two_mailboxes_with_one_address(problems_after):
    found = problems_after(
        "cadenza.yaml",
        "mailboxes:\n",
        "mailboxes:\n"
        "  - address: Ada@example.com\n"
        "    smtp: smtps://s.example.com\n"
        "    imap: imaps://i.example.com\n"
        "    password: ${P}\n",
    )

    assert found == [
        'cadenza.yaml:39:14: mailboxes.1.address: two mailboxes have the address "ada@example.com"'
    ]


def test_counterparts_are_held_against_the_connections(problems_after):
    found = problems_after("cadenza.yaml", "  salesforce:\n", "  sfdc:\n")

    assert len(found) == 14  # of seven stages: one is unknown, one is missing
    assert found[0] == (
        'process.yaml:51:5: Prospecting has no counterpart in the connection "sfdc"'
    )
    assert found[1] == 'process.yaml:53:7: unknown connection "salesforce"; valid: hubspot, sfdc'


def test_files_that_are_missing(starter):
    for part in ("body.txt", "body.html", "subject.txt"):
        (starter / TEMPLATE / part).unlink()
    (starter / TEMPLATE / "body.htm").write_text("x")
    (starter / "process.yaml").unlink()

    assert problems(starter) == [
        "process.yaml:1:1: cannot be read: No such file or directory",
        (
            'sequences/approach-cold.yaml:47:12: "approach-cold-opening" begins a thread here and '
            f"needs a subject: {TEMPLATE}/subject.txt is missing"
        ),
        (
            f'{TEMPLATE}/body.htm:1:1: unknown file "body.htm"; did you mean "body.html"? '
            "valid: attachments/, body.html, body.txt, subject.txt"
        ),
        f"{TEMPLATE}/body.txt:1:1: is missing, and so is body.html: write one of them",
    ]


def test_html_alone_is_a_template(starter):
    (starter / TEMPLATE / "body.txt").unlink()

    template = load(starter, schema=FIELDS).templates[TEMPLATE.rpartition("/")[2]]

    assert [file for file, _ in template.parts()] == [
        f"{TEMPLATE}/subject.txt",
        f"{TEMPLATE}/body.html",
    ]


def test_an_empty_folder_and_no_folder(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert problems(folder) == [
            "cadenza.yaml:1:1: cannot be read: No such file or directory",
            "process.yaml:1:1: cannot be read: No such file or directory",
        ]


def test_mapped_fields_may_be_read(starter):
    path = starter / "cadenza.yaml"
    path.write_text(
        path.read_text().replace("{ timezone: hs_timezone }", "{ budget: annual_budget }")
    )
    sequence = starter / "sequences/approach-cold.yaml"
    text = sequence.read_text()

    sequence.write_text(text.replace("not deal.is_closed", 'lead.extra.budget == "high"'))
    assert "approach-cold" in load(starter, schema=FIELDS).sequences

    sequence.write_text(text.replace("not deal.is_closed", 'lead.extra.bugdet == "high"'))
    assert problems(starter) == [
        (
            'sequences/approach-cold.yaml:7:70: enroll.when: unknown field of lead.extra "bugdet"; '
            'did you mean "budget"? valid: budget'
        )
    ]


@pytest.mark.parametrize(
    ("types", "problem"),
    [
        (
            "{ budgt: number }",
            'unknown custom field of a lead "budgt"; did you mean "budget"? valid: budget',
        ),
        (
            "{ budget: int }",
            'unknown value "int"; valid: bool, date, datetime, multiselect, number, text',
        ),
        ("{ title: text }", 'unknown custom field of a lead "title"; valid: budget'),
    ],
)
def test_types_are_of_custom_fields(starter, types, problem):
    path = starter / "cadenza.yaml"
    mapped = f"{{ budget: annual_budget }}\n    types:\n      lead: {types}"
    path.write_text(path.read_text().replace("{ timezone: hs_timezone }", mapped))

    (found,) = problems(starter)

    assert found.startswith("cadenza.yaml:")
    assert found.endswith(problem)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (
            "policies: { lead: { titel: ours } }",
            'unknown field of a lead "titel"; did you mean "title"? valid: country, email, '
            "first_name, last_name, lifecycle_stage, phone, status, title",
        ),
        (
            "policies: { lead: { do_not_contact: ours } }",
            '"do_not_contact" has the policy opt_out, always',
        ),
        (
            "fields: { lead: { title: job, phone: job } }",
            '"job" stands for "title" already',
        ),
    ],
)
def test_policies_and_mappings_that_mean_nothing(starter, written, problem):
    path = starter / "cadenza.yaml"
    mapped = "fields:\n      lead: { timezone: hs_timezone }"
    old = mapped if written.startswith("fields") else "pull_every: 15 minutes\n    # Our"
    new = (
        written
        if written.startswith("fields")
        else f"pull_every: 15 minutes\n    {written}\n    # Our"
    )
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))

    (found,) = problems(starter)

    assert found.endswith(problem)


def test_a_custom_field_has_one_type_in_all_connections(starter):
    path = starter / "cadenza.yaml"
    mapped = "{ budget: annual_budget }\n    types:\n      lead: { budget: number }"
    other = (
        "connections:\n  list:\n    kind: csv\n    folder: data\n    pull_every: 1 hour\n"
        "    fields:\n      lead: { budget: Budget }\n"
    )
    text = path.read_text().replace("{ timezone: hs_timezone }", mapped)
    path.write_text(text.replace("connections:\n", other))

    assert [one for one in problems(starter) if "budget" in one] == [
        "cadenza.yaml:26:23: connections.hubspot.fields.lead.budget: "
        '"budget" is a number here and a text in "list"'
    ]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
@given(
    file=st.sampled_from(
        ["cadenza.yaml", "process.yaml", "sequences/approach-cold.yaml", f"{TEMPLATE}/body.txt"]
    ),
    content=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)),
)
@example(file="cadenza.yaml", content=b"connections: {a: {kind: []}}\nmailboxes: [1]")
@example(file="cadenza.yaml", content=b"connections: {a: {kind: {}}}\nmailboxes: {}")
@example(file="process.yaml", content=b"answers: {1: [a]}\nstages: [{name: []}]")
@example(file="sequences/approach-cold.yaml", content=b"steps: [{email: 1, id: 2}]\nenroll: x")
@example(file="sequences/approach-cold.yaml", content=b"steps: [{id: a, wait: {a: 1}}]")
def test_whatever_a_file_holds_is_loaded_or_invalid(starter, file, content):
    original = (starter / file).read_bytes()
    (starter / file).write_bytes(content)
    try:
        found = problems_of(starter)
    finally:
        (starter / file).write_bytes(original)

    assert found is None or len(found) > 0


def test_a_workspace_without_sequences_loads(starter):
    shutil.rmtree(starter / "sequences")
    path = starter / "process.yaml"
    text = path.read_text().partition("# What people object")[0]
    for line in [line for line in text.splitlines() if "      sequences: [" in line]:
        text = text.replace(f"{line}\n", "")
    path.write_text(text)

    assert dict(load(starter, schema=FIELDS).sequences) == {}
