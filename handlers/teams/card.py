"""What messages are made of, as Teams draws it: our parts in, Adaptive Cards 1.5 out, 25 KB at most.

Our own limit is 25 KB for a card, below every published one: 28 KB for what a message extension
shows, 100 KB for a message. Teams adds four things to the schema of Adaptive Cards, and we use them:
`msteams` at the top (mentions, width) and in a button's data (opens a dialog), `choices.data` (the
people picker), and charts.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from bot.domain.channel import channel_label
from bot.domain.link import is_web_link
from bot.messages.parts import (
    Bold,
    Button,
    Buttons,
    Cell,
    ChannelName,
    Chart,
    Context,
    Day,
    Divider,
    Fields,
    Line,
    Link,
    Mention,
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
    plain_words,
    shortened,
    shown_cell,
    table_rows,
)

Element = dict[str, Any]

VERSION = "1.5"
CARD_BYTES = 25_000
TITLE, LABEL = 150, 120
MAX_ACROSS = 4
"""Columns of a table that a telephone shows without breaking words."""
ROW = 6
"""Buttons of one row; Teams hides the seventh."""

SHORTER = (22_000, 16_000, 12_000, 8_000, 5_000, 3_000, 2_000, 1_200, 600, 300, 100)
"""How long each text may be, tried in turn until the whole card fits."""

SIGNS: Mapping[Sign, tuple[str, str]] = {
    "late": ("⏰", "Attention"),
    "waiting": ("⏳", "Warning"),
    "yours": ("👉", "Accent"),
    "done": ("✅", "Good"),
    "note": ("📝", "Default"),
}
"""How a status looks: its sign, and the colour of its words."""
STEPS = {"done": "✅", "next": "▶️", "to come": "○"}
"""What is to come is the quietest: no emoji, which would be the loudest thing of a new card."""

NO_BREAK = "\u00a0"
NONE = "–"
MORE = "There is more than fits in one message here."

# What Markdown or a card's functions could make something of. Backslashes where Markdown knows them,
# entities for < and & (so that no <at> of theirs is a mention), and a space of no width in {{DATE(…)}}:
# in that alone, because a helpdesk's own {{ticket.id}} is copied from here.
_MARKS = re.compile(r"[\\*_\[\]`~#|]")
_FUNCTIONS = re.compile(r"\{\{(?=\s*(?:DATE|TIME)\b)", re.IGNORECASE)
_LISTS = re.compile(r"^(\s*)([-+>]|\d+[.)])(?=\s|$)", re.MULTILINE)
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
MENTION = "@Amends"
"""How the bot is called in Teams; in its own chat it understands the words without it, too."""


def escaped(text: str) -> str:
    """A text in which nothing can act in a card; each line becomes a paragraph, as Markdown needs it."""
    marked = _MARKS.sub(r"\\\g<0>", text.replace("\0", ""))
    listed = _LISTS.sub(lambda match: f"{match[1]}{match[2][:-1]}\\{match[2][-1]}", marked)
    harmless = listed.translate(_ENTITIES)
    return re.sub(r"[\r\n]+", "\n\n", _FUNCTIONS.sub("{\u200b{", harmless))


class _Mentions:
    """The mentions of one card; each person has a text of their own, also two of one name."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def of(self, mention: Mention) -> str:
        """The text that mentions somebody."""
        name = " ".join(mention.name.translate(_ENTITIES).split()) or "someone"
        text, count = f"<at>{name}</at>", 1
        while self._texts.get(text, mention.person_id) != mention.person_id:
            count += 1
            text = f"<at>{name} ({count})</at>"
        self._texts[text] = mention.person_id
        return text

    def within(self, body: Sequence[Element]) -> list[Element]:
        """The entities of the mentions that are in a card's body after it was cut."""
        drawn = json.dumps(body, ensure_ascii=False)
        return [
            {
                "type": "mention",
                "text": text,
                "mentioned": {"id": person_id, "name": text.removeprefix("<at>").removesuffix("</at>")},
            }
            for text, person_id in self._texts.items()
            if json.dumps(text, ensure_ascii=False)[1:-1] in drawn
        ]


def _inline(words: Words, mentions: _Mentions, limit: int) -> str:
    """Inline pieces in a card's Markdown, at most about `limit` characters; no piece is cut in half."""
    drawn = ""
    for piece in words:
        room = limit - len(drawn)
        if isinstance(piece, str):
            drawn += escaped(shortened(piece, room) if len(piece) > room > 0 else piece[:room])
        elif len(token := _token(piece, mentions)) <= max(room, 100):
            drawn += token
    return drawn


def _token(piece: Piece, mentions: _Mentions) -> str:
    match piece:
        case Bold():
            words = " ".join(piece.text.split())
            return f"**{escaped(words)}**" if words else ""
        case Typed():
            return f"**{escaped(plain_words((piece,), MENTION))}**"
        case Mention():
            return mentions.of(piece) if piece.person_id else escaped(piece.name)
        case ChannelName():
            # Only a link with the team's id would lead there, and a message does not know that.
            return escaped(channel_label(piece.name))
        case Link():
            words = " ".join(piece.text.split()) or "link"
            is_web = is_web_link(piece.url)
            return f"[{escaped(words)}]({_address(piece.url)})" if is_web else escaped(words)
        case Timestamp():
            at = f"{piece.at:%Y-%m-%dT%H:%M:%SZ}"
            return f"{{{{DATE({at}, SHORT)}}}} at {{{{TIME({at})}}}}"
        case Day():
            return plain_words((piece,))
        case Status():
            return f"{SIGNS[piece.sign][0]} {escaped(piece.text)}"


def _address(url: str) -> str:
    """A link's address, without what would end it inside (…)."""
    return quote(url, safe=":/?#@!$&'*+,;=%~-._")


def text_block(text: str, **more: object) -> Element:
    """Words in a card's Markdown, as many lines as they need."""
    return {"type": "TextBlock", "text": text, "wrap": True, **more}


def _body(
    title: str | None, parts: Sequence[Part], mentions: _Mentions, limit: int, dialog: bool
) -> list[Element]:
    """Parts as elements, with every text at most `limit` characters."""
    drawn: list[Element] = []
    if title and title.strip():
        words = escaped(one_line(title, TITLE))
        drawn.append(text_block(words, size="Large", weight="Bolder", style="heading"))
    divided = False
    for part in parts:
        elements = list(_part(part, mentions, limit, dialog))
        if divided and elements:
            elements[0] |= {"separator": True, "spacing": "Medium"}
        divided = isinstance(part, Divider) or (divided and not elements)
        drawn.extend(elements)
    return drawn


def _part(part: Part, mentions: _Mentions, limit: int, dialog: bool) -> Iterator[Element]:
    match part:
        case Paragraph():
            yield from _paragraph(part.words, mentions, limit)
        case Context():
            if (text := _inline(part.words, mentions, limit)).strip():
                yield text_block(text, size="Small", isSubtle=True)
        case Quote():
            quoted = text_block(escaped(shortened(part.text, limit)))
            yield {"type": "Container", "style": "emphasis", "items": [quoted]}
        case Pasted():
            monospace = {"fontType": "Monospace", "spacing": "None"}
            lines = (escaped(line) or NO_BREAK for line in part.text.split("\n"))
            items = [text_block(line, **monospace) for line in lines]
            yield {"type": "Container", "style": "emphasis", "items": items}
        case Fields():
            rows = [
                {
                    "title": escaped(one_line(label, LABEL)),
                    "value": _inline(words, mentions, max(limit, 300)).strip() or NONE,
                }
                for label, words in part.rows
            ]
            yield {"type": "FactSet", "facts": rows}
        case Buttons():
            yield from _rows(part, dialog)
        case Line():
            yield from _line(part, mentions, limit, dialog)
        case Progress():
            yield text_block(_progress(part))
        case Divider():
            pass  # a line above whatever follows
        case Table():
            yield text_block(escaped(one_line(part.caption, TITLE)), weight="Bolder")
            yield _table(part, limit)
        case Chart():
            yield text_block(escaped(shortened(part.sentence, limit)))
            yield _chart(part)
            yield _table(part.table, limit)


def _table(table: Table, limit: int) -> Element:
    """A table whose first row and first column are headings; the other columns are for figures.

    A wide one is facts, in which each row says its columns: on a telephone it would break every word.
    """
    if len(table.columns) > MAX_ACROSS:
        rows_said = [(one_line(head, LABEL), one_line(said, limit)) for head, said in table_rows(table)]
        facts = [{"title": escaped(head), "value": escaped(said)} for head, said in rows_said]
        return {"type": "FactSet", "facts": facts}
    widths = [2, *(1 for _ in table.columns[1:])]
    header = [_cell(column, limit, weight="Bolder") for column in table.columns]
    rows = [
        [_cell(first, limit, weight="Bolder"), *(_cell(cell, limit) for cell in others)]
        for first, *others in table.rows
    ]
    return {
        "type": "Table",
        "columns": [{"width": width} for width in widths],
        "rows": [{"type": "TableRow", "cells": cells} for cells in (header, *rows)],
    }


def _cell(cell: Cell, limit: int, **more: object) -> Element:
    text = escaped(one_line(shown_cell(cell), limit)) or NONE
    return {"type": "TableCell", "items": [text_block(text, **more)]}


def _chart(chart: Chart) -> Element:
    """A chart of Teams' own; a client that draws none leaves it out, for its table follows.

    Microsoft's lines have dates along their axis, and ours names: lines and areas are drawn as bars.
    """
    names = {"title": chart.title, "colorSet": "categorical", "fallback": "drop"}
    points = [
        [{"x": label, "y": value} for label, value in zip(chart.labels, series.values, strict=True)]
        for series in chart.series
    ]
    if chart.look == "pie":
        slices = [{"legend": point["x"], "value": point["y"]} for point in points[0]]
        return {"type": "Chart.Pie", **names, "data": slices}
    axes = {"xAxisTitle": chart.axis, "yAxisTitle": chart.unit, "showBarValues": True}
    if len(points) == 1:
        return {"type": "Chart.VerticalBar", **names, **axes, "data": points[0]}
    data = [
        {"legend": series.name, "values": values}
        for series, values in zip(chart.series, points, strict=True)
    ]
    return {"type": "Chart.VerticalBar.Grouped", **names, **axes, "data": data}


def _rows(part: Buttons, dialog: bool) -> Iterator[Element]:
    """Rows of buttons, the menu with the last of them."""
    starts = range(0, max(len(part.buttons), 1), ROW)
    for start in starts:
        menu = part.menu if start == starts[-1] else ()
        yield _actions(part.buttons[start : start + ROW], menu, dialog)


def _line(line: Line, mentions: _Mentions, limit: int, dialog: bool) -> Iterator[Element]:
    """A thing of a list, with what can be pressed beside it."""
    words = list(_paragraph(line.words, mentions, limit))
    if line.button is None and not line.menu:
        yield from words
        return
    beside = [_actions((line.button,) if line.button else (), line.menu, dialog)]
    columns = [
        {"type": "Column", "width": "stretch", "items": words},
        {"type": "Column", "width": "auto", "items": beside},
    ]
    yield {"type": "ColumnSet", "columns": columns}


def _paragraph(words: Words, mentions: _Mentions, limit: int) -> Iterator[Element]:
    """A few sentences; a sign they begin with stands above them, in its colour."""
    first = words[0] if words else ""
    if isinstance(first, Status):
        sign, color = SIGNS[first.sign]
        drawn = f"{sign} {escaped(first.text)}"
        yield text_block(drawn, color=color, weight="Bolder", size="Small")
        after = words[1].lstrip(" ·") if len(words) > 1 and isinstance(words[1], str) else None
        words = words[1:] if after is None else (after, *words[2:])
    if (text := _inline(words, mentions, limit)).strip():
        yield text_block(text, **({"spacing": "None"} if isinstance(first, Status) else {}))


def _actions(buttons: Sequence[Button], menu: Sequence[Button], dialog: bool) -> Element:
    """A row of buttons; what is in the menu stands behind its three dots."""
    further = [{**_button(entry, dialog), "mode": "secondary"} for entry in menu]
    return {
        "type": "ActionSet",
        "actions": [*(_button(button, dialog) for button in buttons), *further],
    }


def _progress(progress: Progress) -> str:
    labels = []
    for step in progress.steps:
        label = escaped(step.label)
        bold = f"**{label}**" if step.state == "next" else label
        labels.append(f"{STEPS[step.state]}{NO_BREAK}{bold}")
    return " · ".join(labels)


LOOKS = {"main": {"style": "positive"}, "danger": {"style": "destructive"}, "plain": {}}


def _button(button: Button, dialog: bool) -> Element:
    """A button that acts, or opens a dialog; in a dialog only a submission can be sent."""
    data: Element = {"verb": button.command_name, "about": button.about}
    drawn: Element = {"title": one_line(button.label, LABEL), **LOOKS[button.look]}
    if dialog:
        # Its inputs stay behind: the button is about something else than the form.
        return {"type": "Action.Submit", **drawn, "data": data, "associatedInputs": "none"}
    if button.opens:
        opening = {**data, "msteams": {"type": "task/fetch"}}
        return {"type": "Action.Submit", **drawn, "data": opening, "associatedInputs": "none"}
    fallback = {"type": "Action.Submit", **drawn, "data": data}
    acting = {"type": "Action.Execute", **drawn, "verb": button.command_name, "data": data}
    return {**acting, "fallback": fallback}


def size(drawn: object) -> int:
    """Bytes of a card as it is sent."""
    return len(json.dumps(drawn, ensure_ascii=False).encode())


def fitted(
    title: str | None, parts: Sequence[Part], budget: int, *, dialog: bool = False
) -> tuple[list[Element], list[Element]]:
    """Body and mentions: all parts, cut to the budget; or, where that is not enough, the first ones."""
    mentions, drawn = _Mentions(), list[Element]()
    for limit in SHORTER:
        mentions = _Mentions()
        drawn = _body(title, parts, mentions, limit, dialog)
        if size(drawn) + size(mentions.within(drawn)) <= budget:
            return drawn, mentions.within(drawn)
    # The row of buttons that ends them stays: what can be done is no rest.
    end = [drawn.pop()] if drawn and drawn[-1]["type"] == "ActionSet" else []
    while drawn and size([*drawn, *end]) + size(mentions.within(drawn)) > budget - 200:
        drawn.pop()
    drawn += [text_block(MORE, size="Small", isSubtle=True), *(end if drawn else ())]
    return drawn, mentions.within(drawn)


def card(body: list[Element], entities: Sequence[Element], **more: object) -> Element:
    """A whole card; `entities` are the mentions in its body."""
    own: Element = {"width": "Full", **({"entities": list(entities)} if entities else {})}
    return {"type": "AdaptiveCard", "version": VERSION, "body": body, **more, "msteams": own}
