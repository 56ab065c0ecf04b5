"""Rendering emails: the workspace's sandbox, in which a blank fact is undefined."""

from collections.abc import Mapping

from css_inline import CSSInliner, InlineError
from inscriptis import get_text
from inscriptis.model.config import ParserConfig
from jinja2 import TemplateError

from workspace.templating import line_of, render

__all__ = ["TemplateError", "line_of", "render", "render_html", "text_of"]

#: Nothing is fetched; what cannot stand in an attribute (`@media`) stays in its element.
_STYLES = CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
#: The way out must stand in the text too.
_LINKS = ParserConfig(display_links=True)


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
    """HTML as it reads: `[words](address)` for links, nothing of what is hidden."""
    return f"{get_text(html, _LINKS).strip()}\n"
