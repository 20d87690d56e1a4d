"""Retros as files: Markdown to read, JSON for programs, CSV for spreadsheets."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

from bot.domain.action_item import ActionItem, Moved
from bot.domain.case import Case, CaseChange
from bot.domain.item_edit import became
from bot.domain.person import Person
from bot.domain.prompt import Prompt, Prompts, label_of
from bot.domain.recovery import Recovery
from bot.domain.recovery_step import STEPS, Step
from bot.domain.retro import Answer, Comment, Counts, Retro, Turn, agreed_in, holds, state_of, unanswered
from bot.domain.team import Team
from bot.domain.working_hours import today, zone_of
from bot.messages.author import UNNAMED, signed
from bot.messages.file_text import harmless as _harmless
from bot.messages.file_text import plain_markdown as _plain
from bot.messages.retro import title_of

Row = dict[str, str | int | None]


class Whole(BaseModel, frozen=True):
    """All that is known of one retro; `retro` is None while nobody has opened it."""

    case: Case
    retro: Retro | None
    team: Team | None = None
    """Whose it is: in its zone a day is told; None when only the channel is known."""
    answers: Sequence[Answer]
    comments: Sequence[Comment]
    items: Sequence[ActionItem]
    recovery: Recovery | None = None
    people: Mapping[str, Person]

    def name(self, person_id: str | None) -> str | None:
        """A person's name, or their id when nobody knows it; None for nobody."""
        person = self.people.get(person_id or "")
        return signed(person.name) if person else person_id or None

    @property
    def prompts(self) -> Prompts:
        """What the retro asks, and what answers from another one were answers to."""
        return self.retro.prompts if self.retro else ()

    @property
    def answered(self) -> Sequence[Answer]:
        """The answers, prompt by prompt."""
        order = {prompt.key: place for place, prompt in enumerate(self.prompts)}
        return sorted(self.answers, key=lambda answer: order.get(answer.prompt, len(order)))

    def label(self, answer: Answer) -> str:
        """What the prompt of an answer is called."""
        return label_of(self.prompts, answer.prompt)

    @property
    def unanswered(self) -> Sequence[str]:
        """The labels of the prompts that were asked, and that nobody answered."""
        if self.retro is None or self.retro.small:
            return []
        return [prompt.label for prompt in unanswered(self.retro, self.answers)]

    @property
    def decided(self) -> Turn | None:
        """How it was closed, as long as that holds: an open retro has no outcome and no why."""
        if self.retro is None or self.retro.state != "closed":
            return None
        return self.retro.last if holds(self.retro, agreed_in(self.items)) else None

    @property
    def happened(self) -> str | None:
        """When it happened: a moment in UTC, or the day in the team's zone when only that is known."""
        at = self.case.happened_at
        if at is not None and self.case.happened_by_day:
            return today(self.team.zone if self.team else "UTC", at).isoformat()
        return _moment(at)

    @property
    def state(self) -> str:
        """open, closed or finished; not opened yet when its case was taken in quietly."""
        if self.retro is None:
            return "not opened yet"
        unfinished = sum(item.state not in ("verified", "dropped") for item in self.items)
        return state_of(self.retro, Counts(unfinished=unfinished, agreed=agreed_in(self.items)))

    @property
    def turns(self) -> Sequence[Turn]:
        """How the retro was closed and reopened, in order."""
        return self.retro.history if self.retro else ()


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _same_as(change: CaseChange) -> str | None:
    """The label of the case that it was found to be."""
    return f"C-{change.same_as}" if change.same_as else None


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def as_data(whole: Whole) -> dict[str, object]:
    """One retro as plain data; an unnamed answer has neither author nor moment."""
    case, turn = whole.case, whole.decided
    return {
        "case": case.label,
        "reference": case.reference,
        "channel": case.channel_id,
        "team": whole.team.name if whole.team else None,
        "what_happened": case.what_happened,
        "customer": case.customer,
        "happened_at": whole.happened,
        "public_post": case.public_post,
        "link": case.link,
        "kind_of_case": case.kind,
        "failed_at": _moment(case.failed_at),
        "case_state": case.shown_state,
        "forgotten_at": _moment(case.forgotten_at),
        "case_history": [
            {
                "step": change.step,
                "by": whole.name(change.by),
                "at": _moment(change.at),
                "why": change.why or None,
                "same_as": _same_as(change),
            }
            for change in case.history
        ],
        "retro_state": whole.state,
        "opened_at": _moment(whole.retro.opened_at) if whole.retro else None,
        "outcome": turn.outcome if turn else None,
        "why": turn.why if turn else None,
        "answers_close_on": _day(whole.retro.answers_close_on) if whole.retro else None,
        "history": [
            {
                "step": turn.step,
                "by": whole.name(turn.by or None),
                "at": _moment(turn.at),
                "outcome": turn.outcome,
                "why": turn.why or None,
            }
            for turn in whole.turns
        ],
        "prompts": [
            {"label": prompt.label, "question": prompt.question or None, "gap": prompt.gap or None}
            for prompt in whole.prompts
        ],
        "unanswered": list(whole.unanswered),
        "answers": [
            {
                "prompt": whole.label(answer),
                "author": whole.name(answer.author),
                "posted_at": _moment(answer.posted_at),
                "text": answer.text,
            }
            for answer in whole.answered
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
        "begun_at": _moment(recovery.begun_at),
        "failed_at": _moment(recovery.failed_at),
        "working_days_to_apologise": recovery.aim,
        "apologise_by": recovery.apologise_by.isoformat(),
        "an_apology_was_enough": recovery.enough or None,
        "gaps": list(recovery.gaps),
        "retro_finished_at": _moment(recovery.finished_at),
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
        "due": _day(step.due),
        "link": step.link or None,
        "customers_view": step.view or None,
        "verdict": step.chosen,
        "handed_over_by": whole.name(step.handed_by),
        "handed_over_why": step.handed_why or None,
        "corrected_by": whole.name(step.corrected_by),
        "corrected_at": _moment(step.corrected_at),
        "taken_back_by": whole.name(step.undone_by),
        "taken_back_why": step.undone_why or None,
    }


def _taken(recovery: Recovery) -> Iterator[Step]:
    """Every step that was done or left out, the first round first."""
    for steps in (*recovery.earlier, recovery.steps):
        yield from (step for step in steps if step.state != "to do")


def _item_data(item: ActionItem, whole: Whole) -> dict[str, object]:
    return {
        "number": item.label,
        "what": item.what,
        "gap": item.gap,
        "asked_by": whole.name(item.asked_by),
        "owner": whole.name(item.owner),
        "due": _day(item.due),
        "measure": item.measure or None,
        "state": item.state,
        "what_changed": _evidence(item, "done"),
        "what_was_seen": _evidence(item, "verify"),
        "history": [_moved_data(moved, whole) for moved in item.history],
        "edits": [_edit_data(item, number, whole) for number, _ in enumerate(item.edits, 1)],
    }


def _edit_data(item: ActionItem, number: int, whole: Whole) -> dict[str, object]:
    """One edit: of what, by whom, when, before and after; of a step's words, which step's."""
    edit = item.edits[number - 1]
    return {
        "part": edit.part,
        "step": item.history[edit.step - 1].step.replace("_", " ") if edit.step else None,
        "by": whole.name(edit.by),
        "at": _moment(edit.at),
        "was": edit.was or None,
        "became": became(item, number) or None,
    }


def _evidence(item: ActionItem, step: Literal["done", "verify"]) -> str | None:
    """What changed, or what its verifier saw, as long as that still holds."""
    holds = {"done": ("done", "verified"), "verify": ("verified",)}
    moved = item.last(step) if item.state in holds[step] else None
    return moved.words or None if moved else None


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
    "channel",
    "team",
    "retro_state",
    "kind",
    "number",
    "prompt_or_gap",
    "person",
    "state",
    "due",
    "at",
    "happened_at",
    "public_post",
    "link",
    "kind_of_case",
    "forgotten_at",
    "opened_at",
    "answers_close_on",
    "prompts",
    "unanswered",
    "asked_by",
    "measure",
    "what_changed",
    "what_was_seen",
    "round",
    "owner",
    "handed_over_by",
    "corrected_by",
    "corrected_at",
    "taken_back_by",
    "failed_at",
    "working_days_to_apologise",
    "retro_finished_at",
    "text",
)
"""What is not said of a kind of row stays empty in it; the text stands last, because it may be long."""


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
        "channel": whole.case.channel_id,
        "team": whole.team.name if whole.team else None,
        "retro_state": whole.state,
    }
    for row in _rows(whole):
        rows.writerow({column: _harmless(value) for column, value in (always | row).items()})
    return written.getvalue()


def _rows(whole: Whole) -> Iterator[Row]:
    case, retro = whole.case, whole.retro
    yield {
        "kind": "case",
        "state": case.shown_state,
        "at": _moment(case.failed_at),
        "happened_at": whole.happened,
        "public_post": case.public_post,
        "link": case.link,
        "kind_of_case": case.kind,
        "forgotten_at": _moment(case.forgotten_at),
        "opened_at": _moment(retro.opened_at) if retro else None,
        "answers_close_on": _day(retro.answers_close_on) if retro else None,
        "prompts": _joined([_described(prompt) for prompt in whole.prompts]),
        "unanswered": _joined(whole.unanswered),
        "text": case.what_happened,
    }
    for change in case.history:
        yield {
            "kind": f"case: {change.step}",
            "number": _same_as(change),
            "person": whole.name(change.by),
            "at": _moment(change.at),
            "text": change.why,
        }
    for turn in whole.turns:
        yield {
            "kind": turn.step,
            "person": whole.name(turn.by),
            "state": turn.outcome,
            "at": _moment(turn.at),
            "text": turn.why,
        }
    for answer in whole.answered:
        yield {
            "kind": "answer",
            "prompt_or_gap": whole.label(answer),
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
        yield from _item_rows(item, whole)
    if whole.recovery:
        yield from _recovery_rows(whole.recovery, whole)


def _described(prompt: Prompt) -> str:
    """`Training: What would we have needed to know? (training)`, as far as it says so."""
    question = f": {prompt.question}" if prompt.question else ""
    return f"{prompt.label}{question}{f' ({prompt.gap})' if prompt.gap else ''}"


def _joined(words: Sequence[str]) -> str | None:
    return "; ".join(words) or None


def _item_rows(item: ActionItem, whole: Whole) -> Iterator[Row]:
    yield {
        "kind": "action item",
        "number": item.label,
        "prompt_or_gap": item.gap,
        "person": whole.name(item.owner),
        "state": item.state,
        "due": _day(item.due),
        "asked_by": whole.name(item.asked_by),
        "measure": item.measure or None,
        "what_changed": _evidence(item, "done"),
        "what_was_seen": _evidence(item, "verify"),
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
    for number, edit in enumerate(item.edits, 1):
        data = _edit_data(item, number, whole)
        yield {
            "kind": f"edit: {edit.part}",
            "number": item.label,
            "person": whole.name(edit.by),
            "state": str(data["step"] or "") or None,
            "at": _moment(edit.at),
            "text": edit.was,
        }


def _recovery_rows(recovery: Recovery, whole: Whole) -> Iterator[Row]:
    yield {
        "kind": "customer",
        "prompt_or_gap": _joined(recovery.gaps),
        "person": whole.name(recovery.contact),
        "state": recovery.state,
        "due": _day(recovery.apologise_by),
        "at": _moment(recovery.begun_at),
        "failed_at": _moment(recovery.failed_at),
        "working_days_to_apologise": recovery.aim,
        "retro_finished_at": _moment(recovery.finished_at),
        "text": recovery.enough,
    }
    for number, steps in enumerate((*recovery.earlier, recovery.steps), start=1):
        for step in steps:
            for row in _step_rows(step, whole):
                yield row | {"round": number}


def _step_rows(step: Step, whole: Whole) -> Iterator[Row]:
    row: Row = {
        "kind": f"customer: {STEPS[step.name].label}",
        "person": whole.name(step.by),
        "state": step.chosen or step.state,
        "due": _day(step.due),
        "at": _moment(step.at),
        "owner": whole.name(step.owner),
        "handed_over_by": whole.name(step.handed_by),
        "corrected_by": whole.name(step.corrected_by),
        "corrected_at": _moment(step.corrected_at),
        "taken_back_by": whole.name(step.undone_by),
    }
    yield row | {"text": step.words}
    more = (
        ("how", step.how),
        ("link", step.link),
        ("their view", step.view),
        ("why handed over", step.handed_why),
        ("why taken back", step.undone_why),
    )
    for what, text in more:
        if text:
            yield row | {"kind": f"{row['kind']}: {what}", "text": text}


def as_markdown(whole: Whole, first: bool) -> str:
    """One retro as Markdown; people's words are quoted, so that they cannot pose as headings."""
    case, turn = whole.case, whole.decided
    title = title_of(case, small=whole.retro is not None and whole.retro.small)
    lines = [f"# {_plain(title)} ({case.label}, {whole.state})", ""]
    facts = (
        ("Reference", case.reference),
        ("Customer", case.customer),
        ("Happened", _happened_line(whole)),
        ("Public post", case.public_post),
        ("Marked from", case.link),
        ("Kind", case.kind),
        ("Outcome", turn.outcome if turn else None),
    )
    lines += [f"- {label}: {_plain(value)}" for label, value in facts if value]
    lines += ["", "## What happened", "", *_quoted(case.what_happened)]
    for change in case.history:
        by = _plain(whole.name(change.by) or "nobody, from its ticket")
        same_as = f" · same as {_same_as(change)}" if change.same_as else ""
        lines += ["", f"- {change.at:%Y-%m-%d} · {change.step} · {by}{same_as}"]
        lines += ["", *(f"  {text}" for text in _quoted(change.why))] if change.why else []
    if turn and turn.why:
        lines += ["", "## Why this outcome", "", *_quoted(turn.why)]
    if whole.turns and whole.turns != (turn,):
        lines += ["", "## Closed and reopened"]
        for one in whole.turns:
            lines += _turn_lines(one, whole)
    if whole.answers:
        lines += ["", "## Answers"]
        for answer in whole.answered:
            who = whole.name(answer.author) or UNNAMED
            lines += [
                "",
                f"**{_plain(whole.label(answer))} · {_plain(who)}**",
                "",
                *_quoted(answer.text),
            ]
    if whole.unanswered:
        lines += ["", f"Nobody answered: {_plain(', '.join(whole.unanswered))}"]
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


def _happened_line(whole: Whole) -> str | None:
    """The day, or the moment in the team's zone, named."""
    at = whole.case.happened_at
    if at is None or whole.case.happened_by_day:
        return whole.happened
    zone = whole.team.zone if whole.team else "UTC"
    return f"{at.astimezone(zone_of(zone)):%Y-%m-%d %H:%M} ({zone})"


def _turn_lines(turn: Turn, whole: Whole) -> list[str]:
    step = {"close": "closed", "reopen": "reopened"}[turn.step]
    how = f": {turn.outcome}" if turn.outcome else ""
    line = f"**{turn.at:%Y-%m-%d} · {step}{how} · {_plain(whole.name(turn.by) or '')}**"
    return ["", line, *(["", *_quoted(turn.why)] if turn.why else [])]


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
    told = (
        ("How we will know it worked", item.measure),
        ("What changed", _evidence(item, "done")),
        ("What the verifier saw", _evidence(item, "verify")),
    )
    for label, text in told:
        if text:
            lines += ["", f"{label}:", "", *_quoted(text)]
    for moved in item.history:
        lines += _told(moved, whole)
    for number, edit in enumerate(item.edits, 1):
        step = _edit_data(item, number, whole)["step"]
        part = f"{edit.part} of {step}" if step else edit.part
        by = _plain(whole.name(edit.by) or "")
        lines += ["", f"- {edit.at:%Y-%m-%d} · edited: {part} · {by}"]
        lines += ["", *(f"  {text}" for text in _quoted(edit.was))] if edit.was else []
    return lines


def _told(moved: Moved, whole: Whole) -> list[str]:
    """One step of an item: when, by whom, to what end, and in which words."""
    data = _moved_data(moved, whole)
    to = f" to {_plain(str(data['to']))}" if data["to"] else ""
    by = _plain(whole.name(moved.by) or "")
    line = f"- {moved.at:%Y-%m-%d} · {data['step']}{to} · {by}"
    quoted = [f"  {text}" for text in _quoted(moved.words)] if moved.words else []
    return ["", line, *([""] if quoted else []), *quoted]


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
