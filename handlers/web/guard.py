"""What stands around every page: who may ask, what goes wrong said in a sentence, strict headers."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from json import dumps

from aiohttp import web

from bot.ports import StorageUnavailable
from bot.safe_traceback import redacted
from handlers.web import render
from handlers.web.incoming import HTTPProblem

log = logging.getLogger(__name__)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

IN_TEAMS = {
    **{name: value for name, value in HEADERS.items() if name != "X-Frame-Options"},
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace(
        "frame-ancestors 'none'",
        "frame-ancestors https://teams.microsoft.com https://*.teams.microsoft.com "
        "https://*.cloud.microsoft",
    ),
}
"""Of the one page that Teams may show inside itself: X-Frame-Options cannot name who may."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Stranger(HTTPProblem):
    """Nobody has said yet who reads: a page asks, and everything else is refused."""

    def __init__(self) -> None:
        super().__init__("Say who you are first: reload this page.", 403)


def guarded(
    handler: Handler,
    check: Callable[[web.Request], None],
    ask_who: Callable[[web.Request, Stranger], Awaitable[web.StreamResponse]],
    headers: Mapping[str, str] = HEADERS,
) -> Handler:
    """The handler, for whoever passes the check; what it raises becomes a page of one sentence."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            check(request)
            try:
                response = await handler(request)
            except Stranger as stranger:
                response = await ask_who(request, stranger)
        except HTTPProblem as wrong:
            response = problem(request, wrong.sentence, wrong.status)
        except web.HTTPRequestEntityTooLarge:
            response = problem(request, "That is more than Amends takes at once: shorten it.", 413)
        except StorageUnavailable as unavailable:
            log.error("web path=%s: %s", _route(request), unavailable)
            words = "Amends can't reach its database just now, so nothing was changed. Try again soon."
            response = problem(request, words, 503)
        except web.HTTPException:
            raise
        except Exception as error:
            log.error("web path=%s: %s", _route(request), redacted(error))
            words = "Something broke in Amends, and its log says where. Please try again."
            response = problem(request, words, 500)
        if not response.prepared:
            for name, value in headers.items():
                response.headers.setdefault(name, value)
        return response

    return answer


def _route(request: web.Request) -> str:
    """The route's pattern for the log; the path itself holds ids."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "?"


def html(text: str, status: int = 200) -> web.Response:
    """A page, or a fragment of one."""
    return web.Response(text=text, content_type="text/html", status=status)


def redirect(request: web.Request, path: str) -> web.Response:
    """On to another page of ours."""
    if "HX-Request" in request.headers:
        return web.Response(headers={"HX-Redirect": path})
    return web.Response(status=303, headers={"Location": path})


def own_path(back: str) -> str:
    """The path that was asked for, or the first page when it leads elsewhere."""
    own = back.isprintable() and back.startswith("/") and not back.startswith(("//", "/\\"))
    return back if own else "/"


def problem(request: web.Request, sentence: str, status: int) -> web.Response:
    """One sentence: as a page, or sent to the script of the page that asked."""
    if "HX-Request" in request.headers:
        trigger = dumps({"amends-problem": {"target": "body", "sentence": sentence}})
        return web.Response(text=sentence, status=status, headers={"HX-Trigger": trigger})
    title = "Not here" if status == 404 else "Not this way"
    back = ("/", "To the first page")
    page = render.page("bare.html", title=title, sentence=sentence, note="", form="", back=back)
    return html(page, status)
