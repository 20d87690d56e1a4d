"""Draws neutral messages and forms as HTML for the web workspace: pure, and the only place that does.

Whatever people typed is escaped by the templates (autoescape) and isolated by direction.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import chain, zip_longest
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from bot.domain.channel import Channel
from bot.domain.link import is_web_link
from bot.domain.person import Person
from bot.domain.working_hours import zone_of
from bot.messages.author import signed
from bot.messages.parts import (
    MENU,
    Button,
    Form,
    FormField,
    Link,
    Message,
    Option,
    Sign,
    Timestamp,
    day_words,
    on,
    plain_words,
    shown_cell,
)
from bot.repositories import Post
from handlers.web import chart

FOLDER = Path(__file__).parent
NOTHING = Markup("")
FieldWithOptions = tuple[FormField, Sequence[tuple[str, Sequence[Option]]]]
"""A field of a form, and its options by their groups."""
HUES = 6
"""How many avatar colours the style sheet has."""
SIGNS: Mapping[Sign, str] = {"late": "!", "waiting": "…", "yours": "→", "done": "✓", "note": "•"}
"""In every font; an emoji is an empty box where no font has it."""
NUMBER = re.compile(r"\b((?:C|AI)-\d+)\b")
MAX_COUNTED = 20
"""News are counted up to here; more reads "20+"."""


@dataclass(frozen=True)
class Frame:
    """Who reads, where and when. `key` makes the one-time name of each thing that can be pressed.

    `thread` is the root post whose thread is drawn. `base` is this server's own address: links to
    it are drawn as paths, so that they stay on the address that the reader came by.
    """

    viewer: Person
    now: datetime
    key: Callable[[], str]
    channel_id: str = ""
    thread: int | None = None
    base: str = ""
    people: Mapping[str, Person] = field(default_factory=dict)
    beside: bool = False
    """It is drawn on a page beside the workspace's channels, to which it does not lead."""
    token: str = ""
    """What every form of such a page carries, and no other page can know."""
    stays: bool = False
    """What is drawn holds a secret that is shown once: a press that leads away opens a new tab."""

    def zone(self, other: str = "UTC") -> ZoneInfo:
        """The reader's zone, or `other` while theirs is not known."""
        return zone_of(self.viewer.zone or other)

    @property
    def today(self) -> date:
        """The reader's today."""
        return self.now.astimezone(self.zone()).date()

    @property
    def home(self) -> str:
        """The path of the channel on screen."""
        return channel_path(self.channel_id, self.viewer)


@dataclass(frozen=True)
class Row:
    """One post as the page shows it; `day` stands above the first post of a day."""

    post: Post
    name: str
    hue: int
    time: str
    stamp: str
    day: str
    replies: int
    thread: str


@dataclass(frozen=True)
class Entry:
    """A line of the sidebar; `news` counts what came since the reader last looked."""

    name: str
    path: str
    here: bool
    news: int

    @property
    def count(self) -> str:
        """`3`, or `20+`."""
        return f"{MAX_COUNTED}+" if self.news > MAX_COUNTED else str(self.news)


@dataclass(frozen=True)
class Column:
    """One scrolling list of posts with its composer: a channel, a thread or direct messages."""

    prefix: str
    """What the ids of its posts begin with: a root stands in its place and in its thread."""
    rows: Sequence[Row]
    source: str
    """Where the list is fetched afresh."""
    earlier: str = ""
    """Where older posts are shown; "" when there are none."""
    newest: str = ""
    """Where the newest posts are shown; "" when these are."""

    @property
    def start(self) -> str:
        """The id of the post at which a thread of ours opens: its first one, what it asks; or ""."""
        asks = len(self.rows) > 1 and self.rows[0].post.message is not None
        return f"{self.prefix}{self.rows[1].post.id}" if asks and not self.earlier else ""

    @property
    def next_step(self) -> Button | None:
        """What the first message asks for above all; a thread keeps it in sight wherever it is read."""
        message = self.rows[0].post.message if self.rows else None
        rows = [part for part in message.parts if part.kind == "buttons"] if message else []
        buttons = (button for row in rows for button in row.buttons)
        return next((button for button in buttons if button.look == "main"), None)


@dataclass(frozen=True)
class Pieces:
    """What a press brings back to the page that it was made on.

    `form` fills the dialog, or closes it when it is empty; `again` draws the same form once more.
    `note` is for the reader alone, in a `pane`; None leaves the note that is there. One that `stays` is
    replaced by no other note, unless that stays as well. `key` is the composer's next one, and `anyway`
    what it posts without asking once more.
    """

    form: Markup = NOTHING
    again: bool = False
    note: Markup | None = None
    stays: bool = False
    pane: str = "place"
    key: str = ""
    anyway: str = ""


@dataclass(frozen=True)
class Sidebar:
    """The left column. `source` is where it is fetched afresh."""

    channels: Sequence[Entry]
    direct: Entry
    people: Sequence[Person]
    source: str


def channel_path(channel_id: str, viewer: Person) -> str:
    """The page of a channel, or of the reader's direct messages."""
    return "/dm" if channel_id == viewer.id else f"/p/{quote(channel_id, safe='')}"


def rows(
    posts: Sequence[Post], replies: Mapping[int, int], frame: Frame, open_thread: int | None = None
) -> list[Row]:
    """The posts as they are shown, oldest first; the root of a thread has no link to its own thread."""
    drawn: list[Row] = []
    zone, last = frame.zone(), None
    for post in posts:
        local = post.posted_at.astimezone(zone)
        author = frame.people.get(post.author) if post.author else None
        in_thread = frame.thread is not None or frame.channel_id == frame.viewer.id
        drawn.append(
            Row(
                post=post,
                name=signed(author.name) if author else "Amends" if post.message else "Somebody",
                hue=sum(map(ord, post.author)) % HUES if post.author else -1,
                time=f"{local:%H:%M}",
                stamp=f"{day_words(on(local.date(), frame.today))}, {local:%H:%M}",
                day=_day_name(local.date(), frame.today) if local.date() != last else "",
                replies=replies.get(post.id, 0),
                thread="" if in_thread else f"{frame.home}/t/{post.id}",
            )
        )
        last = local.date()
    return drawn


def _day_name(day: date, today: date) -> str:
    near = {0: "Today", 1: "Yesterday"}
    return near.get((today - day).days) or day_words(on(day, today))


def message(message: Message, frame: Frame, *, note: bool = False) -> Markup:
    """The message with its buttons; `note` when it is drawn as a private note."""
    return _macro("parts.html", "message", message, frame, note)


def form(
    form: Form,
    frame: Frame,
    people: Sequence[Person] = (),
    channels: Sequence[Channel] = (),
    faults: Mapping[str, str] | None = None,
    action: str = "",
) -> Markup:
    """The form as a dialog's content, with the faults beside their fields.

    `people` and `channels` are the options of the fields that choose one.
    """
    faults = faults or {}
    above, beside = _above_and_beside(fields_of(form, people, channels, faults))
    sent = (form, _carried(form), above, beside, faults, _loose(form, faults), frame)
    return _macro("form.html", "dialog", *sent, action)


def page_form(
    form: Form, frame: Frame, people: Sequence[Person], faults: Mapping[str, str], back: str
) -> Markup:
    """The same as the content of a page without a script; `back` is where leaving it leads."""
    above, beside = _above_and_beside(fields_of(form, people, (), faults))
    sent = (form, _carried(form), above, beside, faults, _loose(form, faults), frame)
    return _macro("form.html", "page_form", *sent, back)


def _loose(form: Form, faults: Mapping[str, str]) -> list[str]:
    """What is wrong with the form as a whole."""
    names = {field.name for field in form.fields}
    return [sentence for name, sentence in faults.items() if name not in names]


def _carried(form: Form) -> str:
    """The form, which carries itself along, so that a faulty one can be shown with everything typed.

    The field is called `dialog`, for one called `form` would hide the form itself from scripts. What was
    typed stands in the fields already: carried twice, long texts would be too much.
    """
    return filled(form, dict.fromkeys((field.name for field in form.fields), "")).model_dump_json()


def _above_and_beside(
    fields: Sequence[FieldWithOptions],
) -> tuple[Sequence[FieldWithOptions], Sequence[FieldWithOptions]]:
    """The fields, and apart from them the ticks at the end, which stand beside the button that sends."""
    above = list(fields)
    while above and above[-1][0].kind == "tick":
        above.pop()
    return above, fields[len(above) :]


def fields_of(
    form: Form,
    people: Sequence[Person] = (),
    channels: Sequence[Channel] = (),
    faults: Mapping[str, str] | None = None,
) -> Sequence[FieldWithOptions]:
    """Each field with its options, by their groups."""
    faults = faults or {}
    listed = {
        "person": [
            Option(value=person.id, label=person.name)
            for person in people
            if not (person.bot or person.gone)
        ],
        "place": [Option(value=channel.id, label=channel.name) for channel in channels],
    }
    return [
        (field, _grouped(listed.get(field.kind, field.options), field, faults.get(field.name, "")))
        for field in form.fields
    ]


def filled(form: Form, values: Mapping[str, str]) -> Form:
    """The form with what was typed in its fields."""
    fields = tuple(
        field.model_copy(update={"value": values.get(field.name, field.value)}) for field in form.fields
    )
    return form.model_copy(update={"fields": fields})


def _is_drawable(field: FormField) -> bool:
    """Whether a browser's own box for a date or a time can show what stands in the field.

    What it cannot is shown as text: a box that is empty again tells nobody what was wrong.
    """
    try:
        if field.kind == "date":
            return field.value == date.fromisoformat(field.value).isoformat()
        at = time.fromisoformat(field.value)
        return field.value in (at.isoformat(), f"{at:%H:%M}")
    except ValueError:
        return not field.value


def _grouped(options: Iterable[Option], field: FormField, fault: str) -> list[tuple[str, list[Option]]]:
    """Options under their headings, in order, with an empty one first where nothing may be chosen."""
    groups: list[tuple[str, list[Option]]] = []
    options = list(options)
    offered = {option.value for option in options}
    if field.kind in ("choice", "person", "place") and (
        not field.needed or field.value not in offered or fault
    ):
        options.insert(0, Option(value="", label="Choose…" if field.needed else "–"))
    for option in options:
        if not groups or groups[-1][0] != option.group:
            groups.append((option.group, []))
        groups[-1][1].append(option)
    return groups


def page(name: str, **what: object) -> str:
    """A whole page, or a fragment of one, from its template."""
    return ENVIRONMENT.get_template(name).render(**what)


def _macro(template: str, name: str, *args: object) -> Markup:
    drawn = getattr(ENVIRONMENT.get_template(template).module, name)(*args)
    return Markup(drawn)  # noqa: S704 - the macro's own output, already escaped


def _when(piece: Timestamp, frame: Frame) -> tuple[str, str]:
    local = piece.at.astimezone(frame.zone(piece.zone))
    day = day_words(on(local.date(), frame.today))
    words = f"{day}, {local:%H:%M} ({local.tzinfo})"
    return piece.at.astimezone(UTC).isoformat(), words


def _whole_numbers(text: str) -> Markup:
    """A text in which no line ends inside of `C-7` or `AI-12`."""
    pieces = NUMBER.split(text)
    whole = [Markup('<span class="number">{}</span>').format(piece) for piece in pieces[1::2]]
    between = [*map(escape, pieces[::2])]
    return Markup("").join(chain.from_iterable(zip_longest(between, whole, fillvalue=NOTHING)))


def _target(piece: Link, frame: Frame) -> str:
    """Where a link leads; "" when it is none of ours to follow (javascript: and the like)."""
    url = piece.url
    if frame.base and url.startswith(frame.base + "/"):
        url = url[len(frame.base) :]
    inside = url.startswith("/") and not url.startswith(("//", "/\\"))
    return url if inside or is_web_link(url) else ""


ENVIRONMENT = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters.update(
    channel_path=channel_path,
    day_words=day_words,
    picture=chart.picture,
    plain_words=plain_words,
    shown_cell=shown_cell,
    sign=SIGNS.__getitem__,
    whole_numbers=_whole_numbers,
)
ENVIRONMENT.tests.update(drawable=_is_drawable)
ENVIRONMENT.globals.update(
    chart_width=chart.WIDTH, more=MENU, when=_when, target=_target, draw_message=message
)
