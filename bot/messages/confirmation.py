"""What whoever sent a form reads then, and only they: in one short sentence, what it did."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.item_step import StepForm
from bot.domain.person import Person
from bot.domain.prompt import Prompts, label_of
from bot.domain.recovery import Recovery
from bot.domain.recovery_step import Step, Verdict
from bot.domain.retro import Answer, Retro
from bot.domain.working_hours import today
from bot.messages.author import signed
from bot.messages.parts import (
    Context,
    Day,
    Message,
    Paragraph,
    Words,
    day_words,
    linked,
    on,
    sentence,
    working_days,
)

TAKEN_BACK = sentence("Taken back: this step is to do again.")
NOT_NEEDED = sentence("Left out. Everybody can read your reason on the card.")
VERDICTS: Mapping[Verdict, str] = {
    "recovered": "Noted: it is put right. Thank you for staying with them.",
    "not recovered": "Noted. It isn't put right yet, so we're starting over with them.",
    "no answer": "Noted: there was no answer. Thank you for trying.",
}


def posted(answers: Sequence[Answer], prompts: Prompts) -> Message:
    """After answers were posted: under which prompts, and whether without a name."""
    labels = [label_of(prompts, answer.prompt) for answer in answers]
    where = " and ".join(filter(None, (", ".join(labels[:-1]), labels[-1])))
    unnamed = ", without your name" if answers[0].author is None else ""
    return sentence(f"Posted under {where}{unnamed}. Thank you.")


def edited(answer: Answer, prompts: Prompts) -> Message:
    """After one's own answer was edited."""
    return sentence(f"Saved: your answer under {label_of(prompts, answer.prompt)} has your new words.")


def deleted(answer: Answer, prompts: Prompts) -> Message:
    """After one's own answer was deleted."""
    return sentence(f"Deleted: your answer under {label_of(prompts, answer.prompt)} is gone.")


def unnamed(answer: Answer, prompts: Prompts) -> Message:
    """After the name was taken off one's own answer."""
    return sentence(
        f"Done: that answer under {label_of(prompts, answer.prompt)} has no name on it any more."
    )


def withdrawn(answer: Answer, prompts: Prompts) -> Message:
    """After an unnamed answer was withdrawn by the lead."""
    return sentence(
        f"Withdrawn. Under {label_of(prompts, answer.prompt)} it now says that you did it, and why."
    )


def closed(retro: Retro) -> Message:
    """After a retro was closed."""
    outcome = retro.last.outcome if retro.last else None
    return sentence(f"{retro.label} is closed: {outcome}. Thank you.")


def reopened(retro: Retro) -> Message:
    """After a retro was reopened."""
    return sentence(f"{retro.label} is open again: answers and action items are welcome.")


def added(item: ActionItem, asked_by: str, owner: Person | None, aim: Day | None = None) -> Message:
    """After an item was added: whose it is, or who is asked; `aim`: its day, by the team's policy."""
    due: Words = (" It is due ", aim, ", as your team's policy says.") if aim else ()
    if owner is None:
        return sentence(f"Added as {item.label}. Whoever wants it can take it.", *due)
    if owner.id == asked_by:
        return sentence(f"Added as {item.label}, and it is yours. Thank you.", *due)
    return sentence(f"Added as {item.label}. I ask {signed(owner.name)} to agree to it.", *due)


def stepped(form: StepForm, to: Person | date | None, today: date) -> Message:
    """After a step of an item that has a form; `to` is the new owner or date, where it is about one."""
    named = signed(to.name) if isinstance(to, Person) else day_words(on(to, today)) if to else ""
    return sentence(form.confirmed.format(to=named))


def item_edited(item: ActionItem) -> Message:
    """After the words of an item were put right."""
    return sentence(f"Saved: {item.label} has your new words everywhere.")


def item_unchanged(item: ActionItem) -> Message:
    """After an item was edited to what it said already."""
    return sentence(f"Nothing to save: {item.label} says all of that already.")


def case_edited(case: Case) -> Message:
    """After a case was edited."""
    return sentence(f"Saved: {case.label} is right everywhere now.")


def case_unchanged(case: Case) -> Message:
    """After a case was edited to what it said already."""
    return sentence(f"Nothing to save: {case.label} says all of that already.")


def case_cancelled(case: Case, link: str | None) -> Message:
    """After a case was cancelled; `link` leads to its thread, where that has one."""
    thread = linked("in its thread", link)
    return sentence(f"{case.label} is cancelled. If that was a mistake, bring it back ", thread, ".")


def case_moved(case: Case, kept: Case) -> Message:
    """After a case was found to be another one."""
    return sentence(f"All that was said in {case.label} is in {kept.label} now. Thank you.")


def noted(step: Step, news: Sequence[Words] = ()) -> Message:
    """After a step for the customer was noted; `news` is said once, here, and nowhere else."""
    return _with_news(VERDICTS[step.chosen] if step.chosen else step.kind.noted, news)


def corrected(news: Sequence[Words] = ()) -> Message:
    """After what was noted was put right."""
    return _with_news("Corrected. The card shows it as it is now.", news)


def _with_news(said: str, news: Sequence[Words]) -> Message:
    first = sentence(said)
    return first.model_copy(update={"parts": (*first.parts, *(Context(words=words) for words in news))})


def apology_came(recovery: Recovery, case: Case, zone: str, at: datetime, day: date) -> Words:
    """How long an apology of `at` took, beside the team's aim; read on `day`.

    It is counted from a moment that somebody knows; without one it is said on which day it came. One
    that is dated before the failure took no time at all.
    """
    # One that is dated before the day of the failure is a wrong date, and proves nothing.
    first, came = today(zone, recovery.failed_at), today(zone, at)
    in_time = ", in time:" if first <= came <= recovery.apologise_by else ";"
    aim = f"{in_time} the team's aim was {_aim(recovery.aim)}, "
    return (*_came(recovery, case, zone, at, day), aim, on(recovery.apologise_by, day), ".")


def _came(recovery: Recovery, case: Case, zone: str, at: datetime, day: date) -> Words:
    if at < recovery.failed_at:
        # Of some failures only the day is known, and their hour is taken to be the last one.
        if today(zone, at) == today(zone, recovery.failed_at):
            return ("The apology came on the day of the failure",)
        return ("The apology is dated before the failure: one of the two dates is wrong",)
    since = "the failure" if case.happened_at else "it was marked failed"
    if recovery.earlier:
        since = "the customer said that it wasn't put right"
    elif case.happened_at and case.happened_by_day:
        return ("The apology came on ", on(today(zone, at), day))
    return (f"The apology came {_span(recovery.failed_at, at)} after {since}",)


def _span(since: datetime, at: datetime) -> str:
    """`40 min`, `3 h` or `5 days`."""
    minutes = max(0, int((at - since).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


def _aim(days: int) -> str:
    """`the same working day`, `1 working day`, `3 working days`."""
    return working_days(days) if days else "the same working day"


def handed_over(case: Case, step: str, owner: Person) -> Message:
    """After a step for the customer, by its label, or with "" all of them went into other hands."""
    if step:
        return sentence(f"Thanks. “{step}” is with {signed(owner.name)} now.")
    customer = case.customer or "the customer"
    return sentence(f"Thanks. {signed(owner.name)} looks after {customer} ({case.label}) now.")


def followed_by(first: Message, then: Message | None) -> Message:
    """One message of two; `then` may be missing."""
    if then is None:
        return first
    return Message(
        summary=f"{first.summary} {then.summary}",
        parts=(Paragraph(words=(first.summary,)), *then.parts),
    )
