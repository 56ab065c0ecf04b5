"""Commands that go on until they are told to stop: run, web, worker, beat, listen."""

from typing import Annotated

import typer

from config.cli.app import app

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.")]


@app.command()
def run(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Everything in one process: worker, beat, listener and web. No server to install."""
    _ready_to_serve()
    from console import serve  # noqa: PLC0415 - every command loads only what it needs
    from workers import run as running  # noqa: PLC0415 - as above

    server = serve.start(host, port)
    typer.echo(f"Console: http://{host}:{port}/admin/  (Ctrl-C stops)")
    try:
        running.everything()
    finally:
        serve.stop(server)


@app.command()
def web(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """The console, the unsubscribe page and /healthz."""
    _ready_to_serve()
    from console import serve  # noqa: PLC0415 - as above

    typer.echo(f"Console: http://{host}:{port}/admin/  (Ctrl-C stops)")
    serve.serve(host, port)


@app.command()
def worker(
    concurrency: Annotated[int, typer.Option(help="Threads.", min=1)] = 4,
) -> None:
    """Do the work that the bell rings for. As many as wanted, on as many machines."""
    _ready_to_serve(shared=True)
    from workers import run as running  # noqa: PLC0415 - as above

    running.worker(concurrency=concurrency)


@app.command()
def beat() -> None:
    """Ring the sweeps. Two of them are harmless."""
    _ready_to_serve(shared=True)
    from workers import run as running  # noqa: PLC0415 - as above

    running.beat()


@app.command()
def listen() -> None:
    """Hold IDLE on the inboxes, so that answers are read at once."""
    _ready_to_serve(shared=True)
    from workers import run as running  # noqa: PLC0415 - as above

    running.listener()


def _ready_to_serve(*, shared: bool = False) -> None:
    from config.cli.django import ready  # noqa: PLC0415 - as above

    ready()
    from django.conf import settings  # noqa: PLC0415 - as above

    if shared and not settings.REDIS_URL:
        typer.echo(
            "REDIS_URL is not set: processes of their own need a Redis to ring each other.\n"
            "Set REDIS_URL (and DATABASE_URL), or use: cadenza run",
            err=True,
        )
        raise typer.Exit(1)
    from config.preflight import refuse_sandbox  # noqa: PLC0415 - as above
    from process.overview import staging  # noqa: PLC0415 - as above

    refuse_sandbox()
    if warning := staging():
        typer.secho(warning, fg="red", bold=True, err=True)
