"""`python -m sandbox`: a local HubSpot, Salesforce and mail world, in a process of its own."""

import argparse
import asyncio
from datetime import datetime
from pathlib import Path

from ruamel.yaml import YAML

from sandbox import company
from sandbox.pipeline import BadData
from sandbox.server import serve
from sandbox.world import World


def main() -> None:
    options = _options()
    try:
        loaded = company.empty() if options.empty else company.load(options.data, seed=options.seed)
    except BadData as error:
        raise SystemExit(str(error)) from error
    process = YAML(typ="safe").load(options.process.read_text()) if options.process else {}
    options.state.mkdir(parents=True, exist_ok=True)
    world = World(
        state=options.state,
        company=loaded,
        start=options.start,
        seed=options.seed,
        process=process,
        product_url=options.product_url,
    )
    asyncio.run(serve(world, idle=options.idle))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder for the journal")
    parser.add_argument(
        "--data", type=Path, default=company.OWN_DATA, help="CSV folder; default: the own company"
    )
    parser.add_argument("--empty", action="store_true", help="CRMs without a record")
    parser.add_argument("--seed", type=int, default=7, help="who the people are")
    parser.add_argument(
        "--start", type=datetime.fromisoformat, default="2026-03-02T06:00:00+00:00",
        help="the first moment, ISO 8601 with an offset",
    )  # fmt: skip
    parser.add_argument(
        "--idle", type=float, default=30 * 60,
        help="real seconds without a word from anybody, after which it ends by itself",
    )  # fmt: skip
    parser.add_argument("--process", type=Path, help="the team's process.yaml")
    parser.add_argument("--product-url", default="", help="where unsubscribe links are answered")
    return parser.parse_args()


if __name__ == "__main__":
    main()
