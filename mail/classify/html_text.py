"""HTML of a reply as text, in one pass: quoted blocks as `> ` lines, so that they can be cut."""

import html
import re

_BREAKS = frozenset("br p div tr li ul ol table h1 h2 h3 h4 h5 h6 hr blockquote pre".split())
_SILENT = frozenset({"script", "style", "title"})
_NAME = re.compile(r"/?[a-zA-Z][a-zA-Z0-9]*")
#: Outlook sets these where the text of the sender ends and the quoted mail begins.
_QUOTE_BEGINS = (
    "divrplyfwdmsg",
    "appendonsend",
    "mail-editor-reference-message-container",
    "yahoo_quoted",
)
#: And others these on the line that introduces the quote, in whichever language.
_INTRODUCES = ("gmail_attr", "moz-cite-prefix", "protonmail_quote")
#: Lines of such an introduction at most.
INTRODUCTION_LINES = 4
#: Tags that are understood; behind them, where the words alone are kept, only these are.
MOST_TAGS = 30_000
_QUOTES = ("blockquote", "/blockquote")


def convert(source: str) -> str:
    """Never slower than linear: every search starts where the last one ended."""
    text = _Text()
    position = 0
    for _ in range(MOST_TAGS):
        start = source.find("<", position)
        if start < 0:
            break
        text.write(source[position:start])
        comment = source.startswith("<!--", start)
        end = source.find("-->" if comment else ">", start)
        if end < 0:
            position = len(source)
            break
        position = end + (3 if comment else 1)
        if comment:
            continue
        name = text.tag(source[start + 1 : end])
        if name in _SILENT:
            close = _find_close(source, name, position)
            if close < 0:
                return text.finish()
            position = close
    first, *more = source[position:].split("<")
    text.write(first)
    for chunk in more:
        inner, _, behind = chunk.partition(">")
        if inner[:11].lower().startswith(_QUOTES):
            text.tag(inner)
        text.write(f" {behind}")
    return text.finish()


class _Text:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = 0
        self.preformatted = False
        self.introduced = -1  #: the first line of what introduces a quote; -1 for none

    def write(self, source: str) -> None:
        first, *more = source.split("\n") if self.preformatted else (source,)
        self.line.append(html.unescape(first).replace("\xa0", " "))
        for line in more:
            self._break()
            self.line.append(html.unescape(line).replace("\xa0", " "))

    def tag(self, inner: str) -> str:
        """Take a tag in; its name in lower case, blank for one that closes or is none."""
        match = _NAME.match(inner)
        name = match[0].lower() if match else ""
        closing, plain = name.startswith("/"), name.removeprefix("/")
        if plain in _BREAKS:
            self._break()
        if plain == "pre":
            self.preformatted = not closing
        if name == "blockquote":
            self._quote_the_introduction()
        if plain == "blockquote":
            self.quotes = max(0, self.quotes + (-1 if closing else 1))
        if plain == "div" and any(mark in inner[:300].lower() for mark in _QUOTE_BEGINS):
            self.lines.append("-----Original Message-----")
        if name == "div" and any(mark in inner[:300].lower() for mark in _INTRODUCES):
            self.introduced = len(self.lines)
        return "" if closing else name

    def _quote_the_introduction(self) -> None:
        introduction = self.lines[self.introduced :] if self.introduced >= 0 else []
        if len([line for line in introduction if line]) <= INTRODUCTION_LINES:
            self.lines[len(self.lines) - len(introduction) :] = [
                f"> {line}" for line in introduction
            ]
        self.introduced = -1

    def finish(self) -> str:
        self._break()
        return "\n".join(self.lines)

    def _break(self) -> None:
        text = " ".join("".join(self.line).split())
        self.line = []
        if text or (self.lines and self.lines[-1]):
            self.lines.append(f"{'> ' * min(self.quotes, 1)}{text}".rstrip())


def _find_close(source: str, name: str, position: int) -> int:
    match = re.compile(f"</{name}", re.IGNORECASE).search(source, position)
    return match.start() if match else -1
