"""The web workspace's own messages."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, func, select, update

from bot.repositories import Post
from storage import versioned
from storage.counter import count
from storage.row import find, several, values
from storage.statement import Among, Statement
from storage.tables import channels, posts

OF_PLACE = (
    posts.c.workspace == channels.c.workspace,
    posts.c.channel_id == channels.c.id,
    posts.c.thread.is_(None),
)
NEWEST = Statement(
    select(
        channels.c.id, select(func.max(posts.c.id)).where(*OF_PLACE).scalar_subquery().label("newest")
    )
    .where(channels.c.workspace == bindparam("workspace"), channels.c.kind == "shared")
    .order_by(channels.c.id)
)
REPLIES = Among(
    select(posts.c.thread, func.count().label("replies"))
    .where(posts.c.workspace == bindparam("workspace"))
    .group_by(posts.c.thread),
    posts.c.thread,
)


class Posts:
    """repositories.Posts over one transaction."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    def get(self, post: int) -> Post | None:
        return find(self._connection, Post, posts, workspace=self._workspace, id=post)

    def roots(self, channel_id: str, limit: int, before: int | None = None) -> Sequence[Post]:
        query = select(posts).where(posts.c.channel_id == channel_id, posts.c.thread.is_(None))
        return self._newest(query, limit, before)

    def thread(self, root: int, limit: int | None = None, before: int | None = None) -> Sequence[Post]:
        return self._newest(select(posts).where(posts.c.thread == root), limit, before)

    def _newest(self, query: Select[Any], limit: int | None, before: int | None) -> Sequence[Post]:
        if before is not None:
            query = query.where(posts.c.id < before)
        query = query.where(self._here()).order_by(posts.c.id.desc()).limit(limit)
        return several(self._connection, Post, query)[::-1]

    def newest(self) -> Mapping[str, int]:
        rows = NEWEST.all(self._connection, {"workspace": self._workspace})
        return {row.id: row.newest for row in rows if row.newest is not None}

    def replies(self, roots: Collection[int]) -> Mapping[int, int]:
        rows = REPLIES.all(self._connection, {"workspace": self._workspace}, roots)
        return {row.thread: row.replies for row in rows}

    def by_key(self, key: str) -> Post | None:
        return find(self._connection, Post, posts, workspace=self._workspace, key=key)

    def add(self, post: Post) -> Post:
        # The counter first: it makes whoever adds at the same time wait, so that a message with
        # the same key is either to be found below or not yet begun.
        number = count(self._connection, self._workspace, "post")
        if post.key is not None and (existing := self.by_key(post.key)):
            return existing
        post = post.model_copy(update={"id": number})
        versioned.add(self._connection, posts, values(self._workspace, post))
        return post

    def save(self, post: Post) -> None:
        row = values(self._workspace, post)
        self._connection.execute(update(posts).where(self._here(), posts.c.id == post.id).values(row))

    def drop(self, post: int) -> None:
        self._connection.execute(delete(posts).where(self._here(), posts.c.id == post))

    def _here(self) -> ColumnElement[bool]:
        return posts.c.workspace == self._workspace
