"""A person in the fake Slack: types commands, presses buttons, fills in forms, writes in threads."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from datetime import time as clock
from typing import TYPE_CHECKING, Any

from tests import fake_slack_limits as limits
from tests.fake_slack_state import Ephemeral, Posted, SlackChannel, View

if TYPE_CHECKING:
    from tests.fakes import Ack, FakeSlack

Node = Mapping[str, Any]
ACK_SECONDS = 3.0


class FormErrors(Exception):
    """The form stayed open: a sentence for each label, in `sentences`."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        super().__init__(str(dict(sentences)))
        self.sentences = sentences


class NotFilledIn(Exception):
    """Slack itself would not let this be submitted."""


class SlackPerson:
    """Somebody in the workspace; `deleted` when they have left.

    `team` is the workspace they belong to. On Enterprise Grid they have an `organisation`, and may
    belong to several `workspaces` of it.
    """

    def __init__(self, slack: FakeSlack, id: str, name: str, tz: str | None, *, bot: bool) -> None:
        self.slack, self.id, self.name, self.tz, self.bot = slack, id, name, tz, bot
        self.deleted = False
        self.guest = False
        self.team = slack.team
        self.organisation = slack.enterprise
        self.workspaces: tuple[str, ...] = (slack.team,)

    def sees(self, channel: SlackChannel) -> bool:
        """Whether Slack shows them a channel."""
        full = not (self.guest or self.deleted) and self.slack.team in self.workspaces
        return self.id in channel.members or (full and not channel.private)

    def shown(self) -> dict[str, Any]:
        """As users.info tells them."""
        shown = {
            "id": self.id,
            "team_id": self.team,
            "name": self.name.lower().replace(" ", "."),
            "real_name": self.name,
            "deleted": self.deleted,
            "is_bot": self.bot,
            "is_restricted": self.guest,
            "is_ultra_restricted": False,
            "profile": {"real_name": self.name, "display_name": ""},
        }
        if self.organisation:
            # Whose workspaces are several is told to be of the organisation.
            shown["enterprise_user"] = {
                "id": self.id,
                "enterprise_id": self.organisation,
                "teams": list(self.workspaces),
            }
        beside_us = any({self.id, self.slack.bot} <= c.members for c in self.slack.channels.values())
        if self.slack.team not in self.workspaces and not beside_us:
            shown["is_stranger"] = True
        return shown | ({"tz": self.tz} if self.tz else {})

    @property
    def direct(self) -> SlackChannel:
        """Their direct messages with Amends."""
        return self.slack.direct(self.id)

    @property
    def whispers(self) -> list[Ephemeral]:
        """What only they were shown, in order."""
        return [
            send_ephemeral for send_ephemeral in self.slack.whispers if send_ephemeral.user == self.id
        ]

    @property
    def home(self) -> View | None:
        """Their App Home, once it was published."""
        return self.slack.homes.get(self.id)

    # Commands and shortcuts

    async def command(
        self, text: str, channel: SlackChannel, *, trigger: str | None = None
    ) -> Ephemeral | None:
        """Types `/amends …`; returns what came back at once, if anything did."""
        assert self.sees(channel), "Slack shows them no such channel"
        payload = {
            "command": "/amends",
            "text": _escaped(text),
            "team_id": self.team,
            "channel_id": channel.id,
            "channel_name": _channel_name(channel),
            "user_id": self.id,
            "user_name": self.shown()["name"],
            "trigger_id": trigger or self.slack.trigger(self.id),
            "response_url": self.slack.response_url(self.id),
            **({"enterprise_id": self.organisation} if self.organisation else {}),
        }
        ack = _in_time(await self.slack.send("slash_commands", payload))
        if not ack.body:
            return None
        _refuse(limits.message_problems(ack.body["blocks"]) if ack.body.get("blocks") else [])
        assert self.slack.takes_new_blocks or not limits.is_new(ack.body.get("blocks"))
        assert ack.body.get("response_type", "ephemeral") == "ephemeral"
        send_ephemeral = Ephemeral(
            self.id, ack.body.get("text", ""), ack.body.get("blocks", []), channel.id
        )
        self.slack.whispers.append(send_ephemeral)
        return send_ephemeral

    async def opens(self, text: str, channel: SlackChannel) -> View:
        """Types `/amends …` and waits for the form."""
        trigger = self.slack.trigger(self.id)
        await self.command(text, channel, trigger=trigger)
        return await self._opened_by(trigger)

    async def choose(self, callback: str, trigger: str, message: Posted | None = None) -> Ack:
        """Chooses a shortcut, on a message or from the lightning menu."""
        payload = {"type": "shortcut", "callback_id": callback, "trigger_id": trigger, **self._who()}
        if message is not None:
            shown = {"type": "message_action", "message_ts": message.ts, "message": message.shown()}
            payload |= {**self._where(message), **shown}
        return _in_time(await self.slack.send("interactive", payload))

    async def shortcut(self, callback: str, message: Posted | None = None) -> View:
        """Chooses a shortcut and waits for the form."""
        trigger = self.slack.trigger(self.id)
        await self.choose(callback, trigger, message)
        return await self._opened_by(trigger)

    # Buttons

    async def click(
        self, on: Posted | Ephemeral | View, label: str, *, trigger: str | None = None
    ) -> Ack:
        """Presses a button that acts at once, or whose outcome is waited for otherwise."""
        buttons = on.buttons()
        found = [name for name in buttons if name == label] or [n for n in buttons if label in n]
        if not found:
            raise LookupError(f"no button {label!r}, only {list(buttons)}")
        button = buttons[found[0]]
        payload = {
            "type": "block_actions",
            "trigger_id": trigger
            or self.slack.trigger(self.id, on.id if isinstance(on, View) else None),
            "actions": [{**button, "action_ts": f"{time.time():.6f}"}],
            **self._who(),
            **self._where(on),
        }
        return _in_time(await self.slack.send("interactive", payload))

    async def press(self, on: Posted | Ephemeral | View, label: str) -> View:
        """Presses a button that opens a form, and waits for it."""
        trigger = self.slack.trigger(self.id, on.id if isinstance(on, View) else None)
        await self.click(on, label, trigger=trigger)
        return await self._opened_by(trigger)

    def _where(self, on: Posted | Ephemeral | View) -> dict[str, Any]:
        if isinstance(on, View):
            return {"container": {"type": "view", "view_id": on.id}, "view": on.shown()}
        own = on if isinstance(on, Ephemeral) else None
        way_back = self.slack.response_url(self.id, own)
        kind = {"type": "message", "is_ephemeral": own is not None}
        if on.channel_id is None:
            return {"container": kind, "response_url": way_back}
        channel = self.slack.channels[on.channel_id]
        assert self.sees(channel), "Slack shows them no such channel"
        ts = on.ts if isinstance(on, Posted) else self.slack.next_ts()
        message = on.shown() if isinstance(on, Posted) else {}
        return {
            "container": {**kind, "message_ts": ts, "channel_id": channel.id},
            "channel": {"id": channel.id, "name": _channel_name(channel)},
            "response_url": way_back,
            **({"message": message} if message else {}),
        }

    # Forms

    async def submit(self, view: View, fields: Mapping[str, Any] | None = None) -> View | None:
        """Fills in fields by label and submits; what is left out keeps what stands there.

        Returns the view when the answer replaced it (or one pushed on it), None when it closed.
        Raises FormErrors when it stayed open with sentences, NotFilledIn when Slack's own checks fail.
        """
        assert view.open, "this form is closed"
        assert "submit" in view.view, "this form is only for reading"
        values = _values(view, fields or {})
        payload = {"type": "view_submission", "view": view.shown(values), **self._who()}
        payload["trigger_id"] = self.slack.trigger(self.id, view.id)
        return self._answered(view, _in_time(await self.slack.send("interactive", payload)))

    def _answered(self, view: View, ack: Ack) -> View | None:
        action = ack.body.get("response_action")
        if action == "errors":
            labels = {b["block_id"]: b["label"]["text"] for b in _inputs(view)}
            raise FormErrors({labels[block]: text for block, text in ack.body["errors"].items()})
        if action in ("update", "push"):
            _refuse(limits.view_problems(ack.body["view"]))
            if action == "update":
                view.view = ack.body["view"]
                return view
            pushed = View(self.slack.next_id("V"), self.id, ack.body["view"], depth=view.depth + 1)
            self.slack.views[pushed.id] = pushed
            return pushed
        assert action in (None, "clear"), action
        for other in self.slack.views.values():
            if other is view or (action == "clear" and other.user == self.id):
                other.open = False
        return None

    # What no screen of Slack's shows them

    async def forges_click(self, command_name: str, about: str, on: View | None = None) -> Ack:
        """Sends a click on a button that is not there: in a view, or in their direct messages."""
        action = {
            "action_id": command_name,
            "value": about,
            "action_ts": f"{time.time():.6f}",
            "type": "button",
        }
        where = on or Posted(self.slack.next_ts(), self.direct.id, self.slack.bot, "")
        payload = {
            "type": "block_actions",
            "trigger_id": self.slack.trigger(self.id, on.id if on else None),
            "actions": [action],
            **self._where(where),
            **self._who(),
        }
        return _in_time(await self.slack.send("interactive", payload))

    async def forges_form(
        self, command_name: str, about: str, place: SlackChannel, values: Mapping[str, str]
    ) -> dict[str, Any]:
        """Submits a form that was never opened, for any channel; returns what came back."""
        elements = {
            name: {name: {"type": "plain_text_input", "value": value}} for name, value in values.items()
        }
        kept = {"about": about, "place": place.id, "name": place.name, "kept": {}}
        view = {
            "id": self.slack.next_id("V"),
            "type": "modal",
            "callback_id": command_name,
            "private_metadata": json.dumps(kept),
            "blocks": [{"type": "input", "block_id": name} for name in values],
            "state": {"values": elements},
        }
        payload = {"type": "view_submission", "view": view, **self._who()}
        return _in_time(await self.slack.send("interactive", payload)).body

    # Writing

    async def says(
        self,
        text: str,
        channel: SlackChannel,
        thread: Posted | None = None,
        *,
        event_id: str | None = None,
    ) -> Posted:
        """Writes a message, in a thread or not, and tells Amends if it is there."""
        ts = self.slack.next_ts()
        posted = Posted(ts, channel.id, self.id, _escaped(text), thread_ts=thread.ts if thread else None)
        channel.messages[ts] = posted
        if self.slack.bot in channel.members:
            shown = {**posted.shown(), **self._kind(channel), "team": self.team}
            if channel.shared:
                shown |= {"user_team": self.team, "source_team": self.team}
            event = self.slack.event(shown, event_id=event_id, host=channel.host, shared=channel.shared)
            _acked(await event)
        return posted

    async def edits(self, message: Posted, text: str) -> None:
        """Changes their message."""
        before = self._wrote(message)
        message.text = _escaped(text)
        after = {"message": self._wrote(message), "previous_message": before}
        await self._changed("message_changed", message.channel_id, after)

    async def deletes(self, message: Posted) -> None:
        """Deletes their message."""
        del self.slack.channels[message.channel_id].messages[message.ts]
        before = {"deleted_ts": message.ts, "previous_message": self._wrote(message)}
        await self._changed("message_deleted", message.channel_id, before)

    async def _changed(self, subtype: str, where: str, more: Mapping[str, object]) -> None:
        channel = self.slack.channels[where]
        event = {**self._kind(channel), "type": "message", "subtype": subtype, "hidden": True, **more}
        event["ts"] = self.slack.next_ts()
        _acked(await self.slack.event(event, host=channel.host, shared=channel.shared))

    async def opens_home(self) -> View:
        """Looks at the App Home, and waits until it is published."""
        before = self.slack.calls["views.publish"]
        await self.looks_at_home()
        published = self.slack.calls
        # Counted when it comes in, and there when it was accepted.
        return await self.slack.until(lambda: self.home if published["views.publish"] > before else None)

    async def looks_at_home(self) -> None:
        """Opens the App Home, and waits for nothing: Slack shows what was published last."""
        event = {"type": "app_home_opened", "user": self.id, "channel": self.direct.id, "tab": "home"}
        shown = {"view": self.home.shown()} if self.home else {}
        _acked(await self.slack.event({**event, **shown}))

    # What the others need

    def _who(self) -> dict[str, Any]:
        user = {"id": self.id, "username": self.shown()["name"], "name": self.shown()["name"]}
        # `team` is where Amends is installed, whoever it is that pressed.
        team, grid = {"id": self.slack.team, "domain": "fake"}, {}
        if self.slack.enterprise:
            team["enterprise_id"] = self.slack.enterprise
            grid = {"enterprise": {"id": self.slack.enterprise, "name": "Fake Grid"}}
        return {"user": {**user, "team_id": self.team}, "team": team, **grid}

    def _wrote(self, message: Posted) -> dict[str, Any]:
        return {**message.shown(), "team": self.team, "user_team": self.team}

    def _kind(self, channel: SlackChannel) -> dict[str, Any]:
        kind = "im" if channel.direct_to else "group" if channel.private else "channel"
        return {"channel": channel.id, "channel_type": kind}

    async def _opened_by(self, trigger: str) -> View:
        def found() -> View | None:
            return next((v for v in self.slack.views.values() if v.trigger == trigger), None)

        heard = len(self.whispers)
        with suppress(TimeoutError):
            await self.slack.until(lambda: found() or len(self.whispers) > heard)
            # What an earlier form did may be said to them meanwhile.
            await self.slack.until(found, seconds=1)
        if view := found():
            return view
        told = f"instead: {self.whispers[-1].words()}" if self.whispers[heard:] else "nothing was said"
        raise AssertionError(f"no form opened; {told}")


def _in_time(ack: Ack) -> Ack:
    """Slack shows the person an error for anything but a 200 inside three seconds."""
    assert ack.status == 200, f"the person sees an error: status {ack.status}"
    assert ack.seconds < ACK_SECONDS, f"the person sees an error: {ack.seconds:.1f} s"
    return ack


def _acked(ack: Ack) -> None:
    told = f"Slack will repeat this event: status {ack.status} after {ack.seconds:.1f} s"
    assert ack.status == 200, told
    assert ack.seconds < ACK_SECONDS, told


def _refuse(problems: list[str]) -> None:
    assert not problems, f"Slack would not show this: {problems}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _channel_name(channel: SlackChannel) -> str:
    if channel.direct_to:
        return "directmessage"
    return "privategroup" if channel.private else channel.name


def _inputs(view: View) -> list[dict[str, Any]]:
    return [block for block in view.view["blocks"] if block["type"] == "input"]


def _values(view: View, fields: Mapping[str, Any]) -> dict[str, Any]:
    """state.values of a submission, as Slack builds it."""
    left, values = dict(fields), {}
    for block in _inputs(view):
        label, element = block["label"]["text"], block["element"]
        state = _state(element, left.pop(label), label) if label in left else _initial(element)
        filled = [value for key, value in state.items() if key != "type"]
        if not block["optional"] and not any(filled):
            raise NotFilledIn(label)
        values[block["block_id"]] = {element["action_id"]: state}
    if left:
        raise LookupError(f"no fields {list(left)}, only {view.labels()}")
    return values


# Kind of element → its key in a payload, and its key for what stands there at first.
KEYS = {
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "static_select": ("selected_option", "initial_option"),
    "multi_static_select": ("selected_options", "initial_options"),
    "checkboxes": ("selected_options", "initial_options"),
}


def _initial(element: Node) -> dict[str, Any]:
    key, first = KEYS[element["type"]]
    nothing: list[object] | None = [] if key == "selected_options" else None
    return {"type": element["type"], key: element.get(first, nothing)}


def _state(element: Node, value: Any, label: str) -> dict[str, Any]:
    kind = element["type"]
    key, _ = KEYS[kind]
    if key == "value" and len(str(value)) > element.get("max_length", limits.TEXT):
        raise NotFilledIn(f"{label} takes {element['max_length']} characters")
    if key in ("selected_option", "selected_options"):
        value = _choose(element, value)
    elif isinstance(value, SlackPerson | SlackChannel):
        wanted = "users_select" if isinstance(value, SlackPerson) else "conversations_select"
        assert kind == wanted, f"{label} is a {kind}"
        value = value.id
    elif isinstance(value, date):
        value = value.isoformat()
    elif isinstance(value, clock):
        value = f"{value:%H:%M}"
    elif value is not None:
        value = str(value) or None
    return {"type": kind, key: value}


def _choose(element: Node, value: Any) -> Any:
    groups = element.get("option_groups", [])
    options = element.get("options") or [option for group in groups for option in group["options"]]
    if isinstance(value, bool):
        return options[:1] if value else []
    wanted = value if isinstance(value, list) else [value]
    chosen = [option for option in options if {option["text"]["text"], option["value"]} & set(wanted)]
    assert len(chosen) == len(wanted), f"{wanted} are not all among the options"
    return chosen if KEYS[element["type"]][0] == "selected_options" else chosen[0]
