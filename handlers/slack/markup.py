"""What a message in Slack says, in plain words: its text, or else its blocks, or its attachments.

Helpdesk apps post tickets as blocks or attachments, with a `text` that is empty or an excuse.
"""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.domain.link import is_web_link
from handlers.payload import Payload, mapping, text_at

PRIVATE = "a private channel"
"""What a channel is called whose name Slack does not tell."""
SOMEBODY = "someone"
EXCUSES = ("this content can't be displayed.", "[no preview available]")
"""What stands in place of words in a message that has only blocks or attachments."""

_MARKUP = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_MENTION = re.compile(r"<@([^<>|]+)(?:\|[^<>]*)?>")
_LINK = re.compile(r"<(https?://[^<>|]+)")
_NUMBER = re.compile(r"\d{2,}")

Names = Mapping[str, str]
"""People's names by their ids, as far as they are known."""
NOBODY: Names = {}


def said(text: str, names: Names = NOBODY) -> str:
    """A text as its author saw it: Slack's markup for names and links undone, and its escapes."""

    def shown(match: re.Match[str]) -> str:
        mark, target, label = match.groups()
        if mark == "":
            return target if not label or label in target else f"{label} ({target})"
        if mark == "!":
            return label or f"@{target.partition('^')[0]}"
        name = names.get(target) or label or (SOMEBODY if mark == "@" else "")
        return f"{mark}{name.removeprefix(mark)}" if name else PRIVATE

    # Only &amp; &lt; &gt; are Slack's; unescape knows more, so the others are kept from it.
    plain = re.sub(r"&(?!(?:amp|lt|gt);)", "&amp;", _MARKUP.sub(shown, text))
    return html.unescape(plain)


def words_of(message: Payload, names: Names = NOBODY) -> str:
    """All that a message says: its text, or else its blocks, or else its attachments."""
    text = said(text_at(message, "text"), names).strip()
    if _says_something(text):
        return text
    return _in_blocks(message, names) or _lines(
        _in_attachment(attachment, names) for attachment in _objects(message, "attachments")
    )


def mentioned(message: Payload) -> list[str]:
    """The ids of the people whom it mentions, each once."""
    ids = [
        id
        for node in _nodes([message.get("text"), message.get("blocks"), message.get("attachments")])
        for id in (_MENTION.findall(node) if isinstance(node, str) else [node.get("user_id")])
        if isinstance(id, str)
    ]
    return list(dict.fromkeys(ids))


def ticket_in(message: Payload) -> tuple[str, str]:
    """The title and the link of the ticket that an app's message is about; empty when there is none.

    A title's own link counts first, then a link in which a number stands.
    """
    for attachment in _objects(message, "attachments"):
        if is_web_link(link := text_at(attachment, "title_link")):
            return said(text_at(attachment, "title")), html.unescape(link)
    texts = [message.get("text"), message.get("blocks"), message.get("attachments")]
    links = [
        html.unescape(link)
        for node in _nodes(texts)
        for link in (_LINK.findall(node) if isinstance(node, str) else [node.get("url")])
        if isinstance(link, str) and is_web_link(link)
    ]
    return "", next((link for link in links if _NUMBER.search(link.partition("://")[2])), "")


def _says_something(text: str) -> bool:
    return bool(text) and text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").lower() not in EXCUSES


def _in_attachment(attachment: Payload, names: Names) -> str:
    parts = [said(text_at(attachment, key), names) for key in ("pretext", "title", "text")]
    found = _lines([*parts, _in_blocks(attachment, names)])
    fallback = said(text_at(attachment, "fallback"), names).strip()
    return found or (fallback if _says_something(fallback) else "")


def _in_blocks(holder: Payload, names: Names) -> str:
    return _lines(_in_block(block, names) for block in _objects(holder, "blocks"))


def _in_block(block: Payload, names: Names) -> str:
    kind = text_at(block, "type")
    if kind == "rich_text":
        return _lines(_rich(element, names) for element in _objects(block, "elements"))
    if kind == "markdown":
        return text_at(block, "text")
    if kind not in ("section", "header", "context"):
        return ""  # buttons, pictures and lines say nothing
    held = [mapping(block, "text")] if isinstance(block.get("text"), Mapping) else []
    return _lines(
        said(text_at(text, "text"), names)
        if text_at(text, "type") == "mrkdwn"
        else text_at(text, "text")
        for text in (*held, *_objects(block, "fields"), *_objects(block, "elements"))
        if text_at(text, "type") in ("mrkdwn", "plain_text")
    )


def _rich(element: Payload, names: Names) -> str:
    """One part of rich text: a line of pieces, or a list of such lines."""
    kind, inner = text_at(element, "type"), _objects(element, "elements")
    if kind == "rich_text_list":
        return _lines(f"- {_rich(item, names)}" for item in inner)
    return "".join(_piece(piece, names) for piece in inner)


def _piece(piece: Payload, names: Names) -> str:
    kind = text_at(piece, "type")
    if kind == "user":
        return f"@{names.get(text_at(piece, 'user_id')) or SOMEBODY}"
    if kind == "link":
        text, url = text_at(piece, "text"), text_at(piece, "url")
        return url if not text or text in url else f"{text} ({url})"
    if kind == "emoji":
        return f":{text_at(piece, 'name')}:"
    if kind == "channel":
        return PRIVATE
    return f"@{text_at(piece, 'range')}" if kind == "broadcast" else text_at(piece, "text")


def _lines(parts: Any) -> str:
    return "\n".join(stripped for part in parts if (stripped := part.strip()))


def _objects(holder: Payload, key: str) -> list[Payload]:
    found = holder.get(key)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _nodes(node: Any) -> Iterator[Any]:
    """Every text and every object in a payload, in order."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        yield node
        for child in node.values():
            yield from _nodes(child)
    elif isinstance(node, list):
        for child in node:
            yield from _nodes(child)
