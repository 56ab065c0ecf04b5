"""Rendering emails: the workspace's sandbox, in which a blank fact is undefined."""

import re
from collections.abc import Mapping

from css_inline import CSSInliner, InlineError
from inscriptis import get_text
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_document_state import HtmlDocumentState
from inscriptis.model.tag import CustomHtmlTagHandlerMapping
from jinja2 import TemplateError

from workspace.templating import line_of, render

__all__ = ["TemplateError", "line_of", "render", "render_html", "text_of"]

#: Nothing is fetched; what cannot stand in an attribute (`@media`) stays in its element.
_STYLES = CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
#: An address that follows the very words that it is.
_SAID_TWICE = re.compile(r"(?<![^\s()])(?P<url>[^\s()]+) \((?:mailto:|tel:)?(?P=url)\)")


def render_html(source: str, context: Mapping[str, object]) -> str:
    """Likewise with facts escaped, and the styles of a <style> written into the elements."""
    html = render(source, context, html=True)
    if "<style" not in source.lower():
        return html
    try:
        return _STYLES.inline(html)
    except (InlineError, ValueError) as error:
        raise TemplateError(f"<style>: {error}") from error


def text_of(html: str) -> str:
    """HTML as it reads: `words (address)` for links, nothing of what is hidden."""
    text = get_text(html, _LINKS).strip()
    return _SAID_TWICE.sub(r"\g<url>", text) + "\n"


def _link_begins(state: HtmlDocumentState, attrs: Mapping[str, str]) -> None:
    target = attrs.get("href", "")
    state.link_target = "" if target.startswith("#") else target


def _link_ends(state: HtmlDocumentState) -> None:
    """The way out must stand in the text too."""
    if state.link_target:
        state.tags[-1].write(f" ({state.link_target})")


_LINKS = ParserConfig(
    custom_html_tag_handler_mapping=CustomHtmlTagHandlerMapping(
        start_tag_mapping={"a": _link_begins}, end_tag_mapping={"a": _link_ends}
    )
)
