"""The people who are in a sequence while its file changes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from runtime import clock
from sequences import cadence, moving, versions
from sequences.cadence import State
from sequences.definition import Sequence as Definition
from sequences.models import Enrollment
from sequences.refusals import OPEN
from sequences.states import ask_about

#: Enrollments are looked at in pages of this size.
_PAGE = 500


@dataclass(frozen=True, kw_only=True)
class InFlight:
    """The people who are in a sequence whose file has changed."""

    policy: str  #: finish | move | restart
    count: int
    #: What it means -> how many people: "goes on behind opening", ...
    changes: Mapping[str, int]


def in_flight(name: str, definition: Definition, digest: str) -> InFlight | None:
    """What the file as it is now means for those who are in another version of it."""
    people = Enrollment.objects.filter(sequence=name, status__in=OPEN).exclude(
        version__digest=digest
    )
    people = people.select_related("version").order_by("pk")
    changes: Counter[str] = Counter()
    last = 0
    while page := list(people.filter(pk__gt=last)[:_PAGE]):
        last = page[-1].pk
        for enrollment, asked in zip(page, ask_about(page), strict=True):
            changes[_change(enrollment, definition, asked.state)] += 1
    count = sum(changes.values())
    policy = definition.when_changed
    return InFlight(policy=policy, count=count, changes=changes) if count else None


def _change(enrollment: Enrollment, definition: Definition, state: State) -> str:
    if definition.when_changed == "finish":
        return "finishes the version it began with"
    now = clock.now()
    to = moving.move(versions.definition_of(enrollment.version), definition, state, now)
    if to is None:
        return "goes over once its step at hand has ended"
    decision = cadence.decide(definition, moving.moved(state, to), now)
    until = getattr(decision, "until", None)
    step = decision.because.get("step") or decision.because["rule"]
    place = f"behind {to.anchor}" if to.anchor else "from the top"
    return f"goes on {place}, next: {step}{f' on {until:%Y-%m-%d}' if until else ' at once'}"
