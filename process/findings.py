"""What an experiment says, in words, and what to do next."""

from collections.abc import Mapping, Sequence

from process.experiments import Outlook, Report
from sequences.email_step import Experiment
from sequences.experiments import Comparison, Range

#: A range that goes beyond has no upper end to speak of.
_MANY = 100


def finding(report: Report) -> str:
    """It names a winner only when one is earned."""
    judgment, trial = report.judgment, report.trial
    if not any(row.arm.units for row in report.rows):
        return "Nobody has got this email yet."
    match judgment.outcome:
        case "winner":
            return _won(str(judgment.winner), judgment.comparisons, trial)
        case "no difference worth it":
            return (
                f"{_out(judgment.beaten)}There is no difference of {_points(trial)} or more: keep "
                "whichever you like, and try something bolder."
            )
        case "uneven split":
            return (
                "The companies are not split as the weights say, which chance does not do, so no "
                "winner is named. See which emails did not leave (cadenza status), then begin "
                "again under another step id."
            )
    return f"{_out(judgment.beaten)}Undecided: {_missing(report)}"


def foreseen(outlook: Outlook) -> str:
    """Whether those whom the plan enrolls can decide it: a sentence, no error."""
    have = ", ".join(
        f"{name} has {count:,} and gets {outlook.planned[name]:,}"
        for name, count in outlook.so_far.items()
    )
    verdict = "that is enough" if outlook.is_enough else "it cannot be decided with these"
    return (
        f"{outlook.step}: to tell {_rates(outlook.trial)} takes "
        f"{_each(outlook.needed.always, ' companies')} ({_each(outlook.needed.once)} if looked at "
        f"only once, at the end); {have}: {verdict}."
    )


def ratio(found: Range) -> str:
    if found.high >= _MANY and found.low <= 1 / _MANY:
        return "not known yet"
    if found.high < _MANY:
        return f"{found.low:.2f} to {found.high:.2f} times"
    return f"{found.low:.2f} times or more"


def _won(winner: str, comparisons: Sequence[Comparison], trial: Experiment) -> str:
    told = [
        f"{ratio(_seen_from(winner, found))} the {trial.measure} of {found.loser}"
        for found in comparisons
        if winner in (found.variant, found.against)
    ]
    return f"{winner} wins: {', '.join(told)}. Write `email: {winner}` in the step and apply it."


def _seen_from(winner: str, found: Comparison) -> Range:
    if found.variant == winner:
        return found.ratio
    high = 1 / found.ratio.low if found.ratio.low else float("inf")
    return Range(low=1 / found.ratio.high, high=high)


def _out(beaten: Sequence[str]) -> str:
    return f"Take out {' and '.join(beaten)}: another variant does better. " if beaten else ""


def _missing(report: Report) -> str:
    missing = {row.arm.name: report.missing(row) for row in report.rows}
    short = {name: count for name, count in missing.items() if count}
    if short:
        rates = _rates(report.trial)
        told = f"to tell {rates}, {_each(short, ' more companies')} are needed"
    else:
        told = f"most likely the difference is smaller than {_points(report.trial)}"
    return f"{told}. {_at_these_rates(report)}{_waiting(report)}Let it run."


def _at_these_rates(report: Report) -> str:
    more = report.more_at_these_rates
    if more is None:
        return ""
    return f"If answers go on as they came, about {more:,} more in all decide it. "


def _waiting(report: Report) -> str:
    waiting = sum(row.arm.waiting for row in report.rows)
    return f"Written to so lately that they may still answer: {waiting:,}. " if waiting else ""


def _each(counts: Mapping[str, int], what: str = "") -> str:
    """Variants of one weight need as many each."""
    if len(counts) > 1 and len(set(counts.values())) == 1:
        return f"{next(iter(counts.values())):,}{what} per variant"
    return " and ".join(f"{count:,}{what} for {name}" for name, count in counts.items())


def _rates(trial: Experiment) -> str:
    return f"{trial.measure} of {100 * trial.expected:g}% from {100 * trial.better:g}%"


def _points(trial: Experiment) -> str:
    return f"{100 * trial.difference:g} percentage points"
