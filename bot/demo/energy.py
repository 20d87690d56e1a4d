"""The month of an energy supplier."""

from bot.demo.story import CONNECTS, ENERGY, GRETA, KARIM, LUCY, SAYS, Story, answer, do, tells

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

CALLBACK = Story(
    "callback",
    ENERGY,
    (
        do(-7, "09:05", GRETA, CONNECTS),
        do(
            -7,
            "09:10",
            GRETA,
            SAYS,
            text="Our helpdesk tells us here of bad ratings and late answers from now on. It only asks: "
            "what is no failed case, please wave off, with a word why.",
        ),
        tells(
            -6,
            "10:05",
            "HD-3107",
            what_happened="A call back about a wrong meter number",
            words="I was told three times that somebody rings me back. Nobody did.",
            customer="Mr. Falk",
            rating=1,
        ),
        do(-6, "10:30", KARIM, "proposal.open", "HD-3107"),
        answer(-6, "11:10", LUCY, communication="One list of who is to be rung, and by when."),
        answer(
            -6,
            "11:30",
            KARIM,
            unnamed="yes",
            training="How what is promised at the end of a shift reaches the next one.",
        ),
        do(
            -6,
            "14:00",
            KARIM,
            "recovery.hear",
            words="I stayed at home for it on three afternoons. The bill is the smaller part.",
        ),
        do(
            -6,
            "14:10",
            KARIM,
            "recovery.apologise",
            how="A call",
            words="I am sorry. We told you three times that we would ring, and we never did.",
        ),
        do(
            -6, "14:15", KARIM, "recovery.ask_wish", words="One call that is kept, and the right number."
        ),
        do(
            -6,
            "14:20",
            KARIM,
            "recovery.promise",
            words="Karim rings at noon, with the corrected bill in his hand.",
            due=-4,
            how="A call",
        ),
        do(-4, "12:20", KARIM, "recovery.keep", words="Rang at noon; the number is corrected."),
        do(
            -3,
            "12:30",
            KARIM,
            "recovery.check_back",
            words="The call came, and the bill is right. He wants to see whether the next one is.",
            view="",
        ),
        tells(
            -1,
            "10:40",
            "HD-3107",
            words="Sorted, thank you. Karim rang at noon, as he had said.",
            customer="Mr. Falk",
            rating=5,
        ),
    ),
)

HELPDESK = Story(
    "",
    ENERGY,
    (
        tells(
            -5,
            "11:20",
            "HD-3122",
            what_happened="The new page of our website",
            words="I liked the old page better.",
            customer="Ms. Adair",
            rating=2,
        ),
        do(-5, "11:45", LUCY, "proposal.wave_off", "HD-3122"),
        do(
            -5,
            "11:47",
            LUCY,
            "proposal.say_why",
            "HD-3122",
            why="She rates our new page, and nothing failed for her.",
        ),
        tells(
            0,
            "09:20",
            "HD-3140",
            what_happened="Two bills came for one month, and for six days nobody has answered me.",
            customer="Mrs. Lindqvist",
            sla_breached=True,
        ),
    ),
)

STORIES = (TALK, METER, NOTICE, BILL, MOVED, CALLBACK, HELPDESK)
