"""What is on the screen: reads a place, a thread and the sidebar, and has them drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlencode

from aiohttp import web

from bot.messages.parts import Button
from bot.ports import UnitOfWork
from bot.repositories import Post
from bot.request import Person, Place
from handlers.web import incoming, render
from handlers.web.additions import FIRST_PERSON
from handlers.web.incoming import Problem

YOU = "you"
SEEN = "seen"
NEWEST = 50
"""Posts on a page at first; "Show earlier" adds as many again, up to MOST_POSTS."""
MOST_POSTS = 200
"""After that "Show earlier" leads to a page of those before them."""
MOST_SEEN = 60
"""Places whose last look a browser remembers; cookies are small."""

MARK = Button(label="Mark a case failed", verb="case.fail", about="", look="main", opens=True)
FOOTER = (
    Button(label="My action items", verb="action_item.mine", about=""),
    Button(label="Status", verb="board.status", about=""),
    Button(label="Team settings", verb="team.settings", about="", opens=True),
    Button(label="My settings", verb="team.own_settings", about="", opens=True),
    Button(label="Help", verb="team.help", about=""),
)
FOR_ANY_PLACE = ("action_item.mine", "team.own_settings", "team.help")

Seen = Mapping[str, int]


def reader_of(request: web.Request, work: UnitOfWork) -> Person:
    """Who the cookie says; without one "You", whom nobody chose, rather than somebody by name."""
    chosen = work.people.get(request.cookies.get(YOU, ""))
    if chosen is not None and not (chosen.gone or chosen.bot):
        return chosen
    here = [one for one in work.people.everybody() if not (one.gone or one.bot)]
    if not here:
        raise Problem("Nobody is in this workspace any more; restart Amends to begin anew.", 404)
    return next((one for one in here if one.id == FIRST_PERSON), here[0])


def actor_of(request: web.Request, work: UnitOfWork) -> Person:
    """Who acts; refuses when the page was drawn for somebody else (another tab switched)."""
    reader = reader_of(request, work)
    if request.headers.get("X-You", reader.id) != reader.id:
        raise Problem(f"You are {reader.name} now, in another tab: reload this page first.")
    return reader


def frame_of(reader: Person, base: str, place: str = "", thread: int | None = None) -> render.Frame:
    """The frame to draw in, now."""
    return render.Frame(
        reader=reader,
        now=datetime.now(UTC),
        key=incoming.new_key,
        place=place,
        thread=thread,
        base=base,
    )


def root_of(work: UnitOfWork, place: Place, number: str) -> Post:
    """The post that a thread hangs on; refuses what is none."""
    known = number.isascii() and number.isdigit() and len(number) < 10
    root = work.posts.get(int(number)) if known else None
    if root is None or root.place != place.id or root.thread is not None:
        raise Problem("There is no such thread here.", 404)
    return root


def page(
    request: web.Request, work: UnitOfWork, base: str, version: str, place: Place, root: Post | None
) -> tuple[str, Seen]:
    """The page of a place, with a thread beside it when there is a root, and what was seen by then.

    `version` is the hub's, from before anything was read: the stream tells what came since.
    """
    people = work.people.everybody()
    reader = reader_of(request, work)
    most = most_of(request)
    outer = frame_of(reader, base, place.id)
    before = before_of(request)
    column, last = _column(work, outer, most, None if root else before, beside=root is not None)
    frame, thread = outer, None
    if root is not None:
        frame = frame_of(reader, base, place.id, root.id)
        thread, _ = _column(work, frame, most, before)
    seen = looked(seen_by(request), place.id, last)
    direct = place.kind == "direct"
    html = render.page(
        "page.html",
        title=f"Thread in {place.name}" if root else "Direct messages" if direct else place.name,
        heading="Amends" if direct else place.name,
        direct=direct,
        pane="sidebar" if "places" in request.query else "thread" if root else "place",
        frame=frame,
        outer=outer,
        column=column,
        thread=thread,
        welcome=not (column.rows or column.newest),
        mark=MARK,
        footer=[one for one in FOOTER if not direct or one.verb in FOR_ANY_PLACE],
        actions=_shortcuts,
        sidebar=_sidebar(work, reader, people, place.id, seen),
        back=request.path,
        events=f"/events?{urlencode({'place': place.id, 'since': version})}",
    )
    return html, seen


def lists(request: web.Request, work: UnitOfWork) -> str:
    """The sidebar's lists, afresh."""
    reader = reader_of(request, work)
    here = request.query.get("place", "")
    sidebar = _sidebar(work, reader, (), here, seen_by(request))
    return render.page("sidebar.html", sidebar=sidebar)


def posts(request: web.Request, work: UnitOfWork, base: str) -> tuple[str, Seen]:
    """The posts of a place or a thread, afresh, and what was seen by then."""
    reader = reader_of(request, work)
    place = incoming.place_for(work, request.query.get("place", ""), reader)
    thread = incoming.read_number(request.query.get("thread", ""))
    frame = frame_of(reader, base, place.id, thread)
    beside = bool(request.query.get("beside"))
    column, last = _column(work, frame, most_of(request), before_of(request), beside=beside)
    seen = seen_by(request)
    html = render.page(
        "fresh.html",
        column=column,
        frame=frame,
        actions=_shortcuts,
        welcome=thread is None and not (column.rows or column.newest),
        direct=place.kind == "direct",
        mark=MARK,
    )
    return html, looked(seen, place.id, last) if thread is None else seen


def _column(
    work: UnitOfWork,
    frame: render.Frame,
    most: int,
    before: int | None = None,
    *,
    beside: bool = False,
) -> tuple[render.Column, int]:
    """A list of the newest `most` posts (older than `before`), and the newest one's id.

    `beside` an open thread, which is what older posts are shown of.
    """
    if frame.thread is None:
        head: list[Post] = []
        posts = work.posts.roots(frame.place, most + 1, before)
        replies = work.posts.replies([post.id for post in posts])
    else:
        head = [root_of(work, Place(id=frame.place, name=""), str(frame.thread))]
        posts, replies = work.posts.thread(frame.thread, most + 1, before), {}
    shown = [*head, *posts[-most:]]
    in_place = frame.thread is None and frame.place != frame.reader.id
    where = {"place": frame.place, "most": str(most), "thread": str(frame.thread or "")}
    if beside:
        where["beside"] = "yes"
    since = {} if before is None else {"before": str(before)}
    path = frame.home + (f"/t/{frame.thread}" if frame.thread else "")
    prefix = "r" if in_place else "m"
    people = work.people.among({post.author for post in shown if post.author})
    column = render.Column(
        prefix=prefix,
        rows=render.rows(shown, replies, replace(frame, people=people)),
        source=f"/f/posts?{urlencode({**where, **since})}",
        earlier=_earlier(path, prefix, posts[1].id, most, since)
        if len(posts) > most and not beside
        else "",
        newest=path if since else "",
    )
    return column, max((post.id for post in shown), default=0)


def _earlier(path: str, prefix: str, oldest: int, most: int, since: Mapping[str, str]) -> str:
    """Where more of the list is shown; once that would be too long, the part before it."""
    if most == MOST_POSTS:
        return f"{path}?before={oldest}"
    return f"{path}?{urlencode({'most': most + NEWEST, **since})}#{prefix}{oldest}"


def _sidebar(
    work: UnitOfWork, reader: Person, people: Sequence[Person], here: str, seen: Seen
) -> render.Sidebar:
    newest = work.posts.newest()
    entries = [
        render.Entry(
            name=place.name,
            path=render.place_path(place.id, reader),
            here=place.id == here,
            news=int(place.id != here and newest.get(place.id, 0) > seen.get(place.id, 0)),
        )
        for place in work.places.all()
    ]
    at_home = here == reader.id
    told = () if at_home else work.posts.roots(reader.id, render.MOST_COUNTED + 1)
    unread = sum(post.id > seen.get(reader.id, 0) for post in told)
    return render.Sidebar(
        places=entries,
        direct=render.Entry(name="Amends", path="/dm", here=at_home, news=unread),
        people=[one for one in people if not (one.bot or one.gone)],
        source=f"/f/lists?{urlencode({'place': here})}",
    )


def _shortcuts(post: Post) -> tuple[Button, ...]:
    """What can be made of somebody's message."""
    about = f"{incoming.POST_ABOUT}{post.id}"
    if post.thread is None:
        return (Button(label="Mark as failed case", verb="case.fail_message", about=about, opens=True),)
    return (Button(label="Add action item", verb="action_item.add_message", about=about, opens=True),)


def most_of(request: web.Request) -> int:
    """How many posts the page shows."""
    most = request.query.get("most", "")
    number = int(most) if most.isascii() and most.isdigit() and len(most) < 6 else NEWEST
    return min(max(number, NEWEST), MOST_POSTS)


def before_of(request: web.Request) -> int | None:
    """Before which post those stand that the page shows; None: they are the newest."""
    before = request.query.get("before", "")
    return int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None


def seen_by(request: web.Request) -> dict[str, int]:
    """The newest post this browser has seen in each place, the latest look first."""
    seen: dict[str, int] = {}
    for pair in request.cookies.get(SEEN, "").split("|")[:MOST_SEEN]:
        place, _, number = pair.rpartition(":")
        if place and number.isascii() and number.isdigit() and len(number) < 10:
            seen[unquote(place)] = int(number)
    return seen


def looked(seen: Seen, place: str, last: int) -> Seen:
    """What was seen, after a look at this place."""
    others = {key: number for key, number in seen.items() if key != place}
    return {place: max(last, seen.get(place, 0)), **others}


def seen_cookie(seen: Seen) -> str:
    """What was seen, as a cookie's value."""
    return "|".join(f"{quote(place, safe='')}:{number}" for place, number in seen.items())
