"""Leads that share an address, and what a person said of them: one person, or two."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from crm.models import Lead, Separated


def doubts(leads: Sequence[Lead]) -> Mapping[int, Sequence[Lead]]:
    """Lead id -> the others with its address of whom nobody said that they are somebody else."""
    by_email: dict[str, list[Lead]] = defaultdict(list)
    for lead in leads:
        by_email[lead.email].append(lead)
    apart = separated(lead.pk for lead in leads)
    return {
        lead.pk: [
            other
            for other in by_email[lead.email]
            if other != lead and frozenset({lead.pk, other.pk}) not in apart
        ]
        for lead in leads
    }


def separated(lead_ids: Iterable[int]) -> frozenset[frozenset[int]]:
    """The pairs of which a person said that they are two people."""
    pairs = Separated.objects.filter(first__in=list(lead_ids)).values_list("first", "second")
    return frozenset(frozenset(pair) for pair in pairs)
