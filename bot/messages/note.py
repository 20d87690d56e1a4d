"""What the agents of a helpdesk read on a ticket; never the customer, and never who answered what."""

from collections.abc import Iterable, Mapping
from datetime import date

from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.recovery_step import Step, Verdict
from bot.domain.retro import FIXES_AGREED, Outcome
from bot.messages.parts import (
    Context,
    Link,
    Message,
    Paragraph,
    Quote,
    Words,
    linked,
    on,
    one_line,
    plain_words,
    shortened,
)

MAX_CHANGES = 10
"""What changed is told of so many fixes; the rest stands in the retro."""
SHOWN_CHANGE = 300

ENDED: Mapping[Verdict, str] = {
    "recovered": "The customer says it's put right.",
    "no answer": "The customer didn't answer.",
    "not recovered": "The customer says it isn't put right. The team is starting over.",
}


def opened(case: Case, channel: str, link: str | None) -> Message:
    """That the team talks about it, and where."""
    where = f" in #{channel}" if channel else ""
    return _note(
        case,
        (f"A blameless retro of this is open{where}: what support was missing, and what will change.",),
        *_way("The retro", link),
    )


def promised(case: Case, promise: Step, today: date) -> Message:
    """What the customer was promised, and by when."""
    by = (" by ", on(promise.due, today)) if promise.due else ()
    return _note(case, ("The customer was promised", *by, ":"), Quote(text=shortened(promise.words)))


def finished(
    case: Case, outcome: Outcome | None, items: Iterable[ActionItem], link: str | None
) -> Message:
    """What changed because of it: of fixes that somebody verified alone."""
    changes = [_change(item) for item in items if item.state == "verified"]
    if not changes:
        how = outcome if outcome and outcome != FIXES_AGREED else "no change is verified"
        return _note(case, (f"The retro is finished: {how}.",), *_way("The retro", link))
    more = len(changes) - MAX_CHANGES
    left = (f"{more} more in the retro.",) if more > 0 else ()
    listed = "\n".join((*(f"- {change}" for change in changes[:MAX_CHANGES]), *left))
    said = "The retro is finished. What changed:"
    return _note(case, (said,), Quote(text=listed), *_way("The retro", link))


def _change(item: ActionItem) -> str:
    done = item.last("done")
    return one_line(done.words if done and done.words else item.what, SHOWN_CHANGE)


def ended(case: Case, verdict: Verdict) -> Message:
    """How it ended for the customer, whose own words are on the ticket already."""
    return _note(case, (f"How it ended: {verdict}. {ENDED[verdict]}",))


def cancelled(case: Case, link: str | None) -> Message:
    """That nothing more comes: it was a mistake, or it is told of elsewhere."""
    same_as = case.same_as
    if same_as is None:
        return _note(
            case, ("Cancelled: this was marked failed by mistake, so nothing more comes of it.",)
        )
    other = linked(f"C-{same_as}", link)
    return _note(case, ("It's the same failure as ", other, ": what comes of it is told there."))


def restored(case: Case, link: str | None) -> Message:
    """That it was no mistake after all."""
    said = "This was brought back: the retro goes on."
    return _note(case, (said,), *_way("The retro", link))


def _note(case: Case, words: Words, *more: Quote | Context) -> Message:
    title = f"Amends · {case.label}"
    return Message(
        summary=f"{title}: {plain_words(words)}", title=title, parts=(Paragraph(words=words), *more)
    )


def _way(text: str, link: str | None) -> tuple[Context, ...]:
    return (Context(words=(Link(text=text, url=link),)),) if link else ()
