"""The month of a parcel shop."""

from bot.demo.story import JONAS, MINA, PARCELS, PIA, SAYS, Story, answer, do

TALK = Story(
    "",
    PARCELS,
    (
        do(
            -21,
            "09:02",
            MINA,
            SAYS,
            text="Good morning! When something goes wrong for a customer, let us look at it here, "
            "together and kindly.",
        ),
    ),
)

BIRTHDAY = Story(
    "birthday",
    PARCELS,
    (
        do(
            -21,
            "09:20",
            MINA,
            "case.fail",
            what_happened="A birthday parcel was promised in time and came three days late. "
            "The family rang twice and heard two different days.",
            reference="PS-2041",
            customer="The Almeida family",
            date=-22,
            time="17:30",
        ),
        answer(
            -21,
            "09:50",
            JONAS,
            training="How the courier's route list is read, before a day is promised.",
        ),
        answer(
            -21,
            "10:15",
            PIA,
            communication="A note at the till with the day that was promised, so that the next person "
            "on the phone says the same one.",
        ),
        answer(
            -21,
            "10:40",
            JONAS,
            unnamed="yes",
            after_hours="After six there was no way to look into the courier's system. A number to ring "
            "would have helped.",
        ),
        do(
            -21,
            "10:50",
            MINA,
            SAYS,
            text="Thank you both. The note at the till is lovely, let us try it.",
        ),
        do(
            -21,
            "11:00",
            MINA,
            "recovery.hear",
            words="My daughter stood at the window all afternoon. I felt silly to ring a second time.",
        ),
        do(
            -21,
            "11:10",
            MINA,
            "recovery.apologise",
            how="A call",
            words="I am sorry. We promised a day without a look at the route, and then we told you "
            "another one.",
        ),
        do(
            -21,
            "11:15",
            MINA,
            "recovery.ask_wish",
            words="Tell us the truth next time, also when it is bad news.",
        ),
        do(
            -21,
            "11:40",
            MINA,
            "action_item.add",
            "routes",
            what="The courier's route list is read before a day is promised",
            gap="training",
            owner=PIA.id,
            due=-17,
            measure="A week in which every promised day stood on the route list",
        ),
        do(-21, "12:05", PIA, "action_item.accept", "routes"),
        do(
            -21,
            "12:10",
            JONAS,
            "action_item.add",
            "slate",
            what="The promised day stands on a slate at the till",
            gap="communication",
            owner=JONAS.id,
            due=-18,
        ),
        do(
            -21,
            "12:20",
            MINA,
            "action_item.add",
            "line",
            what="A phone line of our own for the hours after six",
            gap="after-hours support",
            owner=MINA.id,
            due=-10,
        ),
        do(
            -20,
            "09:30",
            MINA,
            "recovery.promise",
            words="We ring before noon on each day on which a parcel of theirs is late.",
            due=-19,
            how="A call",
        ),
        do(
            -19,
            "15:00",
            MINA,
            "recovery.keep",
            words="Rang at eleven: the next parcel was on the van, and it came.",
        ),
        do(
            -18,
            "10:00",
            MINA,
            "recovery.check_back",
            words="Yes, all is well.",
            view="Keep ringing, please.",
        ),
        do(
            -18,
            "14:00",
            JONAS,
            "action_item.done",
            "slate",
            changed="A slate at the till shows each promised day and who said it.",
        ),
        do(
            -17,
            "11:00",
            PIA,
            "action_item.verify",
            "slate",
            saw="The slate was filled in on three days in a row.",
        ),
        do(
            -17,
            "15:30",
            PIA,
            "action_item.done",
            "routes",
            changed="The route list hangs beside the till and is read before any promise.",
        ),
        do(
            -16,
            "10:30",
            MINA,
            "action_item.verify",
            "routes",
            saw="I listened to five calls, and each began with a look at the list.",
        ),
        do(
            -16,
            "11:00",
            MINA,
            "action_item.drop",
            "line",
            why="The courier answers until eight from now on, so a line of our own can wait.",
        ),
        do(-16, "11:15", MINA, "retro.close", outcome="fixes agreed"),
        do(
            -15,
            "10:00",
            MINA,
            "recovery.tell_changed",
            words="We read the courier's list before we promise a day, and each promised day stands on "
            "a slate at the till.",
            view="That is good to hear.",
        ),
        do(
            -13,
            "11:00",
            MINA,
            "recovery.verdict",
            verdict="recovered",
            words="The second time you kept your word. We are glad that we came back.",
        ),
    ),
)

RAIN = Story(
    "rain",
    PARCELS,
    (
        do(
            -14,
            "09:10",
            PIA,
            "case.fail",
            what_happened="A parcel with medicine lay in the rain for two hours: the shutters were down "
            "when it came.",
            reference="PS-2077",
            customer="Mr. Osei",
            date=-15,
            time="18:20",
        ),
        answer(
            -14, "09:40", JONAS, after_hours="A covered box outside, for what comes after closing time."
        ),
        do(
            -14,
            "10:30",
            PIA,
            "recovery.hear",
            words="I was more worried than angry. My wife needs these tablets.",
        ),
        do(
            -14,
            "10:45",
            PIA,
            "recovery.apologise",
            how="Face to face",
            words="I am sorry. We closed before the van came, and so your parcel lay in the rain.",
        ),
        do(
            -11,
            "10:00",
            MINA,
            "retro.close",
            outcome="an apology was enough",
            why="The tablets were dry in their box, and he asked for nothing but the apology.",
        ),
        do(-5, "10:20", PIA, "recovery.verdict", verdict="no answer"),
    ),
)

SCALE = Story(
    "scale",
    PARCELS,
    (
        do(
            -12,
            "09:15",
            PIA,
            "case.fail",
            what_happened="A parcel was weighed on two scales that disagree, and paid for twice.",
            reference="PS-2088",
            customer="Ms. Tran",
        ),
        answer(
            -12,
            "09:50",
            JONAS,
            training="How a scale is set to zero, before the first parcel of a day.",
        ),
        do(
            -12,
            "10:30",
            PIA,
            "recovery.hear",
            words="It was four euros. But I stood there and felt taken for a fool.",
        ),
        do(
            -12,
            "10:40",
            PIA,
            "recovery.apologise",
            how="A call",
            words="I am sorry. We let you pay twice for one parcel, and did not see it.",
        ),
        do(
            -12,
            "10:45",
            PIA,
            "recovery.ask_wish",
            words="My four euros back, and a scale that is right.",
        ),
        do(
            -12,
            "10:50",
            PIA,
            "recovery.promise",
            words="The four euros are back on her card within a day.",
            due=-11,
            how="A call",
        ),
        do(
            -12,
            "11:30",
            JONAS,
            "action_item.add",
            "zero",
            what="Both scales are set to zero each morning, with a weight of one kilo",
            gap="process",
            owner=JONAS.id,
            due=-6,
        ),
        do(-11, "15:00", PIA, "recovery.keep", words="Paid back at noon, with a line of thanks."),
        do(
            -10,
            "10:15",
            PIA,
            "recovery.check_back",
            words="Yes, it is there.",
            view="Nothing else.",
        ),
        do(
            -7,
            "14:00",
            JONAS,
            "action_item.done",
            "zero",
            changed="The weight stands between the scales, and the first at the till sets them.",
        ),
        do(
            -4,
            "11:00",
            PIA,
            "action_item.verify",
            "zero",
            saw="Three mornings in a row both scales said one kilo.",
        ),
        do(-2, "10:00", MINA, "retro.close", outcome="fixes agreed"),
    ),
)

LOCKER = Story(
    "locker",
    PARCELS,
    (
        do(
            -8,
            "09:05",
            JONAS,
            "case.fail",
            what_happened="The locker gave out a code that opened another customer's box, twice in one "
            "evening.",
            reference="PS-2103",
            customer="Ms. Whitfield",
            date=-9,
            time="19:45",
            public_post="https://town-forum.example/lockers",
        ),
        answer(-8, "09:45", PIA, training="How a code is changed from the till, without the courier."),
        answer(
            -8,
            "10:05",
            PIA,
            unnamed="yes",
            communication="The courier had changed the codes that morning, and the shop heard of it "
            "from a customer.",
        ),
        answer(
            -8,
            "10:30",
            MINA,
            after_hours="Once more there was nobody to ring after six. We dropped the line too early.",
        ),
        do(
            -8,
            "10:40",
            JONAS,
            SAYS,
            text="The courier sends us a list of new codes on Mondays. It went to the old address.",
        ),
        do(
            -8,
            "11:00",
            JONAS,
            "recovery.hear",
            words="I held a stranger's parcel in my hands and did not know what to do with it.",
        ),
        do(
            -8,
            "11:05",
            JONAS,
            "recovery.apologise",
            how="A call",
            words="I am sorry. The code that we sent was not checked, and you stood there with another "
            "customer's parcel.",
        ),
        do(
            -7,
            "09:30",
            JONAS,
            "recovery.apologise_publicly",
            link="https://town-forum.example/lockers#answer",
            words="We are sorry. Two codes opened the wrong box on that evening, because we had not "
            "checked them. We have told both customers what happened. Once something has changed, and "
            "works, we say so here.",
        ),
        do(
            -7,
            "10:00",
            JONAS,
            "recovery.ask_wish",
            words="A locker that is mine, until I trust it again.",
        ),
        do(
            -7,
            "11:00",
            JONAS,
            "action_item.add",
            "codes",
            what="Each locker code is tried once before it is sent",
            gap="tools",
            owner=JONAS.id,
            due=-3,
            measure="Two weeks without a wrong box",
        ),
        do(
            -6,
            "10:00",
            MINA,
            "action_item.add",
            "until-eight",
            what="Somebody answers the phone until eight on locker days",
            gap="after-hours support",
            owner=PIA.id,
            due=4,
        ),
        do(
            -6,
            "11:00",
            JONAS,
            "recovery.promise",
            words="Locker 12 is hers for the next three parcels.",
            due=1,
            how="An email",
        ),
    ),
)

SHELF = Story(
    "shelf",
    PARCELS,
    (
        do(
            -5,
            "15:10",
            JONAS,
            "case.fail",
            what_happened="A parcel was gone from the shelf when it was called for.",
            reference="PS-2110",
            customer="Mr. Duarte",
        ),
        do(-5, "15:50", JONAS, "case.cancel", why="It lay in the back room all along, and he has it."),
    ),
)

DARK = Story(
    "dark",
    PARCELS,
    (
        do(
            0,
            "09:12",
            PIA,
            "case.fail",
            what_happened="Three people came for their parcels in the evening and found the shop dark. "
            "Our message had said open until nine.",
            reference="PS-2119",
            customer="Mrs. Nowak and two others",
            date=-1,
            time="20:10",
        ),
        do(0, "09:31", JONAS, SAYS, text="The message still has last winter's hours in it."),
        answer(
            0,
            "09:40",
            JONAS,
            communication="When the hours change, the message to the customers has to change with them.",
        ),
    ),
)

STORIES = (TALK, BIRTHDAY, RAIN, SCALE, LOCKER, SHELF, DARK)
