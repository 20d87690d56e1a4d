"""Texts in files, in which nothing that somebody typed is more than words."""

import pytest

from bot.messages.file_text import plain_markdown


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("===", "\\==="),
        ("---", "\\---"),
        ("- lost", "\\- lost"),
        ("+ lost", "\\+ lost"),
        ("1. lost", "1\\. lost"),
        ("12) lost", "12\\) lost"),
        ("~~~", "\\~\\~\\~"),
        ("=1+1", "=1+1"),
        ("2-3 parcels = 1.5 days", "2-3 parcels = 1.5 days"),
    ],
)
def test_no_line_of_markdown_begins_a_heading_a_list_or_code(typed: str, written: str) -> None:
    assert plain_markdown(f"  {typed}") == written
