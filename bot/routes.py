"""Table of contents: all that the bot does when asked (VERBS) and all that it says to others (JOBS).

COMMANDS are the words that people type for it: help, the manifests and the README go by that list.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal, NamedTuple

from bot.access import Access, Audience
from bot.commands import action_item as action_item_commands
from bot.commands import board as board_commands
from bot.commands import case as case_commands
from bot.commands import coach as coach_commands
from bot.commands import recovery as recovery_commands
from bot.commands import retro as retro_commands
from bot.commands import team as team_commands
from bot.domain.job import Job
from bot.domain.recovery_step import STEPS, StepName
from bot.jobs import action_item as action_item_jobs
from bot.jobs import board as board_jobs
from bot.jobs import case as case_jobs
from bot.jobs import recovery as recovery_jobs
from bot.jobs import reminder as reminder_jobs
from bot.jobs import retro as retro_jobs
from bot.jobs import team as team_jobs
from bot.messages.parts import Message
from bot.ports import UnitOfWork
from bot.prompts import PROMPTS
from bot.request import Reply, Request

Flow = Callable[[Request, UnitOfWork], Reply]
Speech = Callable[[Job, UnitOfWork], Message | None]
Sequel = Callable[[Job, UnitOfWork], Sequence[Job]]


class Words(NamedTuple):
    """Which fields of a form the language coach reads before it is posted, and for whom they are."""

    fields: tuple[str, ...]
    reader: Literal["team", "customer"] = "team"
    whole: bool = False
    """It is all that a customer will read, so what is missing is worth a remark."""


class Verb(NamedTuple):
    """What answers a request, whom it concerns and who sees the answer (`bot/access.py`).

    `form` opens its form when nothing was filled in yet. `audience`: who may read the answer to typed
    words; Slack and the web answer privately all the same. `reads`: the flow changes nothing. `typed`:
    words after the command fill the form by themselves. `repeatable`: doing it twice is doing it once,
    so repeats need not be remembered. `starts`: it begins something new, or says it anew, which a person
    may do only so often in a minute. `words`: what the coach reads. `apart`: what answers instead of the
    flow where something was filled in, outside the transaction, because it takes long.
    """

    flow: Flow
    access: Access
    form: Flow | None = None
    audience: Audience = "person"
    reads: bool = False
    typed: bool = False
    repeatable: bool = False
    starts: bool = False
    words: Words | None = None
    apart: Callable[[Request], Reply] | None = None

    def only_opens(self, request: Request) -> bool:
        """Whether the request just asks for the form: nothing was filled in, nor typed instead."""
        return self.form is not None and request.values is None and not (self.typed and request.typed)


class TypedWord(NamedTuple):
    """A word that can be typed: the verb that it asks for, what may follow it, and what it does."""

    verb: str
    follows: str
    meaning: str


class Spoken(NamedTuple):
    """What a job says; `what` names it to a person when it cannot be said.

    `then` is what the bot owes next, saved together with the first time it was said. `otherwise`
    is what it owes when this cannot be said for good; without it, whoever asked and the lead are told.
    """

    flow: Speech
    what: str
    then: Sequel | None = None
    otherwise: Sequel | None = None


ANSWERS = Words(tuple(prompt.key for prompt in PROMPTS))
WHY = Words(("why",))
ITEM = Words(("what", "measure"))
TO_CUSTOMER: Mapping[StepName, Words] = {
    "apologise": Words(("words",), "customer"),
    "apologise_publicly": Words(("words",), "customer", whole=True),
    "tell_changed": Words(("words",), "customer"),
}

COMMANDS: Mapping[str, TypedWord] = {
    "failed": TypedWord(
        "case.fail",
        "[reference] [what happened]",
        "marks a case failed and opens its retro here; without words a form asks",
    ),
    "mine": TypedWord(
        "action_item.mine", "", "your open action items, late ones first, and what you owe to customers"
    ),
    "status": TypedWord(
        "board.status", "", "what is owed to customers and what is open in this team, late ones first"
    ),
    "customer": TypedWord(
        "recovery.open",
        "C-7",
        "what is owed to the customer of a case, step by step (its own reference will do, too)",
    ),
    "settings": TypedWord(
        "team.settings",
        "[mine]",
        "this team's lead, time zone, working hours, days to answer and to apologise; "
        "settings mine: when and how you are reminded",
    ),
    "draft": TypedWord(
        "coach.draft",
        "[words to a customer]",
        "reads a text before you send it and tells you alone what may hurt; without words a form asks",
    ),
    "help": TypedWord("team.help", "", "this list"),
}
TYPED: Mapping[str, str] = {
    f"{word} {command.follows}".strip(): command.meaning for word, command in COMMANDS.items()
}
"""Each command as it is typed, and what it does."""

VERBS: Mapping[str, Verb] = {
    "case.fail": Verb(
        case_commands.fail,
        "channel",
        case_commands.fail_form,
        audience="channel",
        typed=True,
        starts=True,
    ),
    "case.fail_message": Verb(case_commands.fail, "channel", case_commands.fail_form, starts=True),
    "case.read": Verb(case_commands.read, "thing", reads=True),
    "retro.answer": Verb(
        retro_commands.answer, "thing", retro_commands.answer_form, starts=True, words=ANSWERS
    ),
    "retro.edit_answer": Verb(
        retro_commands.edit_answer, "thing", retro_commands.edit_answer_form, words=Words(("text",))
    ),
    "retro.read_answer": Verb(retro_commands.read_answer, "thing", reads=True),
    "retro.close": Verb(
        retro_commands.close, "members", retro_commands.close_form, starts=True, words=WHY
    ),
    "retro.reopen": Verb(
        retro_commands.reopen, "members", retro_commands.reopen_form, starts=True, words=WHY
    ),
    "retro.discuss": Verb(retro_commands.discuss, "platform", repeatable=True),
    "retro.undiscuss": Verb(retro_commands.undiscuss, "platform", repeatable=True),
    "action_item.add": Verb(
        action_item_commands.add, "thing", action_item_commands.add_form, starts=True, words=ITEM
    ),
    "action_item.add_message": Verb(
        action_item_commands.add, "thing", action_item_commands.add_form, starts=True, words=ITEM
    ),
    "action_item.take": Verb(action_item_commands.move, "thing"),
    "action_item.accept": Verb(action_item_commands.move, "thing"),
    "action_item.hand_over": Verb(
        action_item_commands.move, "thing", action_item_commands.step_form, words=WHY
    ),
    "action_item.decline": Verb(
        action_item_commands.move, "thing", action_item_commands.step_form, words=WHY
    ),
    "action_item.done": Verb(
        action_item_commands.move, "thing", action_item_commands.step_form, words=Words(("changed",))
    ),
    "action_item.change_date": Verb(
        action_item_commands.move, "thing", action_item_commands.step_form, words=WHY
    ),
    "action_item.verify": Verb(action_item_commands.move, "thing"),
    "action_item.reopen": Verb(
        action_item_commands.move, "thing", action_item_commands.step_form, words=Words(("missing",))
    ),
    "action_item.drop": Verb(
        action_item_commands.move, "thing", action_item_commands.step_form, words=WHY
    ),
    "action_item.remind_later": Verb(
        action_item_commands.remind_later, "thing", action_item_commands.remind_later_form
    ),
    "action_item.read": Verb(action_item_commands.read, "thing", reads=True),
    "action_item.mine": Verb(action_item_commands.mine, "own", reads=True),
    "recovery.open": Verb(recovery_commands.bring, "thing", starts=True),
    **{
        f"recovery.{step}": Verb(
            recovery_commands.take,
            "members" if step == "verdict" else "thing",
            recovery_commands.step_form,
            words=TO_CUSTOMER.get(step),
        )
        for step in STEPS
    },
    "recovery.not_needed": Verb(
        recovery_commands.not_needed, "thing", recovery_commands.not_needed_form, words=WHY
    ),
    "recovery.hand_over": Verb(
        recovery_commands.hand_over, "thing", recovery_commands.hand_over_form, words=WHY
    ),
    "recovery.read": Verb(recovery_commands.read, "thing", reads=True),
    "board.status": Verb(board_commands.status, "channel", audience="channel", reads=True),
    "coach.draft": Verb(
        coach_commands.draft_form,
        "own",
        coach_commands.draft_form,
        reads=True,
        typed=True,
        apart=coach_commands.draft,
    ),
    "team.settings": Verb(team_commands.settings, "channel", team_commands.settings_form),
    "team.own_settings": Verb(team_commands.own_settings, "own", team_commands.own_settings_form),
    "team.help": Verb(partial(team_commands.say_help, TYPED), "own", audience="channel", reads=True),
    "team.home": Verb(action_item_commands.mine, "own", reads=True),
    "team.joined": Verb(team_commands.joined, "platform"),
    "team.person_changed": Verb(team_commands.person_changed, "platform", repeatable=True),
}

JOBS: Mapping[str, Spoken] = {
    "retro.show": Spoken(retro_jobs.show, "the retro {about}", then=retro_jobs.ask),
    "retro.prompt": Spoken(retro_jobs.prompt, "a prompt of the retro {about}"),
    "retro.answered": Spoken(retro_jobs.answered, "an answer"),
    "retro.sum_up": Spoken(retro_jobs.sum_up, "the summary of {about}"),
    "retro.say_reopened": Spoken(retro_jobs.say_reopened, "that {about} is open again"),
    "action_item.show": Spoken(action_item_jobs.show, "the action item {about}"),
    "action_item.tell_owner": Spoken(
        action_item_jobs.tell_owner,
        "the action item {about} to its owner",
        otherwise=action_item_jobs.go_public,
    ),
    "action_item.call_owner": Spoken(action_item_jobs.call_owner, "a word to the owner of {about}"),
    "action_item.tell_lead": Spoken(
        action_item_jobs.tell_lead, "that the owner of {about} is out of reach"
    ),
    "recovery.show": Spoken(recovery_jobs.show, "what is owed to the customer of {about}"),
    "recovery.tell_owner": Spoken(
        recovery_jobs.tell_owner,
        "the customer of {about} to whoever looks after them",
        otherwise=recovery_jobs.go_public,
    ),
    "recovery.call_owner": Spoken(recovery_jobs.call_owner, "a word about the customer of {about}"),
    "recovery.tell_lead": Spoken(recovery_jobs.tell_lead, "that somebody is out of reach about {about}"),
    "recovery.check_in": Spoken(recovery_jobs.check_in, "a word", otherwise=recovery_jobs.tell_nobody),
    "reminder.tell": Spoken(
        reminder_jobs.tell, "a reminder about {about}", otherwise=reminder_jobs.pass_on
    ),
    "reminder.tell_thread": Spoken(reminder_jobs.tell_thread, "a reminder about {about}"),
    "reminder.tell_instead": Spoken(reminder_jobs.tell_instead, "a reminder about {about}"),
    "board.weekly": Spoken(board_jobs.weekly, "the week's summary"),
    "team.hello": Spoken(team_jobs.hello, "a greeting"),
    "team.settings_changed": Spoken(team_jobs.settings_changed, "that a team's settings were changed"),
    "case.withdrawn": Spoken(case_jobs.withdrawn, "that something was taken back"),
    "case.unsaid": Spoken(case_jobs.unsaid, "a note about a message that was not said"),
}


def typed(text: str) -> tuple[str, str]:
    """The verb that typed words ask for, and the words that belong to it; unknown ones ask for help."""
    first, *rest = text.split(maxsplit=1) or [""]
    command = COMMANDS.get(first.lower())
    if command is None:
        return "team.help", text.strip()
    return command.verb, "" if command.verb == "team.help" else "".join(rest).strip()
