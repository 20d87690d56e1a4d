"""Finding cases by words, and opening one thing by its name."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from bot import retro_thread
from bot.command import Command, Reply, Request
from bot.commands.lookup import case_of, item_of
from bot.commands.team import TO_MINE
from bot.domain import message_key, reference
from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.errors import Refused
from bot.domain.reference import CaseRef, ItemRef, Reference
from bot.domain.retro import Retro
from bot.domain.search import Asked, Text, asked_for, best, texts_by_case
from bot.domain.working_hours import today
from bot.jobs import action_item as action_item_jobs
from bot.jobs import retro as retro_jobs
from bot.messages import case as case_messages
from bot.messages import search as messages
from bot.messages.parts import ChannelName, Message
from bot.messages.search import Found, Page
from bot.ports import ReadOnlyWork

MAX_LISTED = 5
"""Cases on a page: each has its snippet, so that a page is read without scrolling far."""
MAX_FOUND = 100
"""Cases that are found at most: whoever turns twenty pages had better say it in other words."""
MAX_TYPED = 200
"""Characters of what is looked for that go along to the next page."""


class Find(Command, frozen=True):
    """Looks for words in the cases of a channel; asked in none, in those of all the person's."""

    name = "search.find"
    access = "channel"
    gathers = True

    @property
    def _turned(self) -> tuple[str, str]:
        """The number of a page and the words, as the button to it carries them."""
        number, _, words = self.request.about.partition(":")
        return (number, words) if number.isdecimal() and len(number) < 4 else ("0", "")

    @property
    def page(self) -> int:
        return int(self._turned[0])

    @property
    def words(self) -> str:
        """What is looked for."""
        return (self._turned[1] or self.request.typed).strip()[:MAX_TYPED]


class Open(Command, frozen=True):
    """Shows one case or action item, named by its number, with what can be done about it."""

    name = "search.open"
    access = "thing"

    subject: CaseRef | ItemRef

    @classmethod
    def subject_of(cls, request: Request) -> Reference | None:
        named = request.about or request.typed
        return super().subject_of(request.model_copy(update={"about": named}))


class Part(NamedTuple):
    """Which of what is found is shown: `limit` cases, after the `first` so many."""

    first: int
    limit: int


class Hits(NamedTuple):
    """A part of what was found, what it was found by, and where it stands in all of it."""

    asked: Asked
    found: Sequence[Found]
    page: Page

    @property
    def goes_on(self) -> bool:
        """Whether there is more after it."""
        return self.page.first + len(self.found) < self.page.of


def find(command: Find, work: ReadOnlyWork) -> Reply:
    """What matches, best first, to whoever asks alone; a reference typed alone opens that."""
    channel = command.request.shared_channel
    channels = command.in_channels if channel is None else frozenset({channel.id})
    if not channels:
        raise Refused(messages.NO_CHANNEL, instead=TO_MINE)
    if not asked_for(command.words).words:
        raise Refused(messages.HOW)
    if (thing := named(command.words, channels, work)) is not None:
        return Reply(message=_card_of(thing, command, work))
    zone = command.person.zone or "UTC"
    hits = look(command.words, channels, Part(command.page * MAX_LISTED, MAX_LISTED), zone, work)
    next_page = f"{command.page + 1}:{command.words}" if hits.goes_on else ""
    day, unasked = today(zone, command.at), command.channels_unasked
    typed, found = command.words, hits.found
    return Reply(message=messages.results(typed, hits.asked, found, hits.page, day, next_page, unasked))


def look(words: str, channels: Collection[str], part: Part, zone: str, work: ReadOnlyWork) -> Hits:
    """What has all of the words in it, best first; where nothing has, what has some of them."""
    asked = asked_for(words)
    numbers = work.search.find(asked, channels, MAX_FOUND + 1)
    if not numbers and len(words.split()) > 1:  # a part of a reference means nothing
        asked = asked._replace(any=True)
        numbers = work.search.find(asked, channels, MAX_FOUND + 1)
    page = Page(part.first, min(len(numbers), MAX_FOUND), more=len(numbers) > MAX_FOUND)
    here = numbers[part.first : min(part.first + part.limit, MAX_FOUND)]
    return Hits(asked, _found(here, asked, zone, work, several=len(channels) > 1), page)


def named(words: str, channels: Collection[str], work: ReadOnlyWork) -> Case | ActionItem | None:
    """The one thing of these channels that the words name: by its number, or by its own reference."""
    subject = reference.parse(words)
    if isinstance(subject, ItemRef):
        item = work.action_items.get(subject.number)
        return item if item is not None and item.channel_id in channels else None
    numbered = work.cases.get(subject.number) if isinstance(subject, CaseRef) else None
    cases = [numbered] if numbered else work.cases.with_reference(words)
    here = [case for case in cases if case.channel_id in channels]
    return here[0] if len(here) == 1 else None


def _found(
    numbers: Sequence[int], asked: Asked, zone: str, work: ReadOnlyWork, *, several: bool
) -> list[Found]:
    """These cases with what of each matches, in their order."""
    cases, retros = work.cases.among(numbers), work.retros.among(numbers)
    said = texts_of(numbers, retros, work)
    shown = {number: best(texts, asked) for number, texts in said.items()}
    links = retro_thread.links_of(numbers, work)
    items = {text.item for text in shown.values() if text is not None and text.item}
    keys = {item: message_key.item(item) for item in items}
    item_refs = work.sent_messages.among(set(keys.values()))
    teams = work.teams.among({case.channel_id for case in cases.values()}) if several else {}
    found: list[Found] = []
    for number in numbers:
        if (case := cases.get(number)) is None:
            continue
        text = shown[number]
        item_ref = item_refs.get(keys.get(text.item or 0, "")) if text else None
        team = teams.get(case.channel_id)
        channel = ChannelName(channel_id=case.channel_id, name=team.name) if team else None
        failed_on = today(zone, case.failed_at)
        item_link = item_ref.link if item_ref else None
        found.append(
            Found(case, retros.get(number), text, links.get(number), item_link, failed_on, channel)
        )
    return found


def texts_of(
    numbers: Collection[int], retros: Mapping[int, Retro], work: ReadOnlyWork
) -> dict[int, list[Text]]:
    """All that is searched of these cases, as it stands now; answers with what their retros ask."""
    answers, items = work.retros.answers(*numbers), work.action_items.of_case(*numbers)
    cases, recoveries = work.cases.among(numbers), work.recoveries.among(numbers)
    return texts_by_case(cases, answers, items, recoveries, retros)


def open_named(command: Open, work: ReadOnlyWork) -> Reply:
    """The card of a case or an action item, to whoever asks and nobody else."""
    if isinstance(command.subject, ItemRef):
        return Reply(message=_item_card(command.subject, command, work))
    return Reply(message=_case_card(case_of(command.subject, work), command, work))


def _card_of(thing: Case | ActionItem, command: Command, work: ReadOnlyWork) -> Message:
    return (
        _case_card(thing, command, work)
        if isinstance(thing, Case)
        else _item_card(thing.ref, command, work)
    )


def _item_card(subject: ItemRef, command: Command, work: ReadOnlyWork) -> Message:
    item = item_of(subject, work)
    said = work.sent_messages.get(message_key.item(item.number))
    return messages.opened(action_item_jobs.card(item, command.at, work), said.link if said else None)


def _case_card(case: Case, command: Command, work: ReadOnlyWork) -> Message:
    card = retro_jobs.card(case.number, command.at, work)
    if card is None:
        return case_messages.taken_in(case)
    return messages.opened(card, retro_thread.links_of({case.number}, work).get(case.number))
