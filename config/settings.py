"""Django's settings, from the environment alone.

CADENZA_WORKSPACE   the team's folder (default: the current one)
CADENZA_MODE        production (default) | sandbox (a demo's folder): which endpoints may be talked to
CADENZA_SECRET_KEY  signs logins and unsubscribe links; with SQLite one is made and kept beside it
DATABASE_URL        postgres://... ; default: SQLite in the workspace's .cadenza folder
CADENZA_SQLITE_SYNC full (default) | normal: quicker, and a power cut may take back the last commits
REDIS_URL           redis://... ; default: none, `cadenza run` needs no broker
CADENZA_RESOLVER    address[:port] of the name server that `cadenza doctor` asks; default: the machine's
"""

import os
import secrets
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

CHECKOUT = Path(__file__).resolve().parent.parent
WORKSPACE = Path(os.environ.get("CADENZA_WORKSPACE", ".")).resolve()
STATE = WORKSPACE / ".cadenza"
#: A demo's folder stays a sandbox's when its CRMs have ended: what it has is told by its own clock.
SANDBOX_MARK = STATE / "sandbox"
CADENZA_MODE = os.environ.get("CADENZA_MODE", "sandbox" if SANDBOX_MARK.exists() else "production")
REDIS_URL = os.environ.get("REDIS_URL", "")
CADENZA_RESOLVER = os.environ.get("CADENZA_RESOLVER", "")


def _kept_secret() -> str:
    """A key of this installation's own, readable by its user alone."""
    path = STATE / "secret-key"
    STATE.mkdir(parents=True, exist_ok=True)
    # A team keeps the folder around it in git.
    (STATE / ".gitignore").write_text("*\n")
    try:
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:  # noqa: PTH123 - a mode at creation
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


if os.environ.get("DATABASE_URL"):
    DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=600)}
    SECRET_KEY = os.environ.get("CADENZA_SECRET_KEY", "")
    if not SECRET_KEY:
        raise ImproperlyConfigured(
            "DATABASE_URL is set and CADENZA_SECRET_KEY is not. Set it to a long random text, the "
            "same for every process, and keep it: it signs logins and unsubscribe links."
        )
else:
    SECRET_KEY = os.environ.get("CADENZA_SECRET_KEY") or _kept_secret()
    sync = os.environ.get("CADENZA_SQLITE_SYNC", "full")
    if sync not in {"full", "normal"}:
        raise ImproperlyConfigured(f"CADENZA_SQLITE_SYNC is {sync!r}; valid: full, normal")
    DATABASES = {
        "default": {
            "ENGINE": "crm.sqlite",
            "CONN_MAX_AGE": 600,
            "NAME": str(STATE / "cadenza.sqlite3"),
            # As Django has it; pytest-django's workers ask for Django's own engine by name.
            "TEST": {"NAME": ":memory:"},
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                # 16 MB, and a statement's own undo log: what a batch changes stays in memory until
                # it is committed.
                "init_command": (
                    f"PRAGMA journal_mode=WAL; PRAGMA synchronous={sync}; PRAGMA cache_size=-16000; "
                    "PRAGMA temp_store=MEMORY"
                ),
            },
        }
    }

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "crm",
    "mail",
    "sequences",
    "process",
    "workers",
    "console",
    "config.apps.CadenzaConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "tasks"
LOGOUT_REDIRECT_URL = "login"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [CHECKOUT / "templates" / "console"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ALLOWED_HOSTS = os.environ.get("CADENZA_HOSTS", "127.0.0.1,localhost").split(",")
#: An ESP brings an email in with its attachments; what is read is limited by each webhook.
DATA_UPLOAD_MAX_MEMORY_SIZE = 40 << 20
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
UNFOLD = {"SITE_TITLE": "Cadenza", "SITE_HEADER": "Cadenza"}
