"""Retros as files: Markdown to read, JSON for programs, CSV for spreadsheets."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel

from bot.domain.action_item import ActionItem, Moved
from bot.domain.case import Case
from bot.domain.person import Person
from bot.domain.recovery import Recovery
from bot.domain.recovery_step import STEPS, Step
from bot.domain.retro import Answer, Comment, Counts, Retro, state_of
from bot.messages.author import UNNAMED, signed
from bot.messages.retro import title_of
from bot.prompts import BY_KEY, PROMPTS

Row = dict[str, str | int | None]


class Whole(BaseModel, frozen=True):
    """All that is known of one retro."""

    case: Case
    retro: Retro
    answers: Sequence[Answer]
    comments: Sequence[Comment]
    items: Sequence[ActionItem]
    recovery: Recovery | None = None
    people: Mapping[str, Person]

    def name(self, person_id: str | None) -> str | None:
        """A person's name, or their id when nobody knows it."""
        person = self.people.get(person_id or "")
        return signed(person.name) if person else person_id

    @property
    def asked(self) -> Sequence[Answer]:
        """The answers, prompt by prompt."""
        order = {prompt.key: place for place, prompt in enumerate(PROMPTS)}
        return sorted(self.answers, key=lambda answer: order.get(answer.prompt, len(order)))

    @property
    def state(self) -> str:
        """open, closed or finished."""
        unfinished = sum(item.state not in ("verified", "dropped") for item in self.items)
        return state_of(self.retro, Counts(unfinished=unfinished))


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def as_data(whole: Whole) -> dict[str, object]:
    """One retro as plain data; an unnamed answer has neither author nor moment."""
    case, turn = whole.case, whole.retro.last
    return {
        "case": case.label,
        "reference": case.reference,
        "what_happened": case.what_happened,
        "customer": case.customer,
        "happened_at": case.happened_at.date().isoformat()
        if case.happened_at and case.happened_by_day
        else _moment(case.happened_at),
        "public_post": case.public_post,
        "failed_at": _moment(case.failed_at),
        "case_state": case.state,
        "retro_state": whole.state,
        "outcome": turn.outcome if turn else None,
        "why": turn.why if turn else None,
        "answers_close_on": whole.retro.answers_close_on.isoformat(),
        "answers": [
            {
                "prompt": _label(answer),
                "author": whole.name(answer.author),
                "posted_at": _moment(answer.posted_at),
                "text": answer.text,
            }
            for answer in whole.asked
        ],
        "discussion": [
            {
                "author": whole.name(comment.author),
                "posted_at": _moment(comment.posted_at),
                "text": comment.text,
            }
            for comment in whole.comments
        ],
        "action_items": [_item_data(item, whole) for item in whole.items],
        "recovery": _recovery_data(whole.recovery, whole) if whole.recovery else None,
    }


def _recovery_data(recovery: Recovery, whole: Whole) -> dict[str, object]:
    """What the customer was owed; rounds before the last one ended with *not recovered*."""
    return {
        "contact": whole.name(recovery.contact),
        "state": recovery.state,
        "failed_at": _moment(recovery.failed_at),
        "apologise_by": recovery.apologise_by.isoformat(),
        "an_apology_was_enough": recovery.enough or None,
        "steps": [_step_data(step, whole) for step in recovery.steps],
        "earlier": [[_step_data(step, whole) for step in steps] for steps in recovery.earlier],
    }


def _step_data(step: Step, whole: Whole) -> dict[str, object]:
    return {
        "step": STEPS[step.name].label,
        "state": step.state,
        "owner": whole.name(step.owner),
        "by": whole.name(step.by),
        "at": _moment(step.at),
        "words": step.words or None,
        "how": step.how or None,
        "due": step.due.isoformat() if step.due else None,
        "link": step.link or None,
        "customers_view": step.view or None,
        "verdict": step.chosen,
        "handed_over_by": whole.name(step.handed_by),
        "handed_over_why": step.handed_why or None,
    }


def _taken(recovery: Recovery | None) -> Iterator[Step]:
    """Every step that was done or left out, the first round first."""
    for steps in (*recovery.earlier, recovery.steps) if recovery else ():
        yield from (step for step in steps if step.state != "to do")


def _label(answer: Answer) -> str:
    return BY_KEY[answer.prompt].label if answer.prompt in BY_KEY else answer.prompt


def _item_data(item: ActionItem, whole: Whole) -> dict[str, object]:
    return {
        "number": item.label,
        "what": item.what,
        "gap": item.gap,
        "owner": whole.name(item.owner),
        "due": item.due.isoformat() if item.due else None,
        "measure": item.measure or None,
        "state": item.state,
        "history": [_moved_data(moved, whole) for moved in item.history],
    }


def _moved_data(moved: Moved, whole: Whole) -> dict[str, object]:
    to = whole.name(moved.to) if moved.step == "hand_over" else moved.to
    return {
        "step": moved.step.replace("_", " "),
        "by": whole.name(moved.by),
        "at": _moment(moved.at),
        "words": moved.words or None,
        "to": to,
    }


def as_json(whole: Whole, first: bool) -> str:
    """One retro as an element of a JSON list; see FORMATS for what stands around it."""
    return ("" if first else ",\n") + json.dumps(as_data(whole), ensure_ascii=False, indent=2)


COLUMNS = (
    "case",
    "reference",
    "customer",
    "retro_state",
    "kind",
    "number",
    "prompt_or_gap",
    "person",
    "state",
    "due",
    "at",
    "text",
)


def as_csv(whole: Whole, first: bool) -> str:
    """One retro as CSV rows: the case and what was decided, each answer and comment, each action
    item with its steps.

    A text that a spreadsheet would run as a formula gets an apostrophe in front (OWASP, "CSV
    Injection"); the other formats have it unchanged.
    """
    written = io.StringIO()
    rows = csv.DictWriter(written, COLUMNS)
    if first:
        rows.writeheader()
    always: Row = {
        "case": whole.case.label,
        "reference": whole.case.reference,
        "customer": whole.case.customer,
        "retro_state": whole.state,
    }
    for row in _rows(whole):
        rows.writerow({column: _harmless(value) for column, value in (always | row).items()})
    return written.getvalue()


def _harmless(value: str | int | None) -> str | int | None:
    risky = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if risky else value


def _rows(whole: Whole) -> Iterator[Row]:
    yield {
        "kind": "case",
        "state": whole.case.state,
        "at": _moment(whole.case.failed_at),
        "text": whole.case.what_happened,
    }
    for turn in whole.retro.history:
        yield {
            "kind": turn.step,
            "person": whole.name(turn.by),
            "state": turn.outcome,
            "at": _moment(turn.at),
            "text": turn.why,
        }
    for answer in whole.asked:
        yield {
            "kind": "answer",
            "prompt_or_gap": _label(answer),
            "person": whole.name(answer.author),
            "at": _moment(answer.posted_at),
            "text": answer.text,
        }
    for comment in whole.comments:
        yield {
            "kind": "discussion",
            "person": whole.name(comment.author),
            "at": _moment(comment.posted_at),
            "text": comment.text,
        }
    for item in whole.items:
        yield {
            "kind": "action item",
            "number": item.label,
            "prompt_or_gap": item.gap,
            "person": whole.name(item.owner),
            "state": item.state,
            "due": item.due.isoformat() if item.due else None,
            "text": item.what,
        }
        if item.measure:
            yield {"kind": "measure", "number": item.label, "text": item.measure}
        for moved in item.history:
            data = _moved_data(moved, whole)
            yield {
                "kind": f"step: {data['step']}",
                "number": item.label,
                "person": whole.name(moved.by),
                "state": str(data["to"] or "") or None,
                "at": _moment(moved.at),
                "text": moved.words,
            }
    for step in _taken(whole.recovery):
        yield from _step_rows(step, whole)


def _step_rows(step: Step, whole: Whole) -> Iterator[Row]:
    row: Row = {
        "kind": f"customer: {STEPS[step.name].label}",
        "person": whole.name(step.by),
        "state": step.chosen or step.state,
        "due": step.due.isoformat() if step.due else None,
        "at": _moment(step.at),
    }
    yield row | {"text": step.words}
    for what, text in (("how", step.how), ("link", step.link), ("their view", step.view)):
        if text:
            yield row | {"kind": f"{row['kind']}: {what}", "text": text}


def as_markdown(whole: Whole, first: bool) -> str:
    """One retro as Markdown; people's words are quoted, so that they cannot pose as headings."""
    case, turn = whole.case, whole.retro.last
    lines = [f"# {_plain(title_of(case))} ({case.label}, {whole.state})", ""]
    for label, value in (("Reference", case.reference), ("Customer", case.customer)):
        if value:
            lines.append(f"- {label}: {_plain(value)}")
    if turn and turn.outcome:
        lines.append(f"- Outcome: {turn.outcome}")
    lines += ["", "## What happened", "", *_quoted(case.what_happened)]
    if turn and turn.why:
        lines += ["", "## Why this outcome", "", *_quoted(turn.why)]
    if whole.answers:
        lines += ["", "## Answers"]
        for answer in whole.asked:
            who = whole.name(answer.author) or UNNAMED
            lines += ["", f"**{_label(answer)} · {_plain(who)}**", "", *_quoted(answer.text)]
    if whole.comments:
        lines += ["", "## Discussion"]
        for comment in whole.comments:
            lines += ["", f"**{_plain(whole.name(comment.author) or '')}**", "", *_quoted(comment.text)]
    if whole.items:
        lines += ["", "## Action items"]
        for item in whole.items:
            lines += _item_lines(item, whole)
    if whole.recovery:
        lines += _customer_lines(whole.recovery, whole)
    return ("" if first else "\n---\n\n") + "\n".join(lines) + "\n"


def _customer_lines(recovery: Recovery, whole: Whole) -> list[str]:
    contact = _plain(whole.name(recovery.contact) or "nobody yet")
    lines = ["", f"## The customer ({recovery.state}, {contact})"]
    for step in _taken(recovery):
        by = f" · {_plain(whole.name(step.by) or '')}" if step.by else ""
        at = f"{step.at:%Y-%m-%d} · " if step.at else ""
        due = f" · by {step.due.isoformat()}" if step.due else ""
        how = f" · {_plain(step.how)}" if step.how else ""
        link = f" · {_plain(step.link)}" if step.link else ""
        head = f"**{at}{STEPS[step.name].label} · {step.chosen or step.state}{by}{how}{due}{link}**"
        lines += ["", head]
        for text in (step.words, step.view):
            lines += ["", *_quoted(text)] if text else []
    waits = [STEPS[step.name].label for step in recovery.steps if step.state == "to do"]
    return [*lines, "", f"Still to do: {', '.join(waits)}"] if waits else lines


def _item_lines(item: ActionItem, whole: Whole) -> list[str]:
    owner = _plain(whole.name(item.owner) or "no owner yet")
    due = f", due {item.due.isoformat()}" if item.due else ""
    lines = ["", f"**{item.label} · {item.state}** ({owner}{due})", "", *_quoted(item.what)]
    if item.gap:
        lines += ["", f"Gap: {_plain(item.gap)}"]
    if item.measure:
        lines += ["", "How we will know it worked:", "", *_quoted(item.measure)]
    for moved in item.history:
        lines += _told(moved, whole)
    return lines


def _told(moved: Moved, whole: Whole) -> list[str]:
    """One step of an item: when, by whom, to what end, and in which words."""
    data = _moved_data(moved, whole)
    to = f" to {_plain(str(data['to']))}" if data["to"] else ""
    by = _plain(whole.name(moved.by) or "")
    line = f"- {moved.at:%Y-%m-%d} · {data['step']}{to} · {by}"
    quoted = [f"  {text}" for text in _quoted(moved.words)] if moved.words else []
    return ["", line, *([""] if quoted else []), *quoted]


def _plain(text: str) -> str:
    escaped = "".join(
        f"\\{character}" if character in "\\`*_[]<>#|" else character for character in text
    )
    return " ".join(escaped.split())


def _quoted(text: str) -> list[str]:
    return [f"> {line}".rstrip() for line in text.replace("<", "\\<").splitlines()] or [">"]


class Format(BaseModel, frozen=True):
    """How one retro is written, and what stands before the first and after the last."""

    write: Callable[[Whole, bool], str]
    before: str = ""
    after: str = ""


FORMATS: Mapping[str, Format] = {
    "md": Format(write=as_markdown),
    "json": Format(write=as_json, before="[\n", after="\n]\n"),
    "csv": Format(write=as_csv),
}
