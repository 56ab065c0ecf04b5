"""Making Django and the database ready, for the commands that need them."""

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from workspace import layout

if TYPE_CHECKING:
    from process.blueprint import Blueprint


def ready() -> None:
    """Set Django up, check the deployment, and bring the database's schema up to date."""
    if not os.environ.get("DATABASE_URL"):
        has_workspace()
    import django  # noqa: PLC0415 - costs 0.4 s that `--help` and `check` must not pay

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - only after set-up
    from django.db import connection  # noqa: PLC0415 - likewise
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415 - likewise

    run_checks = importlib.import_module("django.core.checks").run_checks
    errors = [str(message) for message in run_checks() if message.is_serious()]
    if errors:
        raise SystemExit("\n".join(errors))
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
    from workers.clock import use_moment_if_kept  # noqa: PLC0415 - likewise

    use_moment_if_kept()


def has_workspace() -> None:
    """Without one nothing here would be but an empty database, which looks healthy."""
    folder = Path(os.environ.get("CADENZA_WORKSPACE", ".")).resolve()
    if not (folder / layout.TEAM).is_file():
        raise SystemExit(
            f"{folder} has no {layout.TEAM}. `cadenza init` makes a workspace; -w or "
            "CADENZA_WORKSPACE names another folder."
        )


def blueprint() -> "Blueprint":
    """The workspace, checked; raises Invalid with every problem."""
    from django.conf import settings  # noqa: PLC0415 - only after set-up

    from crm.facts import FIELDS  # noqa: PLC0415 - likewise
    from process import blueprint as loader  # noqa: PLC0415 - likewise

    return loader.load(Path(settings.WORKSPACE), schema=FIELDS)
