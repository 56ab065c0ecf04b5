"""Random sequences of the whole language, and edits of them."""

from hypothesis import strategies as st

from sequences.definition import Sequence

EVENTS = ["called", "clicked", "form_submitted", "meeting_held"]
TASKS = ['task.s1 == "no_answer"', 'task.disposition in ["connected", "voicemail"]']
RULES = [
    *(f"event.{event}" for event in EVENTS), 'lead.title == "CTO"', "event.clicked >= 2", *TASKS,
]  # fmt: skip
UNITS = ["minutes", "hours", "days", "business days", "weeks"]
IDS = [f"s{number}" for number in range(12)]

durations = st.builds("{} {}".format, st.integers(1, 5), st.sampled_from(UNITS))
windows = st.fixed_dictionaries(
    {
        "days": st.lists(
            st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
            min_size=1,
            unique=True,
        ),
        "from": st.sampled_from(["00:00", "02:00", "09:00"]),
        "to": st.sampled_from(["09:30", "17:00", "24:00"]),
    }
)

DISPOSITIONS = [
    "", "connected", "voicemail", "no_answer", "wrong_number", "not_interested", "meeting_set",
]  # fmt: skip
STARTS = st.sampled_from([
    {"stage": "Presentation"}, {"end": "nobody there"}, {"enroll": "other"},
    {"task": "research", "title": "Who else?"}, {"stage": "Closing", "end": "spoken with"},
])  # fmt: skip
untils = st.fixed_dictionaries({"until": st.just("meeting.start")}) | st.fixed_dictionaries(
    {
        "until": st.just("meeting.start"),
        "less": st.sampled_from(["1 hour", "1 day", "3 days", "1 week"]),
    }
) | st.fixed_dictionaries({"until": st.just("meeting.start"), "plus": durations})  # fmt: skip

TASK = {"task": st.just("call"), "title": st.just("Call"), "due": durations}
TURNS_OUT = {
    "on_disposition": st.dictionaries(st.sampled_from(DISPOSITIONS[1:]), STARTS, max_size=3)
}
CONTENTS = {
    "email": st.fixed_dictionaries({"email": st.sampled_from(["a", {"a": 1, "b": 2}])}),
    "timely email": st.just({"email": "a", "before": "meeting.start"}),
    "wait": st.fixed_dictionaries({"wait": durations}),
    "wait for a meeting": st.fixed_dictionaries({"wait": untils}),
    "task": st.fixed_dictionaries(TASK, optional=TURNS_OUT),
    "gate": st.fixed_dictionaries(
        {**TASK, "gate": st.just(True)}, optional={"skip_after": durations, **TURNS_OUT}
    ),
    "update": st.just({"update": {"lead.title": "CTO"}}),
    "goal": st.fixed_dictionaries({"goal": st.sampled_from(RULES)}, optional={"within": durations}),
    "stop": st.just({"stop": "enough"}),
    "enroll": st.just({"enroll": "other"}),
}
PLAIN, LAST = (
    ["email", "timely email", "wait", "wait for a meeting", "task", "gate", "update", "goal"],
    ["stop", "enroll"],
)


@st.composite
def steps(draw, ids, depth=0):
    """Some of the ids as steps, in order, branches among them."""
    found = []
    while ids and draw(st.integers(0, 5)):
        found.append(draw(step({"id": ids.pop(0)}, ids, depth)))
    return found


@st.composite
def step(draw, written, ids, depth):
    kinds = [*PLAIN, *(["branch"] if depth < 2 else [])]
    kinds += LAST if draw(st.integers(0, 9)) == 0 else []
    kind = draw(st.sampled_from(kinds))
    if kind != "branch":
        return written | draw(CONTENTS[kind])
    ways = [
        {"when": draw(st.sampled_from(RULES)), "steps": draw(steps(ids, depth + 1))},
        {"percent": 40, "steps": draw(steps(ids, depth + 1))},
        {"steps": draw(steps(ids, depth + 1))},
    ]
    return written | {"branch": ways[draw(st.integers(0, 2)) :]}


@st.composite
def sequences(draw):
    ids = draw(st.permutations(IDS)) if draw(st.booleans()) else list(IDS)
    return Sequence.model_validate(
        {
            "name": "any",
            "stage": "Approach",
            "window": draw(windows),
            "when_changed": draw(st.sampled_from(["finish", "move", "restart"])),
            "exit": draw(st.lists(st.sampled_from(RULES), max_size=1)),
            "steps": draw(steps(list(ids))) or [{"id": "s0", "email": "a"}],
        }
    )
