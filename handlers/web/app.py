"""The workspace in a browser: pages, what is pressed on them, and the stream that keeps them fresh."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from aiohttp import web
from markupsafe import Markup

from bot.command import Reply
from bot.demo.sample import SAMPLE
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.domain.working_hours import known_zones
from bot.messages.parts import Form, offering, sentence, with_button
from bot.ports import ReadOnlyWork, Transactions, UnitOfWork
from bot.repositories import Post
from bot.routes import filled_again, only_a_command
from bot.settings import Settings, http_address
from handlers.web import additions, changes, cookies, incoming, pages, render
from handlers.web.demo import SKIPPED, TOUR, Tour
from handlers.web.guard import HEADERS, Handler, Stranger, guarded, html, own_path, problem, redirect
from handlers.web.incoming import HTTPProblem, Pressed, ResolvedPress, new_key
from handlers.web.lead_forms import Answers
from handlers.web.lead_page import Reader
from handlers.web.leads import LeadPages
from handlers.web.memberships import Everybody
from handlers.web.outgoing import WORKSPACE, Hub, WebMessenger

log = logging.getLogger(__name__)

KEEP_ALIVE_SECONDS = 15.0
LEAVING_SECONDS = 0.5
CALM_SECONDS = 0.2
"""A stream says at most this often that something changed: an import would flood it."""
Page = Callable[[web.Request, ReadOnlyWork], web.Response]
Added = tuple[Person, Form, Channel | Person | None, additions.Faults, Sequence[Person]]
Outcome = tuple[Person, Form, changes.Changed | None, additions.Faults, Sequence[Person]]


class WebAdapter:
    """The web adapter: mount `routes()` (last: they end with a page for unknown paths), call `prepare()`
    before serving, and `close` on shutdown. `messenger` speaks in it, to whom `memberships` says."""

    def __init__(
        self,
        settings: Settings,
        bot: Answers,
        transactions: Transactions,
        tour: Tour | None = None,
    ) -> None:
        self._settings = settings
        self._bot = bot
        self._transactions = transactions
        self._tour = tour
        self._leads = LeadPages(settings, bot, transactions, self._reader_here)
        self.hub = Hub()
        self.memberships = Everybody(transactions)
        reachable = settings.loopback and settings.amends_port
        address = http_address(settings.amends_host, settings.amends_port) if reachable else ""
        self.messenger = WebMessenger(transactions, self.hub, address)

    def routes(self) -> list[web.RouteDef]:
        """Every route of the web adapter."""
        checked = self._guarded
        return [
            web.get("/", checked(self._reading(self._first))),
            web.get("/p/{channel}", checked(self._reading(self._channel))),
            web.get("/p/{channel}/t/{root}", checked(self._reading(self._channel))),
            web.get("/dm", checked(self._reading(self._direct))),
            web.get("/f/lists", checked(self._reading(self._lists))),
            web.get("/f/posts", checked(self._reading(self._posts))),
            web.get("/events", checked(self._events)),
            web.get("/add/{what}", checked(self._adding)),
            web.post("/add/{what}", checked(self._add)),
            web.get("/change", checked(self._reading(self._changing))),
            web.post("/change", checked(self._change)),
            web.post("/you", checked(self._be)),
            web.post("/who", checked(self._introduce)),
            web.post("/tour", checked(self._step)),
            web.post("/sample", checked(self._sample)),
            web.post("/say", checked(self._say)),
            web.post("/verb/{verb}", checked(self._press)),
            *self._leads.routes(),
            web.get("/{path:.*}", checked(self._unknown)),
        ]

    def mount(self, app: web.Application) -> None:
        """Adds the routes, and ends open streams when the app shuts down."""
        app.add_routes(self.routes())
        app.on_shutdown.append(self.close)

    async def close(self, _app: web.Application | None = None) -> None:
        """Ends every open stream, so that the server stops at once."""
        self.hub.close()

    async def prepare(self) -> None:
        """Gives an empty workspace its first channel."""
        await self._transactions.write(WORKSPACE, additions.begin)

    # ---- the guard

    def _guarded(self, handler: Handler) -> Handler:
        return guarded(handler, self._check, self._ask_who)

    def _check(self, request: web.Request) -> None:
        incoming.check_host(request, self._settings)
        incoming.check_address(request)
        if request.method not in ("GET", "HEAD"):
            incoming.check_origin(request)

    # ---- pages

    async def _reader_here(self, request: web.Request) -> Reader:
        """Who reads a lead's page here: whoever the workspace says one is."""
        incoming.check_host(request, self._settings)
        person = await self._transactions.read(WORKSPACE, lambda work: pages.reader_of(request, work))
        return Reader(WORKSPACE, person)

    def _reading(self, page: Page) -> Handler:
        async def read(request: web.Request) -> web.StreamResponse:
            return await self._transactions.read(WORKSPACE, lambda work: page(request, work))

        return read

    def _first(self, request: web.Request, work: ReadOnlyWork) -> web.Response:
        channels = {channel.id: channel for channel in work.channels.all()}
        last = next(
            (channel_id for channel_id in pages.seen_by(request) if channel_id in channels), None
        )
        if not channels:
            channel = incoming.direct_channel(pages.reader_of(request, work))
        else:
            channel = channels[last] if last else next(iter(channels.values()))
        return self._page(request, work, channel)

    def _channel(self, request: web.Request, work: ReadOnlyWork) -> web.Response:
        channel = work.channels.get(request.match_info["channel"])
        if channel is None or channel.kind != "shared" or channel.gone:
            raise HTTPProblem("There is no such channel here.", 404)
        number = request.match_info.get("root")
        root = pages.root_of(work, channel, number) if number else None
        return self._page(request, work, channel, root)

    def _direct(self, request: web.Request, work: ReadOnlyWork) -> web.Response:
        return self._page(request, work, incoming.direct_channel(pages.reader_of(request, work)))

    def _page(
        self, request: web.Request, work: ReadOnlyWork, channel: Channel, root: Post | None = None
    ) -> web.Response:
        drawn = pages.page(
            request, work, self.messenger.base, self.hub.version, channel, root, self._tour
        )
        return _seen(request, *drawn)

    def _lists(self, request: web.Request, work: ReadOnlyWork) -> web.Response:
        return html(pages.lists(request, work))

    def _posts(self, request: web.Request, work: ReadOnlyWork) -> web.Response:
        return _seen(request, *pages.posts(request, work, self.messenger.base))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Tells a page what to fetch afresh, as long as it is open; carries no content."""
        here = request.query.get("place", "")
        version = request.headers.get("Last-Event-ID") or request.query.get("since", "")
        stream = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        with self.hub.listen() as listener:
            await stream.prepare(request)
            try:
                if version != self.hub.version:
                    await stream.write(_events_of(self.hub.version, posts=True))
                while not listener.closed:
                    changed = await listener.changes(KEEP_ALIVE_SECONDS)
                    if listener.closed:
                        break
                    if changed:
                        await stream.write(_events_of(self.hub.version, posts=here in changed))
                        await asyncio.sleep(CALM_SECONDS)
                    else:
                        await stream.write(b": still here\n\n")
            except ConnectionError:
                return stream  # the page was closed
        return stream

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        raise HTTPProblem("There is no such page here.", 404)

    # ---- what is pressed and typed

    async def _press(self, request: web.Request) -> web.StreamResponse:
        pressed = incoming.read_press(request.match_info["verb"], await incoming.posted(request))
        now = datetime.now(UTC)

        def resolved(work: ReadOnlyWork) -> ResolvedPress:
            return incoming.resolve(work, pressed, pages.actor_of(request, work), now)

        press = await self._transactions.read(WORKSPACE, resolved)
        reply = await self._bot.answer(press.request())
        return await self._reply(request, press.viewer, press.channel, reply, pressed)

    async def _say(self, request: web.Request) -> web.StreamResponse:
        data = await incoming.posted(request)
        text, key = incoming.text_of(data, "text"), incoming.read_key(data)
        incoming.check_text(text)
        thread = incoming.read_number(incoming.text_of(data, "thread"))
        now = datetime.now(UTC)

        def said_by(work: ReadOnlyWork) -> tuple[Person, Channel]:
            viewer = pages.actor_of(request, work)
            channel = incoming.channel_for(work, incoming.text_of(data, "place"), viewer)
            if thread is not None:
                pages.root_of(work, channel, str(thread))
            return viewer, channel

        viewer, channel = await self._transactions.read(WORKSPACE, said_by)
        command = incoming.command(text, direct=channel.kind == "direct", in_thread=thread is not None)
        asked_back = None
        if command is not None:
            reply = await self._bot.answer(incoming.typed_line(command, viewer, channel, now, key))
        elif incoming.text_of(data, "anyway") != text and (asked_back := only_a_command(text)):
            reply = Reply(message=asked_back)
        else:
            post = await self._post(
                Post(
                    channel_id=channel.id,
                    thread=thread,
                    author=viewer.id,
                    text=text,
                    key=key,
                    posted_at=now,
                )
            )
            discuss = incoming.overheard(post, viewer, channel) if thread is not None else None
            reply = await self._bot.answer(discuss) if discuss else Reply()
        pressed = Pressed(command_name="", key=key, channel_id=channel.id, thread=thread)
        anyway = text if asked_back else ""
        response = await self._reply(
            request, viewer, channel, reply, pressed, composer=True, anyway=anyway
        )
        if reply.saved and not asked_back:
            response.headers["HX-Trigger"] = "amends-said"
        return response

    async def _post(self, post: Post) -> Post:
        kept = await self._transactions.write(WORKSPACE, lambda work: work.posts.add(post))
        self.hub.changed(kept.channel_id)
        return kept

    async def _be(self, request: web.Request) -> web.StreamResponse:
        data = await incoming.posted(request)
        back = incoming.text_of(data, "back")
        person = await self._transactions.read(
            WORKSPACE, lambda work: work.people.get(incoming.text_of(data, "person"))
        )
        if person is None or person.gone or person.bot:
            raise HTTPProblem("I can't find this person: choose somebody else.", 404)
        response = redirect(request, own_path(back))
        _be(request, response, person)
        return response

    async def _ask_who(self, request: web.Request, stranger: Stranger) -> web.StreamResponse:
        """The page that asks who reads, where a page was wanted."""
        if request.method != "GET" or "HX-Request" in request.headers:
            return problem(request, stranger.sentence, stranger.status)
        if self._tour is not None:
            return await self._begin_tour(request, self._tour)
        form, back = additions.who_form(), request.path_qs
        return html(
            await self._transactions.read(WORKSPACE, lambda work: pages.who(work, back, form, {}))
        )

    async def _begin_tour(self, request: web.Request, tour: Tour) -> web.StreamResponse:
        """In the demo a newcomer looks through somebody's eyes at once, and the first note says so."""
        reader = await self._transactions.read(WORKSPACE, lambda work: work.people.get(tour.reader))
        if reader is None or reader.gone:
            raise HTTPProblem("Mina was removed from this demo: start it again.", 404)
        response = redirect(request, tour.paths[0] if request.path == "/" else request.path_qs)
        _be(request, response, reader)
        return response

    async def _step(self, request: web.Request) -> web.StreamResponse:
        """Goes on to a note of the demo's tour, or skips them all."""
        data = await incoming.posted(request)
        step = self._tour.step(incoming.text_of(data, "step")) if self._tour else None
        if self._tour is None or step is None:
            raise HTTPProblem("There is no such page here.", 404)
        back = own_path(incoming.text_of(data, "back"))
        response = redirect(request, self._tour.paths[step - 1] if step else back)
        cookies.keep(request, response, TOUR, str(step) if step else SKIPPED)
        return response

    async def _sample(self, request: web.Request) -> web.StreamResponse:
        """Opens the retro of a sample case, as long as nothing else was begun here."""
        data = await incoming.posted(request)
        pressed = incoming.read_press("case.fail", data)
        now = datetime.now(UTC)

        def resolved(work: ReadOnlyWork) -> ResolvedPress:
            viewer = pages.actor_of(request, work)
            if work.teams.all():
                raise HTTPProblem("Somebody has begun here meanwhile: reload this page.", 409)
            return incoming.resolve(work, replace(pressed, values=SAMPLE), viewer, now)

        press = await self._transactions.read(WORKSPACE, resolved)
        reply = await self._bot.answer(press.request())
        return await self._reply(request, press.viewer, press.channel, reply, pressed)

    async def _introduce(self, request: web.Request) -> web.StreamResponse:
        """Somebody says who they are, for the first time."""
        data = await incoming.posted(request)
        back = own_path(incoming.text_of(data, "back"))
        name, zone = incoming.text_of(data, "v.name"), incoming.text_of(data, "v.zone")

        def introduce(work: UnitOfWork) -> tuple[Person | None, str]:
            person, faults = additions.add_person(work, name, zone)
            form = additions.who_form(name, zone if zone in known_zones() else "")
            return person, "" if person else pages.who(work, back, form, faults)

        person, asked = await self._transactions.write(WORKSPACE, introduce)
        if person is None:
            return html(asked)
        self.hub.changed()
        response = redirect(request, back)
        _be(request, response, person)
        return response

    async def _adding(self, request: web.Request) -> web.StreamResponse:
        viewer = await self._transactions.read(WORKSPACE, lambda work: pages.reader_of(request, work))
        return self._addition(request, additions.form_for(request.match_info["what"], viewer), viewer)

    async def _add(self, request: web.Request) -> web.StreamResponse:
        data = await incoming.posted(request)

        def add(work: UnitOfWork) -> Added:
            viewer = pages.actor_of(request, work)
            form = additions.form_for(request.match_info["what"], viewer)
            values = {field.name: incoming.text_of(data, f"v.{field.name}") for field in form.fields}
            made, faults = additions.add(work, form, viewer, values)
            people = work.people.everybody() if isinstance(made, Person) else ()
            return viewer, render.filled(form, values), made, faults, people

        viewer, form, made, faults, people = await self._transactions.write(WORKSPACE, add)
        if made is None:
            return self._addition(request, form, viewer, faults)
        if (
            isinstance(made, Channel)
            or form.command_name == "you"
            or "HX-Request" not in request.headers
        ):
            # This page is about to leave: news that reach it on its way out are a broken fetch.
            asyncio.get_running_loop().call_later(LEAVING_SECONDS, self.hub.changed)
            to = render.channel_path(made.id, viewer) if isinstance(made, Channel) else "/"
            return redirect(request, to)
        self.hub.changed()
        words = f"{made.name} is here now. To act as {made.name}, choose them under “You are”."
        return self._noted(words, viewer, people)

    def _changing(self, request: web.Request, work: ReadOnlyWork) -> web.Response:
        return self._addition(request, changes.form(work), pages.reader_of(request, work))

    async def _change(self, request: web.Request) -> web.StreamResponse:
        data = await incoming.posted(request)

        def change(work: UnitOfWork) -> Outcome:
            viewer = pages.actor_of(request, work)
            form = changes.form(work)
            values = {field.name: incoming.text_of(data, f"v.{field.name}") for field in form.fields}
            changed, faults = changes.change(work, values, remove="again" in data)
            return viewer, render.filled(form, values), changed, faults, work.people.everybody()

        viewer, form, changed, faults, people = await self._transactions.write(WORKSPACE, change)
        if changed is None:
            return self._addition(request, form, viewer, faults)
        left = any(person.id == viewer.id and person.gone for person in people)
        if changed.channel is not None or left or "HX-Request" not in request.headers:
            # As in `_add`: this page is about to leave.
            asyncio.get_running_loop().call_later(LEAVING_SECONDS, self.hub.changed)
            channel = changed.channel
            there = channel is not None and not channel.gone
            return redirect(
                request, render.channel_path(channel.id, viewer) if channel and there else "/"
            )
        self.hub.changed()
        return self._noted(changed.sentence, viewer, people)

    def _noted(self, words: str, viewer: Person, people: Sequence[Person]) -> web.Response:
        """Closes the dialog, with a note and everybody who can be chosen now."""
        pieces = render.Pieces(note=render.message(sentence(words), self._frame(viewer)))
        return html(render.page("added.html", people=people, viewer=viewer, pieces=pieces))

    # ---- what comes back

    def _frame(self, viewer: Person, channel_id: str = "", thread: int | None = None) -> render.Frame:
        return pages.frame_of(viewer, self.messenger.base, channel_id, thread)

    def _addition(
        self, request: web.Request, form: Form, viewer: Person, faults: Mapping[str, str] | None = None
    ) -> web.Response:
        action = f"/{changes.NAME}" if form.command_name == changes.NAME else f"/add/{form.command_name}"
        drawn = render.form(form, self._frame(viewer), faults=faults, action=action)
        return _answer(request, form.title, "/", render.Pieces(form=drawn, again=bool(faults)))

    async def _reply(
        self,
        request: web.Request,
        viewer: Person,
        channel: Channel,
        reply: Reply,
        pressed: Pressed,
        *,
        composer: bool = False,
        anyway: str = "",
    ) -> web.Response:
        """Draws a reply: into the dialog, or as a note that only the reader sees.

        `anyway`: what stays in the composer, and is posted as it is when it is sent once more.
        """
        people, channels = await self._transactions.read(
            WORKSPACE,
            lambda work: (
                work.people.everybody() if reply.form or reply.faults else (),
                work.channels.all() if reply.form or reply.faults else (),
            ),
        )
        frame = self._frame(viewer, pressed.channel_id, pressed.thread)
        form, note = reply.form, Markup("")
        if form is None and reply.faults and pressed.form is not None:
            form = render.filled(pressed.form, filled_again(pressed.command_name, pressed.values or {}))
            form = offering(form, reply.instead)
        elif form is None and reply.faults:
            refused = with_button(" ".join(reply.faults.values()), reply.instead)
            note = render.message(refused, frame, note=True)
        drawn = render.form(form, frame, people, channels, reply.faults) if form else Markup("")
        if reply.message is not None:
            frame = replace(frame, stays=reply.shown_once)
            note = render.message(reply.message, frame, note=True)
        if not drawn and not note and "HX-Request" not in request.headers:
            return redirect(request, frame.home)
        # A form leaves an older note alone, and so does a button inside it that says nothing new.
        kept = bool(form) or (pressed.note and not note)
        pieces = render.Pieces(
            form=drawn,
            again=bool(reply.faults),
            note=None if kept else note,
            stays=reply.shown_once,
            pane="thread" if pressed.thread else "place",
            key=new_key() if composer else "",
            anyway=anyway,
        )
        return _answer(request, form.title if form else "Amends", frame.home, pieces)


def _seen(request: web.Request, drawn: str, seen: pages.Seen) -> web.Response:
    """The page, and in a cookie how far the reader has seen."""
    response, value = html(drawn), pages.seen_cookie(seen)
    if value != cookies.kept(request, pages.SEEN):
        cookies.keep(request, response, pages.SEEN, value)
    return response


def _be(request: web.Request, response: web.Response, person: Person) -> None:
    cookies.keep(request, response, pages.YOU, person.id)


def _events_of(version: str, *, posts: bool) -> bytes:
    names = ("amends-posts", "amends-lists") if posts else ("amends-lists",)
    return "".join(f"id: {version}\nevent: {name}\ndata: {version}\n\n" for name in names).encode()


def _answer(request: web.Request, title: str, back: str, pieces: render.Pieces) -> web.Response:
    """What comes back from a press: pieces for the page that asked, or a page of its own."""
    if "HX-Request" in request.headers:
        return html(render.page("reply.html", pieces=pieces))
    note = "" if pieces.form else pieces.note
    way = (back, "Back to the workspace")
    drawn = render.page("bare.html", title=title, sentence="", note=note, form=pieces.form, back=way)
    return html(drawn)
