"""What no card of Amends would send: a person who builds the data of buttons and dialogs themself.

Every word of it is theirs but what Teams itself puts around it: who they are, and where they are.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from tests import fake_teams_card as cards
from tests.fake_teams import Heard, TeamsChannel, TeamsPerson

Activity = dict[str, Any]


def _click(
    person: TeamsPerson, at: TeamsChannel, data: Mapping[str, Any], _: Mapping[str, str]
) -> Activity:
    value = {"action": {"type": "Action.Execute", "verb": data["verb"], "data": data}}
    return person.activity("invoke", at, None, name="adaptiveCard/action", value=value)


def _old_click(
    person: TeamsPerson, at: TeamsChannel, data: Mapping[str, Any], _: Mapping[str, str]
) -> Activity:
    return person.activity("message", at, None, value=data)


def _opening(
    person: TeamsPerson, at: TeamsChannel, data: Mapping[str, Any], _: Mapping[str, str]
) -> Activity:
    return person.activity("invoke", at, None, name="task/fetch", value={"data": data})


def _action(
    person: TeamsPerson, at: TeamsChannel, data: Mapping[str, Any], _: Mapping[str, str]
) -> Activity:
    value = {"commandId": data["verb"], "commandContext": "compose"}
    return person.activity("invoke", at, None, name="composeExtension/fetchTask", value=value)


def _submission(
    person: TeamsPerson, at: TeamsChannel, data: Mapping[str, Any], values: Mapping[str, str]
) -> Activity:
    own = {**data, "once": uuid4().hex, "kept": {}}
    value = {"data": {"amends": own, **values}}
    return person.activity("invoke", at, None, name="task/submit", value=value)


WAYS: Mapping[
    str, Callable[[TeamsPerson, TeamsChannel, Mapping[str, Any], Mapping[str, str]], Activity]
] = {
    "a click": _click,
    "an old client's click": _old_click,
    "a button that opens a dialog": _opening,
    "an action of the app": _action,
    "a submitted dialog": _submission,
}
"""How a command can be asked for with data of one's own making."""


async def forge(
    person: TeamsPerson,
    way: str,
    command_name: str,
    about: str = "",
    values: Mapping[str, str] | None = None,
    *,
    at: TeamsChannel | None = None,
    claims: TeamsChannel | None = None,
    **more: Any,
) -> Heard:
    """Sends it from where they are (`at`, else their own chat), claiming that it belongs to `claims`."""
    data: dict[str, Any] = {"verb": command_name, "about": about, **more}
    data |= {"place": claims.id, "channel": claims.id} if claims else {}
    return await person.teams.send(WAYS[way](person, at or person.chat, data, values or {}))


def told(heard: Heard) -> str:
    """The words that the answer of the HTTP request itself shows, to the sender alone."""
    if not heard.body:
        return ""
    if "task" not in heard.body:
        return str(heard.body.get("value") or "")
    value = heard.body["task"]["value"]
    return value if isinstance(value, str) else cards.words(value["card"]["content"])
