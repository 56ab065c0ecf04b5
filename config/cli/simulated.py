"""A simulation on the terminal: calendar, load curves, funnel, ends and service levels."""

from collections import Counter
from collections.abc import Iterable, Sequence

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from process.simulation.report import Load, Report
from workspace.counts import counted

_BARS = " ▁▂▃▄▅▆▇█"
#: A curve has at most so many bars.
_WIDTH = 20
#: So many rows of a table, and of differences.
_MOST = 12


def show(report: Report) -> None:
    console = Console()
    days = (report.ends - report.begins).days
    console.print(
        f"[bold]{counted(report.leads, 'lead')}, {counted(days, 'day')}[/], from {report.begins:%Y-%m-%d} to "
        f"{report.ends:%Y-%m-%d}"
    )
    for table in (_calendar(report), *_loads(report), _funnel(report), _ends(report)):
        console.print(table)


def show_difference(report: Report, other: Report, *, name: str) -> None:
    """What is otherwise here than there."""
    table = _table(f"Beside {name}", "", f">{name}", ">here", ">more")
    here, there = report.totals(), other.totals()
    for figure in dict.fromkeys((*here, *there)):
        before, now = there.get(figure, 0), here.get(figure, 0)
        if before != now:
            table.add_row(figure, f"{before:,}", f"{now:,}", f"{now - before:+,}")
    if table.row_count:
        Console().print(table)
    _tell_touches(report, other)


def _tell_touches(report: Report, other: Report) -> None:
    here, there = (Counter(_names(one)) for one in (report, other))
    mine, theirs = list((here - there).elements()), list((there - here).elements())
    if not mine and not theirs:
        typer.echo("Every touch is the same, to the minute.")
        return
    typer.echo(f"{counted(len(mine), 'touch')} only here, {len(theirs):,} only there. The first:")
    for sign, names in (("+", mine), ("-", theirs)):
        for at, lead, sequence, step in sorted(names)[: _MOST // 2]:
            typer.echo(f"  {sign} {at} lead {lead}: {sequence}, {step}")


def _names(report: Report) -> Iterable[tuple[str, int, str, str]]:
    for touch in report.touches:
        yield f"{touch.at:%Y-%m-%d %H:%M}", touch.lead_id, touch.sequence, touch.step


def _calendar(report: Report) -> Table:
    """Months when the weeks are many."""
    step = max(1, -(-len(report.weeks) // (2 * _MOST)))
    names = [f">{name}" for name in report.weeks[0].counts]
    table = _table("Calendar", "week of" if step == 1 else f"{step} weeks from", *names)
    for first in range(0, len(report.weeks), step):
        weeks = report.weeks[first : first + step]
        total: Counter[str] = Counter()
        for week in weeks:
            total.update(week.counts)
        table.add_row(f"{weeks[0].monday}", *(f"{total[n]:,}" for n in report.weeks[0].counts))
    return table


def _loads(report: Report) -> Iterable[Table]:
    for title, loads in (("Mailboxes", report.mailboxes), ("Reps", report.reps)):
        if not loads:
            continue
        what = "emails" if title == "Mailboxes" else "tasks"
        step = _weeks_per_bar(loads[0].weeks)
        bars = "by week" if step == 1 else f"by {step} weeks"
        table = _table(title, "", f">{what}", "busiest day", ">that day", ">cap", bars)
        table.columns[0].overflow = "fold"
        table.columns[-1].no_wrap = True
        for load in sorted(loads, key=lambda one: -one.total)[:_MOST]:
            table.add_row(*_load(load))
        if len(loads) > _MOST:
            table.caption = f"and {len(loads) - _MOST} more; --json has them all"
        yield table


def _load(load: Load) -> Sequence[str]:
    cap = "" if load.cap is None else f"{load.cap:,}"
    full = load.cap is not None and load.on_that_day >= load.cap
    most = f"[yellow]{load.on_that_day:,}[/]" if full else f"{load.on_that_day:,}"
    return (load.who, f"{load.total:,}", f"{load.busiest}", most, cap, _curve(load.weeks))


def _curve(weeks: Sequence[int]) -> str:
    step = _weeks_per_bar(weeks)
    sums = [sum(weeks[at : at + step]) for at in range(0, len(weeks), step)]
    most = max(sums, default=0) or 1
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in sums)


def _weeks_per_bar(weeks: Sequence[int]) -> int:
    return max(1, -(-len(weeks) // _WIDTH))


def _funnel(report: Report) -> Table:
    table = _table("Stages", "", ">leads", "", "at most", ">stays", ">too long", ">longest")
    most = max(report.funnel.values(), default=0) or 1
    for breach in report.breaches:
        count = report.funnel[breach.stage]
        beyond = f"[red]{breach.beyond:,}[/]" if breach.beyond else "0"
        table.add_row(
            breach.stage,
            f"{count:,}",
            "█" * round(10 * count / most),
            breach.service_level,
            f"{breach.stays:,}",
            beyond,
            counted(round(breach.longest_days), "day"),
        )
    return table


def _ends(report: Report) -> Table:
    table = _table("Sequences", "", ">begun", "ended by")
    for ends in report.sequences:
        told = ", ".join(f"{why} {count:,}" for why, count in ends.reasons.items())
        table.add_row(ends.sequence, f"{ends.begun:,}", told)
    return table


def _table(title: str, *columns: str) -> Table:
    """A column whose name begins with ">" is right-aligned."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.lstrip(">"), justify="right" if right else "left")
    return table
