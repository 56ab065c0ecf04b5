"""Applied versions: what workers read, never the files."""

from collections.abc import Collection, Mapping
from functools import lru_cache

from crm import rows
from mail.models import EmailTemplate
from sequences.definition import Sequence
from sequences.models import AppliedVersion

_WITHOUT_DEFINITION = ("id", "sequence", "digest", "templates", "active", "applied_at")


def definition_of(version: AppliedVersion) -> Sequence:
    """The definition as it was applied, parsed once per process."""
    return _parsed(version.id, version.digest)


@lru_cache(maxsize=512)
def _parsed(version_id: int, digest: str) -> Sequence:
    # A row is never changed once written, so its parsed form may be kept.
    version = AppliedVersion.objects.get(pk=version_id, digest=digest)
    return Sequence.model_validate(version.definition).placed(version.places)


def active() -> list[AppliedVersion]:
    return list(AppliedVersion.objects.filter(active=True).order_by("sequence"))


def active_of(sequence: str) -> AppliedVersion | None:
    return AppliedVersion.objects.filter(sequence=sequence, active=True).first()


def with_active(ids: Collection[int]) -> Mapping[int, AppliedVersion]:
    """These and the active ones by id, without what `definition_of` has parsed already."""
    marks = ", ".join(["%s"] * len(ids))
    found = rows.select(AppliedVersion, _WITHOUT_DEFINITION, f"active OR id IN ({marks})", [*ids])
    versions = (AppliedVersion.from_db(None, _WITHOUT_DEFINITION, row) for row in found)
    return {version.id: version for version in versions}


def templates_of(version: AppliedVersion) -> list[EmailTemplate]:
    """The templates of its email steps, as they were applied."""
    return list(EmailTemplate.objects.filter(pk__in=version.templates.values()))
