"""The pages: reads a channel, a thread and the sidebar from storage, and draws them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlencode

from aiohttp import web

from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.messages.connection import SHOW as HELPDESKS
from bot.messages.parts import Button, Form
from bot.messages.team import MARK_FAILED, MY_SETTINGS
from bot.ports import ReadOnlyWork
from bot.repositories import Post
from handlers.web import cookies, incoming, render
from handlers.web.demo import Tour
from handlers.web.guard import Stranger
from handlers.web.incoming import HTTPProblem

YOU = "you"
SEEN = "seen"
NEWEST = 50
"""Posts on a page at first; "Show earlier" adds as many again, up to MAX_POSTS."""
MAX_POSTS = 200
"""After that "Show earlier" leads to a page of those before them."""
MAX_SEEN = 60
"""Channels whose last look a browser remembers; cookies are small."""

FOOTER = (
    Button(label="My action items", command_name="action_item.mine", about=""),
    Button(label="Status", command_name="board.status", about=""),
    Button(label="Trends", command_name="trends.show", about=""),
    Button(label="Prompts", command_name="prompts.show", about="", opens=True),
    HELPDESKS,
    Button(label="Team settings", command_name="team.settings", about="", opens=True),
    MY_SETTINGS,
    Button(label="Help", command_name="team.help", about=""),
)
FOR_ANY_CHANNEL = ("action_item.mine", "trends.show", "team.own_settings", "team.help")

Seen = Mapping[str, int]


def reader_of(request: web.Request, work: ReadOnlyWork) -> Person:
    """The person in the cookie; raises Stranger when it names nobody who is here."""
    chosen = work.people.get(cookies.kept(request, YOU))
    if chosen is None or chosen.gone or chosen.bot:
        raise Stranger
    return chosen


def actor_of(request: web.Request, work: ReadOnlyWork) -> Person:
    """Who acts; refuses when the page was drawn for somebody else (another tab switched)."""
    chosen = work.people.get(cookies.kept(request, YOU))
    if chosen is not None and chosen.gone:
        raise HTTPProblem(f"{chosen.name} was removed: reload this page, and choose who you are.", 403)
    viewer = reader_of(request, work)
    if request.headers.get("X-You", viewer.id) != viewer.id:
        raise HTTPProblem(f"You are {viewer.name} now, in another tab: reload this page first.")
    return viewer


def frame_of(viewer: Person, base: str, channel_id: str = "", thread: int | None = None) -> render.Frame:
    """The frame to draw in, now."""
    return render.Frame(
        viewer=viewer,
        now=datetime.now(UTC),
        key=incoming.new_key,
        channel_id=channel_id,
        thread=thread,
        base=base,
    )


def root_of(work: ReadOnlyWork, channel: Channel, number: str) -> Post:
    """The root post of a thread; raises HTTPProblem when there is none."""
    is_number = number.isascii() and number.isdigit() and len(number) < 10
    root = work.posts.get(int(number)) if is_number else None
    if root is None or root.channel_id != channel.id or root.thread is not None:
        raise HTTPProblem("There is no such thread here.", 404)
    return root


def page(
    request: web.Request,
    work: ReadOnlyWork,
    base: str,
    version: str,
    channel: Channel,
    root: Post | None,
    tour: Tour | None = None,
) -> tuple[str, Seen]:
    """The page of a channel, with a thread beside it when there is a root, and what was seen by then.

    `version` is the hub's, from before anything was read: the stream tells what came since. `tour`: it
    is the demo.
    """
    people = work.people.everybody()
    viewer = reader_of(request, work)
    limit = most_of(request)
    outer = frame_of(viewer, base, channel.id)
    before = before_of(request)
    column, last = _column(work, outer, limit, None if root else before, beside=root is not None)
    frame, thread = outer, None
    if root is not None:
        frame = frame_of(viewer, base, channel.id, root.id)
        thread, _ = _column(work, frame, limit, before)
    welcome = not (column.rows or column.newest)
    seen = looked(seen_by(request), channel.id, last)
    direct = channel.kind == "direct"
    html = render.page(
        "page.html",
        title=f"Thread in {channel.name}" if root else "Direct messages" if direct else channel.name,
        heading="Amends" if direct else channel.name,
        direct=direct,
        pane="sidebar" if "channels" in request.query else "thread" if root else "place",
        frame=frame,
        outer=outer,
        column=column,
        thread=thread,
        welcome=welcome,
        sample=welcome and not work.posts.newest(),
        tour=tour is not None,
        note=tour.note(request) if tour else None,
        mark=MARK_FAILED,
        footer=[button for button in FOOTER if not direct or button.command_name in FOR_ANY_CHANNEL],
        actions=_shortcuts,
        sidebar=_sidebar(work, viewer, people, channel.id, seen),
        back=request.path,
        events=f"/events?{urlencode({'place': channel.id, 'since': version})}",
    )
    return html, seen


def who(work: ReadOnlyWork, back: str, form: Form, faults: Mapping[str, str]) -> str:
    """The page that asks who reads; `back` is what it goes on to."""
    here = [person for person in work.people.everybody() if not (person.bot or person.gone)]
    fields = render.fields_of(form, faults=faults)
    return render.page("who.html", people=here, fields=fields, faults=faults, back=back)


def lists(request: web.Request, work: ReadOnlyWork) -> str:
    """The sidebar's lists, afresh."""
    viewer = reader_of(request, work)
    here = request.query.get("place", "")
    sidebar = _sidebar(work, viewer, (), here, seen_by(request))
    return render.page("sidebar.html", sidebar=sidebar)


def posts(request: web.Request, work: ReadOnlyWork, base: str) -> tuple[str, Seen]:
    """The posts of a channel or a thread, afresh, and what was seen by then."""
    viewer = reader_of(request, work)
    channel = incoming.channel_for(work, request.query.get("place", ""), viewer)
    thread = incoming.read_number(request.query.get("thread", ""))
    frame = frame_of(viewer, base, channel.id, thread)
    beside = bool(request.query.get("beside"))
    column, last = _column(work, frame, most_of(request), before_of(request), beside=beside)
    welcome = thread is None and not (column.rows or column.newest)
    seen = seen_by(request)
    html = render.page(
        "fresh.html",
        column=column,
        frame=frame,
        actions=_shortcuts,
        welcome=welcome,
        sample=welcome and not work.posts.newest(),
        direct=channel.kind == "direct",
        mark=MARK_FAILED,
    )
    return html, looked(seen, channel.id, last) if thread is None else seen


def _column(
    work: ReadOnlyWork,
    frame: render.Frame,
    limit: int,
    before: int | None = None,
    *,
    beside: bool = False,
) -> tuple[render.Column, int]:
    """A list of the newest `limit` posts (older than `before`), and the newest one's id.

    `beside`: a thread is open next to it, and only the thread's older posts can be asked for.
    """
    if frame.thread is None:
        head: list[Post] = []
        posts = work.posts.roots(frame.channel_id, limit + 1, before)
        replies = work.posts.replies([post.id for post in posts])
    else:
        head = [root_of(work, Channel(id=frame.channel_id, name=""), str(frame.thread))]
        posts, replies = work.posts.thread(frame.thread, limit + 1, before), {}
    visible = [*head, *posts[-limit:]]
    in_channel = frame.thread is None and frame.channel_id != frame.viewer.id
    where = {"place": frame.channel_id, "most": str(limit), "thread": str(frame.thread or "")}
    if beside:
        where["beside"] = "yes"
    since = {} if before is None else {"before": str(before)}
    path = frame.home + (f"/t/{frame.thread}" if frame.thread else "")
    prefix = "r" if in_channel else "m"
    people = work.people.among({post.author for post in visible if post.author})
    column = render.Column(
        prefix=prefix,
        rows=render.rows(visible, replies, replace(frame, people=people)),
        source=f"/f/posts?{urlencode({**where, **since})}",
        earlier=_earlier(path, prefix, posts[1].id, limit, since)
        if len(posts) > limit and not beside
        else "",
        newest=path if since else "",
    )
    return column, max((post.id for post in visible), default=0)


def _earlier(path: str, prefix: str, oldest: int, limit: int, since: Mapping[str, str]) -> str:
    """Where more of the list is shown; once that would be too long, the part before it."""
    if limit == MAX_POSTS:
        return f"{path}?before={oldest}"
    return f"{path}?{urlencode({'most': limit + NEWEST, **since})}#{prefix}{oldest}"


def _sidebar(
    work: ReadOnlyWork, viewer: Person, people: Sequence[Person], here: str, seen: Seen
) -> render.Sidebar:
    newest = work.posts.newest()
    entries = [
        render.Entry(
            name=channel.name,
            path=render.channel_path(channel.id, viewer),
            here=channel.id == here,
            news=int(channel.id != here and newest.get(channel.id, 0) > seen.get(channel.id, 0)),
        )
        for channel in work.channels.all()
    ]
    at_home = here == viewer.id
    messages = () if at_home else work.posts.roots(viewer.id, render.MAX_COUNTED + 1)
    unread = sum(post.id > seen.get(viewer.id, 0) for post in messages)
    return render.Sidebar(
        channels=entries,
        direct=render.Entry(name="Amends", path="/dm", here=at_home, news=unread),
        people=[person for person in people if not (person.bot or person.gone)],
        source=f"/f/lists?{urlencode({'place': here})}",
    )


def _shortcuts(post: Post) -> tuple[Button, ...]:
    """The shortcuts that are offered beside somebody's message."""
    about = f"{incoming.POST_ABOUT}{post.id}"
    if post.thread is None:
        return (
            Button(
                label="Mark a case failed", command_name="case.fail_message", about=about, opens=True
            ),
        )
    return (
        Button(label="Add action item", command_name="action_item.add_message", about=about, opens=True),
    )


def most_of(request: web.Request) -> int:
    """How many posts the page shows, from the request's query."""
    most = request.query.get("most", "")
    number = int(most) if most.isascii() and most.isdigit() and len(most) < 6 else NEWEST
    return min(max(number, NEWEST), MAX_POSTS)


def before_of(request: web.Request) -> int | None:
    """The id of the post before which the list ends; None: it shows the newest."""
    before = request.query.get("before", "")
    return int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None


def seen_by(request: web.Request) -> dict[str, int]:
    """The newest post this browser has seen in each channel, the latest look first."""
    seen: dict[str, int] = {}
    for pair in cookies.kept(request, SEEN).split("|")[:MAX_SEEN]:
        channel_id, _, number = pair.rpartition(":")
        if channel_id and number.isascii() and number.isdigit() and len(number) < 10:
            seen[unquote(channel_id)] = int(number)
    return seen


def looked(seen: Seen, channel_id: str, last: int) -> Seen:
    """What was seen, with this channel's newest post added."""
    others = {key: number for key, number in seen.items() if key != channel_id}
    return {channel_id: max(last, seen.get(channel_id, 0)), **others}


def seen_cookie(seen: Seen) -> str:
    """What was seen, as a cookie's value."""
    return "|".join(f"{quote(channel_id, safe='')}:{number}" for channel_id, number in seen.items())
