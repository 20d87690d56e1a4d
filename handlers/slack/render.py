"""Messages and forms as Slack draws them: our parts in, Block Kit out, every limit of Slack kept.

Numbers are from Slack's Block Kit reference; the sum of a message's characters is not documented
there, but messages of about 13,200 were refused, so 12,000 is the budget. Characters are counted
after escaping, because what is sent is what is counted.
"""

import hashlib
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bot.domain.channel import channel_label
from bot.domain.link import is_web_link
from bot.domain.working_hours import zone_of
from bot.messages.parts import (
    MENU,
    Bold,
    Button,
    Buttons,
    ChannelName,
    Chart,
    Context,
    Day,
    Divider,
    FieldKind,
    Fields,
    Form,
    FormField,
    Line,
    Link,
    Mention,
    Message,
    Option,
    Paragraph,
    Part,
    Pasted,
    Piece,
    Progress,
    Quote,
    Sign,
    Status,
    Table,
    Timestamp,
    Typed,
    Words,
    one_line,
    plain,
    plain_words,
    shortened,
    table_lines,
    with_ellipsis,
)
from handlers.slack import figures

Block = dict[str, Any]

MESSAGE_BLOCKS, MESSAGE_CHARACTERS, MESSAGE_TEXT = 50, 12_000, 3_000
TABLES_CHARACTERS, CHARTS = 10_000, 2
"""The tables of a message have 20,000 characters by some of Slack's pages and 10,000 by others; a third
chart is refused. https://docs.slack.dev/reference/block-kit/blocks/data-table-block"""
VIEW_BLOCKS, VIEW_BYTES, VIEW_WORD, VIEW_KEPT = 100, 240_000, 24, 3_000
HEADER, SECTION, FIELD, FIELDS = 150, 3_000, 2_000, 10
ROW, BUTTON_LABEL, BUTTON_VALUE = 25, 75, 2_000
OVERFLOW, OPTION_VALUE = 5, 150
INPUT_LABEL, INPUT_TEXT = 2_000, 3_000
OPTION_LABEL, OPTIONS, CHECKBOXES = 75, 100, 10
MAX_URL_LENGTH = 2_000
"""Links beyond this are shown as their words only, so that one cannot eat a section's 3,000."""

SHORTER = (40_000, 20_000, 10_000, 7_500, 5_000, 3_000, 2_000, 1_200, 600, 300, 100)
"""How long each text may be, tried in turn until the whole fits."""

PERSON = re.compile(r"[UW][A-Z0-9]+")
PLACE = re.compile(r"[CG][A-Z0-9]+")
CONVERSATION = re.compile(r"[CGD][A-Z0-9]+")
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

# A bare | would end the address inside <address|words>, and a space or newline the whole link.
URL_ENTITIES = str.maketrans(
    {"&": "&amp;", "<": "%3C", ">": "%3E", "|": "%7C", " ": "%20", "\n": "%0A", "\r": "%0D"}
)
NO_BREAK = "\u00a0"
NOTHING = "–"
MORE = "There is more than fits in one message here."

SHOWN = "shown"
"""Under which name the App Home carries what it shows."""
MENU_ID = "menu"
"""The `action_id` of a menu (an older program drew `menu-2`, too); what was chosen says the rest."""
SIGNS: Mapping[Sign, str] = {
    "late": ":alarm_clock:",
    "waiting": ":hourglass_flowing_sand:",
    "yours": ":point_right:",
    "done": ":white_check_mark:",
    "note": ":memo:",
}
STEPS = {"done": ":white_check_mark:", "next": ":arrow_forward:", "to come": "○"}
"""What is to come is the quietest: no emoji, which would be the loudest thing of a new card."""

STAR = "\u2217"
"""In bold words in place of `*`, which would end them: the operator that looks like it."""

# Slack has no way to escape these. A space of no width behind a mark that opens bold, italics, struck
# out or code leaves it as it was typed, and so it does in an emoji's code; before a `>` that begins a
# line it keeps that from being a quotation. Marks inside of a word do nothing, and copy as they are.
MARKS = re.compile(r"(?<!\w)[*_~`]+(?=\S)|(?<=\S)[*_~`]+(?!\w)|:(?=[\w+'-]+:)")
QUOTING = re.compile(r"^(?=&gt;)", re.MULTILINE)


def escaped(text: str, limit: int) -> str:
    """A text in which Slack finds no mention, link or command; at most `limit` characters escaped."""
    whole = _entities(text)
    if len(whole) <= limit:
        return whole
    return _entities(_shorter(text, min(len(text), limit), limit)) if limit > 0 else ""


def _shorter(text: str, count: int, limit: int) -> str:
    """The longest start of `text`, at most `count` characters, that leaves room for an ellipsis."""
    room = limit - 1
    count = bisect_right(range(count + 1), room, key=lambda shown: len(_entities(text[:shown]))) - 1
    return with_ellipsis(text[:count])


def _entities(text: str) -> str:
    # str.translate takes seven times as long, and a status has a hundred texts.
    entities = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return QUOTING.sub("\u200b", MARKS.sub(_literal, entities))


def _literal(mark: re.Match[str]) -> str:
    """A mark that marks nothing: with a space of no width around it."""
    return mark.group() + "\u200b" if mark.group() == ":" else f"\u200b{mark.group()}\u200b"


def mrkdwn(words: Words, limit: int) -> str:
    """Inline pieces in Slack's markup, at most `limit` characters; no piece is ever cut in half."""
    drawn = ""
    for piece in words:
        room = limit - len(drawn)
        if isinstance(piece, str):
            drawn += escaped(piece, room)
            continue
        if len(token := _token(piece)) <= room:
            drawn += token
    return drawn


def _token(piece: Piece) -> str:
    match piece:
        case Bold():
            # Bold neither spans lines nor has blanks at its edges.
            words = _entities(" ".join(piece.text.split()).replace("*", STAR))
            return f"*{words}*" if words else ""
        case Typed():
            return f"`{_entities(plain_words((piece,)))}`"
        case Status():
            return f"{SIGNS[piece.sign]} {_entities(piece.text)}"
        case Mention():
            match = PERSON.fullmatch(piece.person_id)
            return f"<@{piece.person_id}>" if match else _entities(piece.name)
        case ChannelName():
            match = PLACE.fullmatch(piece.channel_id)
            return f"<#{piece.channel_id}>" if match else _entities(channel_label(piece.name))
        case Link():
            url, words = piece.url.translate(URL_ENTITIES), _entities(" ".join(piece.text.split()))
            fits = len(url) <= MAX_URL_LENGTH and is_web_link(url)
            return f"<{url}|{words or 'link'}>" if fits else words
        case Timestamp():
            zone = zone_of(piece.zone)
            local = piece.at.astimezone(zone)
            fallback = f"{local:%a} {local.day} {local:%b %Y} at {local:%H:%M} ({zone.key})"
            form = "{date_short_pretty} at {time}"
            return f"<!date^{int(piece.at.timestamp())}^{form}|{_entities(fallback)}>"
        case Day():
            return plain_words((piece,))


def _plain(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": one_line(text, limit), "emoji": False}


def _marked(text: str) -> Block:
    # verbatim: neither #names nor @names nor bare addresses in it are turned into something.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def has_figures(message: Message) -> bool:
    """Whether it has a table or a chart: blocks so new that a workspace may refuse them."""
    return any(isinstance(part, Table | Chart) for part in message.parts)


def _blocks(title: str | None, parts: Sequence[Part], limit: int, *, natively: bool) -> list[Block]:
    """Parts as blocks, every text at most `limit` characters long; figures in lines, or `natively`."""
    drawn: list[Block] = []
    if title and title.strip():
        drawn.append({"type": "header", "text": _plain(title, HEADER)})
    charts = 0
    for part in parts:
        match part:
            case Table():
                drawn.extend(_table(part, limit, natively=natively))
            case Chart():
                charts += 1
                drawn.append({"type": "section", "text": _marked(escaped(part.sentence, SECTION))})
                if natively and charts <= CHARTS:
                    drawn.append(figures.chart(part))
                drawn.extend(_table(part.table, limit, natively=natively))
            case _:
                drawn.extend(_part(part, limit))
    rows = [block for block in drawn if block["type"] == "actions"]
    for number, row in enumerate(rows, start=1):
        row["block_id"] = f"buttons-{number}"
    return drawn


def _part(part: Part, limit: int) -> Iterator[Block]:
    match part:
        case Paragraph() | Context():
            if (text := mrkdwn(part.words, min(SECTION, limit))).strip():
                quiet = {"type": "context", "elements": [_marked(text)]}
                yield quiet if part.kind == "small" else {"type": "section", "text": _marked(text)}
        case Quote():
            for piece in _pieces(shortened(part.text, limit)):
                yield _exact("rich_text_quote", piece)
        case Pasted():
            yield _exact("rich_text_preformatted", part.text)
        case Fields():
            fields = [_fact(label, words, min(FIELD, limit)) for label, words in part.rows]
            for start in range(0, len(fields), FIELDS):
                yield {"type": "section", "fields": fields[start : start + FIELDS]}
        case Buttons():
            yield from _rows(part.buttons, part.menu)
        case Line():
            yield from _line(part, limit)
        case Progress():
            text = _progress(part, min(SECTION, limit)) or NOTHING
            yield {"type": "section", "text": _marked(text)}
        case Divider():
            yield {"type": "divider"}


def _table(table: Table, limit: int, *, natively: bool) -> Iterator[Block]:
    """A table of Slack's own; where it takes none the caption, and a line for each row."""
    if natively:
        yield figures.table(table, limit)
        return
    caption = {"type": "text", "text": one_line(table.caption, HEADER), "style": {"bold": True}}
    text = "\n" + "\n".join(one_line(line, limit) for line in table_lines(table))
    for number, piece in enumerate(_pieces(text)):
        words = {"type": "text", "text": piece}
        section = {"type": "rich_text_section", "elements": [words] if number else [caption, words]}
        yield {"type": "rich_text", "elements": [section]}


def _exact(kind: str, text: str) -> Block:
    """A text as it is, of which Slack makes nothing."""
    return {
        "type": "rich_text",
        "elements": [{"type": kind, "elements": [{"type": "text", "text": text}]}],
    }


def _line(line: Line, limit: int) -> Iterator[Block]:
    """A thing of a list, its button beside it; or, where it has a menu, that, and what else below."""
    text = mrkdwn(line.words, min(SECTION, limit))
    section: Block = {"type": "section", "text": _marked(text if text.strip() else NOTHING)}
    menu, button = _menu(line.menu), _button(line.button) if line.button else None
    if beside := menu or button:
        section["accessory"] = beside
    yield section
    if menu and button:
        yield {"type": "actions", "elements": [button]}


def _progress(progress: Progress, limit: int) -> str:
    drawn = ""
    for step in progress.steps:
        label = escaped(step.label, limit)
        # A sign stays on the line of its step; only before bold words Slack wants a plain space.
        label = f" *{label}*" if step.state == "next" else f"{NO_BREAK}{label}"
        token = f"{' · ' if drawn else ''}{STEPS[step.state]}{label}"
        if len(drawn) + len(token) <= limit:
            drawn += token
    return drawn


def _fact(label: str, words: Words, limit: int) -> Block:
    head = f"*{escaped(one_line(label, 75), 200)}*\n"
    return _marked(head + (mrkdwn(words, max(limit, 300) - len(head)).strip() or NOTHING))


def _pieces(text: str) -> Iterator[str]:
    """A long text in pieces that each fit a block, cut at a blank where one is near; nothing is lost."""
    start = 0
    while start < len(text):
        end = start + SECTION
        if end < len(text):
            blank = max(text.rfind(blank, start + SECTION // 2, end) for blank in "\n ")
            end = blank + 1 if blank > 0 else end
        yield text[start:end]
        start = end


def _rows(buttons: Sequence[Button], menu: Sequence[Button]) -> Iterator[Block]:
    """Rows of buttons, with the menu last.

    One command twice needs two rows, because an action_id is unique in its block.
    """
    row: list[Block] = []
    for button in buttons:
        if len(row) == ROW or any(drawn["action_id"] == button.command_name for drawn in row):
            yield {"type": "actions", "elements": row}
            row = []
        row.append(_button(button))
    dots = _menu(menu)
    if dots and len(row) == ROW:
        yield {"type": "actions", "elements": row}
        row = []
    yield {"type": "actions", "elements": [*row, *((dots,) if dots else ())]}


def _menu(entries: Sequence[Button]) -> Block | None:
    """What else can be done: three dots for up to five things, a list to choose from for more.

    No message of ours has more: what was chosen from a list stays chosen in the client, so that choosing
    it again, after its form was closed unsent, reaches nobody until the message is drawn anew.
    """
    if not entries:
        return None
    options = [_entry(entry) for entry in entries]
    if len(entries) <= OVERFLOW:
        return {"type": "overflow", "action_id": MENU_ID, "options": options}
    return {
        "type": "static_select",
        "action_id": MENU_ID,
        "placeholder": _plain(MENU, OPTION_LABEL),
        "options": options,
    }


def _entry(entry: Button) -> Block:
    value = f"{entry.command_name} {entry.about}"
    if len(value) > OPTION_VALUE:
        raise ValueError(
            f"the entry {entry.command_name} of a menu carries more than {OPTION_VALUE} characters"
        )
    return {"text": _plain(entry.label, OPTION_LABEL), "value": value}


def _button(button: Button) -> Block:
    if len(button.about) > BUTTON_VALUE:
        raise ValueError(f"the button {button.command_name} carries more than {BUTTON_VALUE} characters")
    drawn = {
        "type": "button",
        "action_id": button.command_name,
        "text": _plain(button.label, BUTTON_LABEL),
    }
    if button.about:
        drawn["value"] = button.about
    if button.look != "plain":
        drawn["style"] = "primary" if button.look == "main" else "danger"
    return drawn


def characters(drawn: object) -> int:
    """How many characters of blocks count towards Slack's limit for a message."""
    if isinstance(drawn, Mapping):
        return sum(
            len(value)
            if key in ("text", "value", "url") and isinstance(value, str)
            else characters(value)
            for key, value in drawn.items()
        )
    return sum(map(characters, drawn)) if isinstance(drawn, list) else 0


def _bytes(drawn: object) -> int:
    return len(json.dumps(drawn, ensure_ascii=False).encode())


def _fitted(
    title: str | None,
    parts: Sequence[Part],
    blocks: int,
    weigh: Callable[[object], int],
    budget: int,
    *,
    natively: bool,
) -> list[Block]:
    """All parts with their texts cut to the budget; or, where that is not enough, the first parts."""
    drawn: list[Block] = []
    for limit in SHORTER:
        drawn = _first(_blocks(title, parts, limit, natively=natively), blocks)
        if weigh(drawn) <= budget:
            return drawn
    while weigh(drawn) > budget:
        drawn = _first(drawn, len(drawn) - 1)
    return drawn


def _first(drawn: list[Block], limit: int) -> list[Block]:
    """The first of them; the row of buttons that ends them stays, for what can be done is no rest."""
    if len(drawn) <= limit:
        return drawn
    end = drawn[-1:] if limit > 1 and drawn[-1]["type"] == "actions" else []
    return [*drawn[: limit - 1 - len(end)], {"type": "context", "elements": [_marked(MORE)]}, *end]


def message(message: Message, *, natively: bool = True) -> Block:
    """`blocks` and `text` of a message; the text is what notifications and screen readers say.

    Without `natively` its tables and charts are drawn as lines, for a workspace that takes no others.
    """
    whole = plain(message)
    text = whole if message.summary in whole else f"{message.summary}\n{whole}"
    budget = TABLES_CHARACTERS if has_figures(message) else MESSAGE_CHARACTERS
    drawn = _fitted(message.title, message.parts, MESSAGE_BLOCKS, characters, budget, natively=natively)
    return {"text": escaped(text.strip() or message.summary, MESSAGE_TEXT), "blocks": drawn}


def home(message: Message) -> Block:
    """A message as the App Home; what it shows is summed up in it, to be known again."""
    blocks = _view_blocks(message)
    shown = hashlib.sha256(json.dumps(blocks).encode()).hexdigest()[:32]
    return {"type": "home", "private_metadata": json.dumps({SHOWN: shown}), "blocks": blocks}


def reading(message: Message, *, ends_all: bool = False) -> Block:
    """A message as a small dialog that can only be read and closed.

    `ends_all`: what it lies on is done with as well, and closes with it.
    """
    return {
        **({"clear_on_close": True} if ends_all else {}),
        "type": "modal",
        "title": _plain("Amends", VIEW_WORD),
        "close": _plain("Close", VIEW_WORD),
        "blocks": _view_blocks(message),
    }


def _view_blocks(message: Message) -> list[Block]:
    """The blocks of a view; for a message that has no parts, its summary.

    Slack does not say whether a view takes tables and charts, so they are drawn as lines.
    """
    nothing: Block = {"type": "section", "text": _marked(escaped(message.summary, SECTION))}
    return _fitted(message.title, message.parts, VIEW_BLOCKS, _bytes, VIEW_BYTES, natively=False) or [
        nothing
    ]


def form(
    form: Form,
    channel_name: str = "",
    way_back: Mapping[str, str] | None = None,
    *,
    over: bool = False,
) -> Block:
    """A form as a modal view; `channel_name` comes back with it, because a submission names no channel.

    So does `way_back`: the channel and the thread in which it was asked for; and whether it lies `over`
    another form, which is done with when this one is sent.

    Raises ValueError when its hidden values exceed Slack's 3,000 characters, which ids never do.
    """
    kept: dict[str, object] = {
        "about": form.about,
        "place": form.channel_id,
        "name": channel_name,
        "kept": dict(form.hidden),
    }
    if form.other_way or over:
        kept["over"] = True
    if way_back:
        kept["back"] = dict(way_back)
    metadata = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    if len(metadata) > VIEW_KEPT:
        raise ValueError(f"the form {form.command_name} keeps more than {VIEW_KEPT} characters")
    inputs = [_input(field) for field in form.fields]
    room, budget = VIEW_BLOCKS - len(inputs), VIEW_BYTES - _bytes(inputs)
    view: Block = {
        "type": "modal",
        "callback_id": form.command_name,
        "private_metadata": metadata,
        "title": _plain(form.title, VIEW_WORD),
        "close": _plain(_closing(form), VIEW_WORD),
        "blocks": [*_fitted(None, form.parts, room, _bytes, budget, natively=False), *inputs],
    }
    if form.submit:
        view["submit"] = _plain(form.submit, VIEW_WORD)
    return view


def _closing(form: Form) -> str:
    """What the button beside the main one says: closing is the other way to go on.

    Slack gives its green to what submits alone. A button inside a dialog could send it as it is instead,
    but what answers a button cannot close a dialog: that takes a call to Slack once the words are kept,
    which would tell whose an unnamed answer is.
    """
    return form.other_way.label if form.other_way else form.way_out


def faults(sentences: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Sentences for the fields they are about; one about none of `names` stands under the first."""
    joined: dict[str, str] = {}
    for field, sentence in sentences.items():
        name = field if field in names else names[0]
        joined[name] = f"{joined[name]} {sentence}" if name in joined else sentence
    return {name: shortened(sentence, INPUT_LABEL) for name, sentence in joined.items()}


def _input(field: FormField) -> Block:
    hint = _beside(field)[1] if field.kind == "tick" else field.hint
    if field.kind in ("line", "text") and len(field.value) > _longest(field):
        hint = f"{hint} Only the first {_longest(field):,} characters fit here.".strip()
    drawn: Block = {
        "type": "input",
        "block_id": field.name,
        "label": _plain(field.label, INPUT_LABEL),
        "optional": not field.needed,
        "element": {"action_id": field.name, **ELEMENTS[field.kind](field)},
    }
    if hint.strip():
        drawn["hint"] = _plain(hint, INPUT_LABEL)
    return drawn


def _longest(field: FormField) -> int:
    return max(1, min(field.max_length, INPUT_TEXT))


def _typed(field: FormField) -> Block:
    element: Block = {
        "type": "plain_text_input",
        "multiline": field.kind == "text",
        "max_length": _longest(field),
    }
    if field.value:
        element["initial_value"] = shortened(field.value, _longest(field))
    return element


def _picked(kind: str, initial: str, shape: re.Pattern[str], **more: object) -> Callable[..., Block]:
    """A picker whose first value is only sent when Slack would take it: a wrong one fails the view."""

    def draw(field: FormField) -> Block:
        match = shape.match(field.value)
        return {"type": kind, **more, **({initial: match.group()} if match else {})}

    return draw


def _option(option: Option) -> Block:
    return {"text": _plain(option.label or option.value, OPTION_LABEL), "value": option.value}


def _listed(options: Sequence[Option]) -> Block:
    """At most 100 options as they are; more of them under headings of at most 100 each."""
    if len(options) <= OPTIONS:
        return {"options": [_option(option) for option in options]}
    groups: dict[str, list[Option]] = {}
    for option in options:
        groups.setdefault(option.group or "Other", []).append(option)
    return {
        "option_groups": [
            {
                "label": _plain(name, OPTION_LABEL),
                "options": [_option(option) for option in group[start : start + OPTIONS]],
            }
            for name, group in groups.items()
            for start in range(0, len(group), OPTIONS)
        ]
    }


def _one_of(field: FormField) -> Block:
    chosen = [_option(option) for option in field.options if option.value == field.value]
    first = {"initial_option": chosen[0]} if chosen else {}
    return {"type": "static_select", **_listed(field.options), **first}


def _several_of(field: FormField) -> Block:
    values = field.value.split(",")
    chosen = [_option(option) for option in field.options if option.value in values]
    kind = "checkboxes" if len(field.options) <= CHECKBOXES else "multi_static_select"
    return {
        "type": kind,
        **_listed(field.options),
        **({"initial_options": chosen} if chosen else {}),
    }


def _beside(field: FormField) -> tuple[str, str]:
    """What stands beside the box of a tick, the last sentence of its hint; and what is left of that."""
    before, _, last = field.hint.strip().rpartition(". ")
    if not 0 < len(last) <= OPTION_LABEL:
        return "Yes", field.hint
    return last, f"{before}." if before else ""


def _tick(field: FormField) -> Block:
    yes = _option(Option(value="yes", label=_beside(field)[0]))
    first = {"initial_options": [yes]} if field.value else {}
    return {"type": "checkboxes", "options": [yes], **first}


CONVERSATIONS = {
    "include": ["public", "private"],
    "exclude_bot_users": True,
    "exclude_external_shared_channels": True,
}
ELEMENTS: Mapping[FieldKind, Callable[[FormField], Block]] = {
    "line": _typed,
    "text": _typed,
    "secret": _typed,  # Slack has no field that hides what is typed
    "date": _picked("datepicker", "initial_date", DATE),
    "time": _picked("timepicker", "initial_time", CLOCK),
    "person": _picked("users_select", "initial_user", PERSON),
    "place": _picked("conversations_select", "initial_conversation", CONVERSATION, filter=CONVERSATIONS),
    "choice": _one_of,
    "choices": _several_of,
    "tick": _tick,
    "number": _picked("number_input", "initial_value", re.compile(r"-?\d+"), is_decimal_allowed=False),
}
