"""The steps of an action item's life, one row each: who may take it, when, and in which words.

Buttons, forms, commands, stories and what came of a reminder are made from this table. To add a step,
add its name and its row.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

ItemState = Literal["proposed", "agreed", "done", "verified", "dropped"]
ItemStep = Literal[
    "take",
    "accept",
    "hand_over",
    "decline",
    "done",
    "change_date",
    "verify",
    "reopen",
    "drop",
]
Who = Literal[
    "anybody",
    "owner",
    "lead",
    "asker",
    "anybody while it has no owner",
    "anybody who has not done it",
]
ALREADY = "{label} is already {state}."


class StepButton(NamedTuple):
    """What is pressed to take a step; it opens the step's form, if it has one."""

    label: str
    look: Literal["plain", "main"] = "plain"


class StepField(NamedTuple):
    """One thing that a step's form asks for; `needed` is the sentence when it is missing.

    Without that sentence it may stay empty. `coach`: for whom the words are that the language coach
    reads before they are kept.
    """

    name: str
    label: str
    kind: Literal["text", "person", "date"]
    needed: str = ""
    coach: Literal["team"] | None = None


class StepForm(NamedTuple):
    """What is asked before a step is taken; a title has room for 24 characters in Slack.

    `confirmed` is said to whoever took it; `to`, the new owner or date, may stand in it.
    `with_evidence`: above its fields stands how one will know that it worked, and what changed.
    `takes_away`: it ends the item, and the form looks like it.
    """

    title: str
    submit: str
    fields: tuple[StepField, ...]
    confirmed: str
    with_evidence: bool = False
    takes_away: bool = False


class StepRow(NamedTuple):
    """One step.

    `places` are the states it is allowed in, and where its button stands among the others then: 1 is
    the first, and with the same number the table's order counts. `to` is the state after it; None
    leaves the state as it is. `who` may take it, and `others` is the sentence for everybody else;
    `not_yet` are sentences for states that do not allow it, where ALREADY would not be true. `label`
    may stand in them, and in the latter also `state`. `by_verifier` is the sentence for everybody else
    where the team's policy leaves it to one person alone, `verifier`, unless they did it themself.

    `owner` and `due` are whose it is and when it is due afterwards: "chosen" is what the form says, and
    with "if still ahead" a date that has passed falls away. Its button is shown only with an owner when
    `if_owned` is True, and only without one when it is False. `outcome` is what came of a reminder when
    it was this step. `story` stands before the words that came with it; `by` and `to`, a new owner, may
    stand in it. Without it nothing is told of the step. `tells` hears of it in a message of their own,
    unless they took it themself; `news` is its first sentence, in which `by` may stand.
    """

    name: ItemStep
    button: StepButton
    places: Mapping[ItemState, int]
    who: tuple[Who, ...]
    outcome: str
    to: ItemState | None = None
    others: str = ""
    by_verifier: str = ""
    not_yet: Mapping[ItemState, str] = {}
    owner: Literal["same", "whoever takes it", "chosen", "nobody"] = "same"
    due: Literal["same", "chosen", "if still ahead"] = "same"
    if_owned: bool | None = None
    form: StepForm | None = None
    story: str = ""
    tells: Literal["owner", "asker"] | None = None
    news: str = ""

    @property
    def words(self) -> StepField | None:
        """The field of its form that says in words why, or what."""
        return self._field("text")

    @property
    def choice(self) -> StepField | None:
        """The field of its form that chooses the new owner or the new date."""
        return self._field("person", "date")

    def _field(self, *kinds: str) -> StepField | None:
        fields = self.form.fields if self.form else ()
        return next((field for field in fields if field.kind in kinds), None)


_ROWS = (
    StepRow(
        name="take",
        button=StepButton("Take it", "main"),
        places={"proposed": 1},
        to="agreed",
        who=("owner", "anybody while it has no owner"),
        others="{label} already has an owner, who has still to accept it. They or the team's lead can "
        "hand it over to you.",
        owner="whoever takes it",
        due="if still ahead",
        if_owned=False,
        outcome="taken",
    ),
    StepRow(
        name="accept",
        button=StepButton("Accept", "main"),
        places={"proposed": 1},
        to="agreed",
        who=("owner",),
        others="Only the person that {label} was proposed to can accept it. They or the team's lead can "
        "hand it over to you.",
        due="if still ahead",
        if_owned=True,
        outcome="accepted",
    ),
    StepRow(
        name="hand_over",
        button=StepButton("Hand over"),
        places={"proposed": 2, "agreed": 3},
        to="proposed",
        who=("owner", "lead", "anybody while it has no owner"),
        others="{label} has an owner: only they or the team's lead can hand it over.",
        owner="chosen",
        due="if still ahead",
        form=StepForm(
            title="Hand over",
            submit="Hand over",
            fields=(
                StepField("owner", "New owner", "person", needed="Choose the new owner."),
                StepField("why", "Why", "text", coach="team"),
            ),
            confirmed="Handed over to {to}. Thank you.",
        ),
        story="Handed over by {by} to {to}",
        outcome="handed over",
    ),
    StepRow(
        name="decline",
        button=StepButton("Decline"),
        places={"proposed": 3, "agreed": 4},
        to="proposed",
        who=("owner",),
        others="Only the owner of {label} can decline it. They or the team's lead can hand it over.",
        owner="nobody",
        if_owned=True,
        form=StepForm(
            title="Decline",
            submit="Decline",
            fields=(StepField("why", "Why", "text", needed="Say why, in a sentence.", coach="team"),),
            confirmed="Declined. Thank you for saying so: somebody else can take it now.",
        ),
        story="Declined by {by}",
        tells="asker",
        news="{by} can't take on what you asked for.",
        outcome="declined",
    ),
    StepRow(
        name="done",
        button=StepButton("Mark done", "main"),
        places={"agreed": 1},
        to="done",
        who=("owner",),
        others="Only the owner of {label} can mark it done. They or the team's lead can hand it over to "
        "you first.",
        not_yet={"proposed": "{label} is not agreed yet: somebody takes or accepts it first."},
        form=StepForm(
            title="Mark done",
            submit="Done",
            fields=(
                StepField(
                    "changed",
                    "What changed",
                    "text",
                    needed="Say what changed, in a sentence.",
                    coach="team",
                ),
            ),
            confirmed="Marked done. Thank you! Somebody else can verify it now.",
        ),
        story="What changed, says {by}",
        tells="asker",
        news="{by} has done what you asked for.",
        outcome="done",
    ),
    StepRow(
        name="change_date",
        button=StepButton("Change date"),
        places={"proposed": 4, "agreed": 2},
        who=("owner", "lead", "anybody while it has no owner"),
        others="{label} has an owner: only they or the lead can change its date.",
        due="chosen",
        form=StepForm(
            title="Change due date",
            submit="Change",
            fields=(
                StepField("due", "New date", "date", needed="Choose the new date."),
                StepField("why", "Why", "text", coach="team"),
            ),
            confirmed="It is due on {to} now.",
        ),
        story="New date set by {by}",
        outcome="new date",
    ),
    StepRow(
        name="verify",
        button=StepButton("Verify", "main"),
        places={"done": 1},
        to="verified",
        who=("anybody who has not done it",),
        others="Nobody verifies their own item: ask somebody else to look at {label}.",
        by_verifier="In this team the lead verifies: ask {verifier} to look at {label}.",
        not_yet={
            "proposed": "{label} is not done yet.",
            "agreed": "{label} is not done yet.",
        },
        form=StepForm(
            title="Verify",
            submit="Verify",
            fields=(StepField("saw", "What I saw", "text", coach="team"),),
            confirmed="Verified. Thank you for looking.",
            with_evidence=True,
        ),
        story="Verified by {by}",
        outcome="verified",
    ),
    StepRow(
        name="reopen",
        button=StepButton("Reopen"),
        places={"done": 2, "verified": 1},
        to="agreed",
        who=("anybody",),
        due="if still ahead",
        not_yet={
            "proposed": "{label} is still proposed, so there is nothing to reopen.",
            "agreed": "{label} is already open: it is agreed.",
            "dropped": "{label} was dropped; add a new action item instead.",
        },
        form=StepForm(
            title="Reopen",
            submit="Reopen",
            fields=(
                StepField(
                    "missing",
                    "What is still missing",
                    "text",
                    needed="Say what is still missing.",
                    coach="team",
                ),
            ),
            confirmed="Reopened: it goes on with what is still missing.",
        ),
        story="Reopened by {by}; still missing",
        tells="owner",
        news="{by} reopened what you had done.",
        outcome="reopened",
    ),
    StepRow(
        name="drop",
        button=StepButton("Drop"),
        places={"proposed": 5, "agreed": 5, "done": 3},
        to="dropped",
        who=("owner", "lead", "asker", "anybody while it has no owner"),
        others="{label} has an owner: only they, the lead or who asked can drop it.",
        form=StepForm(
            title="Drop",
            submit="Drop",
            fields=(StepField("why", "Why", "text", needed="Say why, in a sentence.", coach="team"),),
            confirmed="Dropped. Everybody can read why beside it.",
            takes_away=True,
        ),
        story="Dropped by {by}",
        outcome="dropped",
    ),
)
STEPS: Mapping[ItemStep, StepRow] = {row.name: row for row in _ROWS}
