"""The playbook: every page by its path, each linked to the others and to nothing else."""

import hashlib
import posixpath
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from process.blueprint import Blueprint
from process.playbook import rules, views
from process.playbook.chart import Chart, chart
from process.playbook.sample import Sample
from process.playbook.words import Link

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "playbook"
STYLE = "style.css"
#: Everything on one page, to print.
WHOLE = "whole.html"
_PAGES = {
    "index": "Process",
    "sequences": "Sequences",
    "templates": "Emails",
    "objections": "Objections",
    "tasks": "Tasks",
    "rules": "Rules",
    "glossary": "Glossary",
}
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def site(blueprint: Blueprint) -> dict[str, str]:
    """Path below the site's folder -> the file's text; the same for the same blueprint."""
    return dict(_Press(blueprint).files())


def slug(name: str) -> str:
    """A name in paths and links; one that could be more than a name is told apart by its digest."""
    if _SLUG.fullmatch(name):
        return name
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "unnamed"
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


class _Press:
    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self.sample = Sample(blueprint)
        self.stages = views.stage_pages(blueprint)
        self.sequences = views.sequence_pages(blueprint, self.sample)
        self.templates = views.template_pages(blueprint, self.sample)
        self.environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def files(self) -> Iterator[tuple[str, str]]:
        yield STYLE, (TEMPLATES / STYLE).read_text(encoding="utf-8")
        for name, title in _PAGES.items():
            yield self._page(Link("page", name, title), f"{name}.html")
        for stage in self.stages:
            yield self._page(Link("stage", stage.stage.name), "stage.html", one=stage)
        for sequence in self.sequences:
            yield self._page(
                Link("sequence", sequence.sequence.name), "sequence.html", one=sequence
            )
        for template in self.templates:
            yield self._page(Link("template", template.name), "template.html", one=template)
        yield WHOLE, self._whole()

    def _page(self, link: Link, template: str, **told: object) -> tuple[str, str]:
        path = _path(link)
        here = posixpath.dirname(path)

        def url(target: Link) -> str:
            return posixpath.relpath(_path(target), here or ".")

        def file(name: str) -> str:
            return posixpath.relpath(name, here or ".")

        page = self._template(template)
        return path, page.render(self.context | {"url": url, "file": file, "here": link, **told})

    def _whole(self) -> str:
        here = Link("page", "whole", "The whole playbook")
        return self._template("whole.html").render(
            self.context | {"url": _anchor, "file": str, "here": here}
        )

    def _template(self, name: str) -> Template:
        return self.environment.get_template(name)

    @cached_property
    def context(self) -> dict[str, object]:
        blueprint, process = self.blueprint, self.blueprint.process
        return {
            "company": blueprint.sender.company,
            "process": process,
            "pages": [Link("page", name, title) for name, title in _PAGES.items()],
            "Link": Link,
            "anchor": _anchor,
            "chart": self._chart(),
            "stages": self.stages,
            "sequences": self.sequences,
            "templates": self.templates,
            "objections": rules.objections(blueprint, self.sample),
            "outcomes": list(rules.outcomes(blueprint, self.sample)),
            "tasks": rules.tasks(self.sequences, self.sample),
            "scoring": rules.scoring(blueprint),
            "territories": rules.territories(blueprint),
            "occasions": rules.occasions(blueprint),
            "absences": rules.absences(blueprint),
            "called_in_crms": rules.called_in_crms(blueprint),
            "standstill": rules.standstill(blueprint),
            "handoff": rules.handoff(blueprint, self.sample),
            "renewal": rules.renewal(blueprint),
        }

    def _chart(self) -> Chart:
        names = [page.stage.name for page in self.stages]
        moves = {
            (number, names.index(rule.to))
            for number, page in enumerate(self.stages)
            for rule in page.stage.exit
        }
        return chart(names, moves)


def _path(link: Link) -> str:
    folder = "" if link.kind == "page" else f"{link.kind}s/"
    return f"{folder}{_name(link)}.html"


def _anchor(link: Link) -> str:
    return f"#{link.kind}-{_name(link)}"


def _name(link: Link) -> str:
    is_stage = link.kind == "stage"
    return slug(link.name.lower().replace(" ", "-") if is_stage else link.name)
