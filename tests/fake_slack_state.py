"""What the fake Slack remembers: channels, messages, whispers, views and triggers."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

TRIGGER_SECONDS = 3.0


@dataclass
class Posted:
    """A message in a channel; `edits` counts chat.update calls."""

    ts: str
    channel_id: str
    user: str
    text: str
    blocks: list[Any] = field(default_factory=list)
    thread_ts: str | None = None
    metadata: dict[str, Any] | None = None
    bot: bool = False
    edits: int = 0
    attachments: list[Any] = field(default_factory=list)

    def shown(self, *, metadata: bool = True) -> dict[str, Any]:
        """As Slack's answers and payloads carry it."""
        shown: dict[str, Any] = {"type": "message", "ts": self.ts, "user": self.user, "text": self.text}
        shown |= {"blocks": self.blocks} if self.blocks else {}
        shown |= {"attachments": self.attachments} if self.attachments else {}
        shown |= {"bot_id": "B0AMENDS"} if self.bot else {}
        shown |= {"thread_ts": self.thread_ts} if self.thread_ts else {}
        if self.metadata:
            shown["metadata"] = (
                self.metadata if metadata else {"event_type": self.metadata.get("event_type")}
            )
        return shown

    def buttons(self) -> dict[str, dict[str, Any]]:
        """Its buttons by label."""
        return buttons_in(self.blocks)

    def words(self) -> str:
        """Everything that is written in it, a line for each text."""
        return "\n".join(texts_in(self.blocks)) or self.text


@dataclass
class Ephemeral:
    """A message that one person sees; `channel` is None when it came by a response_url."""

    user: str
    text: str
    blocks: list[Any]
    channel_id: str | None = None
    thread_ts: str | None = None

    def buttons(self) -> dict[str, dict[str, Any]]:
        """Its buttons by label."""
        return buttons_in(self.blocks)

    def words(self) -> str:
        """Everything that is written in it, a line for each text."""
        return "\n".join(texts_in(self.blocks)) or self.text


@dataclass
class SlackChannel:
    """A channel, or direct messages with one person when `direct_to` is set.

    `shared` with another organisation, or `pending`: such an invitation is on its way. `host`: the
    workspace it belongs to, when that is another one than ours.
    """

    id: str
    name: str
    private: bool = False
    archived: bool = False
    shared: bool = False
    pending: bool = False
    host: str | None = None
    direct_to: str | None = None
    members: set[str] = field(default_factory=set)
    messages: dict[str, Posted] = field(default_factory=dict)
    last_post: float = float("-inf")

    def roots(self) -> list[Posted]:
        """What stands outside threads, oldest first."""
        return [posted for posted in self.messages.values() if posted.thread_ts in (None, posted.ts)]

    def thread(self, root: Posted) -> list[Posted]:
        """The replies under a message, oldest first."""
        return [
            posted
            for posted in self.messages.values()
            if posted.thread_ts == root.ts and posted.ts != root.ts
        ]


@dataclass
class Trigger:
    """The right to open one dialog, within three seconds, once."""

    id: str
    user: str
    view: str | None = None
    used: bool = False
    born: float = field(default_factory=time.monotonic)

    @property
    def expired(self) -> bool:
        """Whether its three seconds are over."""
        return time.monotonic() - self.born > TRIGGER_SECONDS


@dataclass
class View:
    """A modal or a home view of one person; `depth` counts the modals under it."""

    id: str
    user: str
    view: dict[str, Any]
    trigger: str = ""
    depth: int = 1
    open: bool = True

    def shown(self, values: dict[str, Any] | None = None) -> dict[str, Any]:
        """As Slack's answers and payloads carry it."""
        return {"id": self.id, "hash": "1.a", **self.view, "state": {"values": values or {}}}

    @property
    def title(self) -> str:
        """Its title."""
        return str(self.view["title"]["text"])

    def labels(self) -> list[str]:
        """The labels of its fields, in order."""
        return [block["label"]["text"] for block in self.view["blocks"] if block["type"] == "input"]

    def buttons(self) -> dict[str, dict[str, Any]]:
        """Its buttons by label."""
        return buttons_in(self.view["blocks"])

    def words(self) -> str:
        """Everything that is written in it, a line for each text."""
        return "\n".join(texts_in(self.view["blocks"]))


def buttons_in(blocks: list[Any]) -> dict[str, dict[str, Any]]:
    """Buttons and entries of menus by label, each as it is sent when somebody presses it."""
    return dict(pressable_in(blocks))


def pressable_in(blocks: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same in order, also where several have the same label."""
    for block in blocks:
        elements = block["elements"] if block["type"] == "actions" else ()
        for element in (*elements, *filter(None, [block.get("accessory")])):
            where = {"action_id": element["action_id"], "block_id": block.get("block_id", "made-up")}
            if element["type"] == "button":
                yield element["text"]["text"], {**element, **where}
            for option in element.get("options", ()):
                chosen = {"type": element["type"], **where, "selected_option": option}
                yield option["text"]["text"], chosen


def texts_in(node: Any) -> list[str]:
    """Every text in blocks, in order."""
    if isinstance(node, list):
        return [text for child in node for text in texts_in(child)]
    if not isinstance(node, dict):
        return []
    if isinstance(node.get("text"), str):
        return [node["text"].replace("\u200b", "")]
    return [text for child in node.values() for text in texts_in(child)]
