"""What is taken for a link."""

import pytest

from bot.domain.link import leads_somewhere


@pytest.mark.parametrize(
    ("text", "leads"),
    [
        ("https://example.com/case/7", True),
        ("http://example.com", True),
        ("/retro/7", True),
        ("//example.com", False),
        ("https://", False),
        ("example.com", False),
        ("", False),
    ],
)
def test_a_link_has_a_host_or_stays_within_the_web_workspace(text: str, leads: bool) -> None:
    assert leads_somewhere(text) is leads
