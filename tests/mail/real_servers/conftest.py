"""A Postfix that takes mail for us and for customers, and a Dovecot that shows it; from Debian's packages.

us.example and customer.example arrive in maildirs; bounce.test refuses, later and by a report;
slow.test never answers.
"""

import grp
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from imapclient import IMAPClient

from mail import mailboxes
from mail.models import Mailbox
from runtime import clock
from tests.mail.conftest import free_port

ADA, GRACE, PASSWORD = "ada@us.example", "grace@customer.example", "pw"
PEOPLE = (ADA, GRACE, "ada+anything@us.example")
#: Whose files the maildirs are: neither root nor a server's own user.
OWNER = "nobody"

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mx.us.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
smtputf8_enable = yes
virtual_mailbox_domains = us.example, customer.example
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/people
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
recipient_delimiter = +
transport_maps = inline:{{ {{bounce.test=error:5.1.1 User unknown}}, {{slow.test=retry:4.3.0 try later}} }}
smtpd_relay_restrictions = permit_mynetworks, reject
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
delay_warning_time = 1s
maximal_queue_lifetime = 8s
bounce_queue_lifetime = 8s
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{lenient} inet n - n - - smtpd
  -o smtpd_reject_unlisted_recipient=no
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
DOVECOT = """\
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
default_login_user = {owner}
default_internal_user = {owner}
default_internal_group = {group}
mail_location = maildir:{mail}/%d/%n
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
}}
"""


def _missing() -> str:
    """Why these tests are left out; blank when they are not."""
    absent = [name for name in ("postfix", "dovecot") if not _program(name)]
    if absent:
        return f"no {' and no '.join(absent)} here: apt-get install postfix dovecot-imapd"
    return "" if os.geteuid() == 0 else "Postfix starts only as root"


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = _missing()
    for item in items:
        if missing and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=missing))


@dataclass
class Postfix:
    port: int
    lenient: int  #: takes mail for anybody, and reports what it could not deliver
    mail: Path

    def take(self, sender: str, recipient: str, raw: bytes | str) -> None:
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="customer.example") as server:
            server.sendmail(sender, recipient, raw)

    def arrived(self, address: str) -> list[bytes]:
        local, _, domain = address.partition("@")
        inbox = self.mail / domain / local
        return [path.read_bytes() for part in ("new", "cur") for path in (inbox / part).glob("*")]


@dataclass
class Dovecot:
    port: int
    mail: Path
    process: subprocess.Popen[bytes]

    def open(self, user: str = ADA) -> IMAPClient:
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=10)
        client.login(user, PASSWORD)
        return client

    def own(self, path: Path) -> None:
        owner = pwd.getpwnam(OWNER)
        os.chown(path, owner.pw_uid, owner.pw_gid)

    def freeze(self) -> None:
        """Every process of it stops answering, its connections stay."""
        for pid in self._processes():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in self._processes():
            os.kill(pid, signal.SIGCONT)

    def _processes(self) -> list[int]:
        return [int(found.name) for found in Path("/proc").glob("[0-9]*") if self._is_ours(found)]

    def _is_ours(self, process: Path) -> bool:
        with suppress(OSError, IndexError, ValueError):
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            return self.process.pid in {int(process.name), parent}
        return False


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Short, since names of sockets must be; and open to the servers' own users."""
    folder = Path(tempfile.mkdtemp(prefix="cadenza-", dir="/tmp"))
    folder.chmod(0o755)
    owner = pwd.getpwnam(OWNER)
    (folder / "mail").mkdir()
    for domain in ("us.example", "customer.example"):
        (folder / "mail" / domain).mkdir()
    for path in (folder / "mail", *(folder / "mail").iterdir()):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def postfix(place: Path) -> Iterator[Postfix]:
    folder, owner = place / "postfix", pwd.getpwnam(OWNER)
    ports = {"port": free_port(), "lenient": free_port()}
    conf = folder / "conf"
    conf.mkdir(parents=True)
    for name in ("queue", "data"):
        (folder / name).mkdir()
    os.chown(folder / "data", pwd.getpwnam("postfix").pw_uid, -1)
    values = {"folder": folder, **ports, "uid": owner.pw_uid, "gid": owner.pw_gid}
    main = MAIN.format(**values).replace(f"{folder}/mail", f"{place}/mail")
    (conf / "main.cf").write_text(main)
    (conf / "master.cf").write_text(MASTER.format(**values))
    people = (f"{who} {_maildir(who)}\n" for who in PEOPLE)
    (folder / "people").write_text("".join(people))
    command = [str(_program("postfix")), "-c", str(conf)]
    subprocess.run([*command, "start"], check=True, capture_output=True)  # noqa: S603 - our own server
    _until_answers(ports["lenient"])
    yield Postfix(**ports, mail=place / "mail")
    subprocess.run([*command, "stop"], check=True, capture_output=True)  # noqa: S603 - our own server


@pytest.fixture(scope="module")
def dovecot(place: Path) -> Iterator[Dovecot]:
    folder, port, owner = place / "dovecot", free_port(), pwd.getpwnam(OWNER)
    folder.mkdir()
    group = grp.getgrgid(owner.pw_gid).gr_name
    (folder / "dovecot.conf").write_text(
        DOVECOT.format(
            folder=folder,
            mail=place / "mail",
            owner=OWNER,
            group=group,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            password=PASSWORD,
            port=port,
        )
    )
    command = [str(_program("dovecot")), "-F", "-c", str(folder / "dovecot.conf")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own server
    _until_answers(port)
    server = Dovecot(port, place / "mail", process)
    yield server
    server.thaw()
    process.terminate()
    process.wait(20)


@pytest.fixture
def mailbox(db, sender, postfix, dovecot, monkeypatch, settings):
    """Ada's, on the real servers, by the real time."""
    settings.CADENZA_MODE = "sandbox"
    monkeypatch.setenv("MAIL_PASSWORD_ADA", PASSWORD)
    with dovecot.open() as client:
        client.select_folder("INBOX")
        client.delete_messages(client.search())
        client.expunge()
    yield Mailbox.objects.create(
        address=ADA,
        display_name="Ada Byron",
        smtp_url=f"smtp://127.0.0.1:{postfix.port}",
        imap_url=f"imap://127.0.0.1:{dovecot.port}",
        username=ADA,
        password="${MAIL_PASSWORD_ADA}",
        per_day=100,
        per_hour=100,
        gap=timedelta(0),
    )
    mailboxes.close_all()


def _maildir(address: str) -> str:
    local, _, domain = address.partition("@")
    return f"{domain}/{local.partition('+')[0]}/"


def _until_answers(port: int) -> None:
    deadline = clock.monotonic() + 30
    while clock.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as client:
            if client.recv(10):
                return
    raise AssertionError(f"nobody answers on port {port}")
