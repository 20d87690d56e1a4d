"""What all pages of leads share: who reads, the frame around what is shown, and why nothing is."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple
from urllib.parse import urlencode

from aiohttp import web

from bot.access import NO_ANSWER_NOW
from bot.command import Reply
from bot.domain.person import Person
from bot.messages.page import SETTINGS, Page
from bot.messages.parts import plain_words
from bot.settings import Settings, http_address
from handlers.web import render
from handlers.web.guard import html
from handlers.web.incoming import HTTPProblem, new_key

NAVIGATION = (("board", "Board"), ("cases", "Cases"), ("trends", "Trends"), (SETTINGS, "Settings"))


class Reader(NamedTuple):
    """Who reads a page, of which workspace; `secret` is their session's, "" where nobody signs in."""

    workspace: str
    person: Person
    secret: str = ""

    @property
    def form_token(self) -> str:
        """What every form of theirs carries, and no other page can know."""
        form = f"form {self.person.id}"
        return hmac.new(self.secret.encode(), form.encode(), hashlib.sha256).hexdigest()


def frame_of(reader: Reader, settings: Settings, channel_id: str = "") -> render.Frame:
    """The frame to draw in, now; `channel_id` is what is pressed for."""
    return render.Frame(
        viewer=reader.person,
        now=datetime.now(UTC),
        key=new_key,
        channel_id=channel_id,
        base=http_address(settings.amends_host, settings.amends_port),
        beside=True,
        token=reader.form_token,
    )


def draw(
    request: web.Request,
    reader: Reader,
    frame: render.Frame,
    page: Page,
    *,
    template: str = "lead.html",
    status: int = 200,
    **more: object,
) -> web.Response:
    """A page of leads, with the way to the others."""
    drawn = render.page(
        template,
        title=page.title,
        page=page,
        frame=frame,
        reader=reader,
        navigation=NAVIGATION,
        query={name: value for name, value in request.query.items() if name != "as"},
        address=partial(_address, request.path, request.query),
        **more,
    )
    return html(drawn, status)


def refused(reply: Reply, instead: str = "") -> HTTPProblem:
    """Why there is nothing to see; `instead`: the words for what is not there, unless nobody can say."""
    told = [*reply.faults.values()]
    if reply.message is not None:
        told += [plain_words(part.words) for part in reply.message.parts if part.kind == "paragraph"]
    if NO_ANSWER_NOW in told or not reply.saved:
        return HTTPProblem(" ".join(told), 503)
    return HTTPProblem(instead, 404) if instead else HTTPProblem(" ".join(told), 400)


def _address(path: str, query: Mapping[str, str], **changed: str) -> str:
    """This page's address with something of it changed; an empty value is left out."""
    values = {name: value for name, value in {**query, **changed}.items() if value}
    return path + (f"?{urlencode(values)}" if values else "")
