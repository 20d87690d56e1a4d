"""What a button of a digest says of the list behind it is read as it was written."""

from datetime import date

import pytest

from bot.domain.digest_page import DigestPage

DAY = date(2026, 3, 5)


@pytest.mark.parametrize(
    ("page", "written"),
    [
        (DigestPage(DAY), "2026-03-05"),
        (DigestPage(DAY, 0), "2026-03-05:0"),
        (DigestPage(DAY, 2, 12), "2026-03-05:2+12"),
        (DigestPage(DAY, left=3), "2026-03-05+3"),
    ],
)
def test_a_page_is_read_as_it_was_written(page: DigestPage, written: str) -> None:
    assert str(page) == written
    assert DigestPage.parse(written) == page


@pytest.mark.parametrize(
    "text", ["", "C-1", "2026-13-01:0", "2026-03-05:x", "2026-03-05:0+-1", "2026-03-05 "]
)
def test_any_other_text_is_no_page(text: str) -> None:
    with pytest.raises(ValueError):
        DigestPage.parse(text)
