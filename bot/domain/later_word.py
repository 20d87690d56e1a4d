"""What a customer says in the helpdesk once their case is with the team: a draft of how it ended."""

from collections.abc import Iterable
from datetime import datetime

from bot.domain.recovery import Recovery
from bot.domain.recovery_step import Verdict
from bot.domain.signal import BAD_TO, GOOD_FROM, Signal


def is_word(signal: Signal) -> bool:
    """Whether the customer speaks: by a rating, or a reply on a ticket that was solved."""
    return signal.rating is not None or signal.replied


def newer(known: Signal | None, signal: Signal, since: datetime) -> Signal | None:
    """The last of the customer's words after a moment, by when they said it, whenever it arrived."""
    if not is_word(signal) or signal.at <= since or (known is not None and signal.at <= known.at):
        return known
    return signal


def standing(words: Iterable[Signal], recovery: Recovery) -> Signal | None:
    """The last of them, as long as nobody has noted how it ended since."""
    rounds = (*recovery.earlier, recovery.steps)
    noted = [steps[-1].at for steps in rounds if steps[-1].at is not None]
    open_words = [signal for signal in words if not noted or signal.at > max(noted)]
    return max(open_words, key=lambda signal: signal.at, default=None)


def suggested(signal: Signal) -> Verdict | None:
    """How it ended, going by the rating; None where somebody has to read the words."""
    if signal.rating is None or BAD_TO < signal.rating < GOOD_FROM:
        return None
    return "recovered" if signal.rating >= GOOD_FROM else "not recovered"
