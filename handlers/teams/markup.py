"""Turns the HTML that Teams makes of what people write into plain text."""

import html
import re
from html.parser import HTMLParser

from bot.domain.link import is_web_link


class _Words(HTMLParser):
    """Collects what a person reads in HTML, with line breaks where blocks end."""

    BLOCKS = ("p", "div", "br", "li", "blockquote", "tr", "h1", "h2", "h3", "pre")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.words.append("\n")
        elif tag in ("img", "attachment"):
            self.words.append(dict(attrs).get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.BLOCKS and tag != "br":
            self.words.append("\n")


class _Links(HTMLParser):
    """Collects where links in HTML lead to."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if tag == "a" and name == "href" and value]


_TAGS = re.compile(r"</?[a-zA-Z][^<>]*>")


def shown(text: str) -> str:
    """A text as its author saw it: tags gone, entities undone, and no run of empty lines."""
    if not _TAGS.search(text):
        plain = html.unescape(text)
    else:
        reader = _Words()
        reader.feed(text)
        reader.close()
        plain = "".join(reader.words)
    tidy = "\n".join(line.rstrip() for line in plain.replace("\xa0", " ").splitlines())
    return re.sub(r"\n{3,}", "\n\n", tidy).strip()


def ticket_link(text: str) -> str:
    """The first link in HTML in which a number stands; empty when there is none."""
    reader = _Links()
    reader.feed(text)
    reader.close()
    links = (link for link in reader.links if is_web_link(link))
    return next((link for link in links if re.search(r"[0-9]{2,}", link)), "")
