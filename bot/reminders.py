"""When the bot speaks unasked. To remind of something more, add an entry: clock, words, buttons follow.

Days are working days of whoever reads it; it is said at the start of their day, in their own zone. When
several are due about the same thing for the same person, the first of them in this table is said. What
is due for one person is gathered into one digest a day at most, unless they chose otherwise. The
weekly summary for the whole team stands beside this table, in `bot/jobs/board.py`.
"""

from bot.domain.reminder import Every, On, Reminder

WEEK = 0
DAYS_APART = 3
"""Working days from a digest on which its reader did nothing to the next one: what comes up meanwhile is
in that. What is due that very day is said on it, and on the next one that it is late; either takes along
all that waits."""

REMINDERS = (
    # About an action item.
    Reminder(
        name="item_left",
        about="item",
        when="its owner has left: the next working day, then every week",
        since="left",
        on=(On(1, ("lead",)),),
        then=Every(WEEK, ("lead",)),
        says="This needs an owner.",
        tells="This needs an owner: {owner} has left.",
        steps=("hand_over", "change_date"),
        or_thread=True,
    ),
    Reminder(
        name="item_late",
        about="item",
        when="late: each working day for 5, then every week; the lead from the 3rd working day on",
        since="due",
        on=(
            On(1, ("owner",)),
            On(2, ("owner",)),
            On(3, ("owner", "lead")),
            On(4, ("owner", "lead")),
            On(5, ("owner", "lead")),
        ),
        then=Every(WEEK, ("owner", "lead")),
        owner_first=True,
        says="This was due {day}.",
        tells="This was due {day}, and {owner} has it.",
        steps=("done", "change_date", "hand_over", "decline"),
        or_later=True,
    ),
    Reminder(
        name="item_due_today",
        today=True,
        about="item",
        when="due today (or on the next days off)",
        since="due",
        on=(On(0, ("owner",)),),
        says="This is due {day}.",
        instead={"past": "This was due {day}."},
        steps=("done", "change_date", "hand_over"),
        or_later=True,
    ),
    Reminder(
        name="item_due_soon",
        about="item",
        when="due in 2 working days",
        since="due",
        on=(On(-2, ("owner",)),),
        says="This is due soon: {day}.",
        instead={"past": "This was due {day}.", "this_day": "This is due {day}."},
        steps=("done", "change_date", "hand_over"),
        or_later=True,
    ),
    Reminder(
        name="item_asked_for",
        today=True,
        about="item",
        when="on the day its owner chose with Remind me later",
        since="remind_on",
        on=(On(0, ("owner",)),),
        says="You asked to be reminded of this.",
        steps=("accept", "done", "change_date", "hand_over"),
        or_later=True,
    ),
    Reminder(
        name="item_proposed",
        about="item",
        when="not accepted: after 1 and 2 working days its owner, after 3 and then every week the lead",
        since="proposed",
        on=(On(1, ("owner",)), On(2, ("owner",)), On(3, ("lead",))),
        then=Every(WEEK, ("lead",)),
        says="This waits for your answer{planned}.",
        tells="{owner} hasn't said yes or no to this yet{planned}.",
        steps=("accept", "hand_over", "decline"),
        or_later=True,
    ),
    Reminder(
        name="item_unowned",
        about="item",
        when="without an owner: after 2 working days the thread, after 4 the lead",
        since="unowned",
        on=(On(2, ("thread",)), On(4, ("lead",))),
        says="This has no owner yet.",
        tells="This still has no owner.",
        steps=("take", "hand_over"),
    ),
    Reminder(
        name="item_done",
        about="item",
        when="done, not verified: after 2 working days, or as many as the team's policy says; where "
        "only the lead verifies, to them alone",
        since="done",
        on=(On(2, ("lead", "asker")),),
        aim="days_to_verify",
        says="This is done and waits for somebody to verify it.",
        tells="This is done, says {owner}, and waits for somebody to verify it.",
        steps=("verify", "reopen"),
        needs="verify",
        or_thread=True,
    ),
    Reminder(
        name="item_undated",
        about="item",
        when="agreed without a date: every 10 working days its owner",
        since="undated",
        on=(On(10, ("owner",)),),
        then=Every(10, ("owner",)),
        says="This has no date: when will it be done?",
        steps=("change_date", "done", "hand_over"),
        or_later=True,
    ),
    # About a retro.
    Reminder(
        name="retro_half_time",
        about="retro",
        when="half of the time to answer is over, and a prompt has no answer",
        since="half_time",
        on=(On(0, ("thread",)),),
        says="Answers close {day}, and nobody has answered this yet:",
        instead={"past": "Answers closed {day}, and nobody has answered this yet:"},
        of_unanswered=True,
    ),
    Reminder(
        name="retro_last_day",
        about="retro",
        when="the last working day to answer, and a prompt has no answer",
        since="answers_close",
        on=(On(0, ("thread",)),),
        says="Answers close {day}, and nobody has answered this yet:",
        instead={"past": "Answers closed {day}, and nobody has answered this yet:"},
        of_unanswered=True,
    ),
    Reminder(
        name="retro_answers_closed",
        about="retro",
        when="answers have closed",
        since="answers_close",
        on=(On(1, ("thread",)),),
        says="Answers closed {day}. Late ones stay welcome until the retro is closed.",
        stays=True,
    ),
    Reminder(
        name="retro_undecided",
        about="retro",
        when="open and undecided, or closed with fixes agreed of which none is left: 2 working days "
        "after answers closed or the last fix fell, then every 3; with fixes it asks to close it",
        since="undecided",
        on=(On(2, ("lead",)),),
        then=Every(3, ("lead",)),
        says="Everybody has had time to answer: decide what will change, or close the retro.",
        tells="Everybody has had time to answer: decide what will change, or close the retro.",
        instead={
            "agreed": 'Everybody has had time to answer. {fixes}: close the retro with "fixes agreed"?',
            "proposed": "Everybody has had time to answer. {fixes}, and nobody has said yes to "
            '{one} yet: ask for a yes, then close the retro with "fixes agreed".',
            "unsettled": 'This was closed with "fixes agreed", and no agreed fix is left: close it '
            "with another outcome, or reopen it.",
        },
        or_thread=True,
    ),
    # About a case that a helpdesk proposes; gathered ones have their message alone.
    Reminder(
        name="proposal_waits",
        about="proposal",
        when="a proposed case that nobody opened or waved off: once, after 2 working days, the lead",
        since="made",
        on=(On(2, ("lead",)),),
        says="A helpdesk proposed this as a failed case, and nobody has decided yet.",
        tells="A helpdesk proposed this as a failed case, and nobody has decided yet.",
    ),
    # About what is owed to a customer. "Its owner" is whoever has that step: the case's contact, unless
    # it was handed over; or the lead, when they have left.
    Reminder(
        name="recovery_promise_late",
        about="recovery",
        when="the promise is late: each working day for 5, then every week; the lead from the 3rd "
        "working day on",
        since="promised",
        on=(
            On(1, ("owner",)),
            On(2, ("owner",)),
            On(3, ("owner", "lead")),
            On(4, ("owner", "lead")),
            On(5, ("owner", "lead")),
        ),
        then=Every(WEEK, ("owner", "lead")),
        owner_first=True,
        says="The promise to the customer was due {day}.",
        tells="{owner}'s promise to the customer was due {day}.",
        recovers="keep",
        or_thread=True,
    ),
    Reminder(
        name="recovery_promise_today",
        today=True,
        about="recovery",
        when="the promise is due today (or on the next days off)",
        since="promised",
        on=(On(0, ("owner",)),),
        says="The promise to the customer is due {day}.",
        instead={"past": "The promise to the customer was due {day}."},
        recovers="keep",
    ),
    Reminder(
        name="recovery_promise_soon",
        about="recovery",
        when="the promise is due in 2 working days",
        since="promised",
        on=(On(-2, ("owner",)),),
        says="The promise to the customer is due soon: {day}.",
        instead={
            "past": "The promise to the customer was due {day}.",
            "this_day": "The promise to the customer is due {day}.",
        },
        recovers="keep",
    ),
    Reminder(
        name="recovery_apology",
        about="recovery",
        when="the team's aim to apologise has passed: each working day for 3, then every week; the lead "
        "from the 2nd working day on",
        since="apologise_by",
        on=(On(1, ("owner",)), On(2, ("owner", "lead")), On(3, ("owner", "lead"))),
        then=Every(WEEK, ("owner", "lead")),
        owner_first=True,
        says="The customer still waits for an apology; the team's aim was {day}.",
        tells="The customer waits for an apology from {owner}; the team's aim was {day}.",
        recovers="apologise",
        or_thread=True,
    ),
    Reminder(
        name="recovery_check_back",
        about="recovery",
        when="the promise was kept: after 1 working day and after 3, then every week; the lead from the "
        "3rd on",
        since="kept",
        on=(On(1, ("owner",)), On(3, ("owner", "lead"))),
        then=Every(WEEK, ("owner", "lead")),
        says="The promise to the customer was kept {day}. Check back: "
        "Have we fixed everything for you? What else can we do for you?",
        tells="The promise to the customer was kept {day}, and {owner} has not checked back.",
        recovers="check_back",
        or_thread=True,
    ),
    Reminder(
        name="recovery_silent",
        about="recovery",
        when="nobody knows yet how it ended: after 3 working days and after 7; 3 working days "
        "after the second time it is closed as no answer",
        since="silent",
        on=(On(3, ("owner",)), On(7, ("owner",))),
        then=Every(4, ("owner",)),
        says="Nobody knows yet how it was for the customer: ask them once more.",
        recovers="verdict",
        or_thread=True,
    ),
    Reminder(
        name="recovery_waits",
        about="recovery",
        when="another step waits, and no apology is asked for: after 2 working days, then every 5; the "
        "lead from then on",
        since="waits",
        on=(On(2, ("owner",)),),
        then=Every(5, ("owner", "lead")),
        says="The customer waits. Next: {step}.",
        tells="The customer waits for {owner}. Next: {step}.",
        gives_way_to="recovery_apology",
        or_thread=True,
    ),
)
BY_NAME = {reminder.name: reminder for reminder in REMINDERS}
