"""A person in the fake Teams: writes, presses buttons, fills in dialogs, uses message actions."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from tests import fake_teams_card as cards
from tests.fake_teams_card import CARD, Node
from tests.fake_teams_connector import SUFFIX
from tests.fake_teams_state import Dialog, Posted, TeamsChannel, Told

if TYPE_CHECKING:
    from tests.fake_teams import FakeTeams, Heard

ANSWER_SECONDS = 3.0
"""Teams waits longer (5 to 15 s), but people do not: the same promise as in Slack."""
WORDS = "application/vnd.microsoft.activity.message"
BOT_NAME = "Amends"


class TeamsPerson:
    """Somebody in the tenant; `installed`: the bot may write to them; `left`: they are gone."""

    chat: TeamsChannel

    def __init__(self, teams: FakeTeams, id: str, name: str, tz: str | None, tenant: str) -> None:
        self.teams, self.id, self.name, self.tz, self.tenant = teams, id, name, tz, tenant
        self.aad = str(uuid4())
        self.role = "user"
        self.installed = True
        self.left = False
        self.told: list[Told] = []
        """What only they were shown in answer to a press, in order."""

    def shown(self) -> dict[str, Any]:
        """As the roster tells them: no time zone."""
        first, _, last = self.name.partition(" ")
        mail = f"{self.name.lower().replace(' ', '.')}@fake.example"
        who = {"id": self.id, "aadObjectId": self.aad, "objectId": self.aad, "name": self.name}
        named = {"givenName": first, "surname": last, "email": mail, "userPrincipalName": mail}
        return {**who, **named, "tenantId": self.tenant, "userRole": self.role}

    def whispers(self) -> list[str]:
        """The words of everything that only they can see: answers, targeted messages, the chat."""
        alone = [
            p for place in list(self.teams.channels.values()) for p in list(place.messages.values())
        ]
        seen = [
            p.words() for p in alone if p.only_for == self.id or (p.bot and p.channel_id == self.chat.id)
        ]
        return [*seen, *(told.words() for told in self.told)]

    # Writing

    async def says(
        self,
        text: str,
        place: TeamsChannel | None = None,
        thread: Posted | None = None,
        *,
        mention: bool = False,
        id: str | None = None,
    ) -> Posted:
        """Writes a message, in the personal chat unless told otherwise; the same `id` is a repeat."""
        place = place or self.chat
        id = id or self.teams.next_message_id()
        spoken: dict[str, Any] = {"text": text, "textFormat": "plain"}
        if mention:
            at = f"<at>{BOT_NAME}</at>"
            entity = {"type": "mention", "mentioned": self._bot(), "text": at}
            spoken |= {"text": f"{at} {text}\n", "entities": [entity]}
        root = thread.root if thread else id
        posted = Posted(id, place.id, root, self.id, spoken)
        place.messages[id] = posted
        shown = {"contentType": "text/html", "content": _as_html(spoken["text"])}
        await self._heard(place, posted, "message", {**spoken, "attachments": [shown]})
        return posted

    async def edits(self, message: Posted, text: str) -> None:
        """Changes their message."""
        message.activity = {**message.activity, "text": text}
        more = {**message.activity, "channelData": {"eventType": "editMessage"}}
        await self._heard(self.teams.channels[message.channel_id], message, "messageUpdate", more)

    async def deletes(self, message: Posted) -> None:
        """Deletes their message."""
        place = self.teams.channels[message.channel_id]
        del place.messages[message.id]
        await self._heard(
            place, message, "messageDelete", {"channelData": {"eventType": "softDeleteMessage"}}
        )

    async def _heard(
        self, place: TeamsChannel, posted: Posted, kind: str, more: Mapping[str, Any]
    ) -> None:
        mentioned = any(e.get("type") == "mention" for e in posted.activity.get("entities", ()))
        if not place.installed or (not place.direct_to and not mentioned and not place.rsc):
            return
        activity = self.activity(kind, place, posted.root, id=posted.id, **more)
        _taken(await self.teams.send(activity))

    # Buttons

    async def click(self, on: Posted | Told, label: str, *, old_client: bool = False) -> Told:
        """Presses a button that acts at once; returns what the presser alone was shown, if anything."""
        action = _found(on.buttons(), label)
        assert action["type"] == "Action.Execute", f"{label} opens something: use press"
        if old_client:
            return await self._click_fallback(on, action)
        sent = {key: action[key] for key in ("type", "id", "verb", "title") if key in action}
        sent["data"] = {**action.get("data", {}), **cards.filled(on.card, {})}
        value = {"action": sent, "trigger": "manual"}
        return self._told(await self.invoke("adaptiveCard/action", on, value))

    async def _click_fallback(self, on: Posted | Told, action: Node) -> Told:
        assert isinstance(on, Posted)
        place = self.teams.channels[on.channel_id]
        more = {"value": action["fallback"].get("data", {}), "replyToId": on.id}
        id = self.teams.next_message_id()
        _taken(await self.teams.send(self.activity("message", place, on.root, id=id, **more)))
        return Told()

    def _told(self, body: Any) -> Told:
        """What a card action's answer shows; anything Teams would not take is a failure."""
        assert isinstance(body, dict), f"the person sees an error: {body}"
        assert body.get("statusCode") == 200, f"the person sees an error: {body}"
        if body.get("type") == WORDS:
            told = Told(text=str(body.get("value") or ""))
        else:
            assert body.get("type") == CARD, f"the person sees an error: {body}"
            _refuse(cards.problems(body.get("value")))
            told = Told(card=body["value"])
        if told.words():
            self.told.append(told)
            self.teams.notify()
        return told

    async def press(self, on: Posted | Told | Dialog, label: str) -> Dialog:
        """Presses a button that opens a dialog, and returns it."""
        shown = await self.asks(on, label)
        assert isinstance(shown, Dialog), f"no dialog opened; instead: {shown and shown.words()}"
        return shown

    async def asks(self, on: Posted | Told | Dialog, label: str) -> Dialog | Told | None:
        """The same, where no dialog but words (or nothing) may follow."""
        if isinstance(on, Dialog):
            return await self._submits(on, _found(on.buttons(), label), {})
        action = _found(on.buttons(), label)
        data = action.get("data", {})
        opens = action["type"] == "Action.Submit" and data.get("msteams", {}).get("type") == "task/fetch"
        assert opens, f"{label} opens nothing: use click"
        body = await self.invoke("task/fetch", on, {"data": data, "context": {"theme": "default"}})
        return self._shown(body, "task/submit", {}, on)

    async def action(self, command: str, message: Posted) -> Dialog:
        """Uses one of the app's actions on a message, and returns the dialog that opens."""
        value = {
            "commandId": command,
            "commandContext": "message",
            "requestId": uuid4().hex,
            "messagePayload": self._payload(message),
            "context": {"theme": "default"},
        }
        body = await self.invoke("composeExtension/fetchTask", message, value)
        shown = self._shown(body, "composeExtension/submitAction", value, message)
        assert isinstance(shown, Dialog), f"no dialog opened; instead: {shown and shown.words()}"
        return shown

    def _payload(self, message: Posted) -> dict[str, Any]:
        place, written = self.teams.channels[message.channel_id], str(message.activity.get("text") or "")
        author = self.teams.people.get(message.author)
        if author:
            who = {"user": {"userIdentityType": "aadUser", "id": author.aad, "displayName": author.name}}
        else:
            bot = {"applicationIdentityType": "bot", "id": self.teams.login.app_id}
            who = {"application": {**bot, "displayName": BOT_NAME}}
        born = datetime.fromtimestamp(int(message.id) / 1000, UTC)
        return {
            "id": message.id,
            "replyToId": message.root if message.root != message.id else None,
            "createdDateTime": born.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "lastModifiedDateTime": None,
            "deleted": False,
            "messageType": "message",
            "importance": "normal",
            "locale": "en-gb",
            "linkToMessage": link_to(place, message),
            "from": {"device": None, "conversation": None, "user": None, "application": None, **who},
            "body": {"contentType": "html", "content": _as_html(written)},
            "attachments": [],
            "mentions": [],
            "reactions": [],
        }

    # Dialogs

    async def submit(
        self, dialog: Dialog, fields: Mapping[str, Any] | None = None, button: str | None = None
    ) -> Dialog | Told | None:
        """Fills in fields by label and submits; what is left out keeps what stands there.

        Returns the dialog (with its sentences, see `words`) when it stayed or another followed, words
        that only they see, or None when it closed. Raises NotFilledIn when Teams' own checks fail.
        """
        ways = {
            label: action
            for label, action in dialog.buttons().items()
            if action["type"] == "Action.Submit" and (button is None or label == button)
        }
        assert ways, "this dialog is only for reading"
        return await self._submits(dialog, next(iter(ways.values())), fields or {})

    async def _submits(
        self, dialog: Dialog, action: Node, fields: Mapping[str, Any]
    ) -> Dialog | Told | None:
        assert dialog.open, "this dialog is closed"
        data = {**action.get("data", {}), **cards.filled(dialog.card, fields)}
        value = {**dialog.value, "data": data, "context": {"theme": "default"}}
        body = await self.invoke(dialog.invoke, dialog, value)
        dialog.open = False
        return self._shown(body, dialog.invoke, dialog.value, dialog)

    def _shown(
        self, body: Any, invoke: str, value: Mapping[str, Any], on: Posted | Told | Dialog
    ) -> Dialog | Told | None:
        if not body or not body.get("task"):
            assert not body or set(body) <= {"task", "composeExtension"}, (
                f"the person sees an error: {body}"
            )
            return None
        task = body["task"]
        if task["type"] == "message":
            told = Told(text=str(task["value"]))
            self.told.append(told)
            self.teams.notify()
            return told
        assert task["type"] == "continue", f"the person sees an error: {body}"
        attachment = task["value"]["card"]
        assert attachment["contentType"] == CARD
        _refuse(cards.problems(attachment["content"], dialog=True))
        activity = on.activity if isinstance(on, Dialog) else self._invoked_from(on)
        return Dialog(
            str(task["value"].get("title", "")), attachment["content"], invoke, value, activity
        )

    # Being in a channel

    async def joins(self, place: TeamsChannel) -> None:
        """Comes into a channel (or its team), and the bot is told."""
        place.members.add(self.id)
        await self._regrouped(place, "Added")

    async def leaves(self, place: TeamsChannel) -> None:
        """Leaves a channel (or its team), and the bot is told."""
        place.members.discard(self.id)
        await self._regrouped(place, "Removed")

    async def _regrouped(self, place: TeamsChannel, how: str) -> None:
        # Of a standard channel it is the team that they join, and that is told in General.
        kind, where = (
            ("channel", place)
            if place.private
            else ("team", TeamsChannel(place.team, "", tenant=place.tenant))
        )
        told = {
            f"members{how}": [{"id": self.id, "aadObjectId": self.aad}],
            "channelData": {"team": {"id": place.team}, "eventType": f"{kind}Member{how}"},
        }
        _taken(await self.teams.send(self.activity("conversationUpdate", where, None, **told)))

    # Having the app

    async def installs(self) -> None:
        """Adds the app for themself, and tells the bot."""
        self.installed = True
        await self._changes("add", {"membersAdded": [self._bot()]})

    async def uninstalls(self) -> None:
        """Takes the app away again; the bot is told, and may write no more."""
        self.installed = False
        await self._changes("remove", {"membersRemoved": [self._bot()]})

    async def adds_app(self, place: TeamsChannel) -> None:
        """Adds the app to a channel's team, and tells the bot."""
        place.installed = True
        named = {"id": place.team, "name": self.teams.teams[place.team], "aadGroupId": str(uuid4())}
        data = {"team": named, "settings": {"selectedChannel": {"id": place.id}}}
        await self._changes(
            "add",
            {"membersAdded": [self._bot()], "channelData": {**data, "eventType": "teamMemberAdded"}},
            place,
        )

    async def removes_app(self, place: TeamsChannel) -> None:
        """Takes the app away from a channel's team."""
        place.installed = False
        data = {"team": {"id": place.team}, "eventType": "teamMemberRemoved"}
        await self._changes("remove", {"membersRemoved": [self._bot()], "channelData": data}, place)

    async def _changes(
        self, action: str, members: Mapping[str, Any], place: TeamsChannel | None = None
    ) -> None:
        # Both are told in the General channel, whose id is the team's.
        where = TeamsChannel(place.team, "", place.team, tenant=place.tenant) if place else self.chat
        for kind, more in (("conversationUpdate", {}), ("installationUpdate", {"action": action})):
            data = {key: value for key, value in members.items() if key == "channelData"}
            told = {**(members if kind == "conversationUpdate" else data), **more}
            _taken(await self.teams.send(self.activity(kind, where, None, **told)))

    # What the others need

    async def invoke(self, name: str, on: Posted | Told | Dialog, value: Mapping[str, Any]) -> Any:
        """Sends an invoke from a message or a dialog, and returns its answer's JSON."""
        began = on.activity if isinstance(on, Dialog) else self._invoked_from(on)
        heard = await self.teams.send(
            {**began, "id": f"f:{uuid4()}", "name": name, "value": value, **self._now()}
        )
        assert heard.status == 200, f"the person sees an error: status {heard.status}"
        assert heard.seconds < ANSWER_SECONDS, f"the person sees an error: {heard.seconds:.1f} s"
        return heard.body

    def _invoked_from(self, on: Posted | Told) -> dict[str, Any]:
        if isinstance(on, Told):
            return self.activity("invoke", self.chat, None)
        return self.activity("invoke", self.teams.channels[on.channel_id], on.root, replyToId=on.id)

    def activity(self, kind: str, place: TeamsChannel, root: str | None, **more: Any) -> dict[str, Any]:
        """An activity as Teams sends it from this person in a channel."""
        tenant = place.tenant or self.tenant
        conversation: dict[str, Any] = {"id": place.id, "tenantId": tenant}
        data: dict[str, Any] = {"tenant": {"id": tenant}}
        if place.direct_to:
            conversation["conversationType"] = "personal"
        else:
            thread = f"{SUFFIX}{root}" if root else ""
            conversation |= {"conversationType": "channel", "isGroup": True, "id": f"{place.id}{thread}"}
            data |= {"teamsTeamId": place.team, "team": {"id": place.team}}
            data |= {"teamsChannelId": place.id, "channel": {"id": place.id}}
        client = {"type": "clientInfo", "locale": "en-GB", "country": "GB", "platform": "Web"}
        client |= {"timezone": self.tz} if self.tz else {}
        return {
            "type": kind,
            "id": f"f:{uuid4()}",
            **self._now(),
            "serviceUrl": self.teams.service_url,
            "channelId": "msteams",
            "from": {"id": self.id, "name": self.name, "aadObjectId": self.aad},
            "conversation": conversation,
            "recipient": self._bot(),
            "locale": "en-GB",
            **more,
            "entities": [*more.get("entities", ()), client],
            "channelData": {**data, **more.get("channelData", {})},
        }

    def _now(self) -> dict[str, str]:
        now = datetime.now(UTC)
        local = (
            {
                "localTimestamp": now.astimezone(ZoneInfo(self.tz)).isoformat(timespec="milliseconds"),
                "localTimezone": self.tz,
            }
            if self.tz
            else {}
        )
        return {"timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"), **local}

    def _bot(self) -> dict[str, str]:
        return {"id": self.teams.bot, "name": BOT_NAME}


def link_to(place: TeamsChannel, message: Posted) -> str:
    """The link that Teams itself gives a message."""
    return (
        f"https://teams.microsoft.com/l/message/{place.id}/{message.id}?parentMessageId={message.root}"
    )


def _found(buttons: Mapping[str, Node], label: str) -> Node:
    found = [name for name in buttons if name == label] or [n for n in buttons if label in n]
    if not found:
        raise LookupError(f"no button {label!r}, only {list(buttons)}")
    return buttons[found[0]]


def _taken(heard: Heard) -> None:
    told = f"Teams will repeat this: status {heard.status} after {heard.seconds:.1f} s"
    assert heard.status in (200, 201, 202), told
    assert heard.seconds < ANSWER_SECONDS, told


def _refuse(problems: list[str]) -> None:
    assert not problems, f"Teams would not show this: {problems}"


def _as_html(text: str) -> str:
    """The same with its marks written out: `text` itself carries them raw (msteams-docs#3960)."""
    mark = '<span itemscope="" itemtype="http://schema.skype.com/Mention" itemid="0">\\1</span>&nbsp;'
    shown = re.sub(r"&lt;at&gt;(.*?)&lt;/at&gt; ?", mark, html.escape(text.strip(), quote=False))
    return f"<div><div>{shown}</div>\n</div>"
