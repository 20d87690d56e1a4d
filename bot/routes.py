"""Table of contents: what people can ask for (COMMANDS), and what the bot says (JOB_HANDLERS).

TYPED_WORDS are the words that people type for it: help, the manifests and the README go by that list.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar

from bot.command import Command, Opening, Reply, Request
from bot.commands import action_item as action_item_commands
from bot.commands import board as board_commands
from bot.commands import case as case_commands
from bot.commands import case_change as case_change_commands
from bot.commands import coach as coach_commands
from bot.commands import connection as connection_commands
from bot.commands import connection_rules as connection_rules_commands
from bot.commands import connection_secret as connection_secret_commands
from bot.commands import days_off as days_off_commands
from bot.commands import page as page_commands
from bot.commands import policy as policy_commands
from bot.commands import prompt as prompt_commands
from bot.commands import proposal as proposal_commands
from bot.commands import recovery as recovery_commands
from bot.commands import reminder as reminder_commands
from bot.commands import retro as retro_commands
from bot.commands import search as search_commands
from bot.commands import sign_in as sign_in_commands
from bot.commands import signal as signal_commands
from bot.commands import team as team_commands
from bot.commands import ticket_words as ticket_words_commands
from bot.commands import trends as trends_commands
from bot.domain import reference
from bot.domain.reference import CaseRef, ItemRef
from bot.jobs import action_item as action_item_jobs
from bot.jobs import board as board_jobs
from bot.jobs import carry_over as carry_over_jobs
from bot.jobs import case as case_jobs
from bot.jobs import note as note_jobs
from bot.jobs import prompt as prompt_jobs
from bot.jobs import proposal as proposal_jobs
from bot.jobs import recovery as recovery_jobs
from bot.jobs import reminder as reminder_jobs
from bot.jobs import retro as retro_jobs
from bot.jobs import returned as returned_jobs
from bot.jobs import signal as signal_jobs
from bot.jobs import team as team_jobs
from bot.jobs.payload import JobPayload, Unsaid
from bot.messages.parts import Button, Message
from bot.messages.team import MARK_FAILED, PUNCTUATION, meant_command
from bot.ports import ReadOnlyWork, UnitOfWork

AnyCommand = TypeVar("AnyCommand", bound=Command)


class Route(NamedTuple):
    """A command and what carries it out.

    Either `run`, which may change things, or `read` where the command only reads. `form` opens its form
    when nothing was filled in yet. `apart` answers instead of `read` where that takes long and needs
    nothing that is stored: outside the transaction.
    """

    command: type[Command]
    run: Callable[[Any, UnitOfWork], Reply] | None = None
    form: Callable[[Opening, ReadOnlyWork], Reply] | None = None
    read: Callable[[Any, ReadOnlyWork], Reply] | None = None
    apart: Callable[[Any], Reply] | None = None

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.run is None

    @property
    def opens(self) -> bool:
        """Whether what its button shows is drawn whole: a form, or an answer to read or to follow."""
        return self.reads or self.form is not None or self.command.shows_link

    def only_opens(self, request: Request) -> bool:
        """Whether the request just asks for the form: nothing was filled in, nor typed instead."""
        return self.form is not None and self.command.values_of(request) is None

    def parse(self, request: Request) -> Command | Opening:
        """What the request asks for; raises Refused, beside the field, for what cannot be read."""
        if self.only_opens(request):
            return Opening.parse(self.command, request)
        return self.command.parse(request)


def _route(
    command: type[AnyCommand],
    run: Callable[[AnyCommand, UnitOfWork], Reply],
    form: Callable[[Opening, ReadOnlyWork], Reply] | None = None,
) -> Route:
    return Route(command, run, form)


def _reading(command: type[AnyCommand], read: Callable[[AnyCommand, ReadOnlyWork], Reply]) -> Route:
    return Route(command, read=read)


class TypedWord(NamedTuple):
    """A word that can be typed: the command that it asks for, what may follow it, and what it does.

    `label` is its button's, where that says more than the word. `suggested`: a client that suggests only
    some words while somebody types suggests this one; the others have a button where they are needed.
    """

    command_name: str
    follows: str
    meaning: str
    label: str = ""
    suggested: bool = True


FIND = search_commands.Find.name

TYPED_WORDS: Mapping[str, TypedWord] = {
    "failed": TypedWord(
        "case.fail",
        "[reference] [what happened]",
        "marks a case failed and opens its retro here; without words a form asks",
        label=MARK_FAILED.label,
    ),
    "mine": TypedWord(
        "action_item.mine", "", "your open action items, late ones first, and what you owe to customers"
    ),
    "status": TypedWord(
        "board.status",
        "[filters]",
        "what needs you, the most urgent first; late, mine or gap:training leave some of it",
    ),
    "find": TypedWord(
        FIND,
        "WORDS",
        "what was said before, best first; C-7 or AI-12 opens that",
    ),
    "trends": TypedWord(
        "trends.show",
        "",
        "six months in figures: which gap keeps coming back, and how soon things were put right",
    ),
    "customer": TypedWord(
        "recovery.open",
        "C-7",
        "what is owed to the customer of a case, step by step (its own reference will do, too)",
    ),
    "edit": TypedWord("case.edit", "C-7", "puts right what was said of a case", suggested=False),
    "cancel": TypedWord(
        "case.cancel",
        "C-7",
        "cancels a case that was marked failed by mistake; it can be brought back",
        suggested=False,
    ),
    "settings": TypedWord(
        "team.settings",
        "[mine]",
        "this team's lead and hours; settings days off; settings policy: due dates, who verifies; "
        "settings mine: your own reminders",
    ),
    "prompts": TypedWord(
        "prompts.show",
        "",
        "what this team's retros ask; its lead adds, rewords, reorders and retires prompts",
    ),
    "connect": TypedWord(
        "connections.show",
        "",
        "this team's helpdesks: what they tell of is proposed as a failed case; its lead connects them",
    ),
    "draft": TypedWord(
        "coach.draft",
        "[words to a customer]",
        "reads a text before you send it and tells you alone what may hurt; without words a form asks",
    ),
    "browser": TypedWord(
        "sign_in.open", "", "a link for you alone to the board, the cases and the trends in your browser"
    ),
    "help": TypedWord("team.help", "", "this list"),
}
TYPED: Mapping[str, str] = {
    f"{word} {typed.follows}".strip(): typed.meaning for word, typed in TYPED_WORDS.items()
}
"""Each command as it is typed, and what it does."""
OFFERS: Mapping[str, Button] = {
    word: Button(
        label=typed.label or word.capitalize(), command_name=typed.command_name, about="", opens=True
    )
    for word, typed in TYPED_WORDS.items()
}
"""Each typed word as a button that does the same, or lets somebody read it."""

OTHER_SETTINGS: Mapping[str, Callable[[Opening, ReadOnlyWork], Reply]] = {
    "policy": policy_commands.open_form,
    "days off": days_off_commands.open_form,
    "holidays": days_off_commands.open_form,
}
"""What can be typed after `settings` beside one's own: forms that have no word to themselves."""

_ROUTES = (
    _route(case_commands.Fail, case_commands.fail, case_commands.open_fail),
    _route(case_commands.FailMessage, case_commands.fail, case_commands.open_fail),
    _route(case_commands.Edit, case_commands.edit, case_commands.open_edit),
    _route(case_change_commands.Cancel, case_change_commands.cancel, case_change_commands.open_cancel),
    _route(case_change_commands.SameAs, case_change_commands.same_as, case_change_commands.open_same_as),
    _route(case_change_commands.Restore, case_change_commands.restore),
    _route(case_commands.Open, case_commands.open_retro),
    _reading(case_commands.Read, case_commands.read),
    _route(retro_commands.AnswerRetro, retro_commands.answer, retro_commands.open_answer),
    _route(retro_commands.EditAnswer, retro_commands.edit_answer, retro_commands.open_edit_answer),
    _route(retro_commands.DeleteAnswer, retro_commands.delete_answer, retro_commands.open_delete_answer),
    _route(retro_commands.UnnameAnswer, retro_commands.unname_answer, retro_commands.open_unname_answer),
    _route(
        retro_commands.WithdrawAnswer,
        retro_commands.withdraw_answer,
        retro_commands.open_withdraw_answer,
    ),
    _reading(retro_commands.ReadAnswer, retro_commands.read_answer),
    _route(retro_commands.Close, retro_commands.close, retro_commands.open_close),
    _route(retro_commands.Reopen, retro_commands.reopen, retro_commands.open_reopen),
    _route(retro_commands.Discuss, retro_commands.discuss),
    _route(retro_commands.Undiscuss, retro_commands.undiscuss),
    _route(action_item_commands.Add, action_item_commands.add, action_item_commands.open_add),
    _route(action_item_commands.AddMessage, action_item_commands.add, action_item_commands.open_add),
    _route(action_item_commands.Edit, action_item_commands.edit, action_item_commands.open_edit),
    _route(
        action_item_commands.Correct, action_item_commands.correct, action_item_commands.open_correct
    ),
    *(
        _route(
            command,
            action_item_commands.take,
            partial(action_item_commands.open_step, command) if command.title else None,
        )
        for command in action_item_commands.STEP_COMMANDS
    ),
    _route(
        action_item_commands.RemindLater,
        action_item_commands.remind_later,
        action_item_commands.open_remind_later,
    ),
    _reading(action_item_commands.Read, action_item_commands.read),
    _reading(action_item_commands.Mine, action_item_commands.mine),
    _reading(team_commands.Home, team_commands.show_home),
    _route(recovery_commands.Open, recovery_commands.open_card),
    _route(recovery_commands.Begin, recovery_commands.begin),
    *(
        Route(
            command,
            recovery_commands.note,
            partial(recovery_commands.open_step, command),
        )
        for command in recovery_commands.STEP_COMMANDS
    ),
    _route(recovery_commands.NotNeeded, recovery_commands.not_needed, recovery_commands.open_not_needed),
    _route(recovery_commands.HandOver, recovery_commands.hand_over, recovery_commands.open_hand_over),
    Route(
        recovery_commands.Correct,
        form=recovery_commands.open_correct,
        read=recovery_commands.correct,
    ),
    _route(recovery_commands.TakeBack, recovery_commands.take_back, recovery_commands.open_take_back),
    _reading(recovery_commands.Read, recovery_commands.read),
    _reading(board_commands.Status, board_commands.status),
    _route(board_commands.Share, board_commands.share),
    _reading(reminder_commands.ShowAll, reminder_commands.show_all),
    _reading(reminder_commands.ShowAllHere, reminder_commands.show_all_here),
    _reading(connection_commands.Show, connection_commands.show),
    _route(
        connection_rules_commands.Add, connection_rules_commands.add, connection_rules_commands.open_add
    ),
    _route(
        connection_rules_commands.Edit,
        connection_rules_commands.edit,
        connection_rules_commands.open_edit,
    ),
    _reading(connection_commands.ShowDeliveries, connection_commands.show_deliveries),
    _reading(connection_commands.ShowSteps, connection_commands.show_steps),
    _route(connection_commands.Test, connection_commands.test),
    _route(
        connection_secret_commands.RenewSecret,
        connection_secret_commands.renew_secret,
        connection_secret_commands.open_renew_secret,
    ),
    _route(
        connection_secret_commands.PasteSecret,
        connection_secret_commands.paste_secret,
        connection_secret_commands.open_paste_secret,
    ),
    _route(
        connection_secret_commands.GiveToken,
        connection_secret_commands.give_token,
        connection_secret_commands.open_give_token,
    ),
    _route(connection_commands.Remove, connection_commands.remove, connection_commands.open_remove),
    _route(signal_commands.TakeIn, signal_commands.take_in),
    _route(signal_commands.Refuse, signal_commands.refuse),
    _route(proposal_commands.Open, proposal_commands.open_proposal),
    _route(ticket_words_commands.FillIn, ticket_words_commands.fill_in),
    _route(ticket_words_commands.HearComment, ticket_words_commands.hear_comment),
    _route(proposal_commands.WaveOff, proposal_commands.wave_off),
    _route(proposal_commands.SayWhy, proposal_commands.say_why, proposal_commands.open_say_why),
    _reading(proposal_commands.ShowAll, proposal_commands.show_all),
    _reading(trends_commands.Show, trends_commands.show),
    _route(sign_in_commands.Open, sign_in_commands.open_page),
    _reading(search_commands.Find, search_commands.find),
    _reading(search_commands.Open, search_commands.open_named),
    Route(coach_commands.Draft, form=coach_commands.open_draft, apart=coach_commands.draft),
    _route(
        team_commands.Settings,
        team_commands.settings,
        partial(team_commands.open_settings, OTHER_SETTINGS),
    ),
    _route(days_off_commands.Save, days_off_commands.save, days_off_commands.open_form),
    _route(policy_commands.Save, policy_commands.save, policy_commands.open_form),
    _route(team_commands.OwnSettings, team_commands.own_settings, team_commands.open_own_settings),
    _reading(prompt_commands.Show, prompt_commands.show),
    _reading(prompt_commands.ShowKinds, prompt_commands.show_kinds),
    _route(prompt_commands.Add, prompt_commands.add, prompt_commands.open_add),
    _route(prompt_commands.Edit, prompt_commands.edit, prompt_commands.open_edit),
    _route(prompt_commands.MoveUp, prompt_commands.move),
    _route(prompt_commands.MoveDown, prompt_commands.move),
    _route(prompt_commands.Retire, prompt_commands.retire),
    _route(prompt_commands.BringBack, prompt_commands.bring_back),
    _route(prompt_commands.AddKind, prompt_commands.add_kind, prompt_commands.open_add_kind),
    _route(prompt_commands.EditKind, prompt_commands.edit_kind, prompt_commands.open_edit_kind),
    _route(prompt_commands.RetireKind, prompt_commands.retire_kind),
    _route(prompt_commands.BringKindBack, prompt_commands.bring_kind_back),
    _reading(team_commands.Help, partial(team_commands.say_help, TYPED)),
    _reading(team_commands.Unknown, partial(team_commands.say_unknown, TYPED, OFFERS)),
    _reading(team_commands.Picture, team_commands.say_picture),
    _route(team_commands.Joined, team_commands.joined),
    _route(team_commands.ChannelChanged, team_commands.channel_changed),
    _route(team_commands.MessageDeleted, team_commands.message_deleted),
    _route(team_commands.PersonChanged, team_commands.person_changed),
)
COMMANDS: Mapping[str, Route] = {route.command.name: route for route in _ROUTES}
_PAGE_ROUTES = (
    _reading(page_commands.ShowBoard, page_commands.show_board),
    _reading(page_commands.ShowCases, page_commands.show_cases),
    _reading(page_commands.ShowCase, page_commands.show_case),
    _reading(page_commands.ShowCustomer, page_commands.show_customer),
    _reading(page_commands.ShowItem, page_commands.show_item),
    _reading(page_commands.ShowFound, page_commands.show_found),
    _reading(page_commands.ShowTrends, page_commands.show_trends),
    _reading(page_commands.ShowSettings, page_commands.show_settings),
)
PAGES: Mapping[str, Route] = {route.command.name: route for route in _PAGE_ROUTES}
"""What only a browser asks to see, and no button nor typed word: see `Bot.show`."""

JOB_HANDLERS: Mapping[str, type[JobPayload]] = {
    payload.name: payload
    for payload in (
        retro_jobs.Show,
        retro_jobs.Prompt,
        retro_jobs.Answered,
        carry_over_jobs.Tell,
        retro_jobs.SumUp,
        retro_jobs.SayReopened,
        action_item_jobs.Show,
        action_item_jobs.TellOwner,
        action_item_jobs.TellStep,
        action_item_jobs.TellEdit,
        action_item_jobs.CallOwner,
        action_item_jobs.TellLead,
        returned_jobs.TellLead,
        recovery_jobs.Show,
        recovery_jobs.TellOwner,
        recovery_jobs.CallOwner,
        recovery_jobs.TellLead,
        recovery_jobs.TellNotRecovered,
        recovery_jobs.CheckIn,
        note_jobs.Leave,
        reminder_jobs.Tell,
        reminder_jobs.TellThread,
        reminder_jobs.TellInstead,
        board_jobs.Weekly,
        board_jobs.Shared,
        team_jobs.Hello,
        team_jobs.SettingsChanged,
        team_jobs.ColleagueLeft,
        prompt_jobs.Changed,
        proposal_jobs.Show,
        proposal_jobs.Gather,
        proposal_jobs.LookUp,
        proposal_jobs.ReadComment,
        signal_jobs.ShowTest,
        signal_jobs.TellBroken,
        signal_jobs.AskRules,
        case_jobs.Backlog,
        case_jobs.Withdrawn,
        case_jobs.SayChange,
        case_jobs.TellCancelled,
        case_jobs.SayMoved,
        Unsaid,
    )
}


def typed(text: str) -> tuple[str, str]:
    """The command that typed words ask for, and the words that belong to it; a greeting shows home."""
    first, *rest = text.split(maxsplit=1) or ["help"]
    said = first.lower().strip(PUNCTUATION)
    word = TYPED_WORDS.get(said)
    if said in team_commands.GREETINGS:
        return "team.home", ""
    if word is None:
        return "team.unknown", text.strip()
    words = "" if word.command_name == "team.help" else "".join(rest).strip()
    if word.command_name == FIND and isinstance(reference.parse(words), CaseRef | ItemRef):
        # A number opens what it names, in whatever channel that is.
        return search_commands.Open.name, words
    return word.command_name, words


def names_people(command_name: str) -> bool:
    """Whether its typed words are to have people's ids where they mention somebody."""
    route = COMMANDS.get(command_name)
    return route is not None and route.command.names_people


def only_a_command(text: str) -> Message | None:
    """What to ask back where somebody wrote nothing but a typed word, as if to everybody."""
    word = text.strip().lower()
    return meant_command(word, OFFERS) if word in TYPED_WORDS else None


def is_unnamed(request: Request) -> bool:
    """Whether nothing may be written about who sends this, as the command itself says."""
    route = COMMANDS.get(request.command_name)
    return route is not None and route.command.is_unnamed(request)


def is_quiet(request: Request) -> bool:
    """Whether no log may have a line of it: it has no name, or may be about to have none."""
    route = COMMANDS.get(request.command_name)
    return (
        route is not None
        and route.command.may_be_unnamed()
        and (request.values is None or route.command.is_unnamed(request))
    )


def filled_again(command_name: str, values: Mapping[str, str]) -> Mapping[str, str]:
    """What stands in a command's form that is shown once more, after it was filled in like this."""
    route = COMMANDS.get(command_name)
    return values if route is None else route.command.filled_again(values)
