"""All that differs between machines, read once from the environment (and a `.env` file)."""

import os
import re
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

USUAL_PACE = 1.1
"""Seconds between two new messages in one channel: Slack allows about one a second."""


ENV_FILE = Path(".env")
MIN_KEY_LENGTH = 16
"""Characters of a key for secrets: a shorter one is found by trying."""
OTHERS = 0o077
"""The bits of a file's mode for everybody but its owner."""
HOST_AND_PORT = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?")
"""What may be vouched for: a name or an address of IPv4 or IPv6, and perhaps a port."""


class Misconfigured(Exception):
    """A setting is missing or wrong; the sentence names it."""


class Settings(BaseSettings):
    """Every setting, with its environment variable as its name."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True, frozen=True
    )

    amends_database_url: str = "sqlite:///amends.db"
    amends_secret_key: SecretStr | None = None
    """Encrypts stored secrets; of several, separated by commas, the first one does, and all decrypt."""
    amends_host: str = "127.0.0.1"
    amends_port: int = Field(default=3000, ge=0, le=65535)
    amends_url: str = ""
    """The address by which browsers reach it from outside, for the pages of those in Slack and Teams."""
    amends_web: bool | None = None
    """Opens the web adapter beside others (1) or never (0); unset: when nothing else is configured."""
    amends_web_without_login: bool = False
    """Says explicitly that the web adapter, which has no login, may be reached from other machines."""
    amends_pace: float = Field(default=USUAL_PACE, ge=0, le=60)
    """Seconds between two new messages in a channel; a quicker one quickens all limits, 0 lifts them."""
    amends_forget_after_days: int | None = Field(default=None, ge=1, le=36500)
    """Days that a case is stored before its customer is forgotten; unset: only when asked."""
    amends_shared_channels: bool = False
    """Works in Slack channels that are shared with another organisation, too."""
    amends_starts_a_minute: int = Field(default=60, ge=0, le=100_000)
    """How many cases, answers, items and the like one person may start a minute; 0: any number."""
    amends_helpdesk_hosts: str = ""
    """Hosts beside the helpdesks' own that take notes, separated by commas: for stand-ins."""
    amends_log_level: str = "INFO"
    slack_bot_token: str | None = None
    slack_signing_secret: str | None = None
    slack_app_token: str | None = None
    slack_api_url: str = "https://slack.com/api/"
    teams_app_id: str | None = None
    teams_app_password: str | None = None
    teams_app_tenant_id: str | None = None
    teams_app_type: Literal["SingleTenant", "UserAssignedMSI"] = "SingleTenant"
    teams_unauthenticated: bool = False
    """Takes what claims to be Teams without a token, from this machine only: for emulators."""
    teams_tenants: str = ""
    """Which tenants may use the app, separated by commas; empty: only the app's own."""
    teams_service_hosts: str = ""
    """Hosts beside Microsoft's own to which answers may go, separated by commas: for stand-ins."""
    teams_targeted: bool = False
    """Says private things in a channel as targeted messages instead of in the personal chat."""

    @field_validator("amends_database_url")
    @classmethod
    def _a_database(cls, url: str) -> str:
        kind, _, rest = url.partition("://")
        backend = kind.partition("+")[0]  # a driver in the address is understood
        if backend in ("postgresql", "postgres") or (
            backend == "sqlite" and rest.startswith("/") and rest not in ("/", "/:memory:")
        ):
            return url
        raise ValueError("must be sqlite:///FILE or start with postgresql://")

    @field_validator("amends_secret_key")
    @classmethod
    def _long_keys(cls, keys: SecretStr | None) -> SecretStr | None:
        if keys is not None and any(len(key) < MIN_KEY_LENGTH for key in _listed(keys)):
            raise ValueError(
                f"each key needs at least {MIN_KEY_LENGTH} characters, as from openssl rand -hex 32"
            )
        return keys

    @field_validator("amends_url")
    @classmethod
    def _a_public_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("must be an address like https://amends.example.com")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("must be an address without a path, like https://amends.example.com")
        return url.rstrip("/")

    @field_validator("slack_api_url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        # urlsplit itself raises ValueError for half an IPv6 address and the like.
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise ValueError("must be an address like https://slack.com/api/")
        return url

    @field_validator("amends_helpdesk_hosts")
    @classmethod
    def _hosts(cls, hosts: str) -> str:
        if not all(HOST_AND_PORT.fullmatch(host) for host in _named(hosts)):
            raise ValueError(
                "must be hosts like desk.example.com or 127.0.0.1:8080, with commas between"
            )
        return hosts

    @field_validator("amends_log_level")
    @classmethod
    def _known_level(cls, level: str) -> str:
        if level.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return level.upper()

    @field_validator("teams_app_type", mode="before")
    @classmethod
    def _known_type(cls, kind: object) -> str:
        # The SDK takes anything else for MultiTenant, silently, and new ones cannot be made any more.
        for known in ("SingleTenant", "UserAssignedMSI"):
            if str(kind).lower() == known.lower():
                return known
        raise ValueError("must be SingleTenant or UserAssignedMSI")

    @field_validator("slack_bot_token", "slack_app_token")
    @classmethod
    def _right_kind_of_token(cls, token: str | None, info: ValidationInfo) -> str | None:
        # The two tokens are easily swapped, and Slack's own answer ("not_allowed_token_type") hides it.
        start = "xoxb-" if info.field_name == "slack_bot_token" else "xapp-"
        if token is not None and not token.startswith(start):
            raise ValueError(f"must start with {start}")
        return token

    @property
    def secret_keys(self) -> Sequence[str]:
        """The keys that stored secrets are encrypted with, the newest first."""
        return _listed(self.amends_secret_key) if self.amends_secret_key else ()

    @property
    def forget_after(self) -> timedelta | None:
        """How long a case is stored before its customer is forgotten; None: until somebody asks."""
        days = self.amends_forget_after_days
        return None if days is None else timedelta(days=days)

    @property
    def slack(self) -> bool:
        """Whether Slack is configured."""
        return self.slack_bot_token is not None

    @property
    def web(self) -> bool:
        """Whether the web adapter opens."""
        return self.amends_web if self.amends_web is not None else not (self.slack or self.teams)

    @property
    def teams(self) -> bool:
        """Whether Teams is configured."""
        return self.teams_app_id is not None or self.teams_unauthenticated

    @property
    def tenants(self) -> frozenset[str]:
        """The tenants that may use the Teams app; empty: any, only without authentication."""
        return _named(self.teams_tenants or self.teams_app_tenant_id or "")

    @property
    def service_hosts(self) -> frozenset[str]:
        """Hosts of Teams' service beside Microsoft's own, which the operator vouches for."""
        return _named(self.teams_service_hosts)

    @property
    def helpdesk_hosts(self) -> frozenset[str]:
        """Hosts of helpdesks, or `host:port`, for which the operator vouches: http will do there."""
        return _named(self.amends_helpdesk_hosts)

    @property
    def loopback(self) -> bool:
        """Whether the server can only be reached from this machine."""
        if self.amends_host == "localhost":
            return True
        try:
            return ip_address(self.amends_host).is_loopback
        except ValueError:
            return False


def _named(words: str) -> frozenset[str]:
    """What stands between commas, in lower case."""
    return frozenset(word.strip().lower() for word in words.split(",") if word.strip())


def _listed(keys: SecretStr) -> Sequence[str]:
    return [key.strip() for key in keys.get_secret_value().split(",")]


def http_address(host: str, port: int) -> str:
    """Where a browser on this machine finds a server that listens there, without a slash at its end."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def warning() -> str | None:
    """What to do about a `.env` that other people on this machine can read; None when all is well."""
    if os.name != "posix" or not ENV_FILE.exists() or not ENV_FILE.stat().st_mode & OTHERS:
        return None
    return "Others on this machine can read .env, which may hold secrets: run chmod 600 .env."


def read() -> Settings:
    """The settings of this process; raises Misconfigured with one sentence that names the setting."""
    try:
        settings = Settings()
    except UnicodeDecodeError:
        raise Misconfigured("The file .env is not UTF-8: save it again as UTF-8.") from None
    except ValidationError as invalid:
        first = invalid.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]).upper()
        why = first["msg"].removeprefix("Value error, ")
        raise Misconfigured(f"{name} is wrong: {why}.") from None
    if (settings.slack_signing_secret or settings.slack_app_token) and not settings.slack_bot_token:
        raise Misconfigured("SLACK_BOT_TOKEN is missing: Slack is half configured.")
    if settings.slack_bot_token and not (settings.slack_signing_secret or settings.slack_app_token):
        raise Misconfigured(
            "SLACK_SIGNING_SECRET is missing (or set SLACK_APP_TOKEN to use Socket Mode)."
        )
    _check_teams(settings)
    _check_web(settings)
    return settings


def for_demo(settings: Settings, database_url: str) -> Settings:
    """The same with the web workspace alone, and a database of its own; raises Misconfigured."""
    alone = {
        "amends_database_url": database_url,
        "amends_web": True,
        "amends_forget_after_days": None,
        "slack_bot_token": None,
        "teams_app_id": None,
        "teams_unauthenticated": False,
    }
    changed = settings.model_copy(update=alone)
    _check_web(changed)
    return changed


def _check_web(settings: Settings) -> None:
    if settings.web and not settings.loopback and not settings.amends_web_without_login:
        raise Misconfigured(
            f"AMENDS_HOST is {settings.amends_host}, and the web workspace has no login: keep it on "
            "127.0.0.1, or set AMENDS_WEB_WITHOUT_LOGIN=1 where everybody who can reach it may act."
        )


def _check_teams(settings: Settings) -> None:
    if settings.teams_unauthenticated and not settings.loopback:
        raise Misconfigured(
            f"TEAMS_UNAUTHENTICATED lets anybody in, and AMENDS_HOST is {settings.amends_host}: keep it "
            "on 127.0.0.1, or leave it out and set TEAMS_APP_ID."
        )
    if settings.teams_unauthenticated:
        return
    if settings.teams_app_id is None:
        others = (settings.teams_app_password, settings.teams_app_tenant_id, settings.teams_tenants)
        if any(others):
            raise Misconfigured("TEAMS_APP_ID is missing: Teams is half configured.")
        return
    if settings.teams_app_type == "SingleTenant" and not settings.teams_app_password:
        raise Misconfigured(
            "TEAMS_APP_PASSWORD is missing (or set TEAMS_APP_TYPE=UserAssignedMSI, which needs none)."
        )
    if not settings.teams_app_tenant_id:
        raise Misconfigured("TEAMS_APP_TENANT_ID is missing: it says whose tokens and people to accept.")
