"""The keys of our messages: made and read here, and nowhere else.

A key is our own name for a message: scheduling it twice is harmless, and saying it again edits it. Keys
are stored, and the program of the version before reads them too: a key never changes.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime
from urllib.parse import quote, unquote

OWN_CHAT = re.compile(
    r"(owner|asker|step|item_edit|customer|settings|unsaid|not_recovered|case_cancelled|returned"
    r"|hook_test|hook_broken|rules):.*"
    r"|remind:.*:\d+",
    re.DOTALL,
)
PERSONAL = re.compile(r"remind:.*:(\d{4}-\d\d-\d\d):(\d{1,3})", re.DOTALL)
IN_CHANNEL = re.compile(r"remind:in:.*:(\d{4}-\d\d-\d\d)", re.DOTALL)
TO_LEAD = re.compile(r"unreached(_customer)?:.*", re.DOTALL)
ABOUT_ITEM = re.compile(r"(?:call|unreached):(\d+):.*|remind:.*:AI-(\d+)", re.DOTALL)
ABOUT_CASE = re.compile(r"(?:call_customer|unreached_customer):(\d+):.*|remind:.*:[CR]-(\d+)", re.DOTALL)


def retro(case_number: int) -> str:
    """A retro's own message: its thread holds everything else."""
    return f"retro:{case_number}"


def retro_of(key: str | None) -> int | None:
    """The number of the case whose retro has this key; None when it is another message's, or none."""
    noun, _, number = (key or "").partition(":")
    return int(number) if noun == "retro" and number.isdecimal() else None


def prompt(case_number: int, prompt_key: str) -> str:
    """One prompt in a retro's thread."""
    return f"prompt:{case_number}:{prompt_key}"


def answer(answer_id: str) -> str:
    """An answer in a retro's thread."""
    return f"answer:{answer_id}"


def turn(case_number: int, number: int) -> str:
    """What was said when a retro was closed or reopened for the `number`th time, from 1."""
    return f"turn:{case_number}:{number}"


def turn_of(key: str) -> int:
    """The number of the turn whose message has this key; 0 when it is another message's."""
    noun, _, number = key.rpartition(":")
    return int(number) if noun.startswith("turn:") and number.isdecimal() else 0


def case_change(case_number: int, number: int) -> str:
    """What was said when the `number`th change of a case cancelled it or brought it back, from 1."""
    return f"case:{case_number}:{number}"


def case_cancelled(case_number: int, number: int, person_id: str) -> str:
    """The word to somebody who had something to do in it that the `number`th change cancelled it."""
    return f"case_cancelled:{case_number}:{number}:{person_id}"


ALL_CASE_CANCELLED = "case_cancelled:"
"""What the keys of all those words begin with."""


def all_case_cancelled(case_number: int) -> str:
    """What the keys of all those words about one case begin with."""
    return f"{ALL_CASE_CANCELLED}{case_number}:"


def case_moved(case_number: int, number: int) -> str:
    """What the thread of another case hears when the `number`th change moved this one there."""
    return f"case_moved:{case_number}:{number}"


ALL_RETURNED = "returned:"
"""What the keys of all words about gaps that came back begin with."""


def returned(case_number: int, gap: str, lead: str) -> str:
    """The word to a lead that a gap is back in a case, although a fix of it was verified."""
    return f"{ALL_RETURNED}{case_number}:{quote(gap, safe='')}:{lead}"


def returned_of(key: str) -> tuple[int, str, str]:
    """In which case, of which gap, and to which lead such a word was."""
    _, case_number, gap, lead = key.split(":", 3)
    return int(case_number), unquote(gap), lead


def carried(case_number: int, cases: Iterable[int], items: Iterable[int]) -> str:
    """Which earlier cases are like this one, in its retro's thread, and which open items it names.

    So whoever changes one of them finds where it stands.
    """
    return f"earlier:{case_number}:{','.join(map(str, cases))}:{','.join(map(str, items))}"


def carried_of(key: str) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """In whose thread such a word is, and which cases and items it names; older keys name none."""
    _, case_number, *named = key.split(":")
    cases, items, *_ = (
        tuple(int(number) for number in each.split(",") if number) for each in (*named, "", "")
    )
    return int(case_number), cases, items


def item(item_number: int) -> str:
    """An action item in the retro's thread."""
    return f"item:{item_number}"


def owner(item_number: int, owner_id: str) -> str:
    """An action item in the direct messages of its owner, or of a former one."""
    return f"owner:{item_number}:{owner_id}"


def asker(item_number: int, number: int, person_id: str) -> str:
    """The word to whoever asked for an action item that it is done, for the `number`th time, from 1."""
    return f"asker:{item_number}:{number}:{person_id}"


def step(item_number: int, number: int, person_id: str) -> str:
    """The word to somebody about the `number`th step of an action item's history, from 1."""
    return f"step:{item_number}:{number}:{person_id}"


def item_edit(item_number: int, number: int, person_id: str) -> str:
    """The word to an owner that the `number`th edit of an item, from 1, changed what they agreed to."""
    return f"item_edit:{item_number}:{number}:{person_id}"


def call_owner(item_number: int, owner_id: str) -> str:
    """The word in the thread to an owner who cannot be reached directly."""
    return f"call:{item_number}:{owner_id}"


def owner_unreached(item_number: int, owner_id: str) -> str:
    """The word to the lead about that owner."""
    return f"unreached:{item_number}:{owner_id}"


def recovery(case_number: int) -> str:
    """The customer's card in the retro's thread."""
    return f"recovery:{case_number}"


def customer(case_number: int, person_id: str) -> str:
    """The card's copy in the direct messages of somebody who has, or had, something to do in it."""
    return f"{all_customer(case_number)}{person_id}"


ALL_CUSTOMER = "customer:"


def all_customer(case_number: int) -> str:
    """What the keys of all those copies of one case begin with."""
    return f"{ALL_CUSTOMER}{case_number}:"


def reader_of_copy(key: str) -> tuple[int, str]:
    """Which case such a copy is about, and whose it is."""
    _, case_number, person_id = key.split(":", 2)
    return int(case_number), person_id


def call_about_customer(case_number: int, person_id: str) -> str:
    """The word in the thread to somebody who cannot be reached directly about a customer."""
    return f"call_customer:{case_number}:{person_id}"


def unreached_about_customer(case_number: int, person_id: str) -> str:
    """The word to the lead about that person."""
    return f"unreached_customer:{case_number}:{person_id}"


def not_recovered(case_number: int, number: int, person_id: str) -> str:
    """The word to somebody that a customer is not put right, for the `number`th time, from 1."""
    return f"not_recovered:{case_number}:{number}:{person_id}"


ALL_NOT_RECOVERED = "not_recovered:"


def all_not_recovered(case_number: int) -> str:
    """What the keys of all those words about a case begin with."""
    return f"{ALL_NOT_RECOVERED}{case_number}:"


def told_of(key: str) -> tuple[int, int, str]:
    """Which case such a word was about, or one that it was cancelled; which time, and to whom."""
    _, case_number, number, person_id = key.split(":", 3)
    return int(case_number), int(number), person_id


ALL_NOTES = "note:"
"""What the keys of all notes on all tickets begin with."""


def note(proposal_number: int, mark: str) -> str:
    """A note on the ticket of a proposal; its mark says what about."""
    return f"{all_notes(proposal_number)}{mark}"


def all_notes(proposal_number: int) -> str:
    """What the keys of all notes on that ticket begin with."""
    return f"{ALL_NOTES}{proposal_number}:"


def ticket(proposal_number: int) -> str:
    """What the customer wrote on the ticket of a proposal, which is read there."""
    return f"ticket:{proposal_number}"


def comment(proposal_number: int, rated_at: datetime, attempt: int) -> str:
    """What the customer wrote beside a rating of that moment, as looked for the `attempt`th time."""
    return f"comment:{proposal_number}:{attempt}:{rated_at.isoformat()}"


def rated_at(key: str) -> datetime | None:
    """The moment of the rating whose comment is looked for; None for all other keys."""
    noun, *rest = key.split(":", 3)
    return datetime.fromisoformat(rest[2]) if noun == "comment" and len(rest) == 3 else None


def proposal_of(key: str) -> int | None:
    """The number of the proposal on whose ticket something is left or read; None for all other keys."""
    noun, _, rest = key.partition(":")
    number = rest.partition(":")[0]
    return int(number) if noun in ("note", "ticket", "comment") and number.isdecimal() else None


def check_in(case_number: int, number: int) -> str:
    """The private word to whoever handled a case, after the `number`th turn of its retro."""
    return f"check_in:{case_number}:{number}"


def reminder(person_id: str, day: date, number: int) -> str:
    """The `number`th message of reminders, from 0, to a person on a day of theirs."""
    return f"remind:{person_id}:{day.isoformat()}:{number}"


def reminder_day(key: str) -> date | None:
    """The day of a message of reminders to a person; None when it is another message's key."""
    match = PERSONAL.fullmatch(key)
    return date.fromisoformat(match[1]) if match else None


def reminder_number(key: str) -> int | None:
    """Which message of its day it is, from 0; None when it is no message of reminders to a person."""
    match = PERSONAL.fullmatch(key)
    return int(match[2]) if match else None


def reminder_in_thread(case_number: int, name: str, day: date) -> str:
    """A reminder in a retro's thread, by the name of the reminder."""
    return f"remind:C-{case_number}:{name}:{day.isoformat()}"


def reminder_in_channel(channel_id: str, day: date) -> str:
    """All that is due in the threads of a channel on a day, in UTC, when it is many of them."""
    return f"remind:in:{channel_id}:{day.isoformat()}"


def reminder_day_in_channel(key: str) -> date | None:
    """The day of such a message; None when it is another message's key."""
    match = IN_CHANNEL.fullmatch(key)
    return date.fromisoformat(match[1]) if match else None


def reminder_instead(key: str, label: str) -> str:
    """One thing of the message with this key, said in a thread because its reader could not get it."""
    return f"{key}:{label}"


def status_shared(channel_id: str, at: datetime) -> str:
    """A team's status that somebody shared at a moment."""
    return f"status_shared:{channel_id}:{at.isoformat()}"


def weekly(channel_id: str, monday: date) -> str:
    """A week's summary."""
    return f"weekly:{channel_id}:{monday.isoformat()}"


def backlog(channel_id: str, day: date) -> str:
    """The message about the cases that were taken into a channel quietly on a day, in UTC."""
    return f"backlog:{channel_id}:{day.isoformat()}"


def all_backlogs(channel_id: str) -> str:
    """What the keys of all such messages of a channel begin with."""
    return f"backlog:{channel_id}:"


def hello(channel_id: str) -> str:
    """The line with which Amends introduces itself in a channel."""
    return f"hello:{channel_id}"


def proposal(number: int) -> str:
    """A proposed case in its channel."""
    return f"proposal:{number}"


def gathered(connection_id: str, channel_id: str, day: date) -> str:
    """What a connection proposes in a channel on a day of its team beyond what it may."""
    return f"gathered:{connection_id}:{channel_id}:{day.isoformat()}"


def hook_test(delivery_key: str, person_id: str) -> str:
    """To whoever wanted a test: the delivery with this key."""
    return f"hook_test:{delivery_key}:{person_id}"


def hook_broken(connection_id: str, until: datetime, person_id: str) -> str:
    """To whoever waits until then for a test of a connection: what arrived was refused."""
    return f"hook_broken:{connection_id}:{until.isoformat()}:{person_id}"


def all_hook_tests(delivery_key: str) -> str:
    """What the keys of all words about this delivery begin with; whose each is follows."""
    return f"hook_test:{delivery_key}:"


def rules(connection_id: str, version: int, person_id: str) -> str:
    """The question to a lead whether the rules of this version of a connection let too much through."""
    return f"rules:{connection_id}:{version}:{person_id}"


def settings(channel_id: str, version: int, person_id: str) -> str:
    """The word to a lead that their team's settings are another version now."""
    return f"settings:{channel_id}:{version}:{person_id}"


def prompts(channel_id: str, day: date) -> str:
    """The word to a channel that its retros ask something else since that day, in UTC."""
    return f"asks:{channel_id}:{day.isoformat()}"


def colleague_left(channel_id: str, at: datetime) -> str:
    """The word to a lead that a colleague was removed at a moment; it does not say who."""
    return f"left:{channel_id}:{at:%Y-%m-%dT%H:%M:%S.%f}"


def unsaid(person_id: str, mark: str) -> str:
    """The note to a person that something could not be said; `mark` stands for where, why and when."""
    return f"unsaid:{person_id}:{mark}"


def renamed(key: str, person_id: str, now: str) -> str | None:
    """A key with a person's id in it, once they are known by another one; None in their own direct
    messages, which nobody else reads.
    """
    if is_own_chat(key):
        return None
    return re.sub(rf"(?<![^:]){re.escape(person_id)}(?![^:])", now, key)


def is_own_chat(key: str) -> bool:
    """Whether only the person in it reads the message, in their direct messages."""
    return OWN_CHAT.fullmatch(key) is not None


def is_to_lead(key: str) -> bool:
    """Whether it is a word to the lead about somebody who cannot be reached."""
    return TO_LEAD.fullmatch(key) is not None


def item_of(key: str) -> int | None:
    """The number of the action item about which somebody was named; None when it was none."""
    return _number(ABOUT_ITEM, key)


def case_of(key: str) -> int | None:
    """The number of the case about whose customer somebody was named; None when it was none."""
    return _number(ABOUT_CASE, key)


def _number(shape: re.Pattern[str], key: str) -> int | None:
    match = shape.fullmatch(key)
    return next((int(number) for number in match.groups() if number), None) if match else None
