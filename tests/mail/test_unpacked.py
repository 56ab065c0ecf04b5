"""What a person wrote is read wherever it stands: behind files of any size, and however it comes."""

import os
import random
import tracemalloc
from itertools import chain, count, islice, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail.classify import kinds, parsed
from mail.classify.unpacked import SMALL, without_files
from mail.explained import explain
from tests.mail.corpus import CASES
from tests.mail.corpus.case import DAY, message, several
from tests.mail.corpus.files import FILE, NAMED, with_file
from tests.mail.test_classify_fuzz import LONGEST, UNITS, mutated, seconds

RUNS = int(os.environ.get("CADENZA_RUNS", "300"))
REPLY = {"Subject": "Re: A question", "In-Reply-To": "<touch-1@sender.example>"}
TEXT = {"Content-Type": "text/plain; charset=utf-8"}
PICTURE = {"Content-Type": "image/png", "Content-Transfer-Encoding": "base64"}


ANSWERS = [case for case in CASES if case.expected.kind in {"reply", "unsubscribe", "auto_reply"}]


@pytest.mark.parametrize(
    "file", [b"image/png\n", b"application/pdf\n" + NAMED, b"text/csv\n" + NAMED]
)
def test_an_answer_behind_a_file_is_the_same_answer(file):
    other = [
        case.id
        for case in ANSWERS
        if explain(case.raw, today=DAY)
        != explain(without_files([with_file(case.raw, file)]), today=DAY)
    ]

    assert (len(ANSWERS) > 100, other) == (True, [])


def test_text_on_both_sides_of_a_picture_is_read():
    raw = several(
        REPLY, "mixed", [(TEXT, "Yes."), (PICTURE, FILE.decode()), (TEXT, "But not now.")]
    )

    assert explain(without_files([raw]), today=DAY)["new_text"] == "Yes.\nBut not now."


def test_text_behind_a_mail_that_is_passed_on_is_read():
    inner = message({"Subject": "The mail that is passed on"}, "Not the person's words.").decode()
    raw = several(
        REPLY, "mixed", [({"Content-Type": "message/rfc822"}, inner), (TEXT, "No, thanks.")]
    )

    assert explain(raw, today=DAY)["new_text"] == "No, thanks."


def test_a_small_email_is_left_as_it_came():
    raw = message(REPLY, "x" * 1000)

    assert without_files([raw]) == raw
    assert without_files([]) == b""


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"From grace Thu Mar  5 10:00:00 2026\r\n"])
def test_what_a_file_of_mail_begins_with_changes_nothing(mark):
    raw = with_file(message(REPLY, "Yes."))

    assert explain(without_files([mark + raw]), today=DAY)["new_text"] == "Yes."


LEAVES = {
    "first": (TEXT, "Yes."),
    "last": (TEXT, "But not now."),
    "html": ({"Content-Type": "text/html"}, "<p>Yes.</p>"),
    "file": (PICTURE, FILE.decode()),
    "table": ({"Content-Type": "text/csv", "Content-Disposition": "attachment"}, "a,b\n" * 99_999),
}


@pytest.mark.parametrize(
    "tree",
    [
        ["alternative", "first", ["mixed", "html", "file", "html"]],
        ["mixed", ["related", ["alternative", "first", "html"], "file"], "table"],
        ["signed", ["mixed", "file", "table", "first"], "file"],
        ["mixed", "file", ["alternative", "first", "html"], ["mixed", "file", "last"]],
    ],
)
def test_the_text_is_found_in_any_nest_of_parts(tree):
    edges = count()

    def built(node):
        if isinstance(node, str):
            return (
                several({}, "mixed", [LEAVES[node]])
                .split(b"--=_edge\r\n")[1]
                .removesuffix(b"--=_edge--\r\n")
            )
        edge, parts = f"=_{next(edges)}", [built(each) for each in node[1:]]
        head = f'Content-Type: multipart/{node[0]}; boundary="{edge}"\r\n\r\n'.encode()
        between = f"\r\n--{edge}".encode()
        return head + between.join([b"", *(b"\r\n" + part for part in parts), b"--\r\n"])

    raw = b"From: grace@customer.example\r\nSubject: Re: A question\r\n" + built(tree)

    unpacked = without_files([raw])
    lines = kinds.classify(parsed.parse(unpacked)).text.split("\n")
    expected = ["Yes.", "But not now."] if "last" in str(tree) else ["Yes."]
    assert (len(unpacked) < 5000, [line for line in lines if line]) == (True, expected)


def texts(raw):
    mail = parsed.parse(raw)
    return mail.text, [part.get_content_type() for part in mail.parts]


@pytest.mark.timeout(300 + RUNS)
def test_what_is_read_is_what_the_parser_finds_in_the_whole(monkeypatch):
    """Of mutated emails, which are broken in every way, beside a file that is as broken."""
    found, expected = {}, {}
    for seed in range(RUNS):
        raw = mutated(seed)
        place = random.Random(seed).randint(0, len(raw))  # noqa: S311 - the same with every run
        whole = b"".join([with_file(raw[:place]), FILE[:2000], raw[place:], with_file(raw)])
        unpacked = without_files([whole])
        if len(unpacked) <= parsed.MOST_BYTES:
            found[seed] = texts(unpacked)
            with monkeypatch.context() as patch:
                patch.setattr(parsed, "MOST_BYTES", 10 * len(whole))
                expected[seed] = texts(whole)

    assert len(found) > RUNS / 2  # where the header is broken, the file is text
    assert {seed for seed in found if found[seed] != expected[seed]} == set()


@given(data=st.data())
@settings(max_examples=50)
def test_it_does_not_matter_in_which_pieces_it_comes(data):
    raw = with_file(data.draw(st.sampled_from(CASES)).raw, last=data.draw(st.booleans()))
    places = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=20)))
    pieces = [raw[a:b] for a, b in zip([0, *places], [*places, len(raw)], strict=True) if a < b]

    assert without_files(pieces) == without_files([raw])


@pytest.mark.parametrize("name", ["undefined''x", "utf-7''%2B2AA-", "a\0b''x", "idna''%FF"])
def test_a_boundary_in_no_charset_is_none(name):
    raw = message({**REPLY, "Content-Type": f"multipart/mixed; boundary*={name}"}, "Yes.")

    unpacked = without_files([with_file(raw)])

    assert explain(unpacked, today=DAY)["kind"] == explain(raw, today=DAY)["kind"]


def test_boundaries_without_end_are_not_compared_with_every_line():
    heads = (b"--%d\nContent-Type: multipart/mixed; boundary=%d\n\n" % (n, n + 1) for n in count())
    raw = b"".join([b"Content-Type: multipart/mixed; boundary=0\n\n", *islice(heads, 4000)])
    asked = count()
    hostile = (b"--\n" * 100 for _ in islice(asked, 5000))

    unpacked = without_files(chain([raw, b"--4000\nContent-Type: image/png\n\n"], hostile))

    assert (parsed.parse(unpacked).is_whole, next(asked) < 2 * SMALL / 300) == (False, True)


def test_a_file_takes_no_memory():
    head, _, tail = with_file(CASES[0].raw).partition(FILE)
    tracemalloc.start()

    unpacked = without_files([head, *repeat(FILE, 200), tail])

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(unpacked) < SMALL, peak < 8 * len(FILE)) == (True, True)


def test_no_more_is_asked_for_than_is_read():
    asked = count()
    endless = (b"a line of a text that has no end\n" * 1000 for _ in asked)

    unpacked = without_files(endless)

    assert len(unpacked) == parsed.MOST_BYTES + 1
    assert next(asked) < 2 * parsed.MOST_BYTES / 33_000


@pytest.mark.parametrize("unit", UNITS)
def test_an_email_of_megabytes_costs_no_second(unit):
    raw = UNITS[unit] + unit * (16 * parsed.MOST_BYTES // len(unit))

    assert seconds(without_files([with_file(raw)])) < LONGEST


def test_who_writes_more_than_is_read_is_read_in_the_mailbox():
    long = "A line of a text.\n" * (parsed.MOST_BYTES // 10)

    found = kinds.classify(parsed.parse(without_files([message(REPLY, f"Yes.\n{long}")])))

    assert found.text.startswith("Yes.\nA line")
    assert found.text.endswith(f"\n\n{kinds.NOT_WHOLE}")


@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
def test_an_answer_below_a_long_quote_is_read(kind):
    quote = "> a line of the mail that is answered\n" * 5000
    text = f"{quote}\nNo, thanks.\n"
    if kind == "text/html":
        text = f"<blockquote>{'<p>a line</p>' * 20_000}</blockquote><p>No, thanks.</p>"

    found = explain(message({**REPLY, "Content-Type": f"{kind}; charset=utf-8"}, text), today=DAY)

    assert found["new_text"] == "No, thanks."
