"""The web workspace's messages."""

from bot.messages.parts import sentence
from storage.database import Database
from tests.storage.made import AT, a_post, saved, seen


def test_a_post_comes_back_as_it_was_stored_with_an_id_that_counts_upward(
    database: Database,
) -> None:
    first = saved(database, lambda work: work.posts.add(a_post(author="U1", text="Hello")))
    second = saved(database, lambda work: work.posts.add(a_post(message=sentence("Hi"), key="k")))
    assert (first.id, second.id) == (1, 2)
    assert seen(database, lambda work: work.posts.get(1)) == first
    assert seen(database, lambda work: work.posts.by_key("k")) == second


def test_a_known_key_gives_the_post_that_is_there(database: Database) -> None:
    first = saved(database, lambda work: work.posts.add(a_post(text="once", key="k")))
    again = saved(database, lambda work: work.posts.add(a_post(text="twice", key="k")))
    assert again == first
    assert seen(database, lambda work: work.posts.roots("P1", 10)) == [first]


def test_the_newest_roots_come_oldest_first_and_page_by_page(database: Database) -> None:
    for _ in range(3):
        saved(database, lambda work: work.posts.add(a_post(text="root")))
    saved(database, lambda work: work.posts.add(a_post(text="reply", thread=2)))
    saved(database, lambda work: work.posts.add(a_post(text="elsewhere", channel_id="P2")))
    newest = seen(database, lambda work: work.posts.roots("P1", 2))
    before = seen(database, lambda work: work.posts.roots("P1", 2, before=2))
    assert [[post.id for post in page] for page in (newest, before)] == [[2, 3], [1]]
    assert [post.text for post in seen(database, lambda work: work.posts.thread(2))] == ["reply"]
    assert seen(database, lambda work: work.posts.replies([1, 2])) == {2: 1}
    assert seen(database, lambda work: work.posts.replies([])) == {}


def test_a_thread_comes_whole_or_page_by_page(database: Database) -> None:
    for _ in range(5):
        saved(database, lambda work: work.posts.add(a_post(text="reply", thread=9)))
    whole = seen(database, lambda work: work.posts.thread(9))
    newest = seen(database, lambda work: work.posts.thread(9, 2))
    before = seen(database, lambda work: work.posts.thread(9, 2, before=4))
    told = [[post.id for post in page] for page in (whole, newest, before)]
    assert told == [[1, 2, 3, 4, 5], [4, 5], [2, 3]]


def test_an_edited_post_stays_where_it_was(database: Database) -> None:
    post = saved(database, lambda work: work.posts.add(a_post(message=sentence("One"))))
    edited = post.model_copy(update={"message": sentence("Two"), "edited_at": AT})
    saved(database, lambda work: work.posts.save(edited))
    assert seen(database, lambda work: work.posts.get(post.id)) == edited
