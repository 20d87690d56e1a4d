"""When the bot speaks unasked. To remind of something more, add an entry: clock, words, buttons follow.

Days are working days of whoever reads it; it is said at the start of their day, in their own zone. When
several are due about the same thing for the same person, the first of them in this table is said. The
weekly summary for the whole team stands beside this table, in `bot/flows/board.py`.
"""

from bot.domain.reminder import Every, On, Reminder

WEEK = 0

REMINDERS = (
    # About an action item.
    Reminder(
        name="item_left",
        about="item",
        when="its owner has left: the next working day, then every week",
        since="left",
        on=(On(1, ("lead",)),),
        then=Every(WEEK, ("lead",)),
        says="{label} needs an owner.",
        tells="{label} needs an owner: {owner} has left.",
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
        says="{label} is late by {late}: it was due {day}.",
        tells="{label} of {owner} is late by {late}: it was due {day}.",
        steps=("accept", "done", "change_date", "hand_over", "decline", "remind_later"),
    ),
    Reminder(
        name="item_due_today",
        about="item",
        when="due today (or on the next days off)",
        since="due",
        on=(On(0, ("owner",)),),
        says="{label} is due {day}.",
        steps=("accept", "done", "change_date", "hand_over", "remind_later"),
    ),
    Reminder(
        name="item_due_soon",
        about="item",
        when="due in 2 working days",
        since="due",
        on=(On(-2, ("owner",)),),
        says="{label} is due soon: {day}.",
        steps=("accept", "done", "change_date", "hand_over", "remind_later"),
    ),
    Reminder(
        name="item_asked_for",
        about="item",
        when="on the day its owner chose with Remind me later",
        since="remind_on",
        on=(On(0, ("owner",)),),
        says="You asked to be reminded of {label}.",
        steps=("accept", "done", "change_date", "hand_over", "remind_later"),
    ),
    Reminder(
        name="item_proposed",
        about="item",
        when="not accepted: after 1 working day its owner, after 3 the lead",
        since="proposed",
        on=(On(1, ("owner",)), On(3, ("lead",))),
        says="{label} waits for your answer.",
        tells="{label} waits for the answer of {owner}.",
        steps=("accept", "hand_over", "decline", "remind_later"),
    ),
    Reminder(
        name="item_unowned",
        about="item",
        when="without an owner: after 2 working days the thread, after 4 the lead",
        since="unowned",
        on=(On(2, ("thread",)), On(4, ("lead",))),
        says="{label} has no owner yet.",
        tells="{label} still has no owner.",
        steps=("take", "hand_over"),
    ),
    Reminder(
        name="item_done",
        about="item",
        when="done, not verified: after 2 working days",
        since="done",
        on=(On(2, ("lead", "asker")),),
        says="{label} is done and waits for somebody to verify it.",
        tells="{label} is done, says {owner}, and waits for somebody to verify it.",
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
        says="{label} has no date: when will it be done?",
        steps=("change_date", "done", "hand_over", "remind_later"),
    ),
    # About a retro.
    Reminder(
        name="retro_half_time",
        about="retro",
        when="half of the time to answer is over, and a prompt has no answer",
        since="half_time",
        on=(On(0, ("thread",)),),
        says="Answers close {day}, and nobody has answered this yet:",
    ),
    Reminder(
        name="retro_last_day",
        about="retro",
        when="the last working day to answer, and a prompt has no answer",
        since="answers_close",
        on=(On(0, ("thread",)),),
        says="Answers close {day}, and nobody has answered this yet:",
    ),
    Reminder(
        name="retro_answers_closed",
        about="retro",
        when="answers have closed",
        since="answers_close",
        on=(On(1, ("thread",)),),
        says="Answers closed {day}. Late ones stay welcome until the retro is closed.",
    ),
    Reminder(
        name="retro_undecided",
        about="retro",
        when="open and undecided: 2 working days after answers closed, then every 3",
        since="undecided",
        on=(On(2, ("lead",)),),
        then=Every(3, ("lead",)),
        says="{label} is open and undecided since {day}: decide what will change, or close it.",
        tells="{label} is open and undecided since {day}: decide what will change, or close it.",
        or_thread=True,
    ),
)
BY_NAME = {reminder.name: reminder for reminder in REMINDERS}
