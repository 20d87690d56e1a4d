"""What a lead reads when a gap is back although its fix was verified."""

from collections.abc import Mapping
from datetime import date

from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.messages.parts import (
    Bold,
    Button,
    Buttons,
    Context,
    Message,
    Paragraph,
    Superseded,
    joined,
    linked,
    on,
    one_line,
)
from bot.messages.trends import gap_label


def returned(
    gap: str, case: Case, fix: ActionItem, verified_on: date, links: Mapping[int, str], today: date
) -> Message:
    """That a fix may not hold, and the way to open it again; whether to is the lead's to say."""
    summary = f"{gap_label(gap)} came back in {case.label}: {fix.label} may not hold."
    done = fix.last("done")
    changed = f"What changed: {one_line(done.words)}" if done and done.words else ""
    quiet = joined(
        (linked(f"C-{fix.case_number}", links.get(fix.case_number)),),
        (fix.label, ", verified ", on(verified_on, today)),
        (changed,) if changed else (),
    )
    back = (
        f"{gap_label(gap)} came back in ",
        linked(case.label, links.get(case.number)),
        f": {one_line(case.what_happened)}",
        "\nThis fix may not hold:",
    )
    button = Button(
        label=f"Reopen {fix.label}",
        command_name="action_item.reopen",
        about=str(fix.ref),
        look="main",
        opens=True,
    )
    return Message(
        summary=summary,
        parts=(
            Paragraph(words=back),
            Paragraph(words=(Bold(text=one_line(fix.what)),)),
            Context(words=quiet),
            Buttons(buttons=(button,)),
        ),
    )


def over(gap: str) -> Message:
    """In its place once the fix is open again, or the gap is not in that case any more."""
    words = f"{gap_label(gap)} came back, and its fix was looked at since: nothing is left to do here."
    return Superseded(summary=words, parts=(Context(words=(words,)),))
