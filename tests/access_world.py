"""What there is to see and do in one private channel: for tests that ask who may, command by command."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from bot.domain.connection import Connection
from bot.domain.item_step import STEPS
from bot.domain.proposal import Proposal, take
from bot.domain.reference import ConnectionsRef, PromptsRef
from bot.domain.signal import Signal
from bot.ports import UnitOfWork
from bot.routes import COMMANDS

CASE, ITEM, REFERENCE, PROMPT = "C-1", "AI-1", "ZD-4711", "prompts::training:C1"
RETIRED_PROMPT = "communication"
CONNECTION = "0f" * 20
PROPOSED = {
    "proposal.open": "P-1",
    "proposal.wave_off": "P-2",
    "proposal.say_why": "P-3",
    "proposal.show_all": "P-1",
}
"""What commands about proposals are asked about."""
WORDS = (
    "Letter gone",
    "Show the notes",
    "Show all notes",
    "A list of holidays",
    "No time before",
    "Never again",
)
"""What is written in the channel, of which nobody outside may read anything."""
NEVER = {
    CASE: "C-99",
    ITEM: "AI-99",
    PROMPT: "prompts::training:C99",
    f"prompts::{RETIRED_PROMPT}:C1": f"prompts::{RETIRED_PROMPT}:C99",
    "prompts:::C1": "prompts:::C99",
    **dict.fromkeys(("P-1", "P-2", "P-3"), "P-99"),
    f"connection:{CONNECTION}": f"connection:{'0' * 40}",
    "connections:C1": "connections:C99",
}
"""Labels that were never given, for the same commands."""

CHOSEN = {"text": "The notes are shown", "person": "U3", "date": "2026-04-01"}
"""What is filled into a field of a step's form, by its kind."""

# What a person would fill in, so that the command would change something if it were let through.
RULES = {
    "rating": "1",
    "tags": "",
    "priorities": "",
    "sla_breached": "",
    "reopened": "",
    "action": "open",
    "a_day": "5",
}
VALUES: Mapping[str, Mapping[str, str]] = {
    "case.fail": {"what_happened": "Lost again", "place": "C1"},
    "case.fail_message": {"what_happened": "Lost again", "place": "C1"},
    "case.edit": {"what_happened": "Lost twice"},
    "case.same_as": {"other": "ZD-1"},
    "case.cancel": {"why": "It was a test."},
    "retro.answer": {"training": "A list of holidays", "unnamed": ""},
    "retro.edit_answer": {"text": "Other words"},
    "retro.delete_answer": {},
    "retro.unname_answer": {},
    "retro.withdraw_answer": {"why": "It names a customer."},
    "retro.close": {"outcome": "an apology was enough", "why": "It was small."},
    "retro.reopen": {"why": "It came back."},
    "retro.discuss": {"text": "Overheard", "id": "1.2"},
    "retro.undiscuss": {"id": "1.1"},
    "action_item.add": {"what": "Show the notes"},
    "action_item.add_message": {"what": "Show the notes"},
    "action_item.edit": {"what": "Show all notes"},
    "action_item.correct": {"words": "No time before May."},
    **{
        f"action_item.{name}": {field.name: CHOSEN[field.kind] for field in row.form.fields}
        for name, row in STEPS.items()
        if row.form
    },
    "action_item.remind_later": {"when": "tomorrow"},
    "recovery.hear": {"words": "Nobody came."},
    "recovery.apologise": {"how": "A call"},
    "recovery.apologise_publicly": {"link": "https://example.com/r", "words": "We are sorry."},
    "recovery.ask_wish": {"words": "A refund"},
    "recovery.promise": {"words": "A refund", "how": "A call", "due": "2026-04-01"},
    "recovery.keep": {"words": "Refunded"},
    "recovery.check_back": {"words": "All well"},
    "recovery.tell_changed": {"words": "We changed it"},
    "recovery.verdict": {"verdict": "recovered", "words": "Thank you"},
    "recovery.not_needed": {"step": "hear", "why": "Could not be reached"},
    "recovery.correct": {"step": "hear"},
    "recovery.take_back": {"step": "hear", "why": "It was another customer."},
    "recovery.hand_over": {"owner": "U3", "step": "everything"},
    "proposal.say_why": {"why": "It was small."},
    "connection.add": {"product": "generic", **RULES},
    "connection.edit": RULES,
    "connection.renew_secret": {},
    "connection.paste_secret": {"secret": "whsec-1"},
    "connection.give_token": {"origin": "https://acme.zendesk.com", "token": "t"},
    "connection.remove": {},
    "coach.draft": {"text": "Sorry.", "reader": "customer"},
    "team.settings": {
        "lead": "U9",
        "zone": "UTC",
        "days": "0,1,2",
        "starts": "09:00",
        "ends": "17:00",
        "days_to_answer": "3",
    },
    "prompt.add": {"label": "Tools", "question": "What was missing?"},
    "prompt.edit": {"label": "Practice", "question": "What was missing?"},
    "kind.add": {"called": "Delivery"},
    "kind.edit": {"called": "Post"},
    "team.days_off": {"days_off": "2026-12-24", "country": "SE", "region": ""},
    "team.policy": {
        "due_training": "10",
        "days_to_verify": "3",
        "verifies": "the lead",
        "small_failures": "yes",
    },
    "team.channel_changed": {"called": "elsewhere"},
    "team.message_deleted": {"id": "1.1"},
    "team.own_settings": {"starts": "09:00", "ends": "17:00"},
}


def propose(channel_id: str, at: datetime, work: UnitOfWork) -> None:
    """A helpdesk proposes two cases, and a third one that was waved off."""
    made: dict[str, Any] = {
        "id": CONNECTION,
        "channel_id": channel_id,
        "product": "generic",
        "made_by": "U1",
    }
    work.connections.add(Connection(**made, made_at=at))
    for number in range(1, 4):
        reference = f"HD-{number}"
        signal = Signal(ticket=reference, reference=reference, at=at, words="Never again", rating=1)
        of_it: dict[str, Any] = {"number": 0, "connection_id": CONNECTION, "channel_id": channel_id}
        proposal = Proposal(
            **of_it, ticket=reference, reference=reference, signal=signal, made_at=at, gathered=True
        )
        kept = work.proposals.add(proposal)
        if number == 3:
            work.proposals.save(take(kept, "wave_off", "U1", at))


class Kinds(NamedTuple):
    """The keys of the team's kinds of case: one in use, and a retired one; "" where there is none."""

    used: str = ""
    retired: str = ""


NO_KINDS = Kinds()


def _prompts(command_name: str, channel_id: str, kinds: Kinds) -> PromptsRef:
    """A prompt, or a kind of case, that the command can do something about."""
    if command_name in ("kind.edit", "kind.retire"):
        return PromptsRef(channel_id=channel_id, kind=kinds.used)
    if command_name == "kind.bring_back":
        return PromptsRef(channel_id=channel_id, kind=kinds.retired)
    key = RETIRED_PROMPT if command_name == "prompt.bring_back" else "training"
    return PromptsRef(channel_id=channel_id, key=key)


def _of_helpdesks(command_name: str, channel_id: str) -> str:
    """A proposal, the connection, or all connections of the channel."""
    if command_name in ("connections.show", "connection.add"):
        return str(ConnectionsRef(channel_id=channel_id))
    return PROPOSED.get(command_name, f"connection:{CONNECTION}")


def about(command_name: str, answer: str, channel_id: str = "C1", kinds: Kinds = NO_KINDS) -> str:
    """What a command is asked about: case, item, prompt, kind, the answer with this id, a day, words."""
    if command_name.startswith("reminder.show_all"):
        return "2026-03-05"
    if command_name == "search.find":
        return "0:letter"
    if COMMANDS[command_name].command.access not in ("thing", "members"):
        return ""
    if command_name.startswith(("prompt.", "prompts.", "kind.", "kinds.")):
        return str(_prompts(command_name, channel_id, kinds))
    if command_name in PROPOSED or command_name.startswith(("connection.", "connections.")):
        return _of_helpdesks(command_name, channel_id)
    if command_name.endswith("_answer"):
        return answer
    if command_name.startswith("action_item.") and not command_name.startswith("action_item.add"):
        return ITEM
    return CASE
