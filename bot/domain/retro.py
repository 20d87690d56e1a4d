"""A retro: what the team heard about one failed case, and what it decided."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

from bot.domain.action_item import AGREED_STATES, ActionItem
from bot.domain.case import first_bring_back
from bot.domain.errors import NextStep, Refused
from bot.domain.prompt import Prompts, asked
from bot.domain.reference import AnswerRef, CaseRef, key_of

RetroState = Literal["open", "closed"]
Outcome = Literal["fixes agreed", "an apology was enough", "nothing we could have changed"]
OUTCOMES: tuple[Outcome, ...] = (
    "fixes agreed",
    "an apology was enough",
    "nothing we could have changed",
)
FIXES_AGREED = OUTCOMES[0]
ONLY_RIGHT = "Small failure: only making it right."
"""Why the retro of a small failure is closed as it opens."""


class Turn(BaseModel, frozen=True):
    """One closing or reopening: who, when, and in which words."""

    step: Literal["close", "reopen"]
    by: str
    at: datetime
    outcome: Outcome | None = None
    why: str = ""


class Retro(BaseModel, frozen=True):
    """The retro of case number `case`; there is one per case.

    `answers_close_on` is a whole day in the team's zone: answers close when the team's day ends.
    `unsettled_at` is when the last fix fell that somebody had agreed to, after it was closed with *fixes
    agreed*; None while there is one.
    """

    case_number: int
    channel_id: str
    opened_at: datetime
    answers_close_on: date
    prompts: Prompts = ()
    """What it asks, as it was when it opened; retired ones came with answers from another retro."""
    opened_by: str | None = None
    state: RetroState = "open"
    history: tuple[Turn, ...] = ()
    unsettled_at: datetime | None = None
    small: bool = False
    """A small failure, closed as it opened: nobody is asked anything, until it is reopened."""
    cancelled: bool = False
    """As its case is: kept here too, so that lists and the clock pass it by."""
    version: int = 1

    @property
    def label(self) -> str:
        """The label of its case, `C-7`: people know a retro by its case."""
        return f"C-{self.case_number}"

    @property
    def ref(self) -> CaseRef:
        """What its buttons and forms carry: its case's, which failed the moment it was opened."""
        return CaseRef(number=self.case_number, key=key_of(self.case_number, self.opened_at))

    @property
    def last(self) -> Turn | None:
        """The last closing or reopening, if there was one."""
        return self.history[-1] if self.history else None


class Answer(BaseModel, frozen=True):
    """What one person answered to one prompt.

    `author` and `posted_at` are None when it was posted without a name: neither who nor the moment
    is known to anybody. `id` is random, so that it says nothing about the order of things.
    """

    id: str
    case_number: int
    prompt: str
    text: str
    author: str | None = None
    posted_at: datetime | None = None
    version: int = 1

    @property
    def ref(self) -> AnswerRef:
        """What its buttons and forms carry."""
        return AnswerRef(id=self.id)


class WithdrawnAnswer(BaseModel, frozen=True):
    """What is left of an unnamed answer that the team's lead withdrew: who did, and why.

    `id` is the answer's: in its place in the thread it is said.
    """

    id: str
    case_number: int
    by: str
    why: str


class Comment(BaseModel, frozen=True):
    """A plain reply in the retro's thread, kept as discussion; `id` is the platform's own."""

    id: str
    case_number: int
    author: str
    text: str
    posted_at: datetime


class Counts(BaseModel, frozen=True):
    """The live figures on a retro; `agreed` are the items that somebody agreed to, done ones too."""

    answers: int = 0
    items: int = 0
    late: int = 0
    unfinished: int = 0
    agreed: int = 0


def only_made_right(retro: Retro, at: datetime) -> Retro:
    """The retro of a small failure, closed as it opens; that names nobody, as its opening does not."""
    turn = Turn(step="close", by="", at=at, outcome="an apology was enough", why=ONLY_RIGHT)
    return retro.model_copy(update={"state": "closed", "history": (turn,), "small": True})


def must_be_open(retro: Retro, to: str) -> None:
    """Refuses when the retro is closed or cancelled; `to` says what the person wanted, e.g. "answer"."""
    if retro.cancelled:
        raise first_bring_back(retro.label)
    if retro.state == "closed":
        again = NextStep("Reopen", "retro.reopen", str(retro.ref))
        raise Refused(f"The retro {retro.label} is closed; reopen it to {to}.", instead=again)


def close(
    retro: Retro, by: str, at: datetime, outcome: str, why: str, items: Sequence[ActionItem]
) -> Retro:
    """The closed retro; refuses an outcome without its items or without its why."""
    check_close(retro, items)
    chosen = next((one_of for one_of in OUTCOMES if one_of == outcome), None)
    if chosen is None:
        raise Refused("Choose an outcome.", "outcome")
    if chosen == FIXES_AGREED and not agreed_in(items):
        raise Refused(
            "Fixes agreed needs an action item that somebody said yes to: ask for a yes, add one, or "
            "choose another outcome.",
            "outcome",
        )
    if chosen != FIXES_AGREED and not why:
        raise Refused("Say why, in a sentence.", "why")
    turn = Turn(step="close", by=by, at=at, outcome=chosen, why=why)
    history = (*retro.history, turn)
    return retro.model_copy(update={"state": "closed", "history": history, "unsettled_at": None})


def check_close(retro: Retro, items: Sequence[ActionItem]) -> None:
    """Refuses to close a retro again whose outcome holds."""
    if retro.state == "closed" and holds(retro, agreed_in(items)):
        again = NextStep("Reopen", "retro.reopen", str(retro.ref))
        raise Refused(f"The retro {retro.label} is already closed.", instead=again)


def agreed_in(items: Sequence[ActionItem]) -> int:
    """How many of the items somebody agreed to."""
    return sum(item.state in AGREED_STATES for item in items)


def holds(retro: Retro, agreed: int) -> bool:
    """Whether its outcome is true: *fixes agreed* only while somebody `agreed` to at least one."""
    return agreed > 0 or retro.last is None or retro.last.outcome != FIXES_AGREED


def settle(retro: Retro, items: Sequence[ActionItem], at: datetime) -> Retro:
    """The retro after its items moved, with the moment since when its outcome does not hold."""
    if retro.state == "open" or holds(retro, agreed_in(items)):
        return retro.model_copy(update={"unsettled_at": None})
    return retro.model_copy(update={"unsettled_at": retro.unsettled_at or at})


def reopen(retro: Retro, by: str, at: datetime, why: str, answers_close_on: date) -> Retro:
    """The retro open again, with the why; there is time to answer until that day, if not for longer."""
    if retro.state == "open":
        raise Refused(f"The retro {retro.label} is already open.")
    turn = Turn(step="reopen", by=by, at=at, why=why)
    return retro.model_copy(
        update={
            "state": "open",
            "small": False,
            "history": (*retro.history, turn),
            "unsettled_at": None,
            "answers_close_on": max(retro.answers_close_on, answers_close_on),
        }
    )


def state_of(retro: Retro, counts: Counts) -> str:
    """The word people see: open, closed, finished when every item is verified or dropped; cancelled.

    Fixes agreed without a fix that somebody agreed to are nothing finished.
    """
    if retro.cancelled:
        return "cancelled"
    if retro.state == "open":
        return "open"
    return "closed" if counts.unfinished or not holds(retro, counts.agreed) else "finished"


def unanswered(retro: Retro, answers: Iterable[Answer]) -> Prompts:
    """The prompts that were asked in the thread, and that nobody answered."""
    answered = {answer.prompt for answer in answers}
    return tuple(
        prompt for prompt in asked(retro.prompts) if prompt.question and prompt.key not in answered
    )


def edit_answer(answer: Answer, by: str, text: str) -> Answer:
    """The answer with new words; only its named author may."""
    if answer.author is None:
        raise Refused(
            "An answer without a name cannot be edited: nobody knows whose it is. You can add your own.",
            instead=_own_answer(answer),
        )
    if answer.author != by:
        raise Refused(
            "Only the person who wrote this answer can edit it. You can add your own.",
            instead=_own_answer(answer),
        )
    return answer.model_copy(update={"text": text})


def _own_answer(answer: Answer) -> NextStep:
    """What somebody else than its author can do: answer the same prompt themself."""
    prompt = CaseRef(number=answer.case_number, part=answer.prompt)
    return NextStep("Answer", "retro.answer", str(prompt))


def check_take_back(answer: Answer, by: str) -> None:
    """Refuses to delete an answer for anybody but its named author."""
    if answer.author is None:
        raise Refused(
            "An answer without a name cannot be deleted: nobody knows whose it is. The team's lead can "
            "withdraw it."
        )
    if answer.author != by:
        raise Refused(
            "Only the person who wrote this answer can delete it. You can add your own.",
            instead=_own_answer(answer),
        )


def check_unname(answer: Answer, by: str) -> None:
    """Refuses to take the name off an answer for anybody but its named author."""
    if answer.author is None:
        raise Refused("This answer has no name on it already.")
    if answer.author != by:
        raise Refused("Only the person who wrote this answer can take the name off it.")


def unname(answer: Answer, new_id: str) -> Answer:
    """The same words as another answer, which nothing ties to the one with a name."""
    return Answer(id=new_id, case_number=answer.case_number, prompt=answer.prompt, text=answer.text)


def check_withdraw(answer: Answer, by: str, lead: str | None) -> None:
    """Refuses to withdraw an answer with a name, and anybody but the team's lead."""
    if answer.author is not None:
        raise Refused("This answer has a name on it: only the person who wrote it can delete it.")
    if lead is None:
        raise Refused(
            "Only the team's lead can withdraw an answer; choose a lead in the settings first.",
            instead=NextStep("Team settings", "team.settings"),
        )
    if by != lead:
        raise Refused("Only the team's lead can withdraw an answer without a name.")
