"""What is taken for a link."""

from bot.domain.errors import Refused


def is_web_link(text: str) -> bool:
    """Whether it is an address in the web, which every platform shows as a link."""
    return text.startswith(("https://", "http://"))


def leads_somewhere(text: str) -> bool:
    """Whether it is a link; one within the web workspace has no address before it."""
    return is_web_link(text) or (text.startswith("/") and not text.startswith("//"))


def check_link(text: str) -> None:
    """Refuses what is no link."""
    if not leads_somewhere(text):
        raise Refused("The link starts with https://.")
