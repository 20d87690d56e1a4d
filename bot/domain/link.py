"""What is taken for a link."""

import re

from bot.domain.errors import Refused

NO_LINK = "The link starts with https://."
WITH_A_HOST = re.compile(r"https?://[^\s/?#]")


def is_web_link(text: str) -> bool:
    """Whether it is an address in the web, which every platform shows as a link."""
    return WITH_A_HOST.match(text) is not None


def leads_somewhere(text: str) -> bool:
    """Whether it is a link; one within the web workspace has no address before it."""
    return is_web_link(text) or (text.startswith("/") and not text.startswith("//"))


def check_link(text: str) -> None:
    """Refuses what is no link."""
    if not leads_somewhere(text):
        raise Refused(NO_LINK)
