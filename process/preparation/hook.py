"""The team's own source of facts, asked over HTTP.

It gets {"known": {"company.domain": ...}, "wanted": ["company.industry", ...]} and answers an object
of facts by the same names; what it does not know it leaves out.
"""

import json
import os

import requests
from django.conf import settings as django

from connectors import deadline
from connectors.endpoints import normalized_url
from process.preparation.definition import EnrichmentSettings
from workspace import secrets

#: Real seconds until it is given up, the whole answer included.
ANSWER_WITHIN = 10.0
MOST_ANSWER = 65_536


class NoAnswer(Exception):
    """Why, without what was sent or answered."""


def ask(settings: EnrichmentSettings, known: dict[str, object]) -> dict[str, object]:
    """Raises NoAnswer."""
    try:
        body = _post(settings, {"known": known, "wanted": list(settings.fields)})
        answer = json.loads(body)
    except NoAnswer:
        raise
    except secrets.MissingSecret as error:
        raise NoAnswer(str(error)) from error
    except (requests.RequestException, ValueError, RecursionError) as error:
        # Its message may hold what was sent.
        raise NoAnswer(type(error).__name__) from error
    if not isinstance(answer, dict):
        raise NoAnswer("its answer is no JSON object")
    if not _can_be_kept(answer):
        raise NoAnswer("its answer holds what no database keeps")
    return answer


def _can_be_kept(answer: dict[str, object]) -> bool:
    """Python reads NaN and lone surrogates in JSON, and PostgreSQL takes neither, nor NUL."""
    try:
        text = json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return b"\\u0000" not in text


def _post(settings: EnrichmentSettings, asked: dict[str, object]) -> bytes:
    is_sandbox = django.CADENZA_MODE == "sandbox"
    url = normalized_url(settings.url, setting="enrichment", allow_sandbox=is_sandbox)
    token = settings.token and secrets.resolve(settings.token, os.environ)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with (
        deadline.session(ANSWER_WITHIN) as session,
        session.post(
            url,
            json=asked,
            headers=headers,
            timeout=ANSWER_WITHIN,
            allow_redirects=False,
            stream=True,
        ) as answer,
    ):
        if answer.status_code != requests.codes.ok:
            raise NoAnswer(f"status {answer.status_code}")
        body = b""
        for piece in answer.iter_content(4096):
            body += piece
            if len(body) > MOST_ANSWER:
                raise NoAnswer("its answer is too long")
    return body
