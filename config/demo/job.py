"""The job itself, through the product's own functions: pull, plan, apply, and 60 days of work."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from config.demo import servers
from config.demo.desk import Desk
from config.demo.driver import Driver
from config.demo.place import Place
from config.demo.told import Told
from config.demo.told import told as told_by_rows
from console import serve
from crm.facts import FIELDS
from crm.models import Connection
from crm.pull import pull
from process import apply, blueprint, planning
from runtime import clock
from sequences.models import AppliedVersion
from workers import clock as moments
from workers.app import fill_bell
from workers.run import working
from workspace.counts import counted


def run(
    told: dict[str, Any],
    *,
    place: Place,
    start: datetime,
    ends_at: datetime,
    port: int,
    console: Console,
    distributed: bool,
    people_work: bool,
) -> Told:
    """Live through the days; what the rows say at their end."""
    now = moments.start(start)
    desk = Desk(control=told["control"], ends_at=ends_at) if people_work else None
    driver = Driver(control=told["control"], ends_at=ends_at, desk=desk)
    with ExitStack() as stack:
        if distributed:
            fill_bell()  # the driver's, which stands for beat's
            stack.enter_context(servers.workers(place, port))
        else:
            stack.enter_context(_in_this_process(port))
        with _bar(console) as progress:
            loaded = blueprint.load(place.workspace, schema=FIELDS)
            apply.configure(loaded)
            _pull_first(progress)
            _apply_once(loaded, console)
            _live(driver, progress, start=start, now=now, ends_at=ends_at)
    return told_by_rows(clock.now())


@contextmanager
def _in_this_process(port: int) -> Iterator[None]:
    """The web and one worker thread beside the driver, as `cadenza run` has them."""
    server = serve.start("127.0.0.1", port)
    try:
        with working(1):
            yield
    finally:
        serve.stop(server)


def _pull_first(progress: Progress) -> None:
    """The first pull of each connection: it fills the mirror and enrolls nobody."""
    for connection in Connection.objects.filter(first_pulled_at=None):
        task = progress.add_task(f"pull {connection.name}", total=None)
        counts: dict[str, int] = {}

        def show(_name: str, kind: str, seen: int, task: Any = task, counts: Any = counts) -> None:
            counts[kind] = seen
            progress.update(task, completed=sum(counts.values()))

        pulled = pull(connection.pk, progress=show)
        if pulled is None or pulled.error:
            raise SystemExit(f"{connection.name}: {pulled.error if pulled else 'is being pulled'}")
        seen = sum(landed.seen for landed in pulled.landed.values())
        progress.update(
            task,
            total=seen,
            completed=seen,
            description=f"pull {connection.name}: {counted(seen, 'record')} in {counted(pulled.calls, 'call')}",
        )


def _apply_once(loaded: blueprint.Blueprint, console: Console) -> None:
    if AppliedVersion.objects.filter(active=True).exists():
        return
    for planned in planning.plan(loaded).sequences:
        if not planned.enrolls and not planned.refused:
            continue
        console.print(f"plan {planned.sequence}: enrolls {len(planned.enrolls)}", style="dim")
        for reason, count in planned.refused.items():
            console.print(f"  not {count}: {reason}", style="dim")
    apply.apply(loaded)


def _live(
    driver: Driver, progress: Progress, *, start: datetime, now: datetime, ends_at: datetime
) -> None:
    days = (ends_at - start).days
    task = progress.add_task("", total=days, completed=(now - start).days)

    def passed(moment: datetime) -> None:
        progress.update(
            task,
            completed=(moment - start).total_seconds() / 86_400,
            description=f"{moment:%a %d %b %H:%M}",
        )

    driver.run(passed)
    progress.update(task, completed=days, description=f"{clock.now():%a %d %b %H:%M}")


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
        console=console,
    )
