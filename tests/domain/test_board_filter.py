"""Filters as people type them, on any platform, and as a button carries them."""

from datetime import date

import pytest

from bot.domain.board import BY_NAME, GROUPS
from bot.domain.board_filter import BoardView, Filters, Known, UnknownFilter, read_filters
from bot.domain.errors import Refused

PEOPLE = (("Ana", "U1"), ("Ben Okafor", "U2"), ("Ben Novak", "U3"), ("Zoë", "29:1-x_y"))
KNOWN = Known(
    asker="U1",
    today=date(2026, 3, 31),
    gaps=("training", "communication", "after-hours support", "process", "tools"),
    teams=(("support", "C1"), ("night shift", "C2"), ("night watch", "C3")),
    people=lambda: PEOPLE,
)


@pytest.mark.parametrize(
    ("typed", "filters"),
    [
        ("", Filters()),
        ("late", Filters(frozenset({"late"}))),
        ("  LATE,  unowned ", Filters(frozenset({"late", "unowned"}))),
        ("waiting customers", Filters(frozenset({"waiting", "customers"}))),
        ("mine", Filters(owner="U1")),
        ("mine mine late", Filters(frozenset({"late"}), owner="U1")),
        ("gap:training", Filters(gap="training")),
        ("Gap: Training", Filters(gap="training")),
        ('gap:"after-hours support" late', Filters(frozenset({"late"}), gap="after-hours support")),
        ("late gap:“After-hours support”", Filters(frozenset({"late"}), gap="after-hours support")),
        ("gap:after-hours support late", Filters(frozenset({"late"}), gap="after-hours support")),
        ("gap:trainin", Filters(gap="training")),
        ("gap:after-hours late", Filters(frozenset({"late"}), gap="after-hours support")),
        ("team:support", Filters(team="C1")),
        ("team:#Support", Filters(team="C1")),
        ("team:night shift mine", Filters(team="C2", owner="U1")),
        ("team:C3", Filters(team="C3")),
        ("owner:@Ana", Filters(owner="U1")),
        ("owner:ana", Filters(owner="U1")),
        ("owner:@U2", Filters(owner="U2")),
        ('owner:"29:1-x_y" late', Filters(frozenset({"late"}), owner="29:1-x_y")),
        ("owner:@Ben Okafor late", Filters(frozenset({"late"}), owner="U2")),
        ("owner:zoë", Filters(owner="29:1-x_y")),
        ("owner:me", Filters(owner="U1")),
        ("since:2026-02-01", Filters(since=date(2026, 2, 1))),
        ("since:2w", Filters(since=date(2026, 3, 17))),
        ("since:10d", Filters(since=date(2026, 3, 21))),
        ("since:1m", Filters(since=date(2026, 2, 28))),
        ("since:3M", Filters(since=date(2025, 12, 31))),
        ("since:1y", Filters(since=date(2025, 3, 31))),
        (
            "late gap:tools team:support owner:@Ana since:2w",
            Filters(frozenset({"late"}), "U1", "tools", date(2026, 3, 17), "C1"),
        ),
    ],
)
def test_filters_are_read_in_any_order_and_each_narrows_it(typed: str, filters: Filters) -> None:
    assert read_filters(typed, KNOWN) == filters


@pytest.mark.parametrize(
    ("typed", "sentence", "meant"),
    [
        ("lat gap:training", 'I don\'t know the filter "lat".', "late gap:training"),
        ("gap:training custmers", 'I don\'t know the filter "custmers".', "gap:training customers"),
        ("support", 'I don\'t know the filter "support".', "team:support"),
        ("late tools mine", 'I don\'t know the filter "tools".', "late gap:tools mine"),
        ("qqq", 'I don\'t know the filter "qqq".', ""),
        ("colour:red", 'I don\'t know the filter "colour:red".', ""),
        ("late gap:traning mine", 'I can\'t find "traning" for gap:', "late gap:training mine"),
        ("team:suport", 'I can\'t find "suport" for team:', "team:support"),
        ("team:nigt", 'I can\'t find "nigt" for team:', ""),
        ("team:night", '"night" may be several: write the whole name after team:', ""),
        ("owner:@Ben", '"Ben" may be several: write the whole name after owner:', ""),
        ("owner:@Mallory", 'I can\'t find "Mallory" for owner:', ""),
    ],
)
def test_a_filter_that_is_none_is_told_with_the_nearest_and_keeps_the_other_words(
    typed: str, sentence: str, meant: str
) -> None:
    with pytest.raises(UnknownFilter) as unknown:
        read_filters(typed, KNOWN)
    assert (unknown.value.sentence, unknown.value.meant) == (sentence, meant)
    if meant:
        read_filters(meant, KNOWN)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("mine owner:@Ben Novak", "Name one owner"),
        ("gap:tools gap:training", "Say gap: once."),
        ("team:support team:C2", "Say team: once."),
        ("since:2w since:3w", "Say since: once."),
        ("gap:", "Say what follows gap: as in gap:training."),
        ("late owner:", "Say what follows owner: as in owner:@Ana or owner:me."),
        ("since:yesterday", "'yesterday' is not a date: write it like 2026-11-30."),
        ("since:2026-04-01", "since: is followed by a day that has been"),
        ("since:999y", "too long ago to be meant"),
        ("since:1066-10-14", "too long ago to be meant"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        read_filters(typed, KNOWN)
    assert sentence in refused.value.sentence


def test_nobody_is_looked_up_where_no_owner_is_named() -> None:
    def people() -> list[tuple[str, str]]:
        raise AssertionError

    assert read_filters("late gap:tools since:2w", KNOWN._replace(people=people)).gap == "tools"


@pytest.mark.parametrize(
    "view",
    [
        BoardView(),
        BoardView(group="late", page=12),
        BoardView(
            Filters(
                frozenset({"late", "customers"}), "29:a=b&c", "déjà vu & co", date(2026, 1, 2), "19:x@t"
            )
        ),
    ],
    ids=str,
)
def test_a_button_carries_all_of_it(view: BoardView) -> None:
    assert BoardView.parse(str(view)) == view


@pytest.mark.parametrize(
    "about", ["", "1", "x", "show=nothing", "page=-1", "page=99999", "since=x", "is=?"]
)
def test_what_no_button_of_ours_carries_leads_to_the_beginning(about: str) -> None:
    assert BoardView.parse(about) == BoardView()


def test_each_word_leaves_groups_of_its_own() -> None:
    left = {
        word: [group.name for group in GROUPS if Filters(frozenset({word})).leaves(group)]
        for word in ("late", "unowned", "waiting", "customers")
    }
    assert left == {
        "late": ["promise", "late"],
        "unowned": ["promise", "customer", "unowned"],
        "waiting": ["proposed", "unowned", "unaccepted", "unverified", "undecided"],
        "customers": ["promise", "customer", "promised"],
    }
    assert not Filters(frozenset({"late", "waiting"})).leaves(BY_NAME["late"])


@pytest.mark.parametrize(
    "filters", [Filters(owner="U1"), Filters(gap="training"), Filters(since=date(2026, 3, 2))]
)
def test_what_is_nobodys_and_has_no_gap_and_did_not_fail_yet_is_left_out_by_such_filters(
    filters: Filters,
) -> None:
    left = {group.name for group in GROUPS if filters.leaves(group)}
    assert left == {group.name for group in GROUPS} - {"proposed"}
    assert Filters(team="C1").leaves(BY_NAME["proposed"])
