"""Somebody cannot be reached directly: they are named in the retro's thread, and the lead is told."""

from typing import Literal

from bot.domain import message_key
from bot.domain.action_item import ActionItem
from bot.domain.job import Job
from bot.domain.recovery import Recovery
from bot.ports import UnitOfWork


def go_public(
    job: Job,
    noun: Literal["action_item", "recovery"],
    subject: ActionItem | Recovery,
    keys: tuple[str, str],
    work: UnitOfWork,
) -> list[Job]:
    """What is owed instead of a job about `label/person`, once per `keys`: the call's and the word's.

    The lead hears of it with the reason, `job.detail`, unless it is they who cannot be reached.
    """
    person_id = job.about.partition("/")[2]
    called = Job(
        name=f"{noun}.call_owner",
        about=job.about,
        channel_id=subject.channel_id,
        key=keys[0],
        thread=message_key.retro(subject.case_number),
        once=True,
        due_at=job.now,
    )
    team = work.teams.get(subject.channel_id)
    if team is None or team.lead is None or team.lead == person_id:
        return [called]
    lead_told = {
        "name": f"{noun}.tell_lead",
        "channel_id": team.lead,
        "direct": True,
        "thread": None,
        "key": keys[1],
        "detail": job.detail,
    }
    return [called, called.model_copy(update=lead_told)]
