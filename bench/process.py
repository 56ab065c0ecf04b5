"""A process that does what it is told, one line after the other, by a module of the bench."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

_CHECKOUT = Path(__file__).parent.parent
_START = "import django; django.setup(); from bench import {0}; {0}.main()"


def serve(commands: Mapping[str, Callable[..., object]]) -> None:
    """One line in, `["fill", 10000]`, and one line out, until there are no more."""
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(commands[name](*arguments)), flush=True)


class Process:
    def __init__(self, environment: Mapping[str, str], module: str = "ticking") -> None:
        inherited = {name: text for name, text in os.environ.items() if name != "DATABASE_URL"}
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-c", _START.format(module)],
            cwd=_CHECKOUT,
            env=inherited | dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, *asked: object) -> Any:
        self.tell(*asked)
        return self.answer()

    def tell(self, *asked: object) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it is piped
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101 - it is piped
        return json.loads(self._process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
