"""The Tryton program as tests start it and let its time pass."""

import os
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

#: Tables whose stamps tell what has changed.
_TABLES = ("party_party", "party_contact_mechanism", "company_employee", "sale_opportunity")
_DEADLINE = 60.0


@dataclass
class Tryton:
    folder: Path
    python: Path
    port: int
    database: str = "crm"
    key: str = ""

    @classmethod
    def in_folder(cls, folder, python):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        made = cls(folder=folder, python=python, port=port)
        made.configuration.write_text(
            f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n"
        )
        made.file.touch()
        return made

    @property
    def configuration(self):
        return self.folder / "trytond.conf"

    @property
    def file(self):
        return self.folder / f"{self.database}.sqlite"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def run(self, program, *arguments, environment=None):
        subprocess.run(  # noqa: S603 - a program of its environment
            [self.python.with_name(program), "-c", self.configuration, *arguments],
            check=True,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )

    def age(self, by: timedelta):
        """Everything happened so much earlier: the program's clock is the machine's."""
        seconds = f"-{by.total_seconds():.0f} seconds"
        with closing(sqlite3.connect(self.file, timeout=30)) as database, database:
            for table in _TABLES:
                for column in ("create_date", "write_date"):
                    database.execute(
                        f"UPDATE {table} SET {column} = "  # noqa: S608 - names of ours
                        f"strftime('%Y-%m-%d %H:%M:%f', {column}, ?) WHERE {column} IS NOT NULL",
                        [seconds],
                    )


@contextmanager
def served(tryton):
    """The server as a process, up and answering."""
    with (tryton.folder / "trytond.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - likewise
            [tryton.python.with_name("trytond"), "-c", tryton.configuration, "-d", tryton.database],
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(tryton, process)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(tryton, process):
    deadline = time.monotonic() + _DEADLINE
    while time.monotonic() < deadline:
        assert process.poll() is None, (tryton.folder / "trytond.log").read_text()[-2000:]
        try:
            with urllib.request.urlopen(f"{tryton.url}/{tryton.database}/rest/model/ir.lang"):  # noqa: S310 - our own server
                return
        except urllib.error.HTTPError:
            return  # it answers: that we have no key
        except OSError:
            time.sleep(0.05)  # until it listens, within the deadline
    raise AssertionError("Tryton does not answer")
