"""Forms of what several people may change: none of them replaces unseen what another saved meanwhile."""

from bot.command import AskFirst, Command, Reply
from bot.fields import Line, field
from bot.messages.parts import Form
from bot.messages.stale_form import SEEN, changed_meanwhile, differing
from bot.ports import ReadOnlyWork


class Stamped(Command, frozen=True):
    """A command whose form carries what stood in it when it was drawn; "": an older program's form."""

    seen: Line = field(name=SEEN, hidden=True)


def check_seen(now: Form, command: Stamped, work: ReadOnlyWork) -> None:
    """Raises AskFirst where something else stands there `now` than in the form, and than was written."""
    written = command.request.values or {}
    if command.seen in ("", now.hidden[SEEN]) or not differing(now, written):
        return
    named = {each.value for each in now.fields if each.kind == "person" and each.value}
    people = work.people.among(named) if named else {}
    raise AskFirst(Reply(form=changed_meanwhile(now, written, None, command.person.id, people)))
