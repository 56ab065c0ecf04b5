"""`python -m bench [NAME...] [--json]`: each benchmark prints what it measured and against what."""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import experiments, inbound, mail, pull, rendering, simulate, sync, tick

Result = Mapping[str, object]
BENCHMARKS: Mapping[str, Callable[[Path | None], Result]] = {
    "experiments": experiments.measure,
    "inbound": inbound.measure,
    "mail": mail.measure,
    "pull": pull.measure,
    "rendering": rendering.measure,
    "simulate": simulate.measure,
    "sync": sync.measure,
    "tick": tick.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    parser.add_argument("--data", type=Path, help="pull: a CSV folder; default: the own company")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.names) - set(BENCHMARKS)):
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    results = {name: BENCHMARKS[name](asked.data) for name in asked.names or BENCHMARKS}
    if asked.json:
        print(json.dumps(results[asked.names[0]] if len(asked.names) == 1 else results))
        return
    for name, result in results.items():
        table = Table(title=name, title_justify="left", show_header=False)
        for figure, value in result.items():
            table.add_row(figure, str(value))
        Console().print(table)


if __name__ == "__main__":
    main()
