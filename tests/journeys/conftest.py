"""Journeys are not measured for coverage: they keep to the clock, and start other processes."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every journey, wherever the tests were started from."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("no_cover")
