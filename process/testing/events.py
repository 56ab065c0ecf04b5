"""The events that a test may give, and what each is in a simulation."""

from collections.abc import Mapping, Sequence

from crm.kinds import BY_HAND

#: Of our own making or the CRM's: they need a value.
VALUED = (
    "answered", "auto_replied", "change", "deal", "meeting_booked", "meeting_moved", "nps", "stage",
)  # fmt: skip
#: Event of a test -> kind of Activity, and what is known of it.
PLAIN: Mapping[str, tuple[str, Mapping[str, object]]] = {
    **{kind: (kind, {}) for kind in BY_HAND - {"answered"}},
    "bounced": ("bounced", {"hard": True}),
    "company_answered": ("answered", {}),
    "complained": ("complained", {}),
    "opted_out": ("opted_out", {}),
    "owner_gone": ("owner_gone", {}),
    "renewal_due": ("renewal_due", {}),
    "task_done": ("task_done", {}),
    "task_skipped": ("task_skipped", {}),
}
#: They come after a task.
OF_TASKS = ("task_done", "task_skipped")
OUTCOMES = ("won", "lost")


def kinds(own: Sequence[str]) -> list[str]:
    """All of them; `own` are those that process.yaml declares."""
    return sorted({*PLAIN, *VALUED, *own})
