import posixpath
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from crm.fields import FIELDS
from mail.rendering import text_of
from process import blueprint
from process.playbook.site import site, slug

WORDS = Path(__file__).parent / "words"
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """A page as it is written: every element closed in its order, no script, no id twice."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.ids, self.tags = [], [], [], set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), attrs
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), attrs
            if name in ("href", "src"):
                self.links.append(value)
            elif name == "id":
                self.ids.append(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)


def load(folder):
    return blueprint.load(folder, schema=FIELDS)


@pytest.fixture
def rich(starter):
    """With every optional section of the process, and with what no starter has."""
    process = starter / "process.yaml"
    stage = "  - name: Closing\n"
    asked = f"{stage}    requires: [company.name]\n    allowed: [Follow-up]\n"
    text = process.read_text().partition("# An open deal with which")[0]  # RULES has its own
    process.write_text(text.replace(stage, asked) + RULES)
    (starter / "sequences" / "odd.yaml").write_text(ODD)
    return starter


RULES = """
scoring:
  qualified_at: 45
  rules:
    - { name: Large, kind: fit, when: company.employees >= 200, points: 30 }
    - { name: Reads, kind: engagement, when: event.page_visited >= 3 or event.clicked, points: 15, within: 30 days }
assignment:
  on: [qualified]
  territories:
    - { name: Germany, when: 'lead.country in ["DE", "Germany"]', owners: [ada@example.com, bob@example.com] }
    - { name: Elsewhere, owners: [eve@example.com] }
  absences:
    - { owner: bob@example.com, from: 2026-08-03, to: 2026-08-14 }
qualification:
  reject_reasons: [too small, no need]
marketing:
  hubspot:
    mql: { lifecycle_stage: marketingqualifiedlead }
    sal: { lifecycle_stage: salesqualifiedlead }
    rejected: { lead_status: UNQUALIFIED }
dispositions:
  call: [connected, meeting_set]
stalled: { after: 14 days, stages: [Presentation, Closing] }
handoff: { title: "Introduce {{ lead.first_name }}", due: 2 days }
"""
ODD = """
name: odd
stage: Approach
enroll: { when: not lead.first_name, on: [meeting_booked, form_submitted] }
steps:
  - id: until-then
    wait: { until: meeting.start, less: 1 day }
  - id: fork
    branch:
      - percent: 30
        steps:
          - { id: set, update: { lead.title: Boss } }
          - { id: enough, stop: tried }
      - when: not (lead.country == "DE" or event.called >= 2)
        steps: [{ id: on, enroll: approach-cold }]
  - { id: wanted, goal: event.answered, within: 2 days }
  - { id: later, wait: 4 hours }
  - id: ask
    task: call
    title: Call {{ lead.first_name }}
    due: 1 day
    dispositions: [left_it]
    on_disposition: { left_it: { end: left, task: research, title: Look } }
"""


def test_every_link_leads_to_a_page_and_every_page_is_well_formed(rich):
    files = site(load(rich))

    parsed = {path: Page(text) for path, text in files.items() if path.endswith(".html")}

    broken = [
        (path, link)
        for path, page in parsed.items()
        for link in page.links
        if not (
            link[1:] in page.ids
            if link.startswith("#")
            else posixpath.normpath(posixpath.join(posixpath.dirname(path), link)) in files
        )
    ]
    assert broken == []
    assert [path for path, page in parsed.items() if page.open] == []
    assert [path for path, page in parsed.items() if len(set(page.ids)) < len(page.ids)] == []
    assert (
        set().union(*(page.tags for page in parsed.values())) & {"script", "img", "iframe"} == set()
    )


def test_every_stage_sequence_and_email_has_a_page(starter):
    loaded = load(starter)

    files = site(loaded)

    assert {path for path in files if "/" in path} == {
        *(f"stages/{stage.name.lower().replace(' ', '-')}.html" for stage in loaded.process.stages),
        *(f"sequences/{name}.html" for name in loaded.sequences),
        *(f"templates/{name}.html" for name in loaded.templates),
    }


def test_the_same_workspace_makes_the_same_bytes(starter):
    assert site(load(starter)) == site(load(starter))


def test_sequences_in_words(rich):
    files = site(load(rich))

    told = {name: _read(files[f"sequences/{name}.html"]) for name in ("approach-cold", "odd")}

    assert told == {name: (WORDS / f"{name}.txt").read_text() for name in told}


def test_rules_in_words(rich):
    told = _read(site(load(rich))["rules.html"])

    assert told[told.index("Which leads") :] == (WORDS / "rules.txt").read_text()


def test_objections_in_words(rich):
    process = rich / "process.yaml"
    play = "    play: { task: call, title: 'Call {{ lead.first_name }}', due: 4 hours }\n"
    process.write_text(process.read_text().replace("    play: objection-price\n", play, 1))

    told = _read(site(load(rich))["objections.html"])

    assert told == (WORDS / "objections.txt").read_text()


def test_hostile_names_and_texts_are_only_text(starter):
    bad = '"><script>alert(1)</script>'
    process, emails = starter / "process.yaml", starter / "templates" / "email"
    process.write_text(process.read_text().replace("Make initial contact", f"'{bad}'"))
    cold = starter / "sequences" / "approach-cold.yaml"
    cold.write_text(
        cold.read_text()
        .replace("name: approach-cold", f"name: approach-cold\ndescription: '{bad}'", 1)
        .replace("description: First", "# First", 1)
    )
    for name in ("<img src=x>", "..%2f..", "a b?#"):
        (emails / name).mkdir()
        (emails / name / "body.txt").write_text(
            f"{bad} {{{{ unsubscribe_url }}}} {{{{ sender.postal_address }}}}"
        )

    files = site(load(starter))

    pages = {path: Page(text) for path, text in files.items() if path.endswith(".html")}
    assert [
        path for path in files if not re.fullmatch(r"([a-z]+/)?[a-z0-9-]+\.(html|css)", path)
    ] == []
    assert set().union(*(page.tags for page in pages.values())) & {"script", "img"} == set()
    assert sum(text.count("&lt;script&gt;alert") for text in files.values()) > 0


@pytest.mark.parametrize(
    "names", [("a/b", "a-b"), ("../x", "x"), ("A", "a"), ("", "unnamed"), ("a--b", "a-b")]
)
def test_names_that_look_alike_have_pages_of_their_own(names):
    assert len({slug(name) for name in names}) == 2


def _read(page):
    """A page's own words, a line each."""
    main = page[page.index("<main>") : page.index("</main>")]
    text = text_of(
        re.sub(r"</?(a|span|div)\b[^>]*>|</?dl>", " ", main)
        .replace("<dt>", "<p>")
        .replace("<dd>", "<p>")
    )
    return "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())
