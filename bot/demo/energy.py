"""The month of an energy supplier."""

from bot.demo.story import ENERGY, GRETA, KARIM, LUCY, SAYS, Story, answer, do

TALK = Story(
    "",
    ENERGY,
    (do(-17, "09:02", GRETA, SAYS, text="Quay Street rang again. Let us do this one properly."),),
)

METER = Story(
    "meter",
    ENERGY,
    (
        do(
            -17,
            "09:15",
            GRETA,
            "case.fail",
            what_happened="A meter was estimated for a year, and one bill asked for all of it at once.",
            reference="EN-8841",
            customer="Flat 4, Quay Street",
        ),
        answer(-17, "09:40", LUCY, training="How to see in the file that a reading is an estimate."),
        answer(
            -17,
            "10:00",
            KARIM,
            communication="A word to the customer after the second estimate, not after the twelfth.",
        ),
        do(
            -17,
            "10:30",
            GRETA,
            "recovery.hear",
            words="I thought that I had done something wrong, and did not sleep for two nights.",
        ),
        do(
            -17,
            "10:40",
            GRETA,
            "recovery.apologise",
            how="A call",
            words="I am sorry. We estimated your meter for a year without a word, and then we sent you "
            "all of it in one bill.",
        ),
        do(-17, "10:45", GRETA, "recovery.ask_wish", words="To pay it in parts that I can carry."),
        do(
            -17,
            "11:00",
            GRETA,
            "recovery.promise",
            words="Twelve equal parts, and no fee.",
            due=-15,
            how="A letter",
        ),
        do(
            -17,
            "11:30",
            KARIM,
            "action_item.add",
            "second-estimate",
            what="After the second estimate the customer gets a call",
            gap="communication",
            owner=KARIM.id,
            due=-11,
        ),
        do(-15, "11:00", GRETA, "recovery.keep", words="The plan with twelve parts is in the post."),
        do(
            -14,
            "11:00",
            GRETA,
            "recovery.check_back",
            words="Yes, I can manage that.",
            view="Nothing else.",
        ),
        do(
            -12,
            "16:00",
            KARIM,
            "action_item.done",
            "second-estimate",
            changed="The file asks for a call when it sees a second estimate.",
        ),
        do(
            -11,
            "10:00",
            LUCY,
            "action_item.verify",
            "second-estimate",
            saw="Eleven calls last week, and all of them are in the file.",
        ),
        do(-11, "11:00", GRETA, "retro.close", outcome="fixes agreed"),
        do(
            -3,
            "10:00",
            GRETA,
            "recovery.tell_changed",
            words="After a second estimate our customers get a call now, before any bill.",
        ),
    ),
)

NOTICE = Story(
    "notice",
    ENERGY,
    (
        do(
            -9,
            "09:30",
            LUCY,
            "case.fail",
            what_happened="The notice of a planned outage came a day after the outage. A bakery lost "
            "its dough.",
            reference="EN-8902",
            customer="Bakery Solberg",
        ),
        answer(
            -9,
            "10:00",
            GRETA,
            communication="The notices leave with the weekly post. An outage does not wait for that.",
        ),
        do(
            -9,
            "10:30",
            LUCY,
            "recovery.hear",
            words="Two hundred loaves. I stood in the dark and did not know for how long.",
        ),
        do(
            -9,
            "10:40",
            LUCY,
            "recovery.apologise",
            how="A call",
            words="I am sorry. Our notice reached you a day after the outage, and you lost your dough.",
        ),
        do(
            -9,
            "10:45",
            LUCY,
            "recovery.ask_wish",
            words="A call the day before. A letter is no use to a baker.",
        ),
        do(
            -8,
            "09:30",
            LUCY,
            "action_item.add",
            "same-day",
            what="Outage notices leave by text message on the day they are planned",
            gap="communication",
            owner=LUCY.id,
            due=3,
        ),
        do(-7, "10:00", GRETA, "retro.close", outcome="fixes agreed"),
        do(
            -3,
            "09:40",
            GRETA,
            "retro.reopen",
            why="Another notice was a day late this week, in the next street.",
        ),
    ),
)

BILL = Story(
    "bill",
    ENERGY,
    (
        do(
            -4,
            "09:20",
            KARIM,
            "case.fail",
            what_happened="A final bill went to the old address, and the reminder after it cost a fee.",
            reference="EN-8933",
            customer="Mr. and Mr. Castellan",
        ),
        answer(
            -4, "09:50", LUCY, training="Where in the file the new address stands when somebody moves."
        ),
        do(
            -4,
            "10:30",
            KARIM,
            "recovery.hear",
            words="We had told you long before. We have it in writing.",
        ),
        do(
            -4,
            "10:40",
            KARIM,
            "recovery.apologise",
            how="A call",
            words="I am sorry. You had told us your new address, and we wrote to the old one.",
        ),
        do(
            -4,
            "10:45",
            KARIM,
            "recovery.ask_wish",
            words="The fee back, and a line that says that it was not us.",
        ),
        do(
            -4,
            "11:00",
            KARIM,
            "recovery.promise",
            words="The fee is paid back, and a letter says that it was our mistake.",
            due=-2,
            how="An email",
        ),
    ),
)

MOVED = Story(
    "moved",
    ENERGY,
    (
        do(
            -1,
            "09:25",
            LUCY,
            "case.fail",
            what_happened="A family moved in and sat in the dark for a night: the switch-on was booked "
            "for the flat next to theirs.",
            reference="EN-8950",
            customer="The Abara family",
            date=-2,
            time="18:40",
        ),
        answer(
            -1,
            "09:50",
            KARIM,
            after_hours="The night number rang at the main office, and nobody there could switch it on.",
        ),
        do(
            -1,
            "10:30",
            LUCY,
            "recovery.hear",
            words="Our children thought that it was an adventure. We did not.",
        ),
        do(
            -1,
            "10:40",
            LUCY,
            "recovery.apologise",
            how="A call",
            words="I am sorry. We switched on the flat next to yours, and you sat in the dark.",
        ),
    ),
)

STORIES = (TALK, METER, NOTICE, BILL, MOVED)
