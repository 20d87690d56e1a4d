"""What the fake Teams remembers: channels with posts, dialogs, and what single people were told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests import fake_teams_card as cards
from tests.fake_teams_card import CARD, Node


@dataclass
class Posted:
    """A message in a channel; `edits` counts how often it was replaced, `only_for` who alone sees it."""

    id: str
    channel_id: str
    root: str
    author: str
    activity: Mapping[str, Any]
    bot: bool = False
    edits: int = 0
    only_for: str | None = None

    @property
    def card(self) -> Node:
        """Its card, or an empty one."""
        return _card(self.activity)

    def buttons(self) -> dict[str, Node]:
        """Its buttons by label."""
        return cards.actions(self.card)

    def words(self) -> str:
        """Everything that is written in it, a line for each text."""
        text = cards.read(self.activity.get("text") or "")
        return "\n".join(part for part in (text, cards.words(self.card)) if part)

    def mentioned(self) -> list[str]:
        """The ids of everybody whom it mentions so that Teams tells them."""
        entities = [*(self.activity.get("entities") or [])]
        entities += (self.card.get("msteams") or {}).get("entities") or []
        return [e["mentioned"]["id"] for e in entities if e.get("type") == "mention"]


def _card(activity: Mapping[str, Any]) -> Node:
    for attachment in activity.get("attachments") or []:
        if attachment.get("contentType") == CARD:
            content: Node = attachment["content"]
            return content
    return {}


@dataclass
class TeamsChannel:
    """A channel of a team, or the personal chat with one person when `direct_to` is set.

    A standard channel has everybody of its team in it, a `private` one only its own members. What
    people of several tenants do in one carries its own `tenant`, where that is set.
    """

    id: str
    name: str
    team: str = ""
    direct_to: str | None = None
    members: set[str] = field(default_factory=set)
    private: bool = False
    tenant: str = ""
    installed: bool = True
    rsc: bool = True
    """Whether the bot hears what does not mention it (ChannelMessage.Read.Group was granted)."""
    messages: dict[str, Posted] = field(default_factory=dict)
    sends: list[float] = field(default_factory=list)

    def roots(self) -> list[Posted]:
        """What begins a thread, oldest first."""
        return [posted for posted in list(self.messages.values()) if posted.root == posted.id]

    def thread(self, root: Posted) -> list[Posted]:
        """The replies under a message, oldest first."""
        return [p for p in list(self.messages.values()) if p.root == root.id and p is not root]


@dataclass
class Told:
    """What one person alone was shown in answer to a press: words, or a card."""

    text: str = ""
    card: Node = field(default_factory=dict)

    def buttons(self) -> dict[str, Node]:
        """Its buttons by label."""
        return cards.actions(self.card)

    def words(self) -> str:
        """Everything that is written in it, a line for each text."""
        return "\n".join(part for part in (cards.read(self.text), cards.words(self.card)) if part)


@dataclass
class Dialog:
    """A dialog that is open for one person; `invoke` is what a submission is sent as."""

    title: str
    card: Node
    invoke: str
    value: Mapping[str, Any]
    activity: Mapping[str, Any]
    open: bool = True

    def labels(self) -> list[str]:
        """The labels of its fields, in order."""
        return [cards.label_of(element) for element in cards.inputs(self.card)]

    def standing(self) -> dict[str, str]:
        """What stands in its fields, by label."""
        return {cards.label_of(e): str(e.get("value", "")) for e in cards.inputs(self.card)}

    def buttons(self) -> dict[str, Node]:
        """Its buttons by label."""
        return cards.actions(self.card)

    def words(self) -> str:
        """Everything that is written in it, a line for each text."""
        return cards.words(self.card)
