"""Applied versions: what workers read, never the files."""

from functools import lru_cache

from mail.models import EmailTemplate
from sequences.definition import Sequence
from sequences.models import AppliedVersion


def definition_of(version: AppliedVersion) -> Sequence:
    """The definition as it was applied, parsed once per process."""
    return _parsed(version.pk)


@lru_cache(maxsize=512)
def _parsed(version_id: int) -> Sequence:
    # A row is never changed once written, so its parsed form may be kept.
    return Sequence.model_validate(AppliedVersion.objects.get(pk=version_id).definition)


def active() -> list[AppliedVersion]:
    return list(AppliedVersion.objects.filter(active=True).order_by("sequence"))


def templates_of(version: AppliedVersion) -> list[EmailTemplate]:
    """The templates of its email steps, as they were applied."""
    return list(EmailTemplate.objects.filter(pk__in=version.templates.values()))
