"""A team's own model that says what an answer means, asked over HTTP.

It gets {"text", "subject", "language"} and answers {"intent", "confidence"}. Whatever goes wrong, the
rules that ship decide. It is asked about answers alone: what opts out never comes here.
"""

import logging
import os
from dataclasses import dataclass
from typing import Annotated

import requests
from django.conf import settings
from pydantic import BaseModel, Field

from connectors.endpoints import normalized_url
from mail.models import Sender
from runtime import clock
from workspace import secrets

log = logging.getLogger(__name__)

#: Real seconds until it is given up, and for how long it is left alone then.
ANSWER_WITHIN = 3.0
LEFT_ALONE_FOR = 60.0
MOST_ANSWER = 4096

_failed_at: dict[str, float] = {}


@dataclass(frozen=True, kw_only=True)
class Said:
    """What it answered, or why it did not."""

    intent: str = ""
    confidence: float = 0.0
    error: str = ""


def ask(sender: Sender | None, *, text: str, subject: str, language: str) -> Said | None:
    """None where the team has none. Never raises."""
    hook = sender.intent_hook if sender else None
    if not hook:
        return None
    url = str(hook["url"])
    if clock.monotonic() - _failed_at.get(url, -LEFT_ALONE_FOR) < LEFT_ALONE_FOR:
        return Said(error="left alone after a failure")
    asked = {"text": text, "subject": subject, "language": language}
    try:
        answer = _post(url, hook.get("token"), asked)
    except (requests.RequestException, ValueError) as error:
        _failed_at[url] = clock.monotonic()
        # Its message may hold what was sent.
        log.warning("intent_hook failed: %s", type(error).__name__)
        return Said(error=type(error).__name__)
    return Said(intent=answer.intent, confidence=answer.confidence)


class _Answer(BaseModel):
    intent: Annotated[str, Field(min_length=1, max_length=50)]
    confidence: Annotated[float, Field(ge=0, le=1)]


def _post(url: str, token: str | None, asked: dict[str, str]) -> _Answer:
    sandbox = settings.CADENZA_MODE == "sandbox"
    url = normalized_url(url, setting="intent_hook", allow_sandbox=sandbox)
    headers = {"Authorization": f"Bearer {secrets.resolve(token, os.environ)}"} if token else {}
    began = clock.monotonic()
    with requests.post(
        url, json=asked, headers=headers, timeout=ANSWER_WITHIN, allow_redirects=False, stream=True
    ) as answer:
        if answer.status_code != requests.codes.ok:
            raise ValueError(f"status {answer.status_code}")
        body = b""
        for piece in answer.iter_content(1024):
            body += piece
            if len(body) > MOST_ANSWER or clock.monotonic() - began > ANSWER_WITHIN:
                raise ValueError("its answer is too long, or too slow")
    return _Answer.model_validate_json(body)
