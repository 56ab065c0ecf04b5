"""Emails that carry a file."""

import base64
import random

from mail.classify.unpacked import SMALL

FILE = base64.encodebytes(random.Random(1).randbytes(SMALL + 1))  # noqa: S311 - a picture, say
NAMED = b'Content-Disposition: attachment; filename="a"\n'
_HEAD = b"Content-Transfer-Encoding: base64\nContent-Type: "


def with_file(raw, file=b"image/png\n", *, last=False):
    """The same email with a file before what it held, as a mail program sends it."""
    end = b"\r\n" if b"\r\n\r\n" in raw else b"\n"
    head, _, body = raw.partition(end * 2)
    lines = head.split(end)
    own = [n for n, line in enumerate(lines) if line.lower().startswith(b"content-")]
    own += [n + 1 for n in own if lines[n + 1 : n + 2] and lines[n + 1][:1] in (b" ", b"\t")]
    outer = [line for n, line in enumerate(lines) if n not in own]
    inner = [lines[n] for n in sorted(own)]
    parts = [end.join([*inner, b"", body]), _HEAD + file + b"\n" + FILE]
    edge = end + b"--=_outer" + end
    whole = edge.join([b"", *(parts if last else reversed(parts))])
    kind = b'Content-Type: multipart/mixed; boundary="=_outer"'
    return end.join([*outer, kind, whole, b"--=_outer--", b""])
