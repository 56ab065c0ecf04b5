"""`cadenza demo`: from a fresh folder to the closing table."""

import json
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from config.cli import wide
from config.demo.place import (
    Place,
    end,
    environment,
    free_port,
    init_workspace,
    start_witness,
    witness,
    write_workspace,
)
from process.names import STAGES

if TYPE_CHECKING:
    from config.demo.told import Told

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
DAYS = 60


def main(
    *,
    data: Path | None = None,
    seed: int = 7,
    folder: Path = Path(".cadenza/demo"),
    days: int = DAYS,
    as_json: bool = False,
    distributed: bool = False,
    people_work: bool = True,
) -> int:
    """Run the demo, or go on with one that was killed; the exit code: 0 when every promise held.

    `people_work` False: nobody does a task, which is what a simulation without rates reckons with.
    """
    began = time.monotonic()
    console = Console(stderr=as_json)
    place = Place(folder=folder.resolve())
    asked: dict[str, object] = {
        "data": str(data.resolve()) if data else None,
        "seed": seed,
        "days": days,
        "distributed": distributed,
    }
    with ExitStack() as stack:
        told = _prepare(place, asked, console)
        os.environ.update(environment(place, told))
        if distributed:
            from config.demo import servers  # noqa: PLC0415 - PostgreSQL and Redis only when asked

            stack.enter_context(servers.running(place))
        _set_up()
        from config.demo import job  # noqa: PLC0415 - Django's apps are ready only now

        rows = job.run(
            told,
            place=place,
            start=START,
            ends_at=START + timedelta(days=days),
            port=place.notes()["port"],
            console=console,
            distributed=distributed,
            people_work=people_work,
        )
        figures = _audit(place, told, rows)
    place.keep(finished=True)
    end(told["pid"])
    figures["seconds"] = round(time.monotonic() - began, 1)
    _show(figures, as_json=as_json, console=console, place=place)
    return 1 if _broken(figures) else 0


def _prepare(place: Place, asked: dict[str, object], console: Console) -> dict[str, Any]:
    """The witness of an interrupted run of the same kind, else a fresh folder and a new witness."""
    notes = place.notes()
    running = witness(place) if notes.get("asked") == asked and not notes.get("finished") else None
    if running is not None:
        console.print("Going on with the demo that was interrupted; the witness kept running.")
        return running
    place.clear()
    init_workspace(place)
    port = free_port()
    public_url = f"http://127.0.0.1:{port}"
    data = asked["data"]
    console.print(
        "Starting the sandbox: a HubSpot, a Salesforce, mailboxes, and people who answer."
    )
    told = start_witness(
        place,
        data=Path(str(data)) if data else None,
        seed=int(str(asked["seed"])),
        start=START.isoformat(),
        product_url=public_url,
    )
    write_workspace(place, told, public_url=public_url)
    place.keep(asked=asked, port=port, pids=[told["pid"]], finished=False)
    return told


def _set_up() -> None:
    import django  # noqa: PLC0415 - its settings read the environment, which stands only now
    from django.core.management import call_command  # noqa: PLC0415 - likewise

    django.setup()
    call_command("migrate", verbosity=0)


def _audit(place: Place, told: dict[str, Any], rows: "Told") -> dict[str, Any]:
    from sandbox import audit  # noqa: PLC0415 - the witness counts; loaded only here

    figures: dict[str, Any] = audit.figures(
        told["control"],
        workspace=place.workspace,
        unconfirmed=rows.unconfirmed,
        stage_of=rows.stage_of,
    )
    return {
        **figures,
        "stuck": sum(int(row["stuck"]) for row in rows.passages),
        "passages": rows.passages,
        "examples": [asdict(example) for example in rows.examples],
    }


#: Figures that a promise holds at zero.
PROMISED = (
    "after_stop",
    "sent_twice",
    "stage_mismatches",
    "touches_missing",
    "touches_extra",
    "outside_window",
    "stage_disagreements",
    "stuck",
)


def _broken(figures: dict[str, Any]) -> bool:
    return any(figures[name] for name in PROMISED)


def _show(figures: dict[str, Any], *, as_json: bool, console: Console, place: Place) -> None:
    if as_json:
        print(json.dumps(figures, ensure_ascii=False))  # noqa: T201 - the answer itself
        return
    console.print(_counted(figures))
    wide.show(console, "Through the seven stages", _passages(figures["passages"]))
    cadenza = f"{_program()} -w {os.path.relpath(place.workspace)}"
    console.print(f"Look around: {cadenza} status", style="dim", soft_wrap=True)
    for example in figures["examples"]:
        console.print(_example(example, cadenza), style="dim", soft_wrap=True)


def _example(told: Mapping[str, Any], cadenza: str) -> str:
    count, lead = told["stages"], told["lead"]
    stages = "all seven stages" if count == len(STAGES) else f"{count} of the seven stages"
    return f"A lead with tactics of {stages}, and {told['outcome']}: {cadenza} explain {lead}"


def _program() -> str:
    """As it is called here, so that what is told can be pasted."""
    return "cadenza" if shutil.which("cadenza") else sys.argv[0]


def _counted(figures: Mapping[str, Any]) -> Table:
    table = Table(title="What the witness counted", title_justify="left")
    table.add_column("figure")
    table.add_column("count", justify="right")
    table.add_column("", justify="left")
    for name, value in figures.items():
        if name == "stages":
            for stage, count in value.items():
                table.add_row(f"  reached {stage}", f"{count:,}", "" if count else "[red]none[/]")
        elif name in PROMISED:
            table.add_row(
                _words(name), f"{value:,}", "[red]broken[/]" if value else "[green]kept[/]"
            )
        elif name not in {"passages", "examples"}:
            table.add_row(_words(name), f"{value:,}", "")
    return table


def _words(name: str) -> str:
    return name.replace("_", " ")


def _passages(rows: Sequence[Mapping[str, str | int]]) -> list[wide.Column]:
    """Who came to each stage and how they left it, as `cadenza report stages` has it."""
    return [
        wide.Column(
            name=_words(name),
            cells=[f"{row[name]:,}" if name != "stage" else str(row[name]) for row in rows],
            is_text=name == "stage",
            is_idle=not any(row[name] for row in rows),
        )
        for name in rows[0]
    ]
