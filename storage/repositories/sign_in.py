"""What lets browsers in: one-time links, and the sessions that they become."""

from datetime import datetime

from sqlalchemy import bindparam, delete, update

from bot.domain.sign_in import SignIn
from storage.column import UTCDateTime
from storage.keyed import Keyed
from storage.row import values
from storage.statement import Statement
from storage.tables import sign_ins
from storage.upsert import put

_THIS = (
    sign_ins.c.workspace == bindparam("this_workspace"),
    sign_ins.c.digest == bindparam("this_digest"),
)
TAKE = Statement(delete(sign_ins).where(*_THIS))
PROLONG = Statement(update(sign_ins).where(*_THIS).values(expires_at=bindparam("expires_at")))
DROP_ENDED = Statement(
    delete(sign_ins).where(
        sign_ins.c.workspace == bindparam("this_workspace"),
        sign_ins.c.expires_at < bindparam("before", type_=UTCDateTime),
    )
)


class SignIns(Keyed[SignIn]):
    """repositories.SignIns over one transaction."""

    kind, table, key = SignIn, sign_ins, "digest"

    def add(self, sign_in: SignIn, at: datetime) -> None:
        DROP_ENDED.run(self._connection, {"this_workspace": self._workspace, "before": at})
        put(self._connection, sign_ins, values(self._workspace, sign_in))
        self._known[sign_in.digest] = sign_in

    def take(self, digest: str) -> bool:
        this = {"this_workspace": self._workspace, "this_digest": digest}
        self._known[digest] = None
        return TAKE.run(self._connection, this) == 1

    def prolong(self, digest: str, until: datetime) -> None:
        this = {"this_workspace": self._workspace, "this_digest": digest}
        PROLONG.run(self._connection, {**this, "expires_at": until})
        self._known.pop(digest, None)
