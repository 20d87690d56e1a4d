"""A desk for the commands, on SQLite: what only a second database can tell is tested in storage."""

import pytest

from storage.database import Database
from tests.desk import Desk


@pytest.fixture
def desk(sqlite: Database) -> Desk:
    """People asking the bot."""
    return Desk(sqlite)
