"""What is changed on the pages of leads: the very forms of chat, drawn, read and sent without a script.

A form is opened by GET and sent by POST, and so is what else changes something. Which team it is for is
asked of the page of settings first: whoever would not see the team there reads the same as of none, and
waits as long for it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Protocol

from aiohttp import web
from markupsafe import Markup

from bot.access import STRANGE_CHANNEL
from bot.command import Reply, Request
from bot.commands import connection, prompt
from bot.domain import reference
from bot.domain.channel import Channel, channel_label
from bot.domain.person import Person
from bot.domain.reference import ConnectionRef, ConnectionsRef, PromptsRef
from bot.messages.page import SETTINGS, Page
from bot.messages.parts import Form, offering, with_button
from bot.messages.team_page import helpdesks_way, prompts_way
from bot.ports import ReadOnlyWork, Transactions
from bot.routes import COMMANDS, filled_again
from bot.settings import Settings
from handlers.web import incoming, render
from handlers.web.guard import redirect
from handlers.web.incoming import HTTPProblem, Pressed
from handlers.web.lead_page import Reader, draw, frame_of, refused

SET = {name: route for name, route in COMMANDS.items() if route.command.set_at == SETTINGS}
"""What stands on the page of settings."""
LISTS = (prompt.Show.name, connection.Show.name)
"""The lists that lead to forms, and to which those lead back."""
ALL = ("All settings", SETTINGS)
MAX_PEOPLE = 500
"""People to choose from, so that a page stays below 200 KB; somebody else is chosen in chat."""
LOOK_AGAIN = "This page was out of date, so nothing was changed. Look through it, and press {} again."


class Answers(Protocol):
    """What these forms need of the bot."""

    async def show(self, request: Request) -> Reply: ...

    async def answer(self, request: Request) -> Reply: ...

    async def is_guest(self, workspace: str, person: Person) -> bool: ...


class LeadForms:
    """Mount `routes`; `reader` says who reads."""

    def __init__(
        self,
        settings: Settings,
        bot: Answers,
        transactions: Transactions,
        reader: Callable[[web.Request], Awaitable[Reader]],
    ) -> None:
        self._settings = settings
        self._bot = bot
        self._transactions = transactions
        self._reader = reader

    async def open(self, request: web.Request) -> web.StreamResponse:
        """A form, or a list that leads to some; whatever changes something is sent, not opened."""
        reader, route = await self._reader(request), SET.get(request.match_info["command"])
        if route is None or not (route.reads or route.form):
            raise HTTPProblem("There is no such page here.", 404)
        where, about = request.query.get("place", ""), request.query.get("about", "")
        pressed = Pressed(route.command.name, key="", channel_id=where, about=about)
        return await self._answered(request, reader, pressed)

    async def send(self, request: web.Request) -> web.StreamResponse:
        """What comes back from a form that was filled in, or from a button."""
        reader, name = await self._reader(request), request.match_info["command"]
        if name not in SET:
            raise HTTPProblem("There is no such page here.", 404)
        data = await incoming.posted(request)
        pressed = incoming.read_press(name, data)
        try:
            if not compare_digest(incoming.text_of(data, "form").encode(), reader.form_token.encode()):
                # Another session, or somebody else by now: what was typed is drawn for whoever it is.
                submit = pressed.form.submit if pressed.form else ""
                raise HTTPProblem(LOOK_AGAIN.format(submit) if submit else incoming.STALE, 403)
            return await self._answered(request, reader, pressed)
        except HTTPProblem as wrong:
            if pressed.form is None or wrong.status == 404:
                raise
            reply = Reply(faults={"": wrong.sentence})
            return await self._drawn(request, reader, pressed, reply, None, wrong.status)

    async def _answered(
        self, request: web.Request, reader: Reader, pressed: Pressed
    ) -> web.StreamResponse:
        channel = await self._channel(reader, pressed)
        named = [
            value
            for field in (pressed.form.fields if pressed.form else ())
            if field.kind == "person" and (value := (pressed.values or {}).get(field.name))
        ]
        people = await self._transactions.read(reader.workspace, lambda work: work.people.among(named))
        reply = await self._bot.answer(
            Request(
                workspace=reader.workspace,
                command_name=pressed.command_name,
                person=reader.person,
                at=datetime.now(UTC),
                channel=channel,
                about=pressed.about,
                values=pressed.values,
                people=tuple(people.values()),
                key=pressed.key or None,
            )
        )
        return await self._drawn(request, reader, pressed, reply, channel)

    async def _channel(self, reader: Reader, pressed: Pressed) -> Channel | None:
        """The team's channel that it is for, None for what is the reader's own; raises HTTPProblem."""
        if SET[pressed.command_name].command.access == "own":
            return None
        about = reference.parse(pressed.about)
        channel_id = (pressed.form.channel_id if pressed.form else "") or pressed.channel_id
        if isinstance(about, PromptsRef | ConnectionsRef):
            channel_id = about.channel_id
        elif isinstance(about, ConnectionRef):
            channel_id = await self._channel_of(reader, about)
        reply = await self._bot.show(
            Request(
                workspace=reader.workspace,
                command_name="page.settings",
                person=reader.person,
                at=datetime.now(UTC),
                values={"team": channel_id},
            )
        )
        channel = await self._transactions.read(
            reader.workspace, lambda work: work.channels.get(channel_id)
        )
        if reply.page is None or channel is None:
            raise refused(reply, STRANGE_CHANNEL)
        return channel

    async def _channel_of(self, reader: Reader, about: ConnectionRef) -> str:
        """The channel of a connection; "" where there is none, as of a channel that nobody knows."""
        found = await self._transactions.read(
            reader.workspace, lambda work: work.connections.get(about.id)
        )
        return found.channel_id if found else ""

    async def _drawn(
        self,
        request: web.Request,
        reader: Reader,
        pressed: Pressed,
        reply: Reply,
        channel: Channel | None,
        status: int = 200,
    ) -> web.StreamResponse:
        """The form, once more where something is wrong in it, or else what was said."""
        form, message = reply.form, reply.message
        if form is None and reply.faults and pressed.form is not None:
            form = render.filled(pressed.form, filled_again(pressed.command_name, pressed.values or {}))
            form = offering(form, reply.instead)
        elif form is None and reply.faults:
            message = with_button(" ".join(reply.faults.values()), reply.instead)
        if form is None and message is None:
            return redirect(request, f"/{SETTINGS}")
        frame = frame_of(reader, self._settings, channel.id if channel else pressed.channel_id)
        frame = replace(frame, stays=reply.shown_once)
        title = form.title if form else message and message.title
        ways = _ways(pressed, channel)
        return draw(
            request,
            reader,
            frame,
            Page(
                title=title or SET[pressed.command_name].command.title or ways[0][0],
                here=SETTINGS,
                where=(channel_label(channel.name),) if channel else (),
                ways=ways,
            ),
            template="lead_form.html",
            status=status if reply.saved else 503,
            form=await self._form(reader, frame, form, reply, ways[0][1]) if form else "",
            thread=None,
            said=message.parts if message and not form else (),
        )

    async def _form(
        self, reader: Reader, frame: render.Frame, form: Form, reply: Reply, back: str
    ) -> Markup:
        people: tuple[Person, ...] = ()
        if any(field.kind == "person" for field in form.fields):
            people = await self._people(reader, form)
        return render.page_form(form, frame, people, reply.faults, f"/{back}")

    async def _people(self, reader: Reader, form: Form) -> tuple[Person, ...]:
        """Whom somebody may choose: a guest only themself and whoever stands there already."""
        chosen = {field.value for field in form.fields if field.kind == "person" and field.value}
        is_guest = await self._bot.is_guest(reader.workspace, reader.person)

        def look(work: ReadOnlyWork) -> tuple[Person, ...]:
            first = work.people.among({reader.person.id, *chosen})
            others = () if is_guest else work.people.everybody()[:MAX_PEOPLE]
            everybody = {person.id: person for person in (*first.values(), *others)}
            return tuple(sorted(everybody.values(), key=lambda person: person.name.casefold()))

        return await self._transactions.read(reader.workspace, look)


def _ways(pressed: Pressed, channel: Channel | None) -> tuple[tuple[str, str], ...]:
    """Where somebody came from: the list that it stands in, where there is one, and all settings."""
    if pressed.command_name in LISTS:
        return (ALL,)
    match reference.parse(pressed.about):
        case PromptsRef() as ref:
            return (prompts_way(ref), ALL)
        case ConnectionRef() | ConnectionsRef() if channel:
            return (helpdesks_way(channel.id), ALL)
        case _:
            return (ALL,)
