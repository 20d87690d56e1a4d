"""The pages of leads: board, cases, trends and the like, for whoever the session or the workspace says.

With Slack or Teams somebody comes in by a one-time link from chat. Looking at it shows a page with a
button, because previews look too; pressing that uses the link up, and begins a session. A session is a
secret in a cookie, of which only a hash is stored: whoever makes one up is nobody.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote, unquote

from aiohttp import web

from bot.command import Request
from bot.commands import sign_in
from bot.domain.person import Person
from bot.domain.sign_in import idle_end
from bot.messages.page import SETTINGS, TAB, Page
from bot.messages.page_file import PAGE_FORMATS
from bot.messages.parts import Link
from bot.ports import ReadOnlyWork, Transactions
from bot.settings import Settings
from handlers.web import cookies, incoming, render
from handlers.web.guard import (
    HEADERS,
    IN_TEAMS,
    Handler,
    Stranger,
    guarded,
    html,
    own_path,
    redirect,
)
from handlers.web.incoming import HTTPProblem
from handlers.web.lead_forms import Answers, LeadForms
from handlers.web.lead_page import Reader, draw, frame_of, refused

STATIC = {path.name: path for path in (render.FOLDER / "static").iterdir()}
PATHS: Mapping[str, str] = {
    "/board": "page.board",
    "/cases": "page.cases",
    r"/cases/{about:C-\d{1,9}}": "page.case",
    r"/cases/{about:C-\d{1,9}}/customer": "page.customer",
    r"/items/{about:AI-\d{1,9}}": "page.item",
    "/find": "page.find",
    "/trends": "page.trends",
    "/settings": "page.settings",
}
"""Every page, and what it shows."""
SESSION = "session"
NOT_HERE = "I can't find this. Check the number, or look for it in the list of cases."
USED = (
    "This link was used already, or its ten minutes are over. Type browser in chat, and you get "
    "another one."
)
WRONG_FORM = "This page is out of date: go back, reload it and try again."


class LeadPages:
    """Mount `routes()`; `here` says who reads where the web workspace is open, too."""

    def __init__(
        self,
        settings: Settings,
        bot: Answers,
        transactions: Transactions,
        here: Callable[[web.Request], Awaitable[Reader]] | None = None,
    ) -> None:
        self._settings = settings
        self._bot = bot
        self._transactions = transactions
        self._here = here
        self._forms = LeadForms(settings, bot, transactions, self._reader)
        self._platforms = {
            name for name, is_open in (("slack", settings.slack), ("teams", settings.teams)) if is_open
        }

    def routes(self) -> list[web.RouteDef]:
        """The pages, what they are drawn with, and the way in and out."""
        shown = [web.get(path, self._guarded(self._page(name))) for path, name in PATHS.items()]
        signing = [
            web.get("/open/{workspace}/{secret}", self._guarded(self._look_at_link)),
            web.post("/open/{workspace}/{secret}", self._guarded(self._use_link)),
            web.post("/sign-out", self._guarded(self._sign_out)),
        ]
        address = f"/{SETTINGS}/{{command}}"
        forms = [
            web.get(address, self._guarded(self._forms.open)),
            web.post(address, self._guarded(self._forms.send)),
        ]
        if self._settings.teams and self._settings.amends_url.startswith("https://"):
            tab = guarded(self._tab, self._check, self._ask_who, IN_TEAMS)
            signing.append(web.get(f"/{TAB}", tab))
        return [*shown, *forms, *signing, web.get("/static/{name}", self._guarded(self._static))]

    def mount(self, app: web.Application) -> None:
        """Adds the routes, with a first page and one for unknown paths; not beside the web workspace."""
        app.add_routes(
            [
                web.get("/", self._guarded(self._first)),
                *self.routes(),
                web.get("/{path:.*}", self._guarded(self._unknown)),
            ]
        )

    # ---- the guard

    def _guarded(self, handler: Handler) -> Handler:
        return guarded(handler, self._check, self._ask_who)

    def _check(self, request: web.Request) -> None:
        incoming.check_host(request, self._settings, self._settings.amends_url)
        incoming.check_address(request)
        if request.method not in ("GET", "HEAD"):
            incoming.check_origin(request, self._settings.amends_url)

    async def _ask_who(self, request: web.Request, stranger: Stranger) -> web.StreamResponse:
        """Where the web workspace is open somebody says who they are there, and else comes from chat."""
        if self._here is not None and not self._platforms:
            return redirect(request, "/")
        typed = await incoming.written(request)
        page = render.page("signed_out.html", title="Sign in", ended=False, typed=typed)
        response = html(page, 401)
        self._forget(request, response)
        return response

    async def _reader(self, request: web.Request) -> Reader:
        """Who reads this; raises Stranger where nobody does."""
        reader = await self._signed_in(request)
        if reader is not None:
            return reader
        if self._here is None:
            raise Stranger
        return await self._here(request)

    async def _signed_in(self, request: web.Request) -> Reader | None:
        """Whose session this browser has, which goes on with every look; None without one."""
        workspace, secret = self._kept(request)
        if not workspace:
            return None
        at = datetime.now(UTC)
        session = await self._transactions.read(
            workspace, lambda work: sign_in.session_of(secret, at, work)
        )
        if session is None:
            return None
        if idle_end(at) > session.ends:
            await self._transactions.write(workspace, partial(sign_in.prolong, session, at))
        return Reader(workspace, session.person, secret)

    def _kept(self, request: web.Request) -> tuple[str, str]:
        """The workspace and the secret in the cookie; two empty texts where it holds none of ours."""
        workspace, _, secret = cookies.kept(request, SESSION).partition("|")
        return self._known(unquote(workspace)), secret

    def _known(self, workspace: str) -> str:
        known = workspace.partition(":")[0] in self._platforms and "\0" not in workspace
        return workspace if known else ""

    def _forget(self, request: web.Request, response: web.Response) -> None:
        response.del_cookie(cookies.name_at(request.host, SESSION))

    # ---- pages

    def _page(self, command_name: str) -> Handler:
        async def show(request: web.Request) -> web.StreamResponse:
            reader = await self._reader(request)
            about = request.match_info.get("about", "")
            wanted = {name: value for name, value in request.query.items() if name != "as"}
            reply = await self._bot.show(
                Request(
                    workspace=reader.workspace,
                    command_name=command_name,
                    person=reader.person,
                    at=datetime.now(UTC),
                    about=about,
                    values=None if about else wanted,
                )
            )
            if reply.page is None:
                raise refused(reply, NOT_HERE if about else "")
            return self._drawn(request, reader, reply.page)

        return show

    def _drawn(self, request: web.Request, reader: Reader, page: Page) -> web.StreamResponse:
        way = request.query.get("as", "")
        if page.leads_to:
            return redirect(request, f"/{page.leads_to}" + (f"?as={quote(way)}" if way else ""))
        if way in PAGE_FORMATS:
            format_ = PAGE_FORMATS[way]
            name = quote(request.path.strip("/").replace("/", "-") or "page", safe="-")
            return web.Response(
                text=format_.write(page),
                content_type=format_.content_type,
                charset="utf-8",
                headers={"Content-Disposition": f'attachment; filename="{name}.{way}"'},
            )
        thread = Link(text="The thread in chat", url=page.thread) if page.thread else None
        frame = frame_of(reader, self._settings)
        return draw(request, reader, frame, page, formats=PAGE_FORMATS, thread=thread)

    async def _first(self, request: web.Request) -> web.StreamResponse:
        return redirect(request, "/board")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        path = STATIC.get(request.match_info["name"])
        if path is None:
            raise HTTPProblem("There is no such page here.", 404)
        return web.FileResponse(path, headers={**HEADERS, "Cache-Control": "no-cache"})

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        raise HTTPProblem("There is no such page here.", 404)

    # ---- the way in and out

    async def _tab(self, request: web.Request) -> web.StreamResponse:
        """What the personal tab in Teams shows: the way to the pages, the same to everybody."""
        return html(render.page("tab.html", title="Open Amends in your browser"))

    async def _look_at_link(self, request: web.Request) -> web.StreamResponse:
        """Shows whom the link would let in; nothing happens, because previews look, too.

        One that lets nobody in any more leads whoever is signed in already to where it led.
        """
        person, other = await self._whose_link(request), await self._signed_in(request)
        if person is None:
            if other is not None and other.workspace == request.match_info["workspace"]:
                return redirect(request, _meant(request))
            raise HTTPProblem(USED, 410)
        other = None if other and other.person.id == person.id else other
        page = render.page("sign_in.html", title="Open Amends", person=person, other=other)
        return html(page, 409 if other else 200)

    async def _use_link(self, request: web.Request) -> web.StreamResponse:
        person, other = await self._whose_link(request), await self._signed_in(request)
        if person is None or (other is not None and other.person.id != person.id):
            return await self._look_at_link(request)
        workspace, at = self._known(request.match_info["workspace"]), datetime.now(UTC)
        use = partial(sign_in.use_link, request.match_info["secret"], at)
        secret = await self._transactions.write(workspace, use)
        if secret is None:
            raise HTTPProblem(USED, 410)
        response = redirect(request, _meant(request))
        value = f"{quote(workspace, safe=':')}|{secret}"
        secure = self._settings.amends_url.startswith("https://")
        cookies.keep_session(request, response, SESSION, value, secure=secure)
        return response

    async def _whose_link(self, request: web.Request) -> Person | None:
        """Whom the link lets in; None where it lets nobody in."""
        workspace, secret = self._known(request.match_info["workspace"]), request.match_info["secret"]
        at = datetime.now(UTC)

        def look(work: ReadOnlyWork) -> Person | None:
            return sign_in.whose_link(secret, at, work)

        return await self._transactions.read(workspace, look) if workspace else None

    async def _sign_out(self, request: web.Request) -> web.StreamResponse:
        reader = await self._signed_in(request)
        data = await incoming.posted(request)
        if reader is not None:
            sent = incoming.text_of(data, "form")
            if not hmac.compare_digest(sent.encode(), reader.form_token.encode()):
                raise HTTPProblem(WRONG_FORM, 403)
            await self._transactions.write(reader.workspace, partial(sign_in.sign_out, reader.secret))
        response = html(render.page("signed_out.html", title="Signed out", ended=True, typed=()))
        self._forget(request, response)
        return response


def _meant(request: web.Request) -> str:
    """The page that a link from chat leads to."""
    return own_path("/" + request.query.get("to", "board"))
