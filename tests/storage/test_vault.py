"""Secrets are unreadable in what is stored, and the operator's keys can be changed."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot import bootstrap
from bot.check import check
from bot.domain.connection import Connection
from bot.ports import VaultLocked
from bot.settings import Misconfigured, Settings, read
from storage.database import Database
from storage.tables import connections
from storage.vault import Vault
from tests.storage.made import saved
from tests.storage.test_proposal import a_connection

OLD, NEW = "an old key of some length", "a new key of some length"
SECRET = "whsec-9137"


def settings(file: Path, keys: str | None) -> Settings:
    given: dict[str, Any] = {"amends_database_url": f"sqlite:///{file}", "amends_secret_key": keys}
    return Settings(_env_file=None, **given)


def stored(file: Path) -> Connection:
    database = Database(f"sqlite:///{file}")
    with database.transaction(writes=False) as connection:
        row = connection.execute(select(connections)).one()
    database.close()
    return Connection.model_validate(row._asdict())


@pytest.fixture
def file(sqlite: Database) -> Path:
    """A database with a secret and no token in it, sealed with the old key."""
    made = a_connection(secret=Vault([OLD]).seal(SECRET))
    saved(sqlite, lambda work: work.connections.add(made))
    assert sqlite.file is not None
    return sqlite.file


def test_what_is_sealed_tells_nothing_and_is_opened_by_any_of_the_keys() -> None:
    sealed = Vault([OLD]).seal(SECRET)
    assert SECRET not in sealed
    assert sealed != Vault([OLD]).seal(SECRET)
    assert Vault([NEW, OLD]).open(sealed) == SECRET
    assert Vault([OLD]).seal("") == "" == Vault([OLD]).open("")


@pytest.mark.parametrize(("keys", "why"), [([NEW], "is not the key"), ([], "is not set")])
def test_without_the_right_key_one_line_names_the_setting_and_no_secret(
    keys: list[str], why: str
) -> None:
    sealed = Vault([OLD]).seal(SECRET)
    with pytest.raises(VaultLocked) as locked:
        Vault(keys).open(sealed)
    said = str(locked.value)
    assert said.startswith(f"AMENDS_SECRET_KEY {why}")
    assert "\n" not in said
    assert locked.value.__cause__ is None
    assert not any(word in said for word in (sealed, OLD, NEW, SECRET))


def test_nothing_is_sealed_without_a_key() -> None:
    assert not Vault().has_key
    with pytest.raises(VaultLocked, match="AMENDS_SECRET_KEY is not set"):
        Vault().seal(SECRET)


@pytest.mark.parametrize("keys", ["short", f"{NEW},", f"{NEW},short"])
def test_a_key_that_is_found_by_trying_is_refused_and_not_quoted(
    keys: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMENDS_SECRET_KEY", keys)
    with pytest.raises(Misconfigured) as wrong:
        read()
    assert str(wrong.value).startswith(
        "AMENDS_SECRET_KEY is wrong: each key needs at least 16 characters"
    )
    assert keys not in str(wrong.value)


def test_the_keys_are_not_in_what_settings_look_like(file: Path) -> None:
    assert NEW not in repr(settings(file, f"{NEW},{OLD}"))


async def test_migrate_seals_all_with_the_first_key_so_that_the_old_one_can_go(file: Path) -> None:
    assert (await bootstrap.migrate(settings(file, f"{NEW}, {OLD}"))).sealed == 1
    assert Vault([NEW]).open(stored(file).secret) == SECRET
    assert stored(file).token == ""
    await bootstrap.migrate(settings(file, NEW))
    assert Vault([NEW]).open(stored(file).secret) == SECRET


@pytest.mark.parametrize("keys", [NEW, None])
async def test_migrate_and_check_say_so_where_the_key_is_wrong_and_change_nothing(
    file: Path, keys: str | None
) -> None:
    before = stored(file)
    with pytest.raises(Misconfigured, match="AMENDS_SECRET_KEY"):
        await bootstrap.migrate(settings(file, keys))
    assert stored(file) == before
    findings = await check(settings(file, keys))
    [said] = [one.words for one in findings if not one.fine and "AMENDS_SECRET_KEY" in one.words]
    assert "missing" not in said, "check writes that word before it"


async def test_serve_starts_without_the_key_and_logs_why_helpdesks_wait(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with bootstrap.open_app(settings(file, None), speaks=True):
        pass
    assert "AMENDS_SECRET_KEY is not set" in caplog.text
    caplog.clear()
    async with bootstrap.open_app(settings(file, OLD), speaks=True):
        pass
    assert "AMENDS_SECRET_KEY" not in caplog.text
