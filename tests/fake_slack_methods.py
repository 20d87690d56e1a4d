"""The Web API methods of the fake Slack: what each refuses, and what it changes."""

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tests import fake_slack_limits as limits
from tests.fake_slack_state import Ephemeral, Posted, SlackChannel, View

if TYPE_CHECKING:
    from tests.fakes import FakeSlack

Arguments = Mapping[str, Any]


class Refusal(Exception):
    """An answer with ok: false; `more` goes beside the code."""

    def __init__(self, code: str, **more: object) -> None:
        super().__init__(code)
        self.answer = {"ok": False, "error": code, **more}


Method = Callable[["FakeSlack", Arguments], dict[str, Any]]


def auth_test(slack: "FakeSlack", _: Arguments) -> dict[str, Any]:
    grid = {"enterprise_id": slack.enterprise} if slack.enterprise else {}
    return {
        "url": slack.url,
        "team": "Fake",
        "team_id": slack.enterprise if slack.org_wide else slack.team,
        "user": "amends",
        "user_id": slack.bot,
        "bot_id": slack.bot_id,
        "is_enterprise_install": slack.org_wide,
        **grid,
    }


def connections_open(slack: "FakeSlack", _: Arguments) -> dict[str, Any]:
    return {"url": f"ws://127.0.0.1:{slack.port}/socket?ticket=fake"}


def post_message(slack: "FakeSlack", args: Arguments) -> dict[str, Any]:
    channel = _to_speak_in(slack, args)
    blocks, text = _content(slack, args, text_limit=40_000)
    _check_thread(channel, args)
    if slack.one_a_second and time.monotonic() - channel.last_post < 1.0:
        slack.too_fast += 1
        raise Refusal("ratelimited", retry_after=1)
    channel.last_post = time.monotonic()
    thread = args.get("thread_ts")
    posted = Posted(
        ts=slack.next_ts(),
        channel_id=channel.id,
        user=slack.bot,
        text=text,
        blocks=blocks,
        thread_ts=thread,
        metadata=_json(args.get("metadata")),
        bot=True,
    )
    channel.messages[posted.ts] = posted
    return {"channel": channel.id, "ts": posted.ts, "message": posted.shown()}


def update(slack: "FakeSlack", args: Arguments) -> dict[str, Any]:
    channel = _to_speak_in(slack, args)
    posted = channel.messages.get(str(args.get("ts")))
    if posted is None:
        raise Refusal("message_not_found")
    if not posted.bot:
        raise Refusal("cant_update_message")
    posted.blocks, posted.text = _content(slack, args, text_limit=4_000)
    if "metadata" in args:
        posted.metadata = _json(args["metadata"])
    posted.edits += 1
    return {"channel": channel.id, "ts": posted.ts, "text": posted.text}


def delete(slack: "FakeSlack", args: Arguments) -> dict[str, Any]:
    channel = _known(slack, args)
    posted = channel.messages.get(str(args.get("ts")))
    if posted is None:
        raise Refusal("message_not_found")
    if not posted.bot or slack.keeps_messages:
        raise Refusal("cant_delete_message")
    del channel.messages[posted.ts]
    slack.deleted.append(posted)
    return {"channel": channel.id, "ts": posted.ts}


def post_ephemeral(slack: "FakeSlack", args: Arguments) -> dict[str, Any]:
    channel = _to_speak_in(slack, args)
    blocks, text = _content(slack, args, text_limit=40_000)
    _check_thread(channel, args)
    if args.get("user") not in channel.members:
        raise Refusal("user_not_in_channel")
    send_ephemeral = Ephemeral(args["user"], text, blocks, channel.id, args.get("thread_ts"))
    slack.whispers.append(send_ephemeral)
    return {"message_ts": slack.next_ts()}


def views_open(slack: "FakeSlack", args: Arguments) -> dict[str, Any]:
    view = _checked_view(args, "modal")
    trigger = slack.use_trigger(args)
    return _opened(slack, View(slack.next_id("V"), trigger.user, view, trigger=trigger.id))


def views_push(slack: "FakeSlack", args: Arguments) -> dict[str, Any]:
    view = _checked_view(args, "modal")
    trigger = slack.use_trigger(args)
    under = slack.views.get(trigger.view or "")
    if under is None or not under.open:
        raise Refusal("not_found")
    if under.depth == 3:
        raise Refusal("push_limit_reached")
    pushed = View(slack.next_id("V"), trigger.user, view, trigger=trigger.id, depth=under.depth + 1)
    return _opened(slack, pushed)


def _opened(slack: "FakeSlack", view: View) -> dict[str, Any]:
    slack.views[view.id] = view
    return {"view": view.shown()}


def views_publish(slack: "FakeSlack", args: Arguments) -> dict[str, Any]:
    view = _checked_view(args, "home")
    user = str(args.get("user_id"))
    if user not in slack.people:
        raise Refusal("user_not_found")
    home = View(f"VHOME{user}", user, view)
    slack.homes[user] = home
    slack.views[home.id] = home
    return {"view": home.shown()}


def conversations_open(slack: "FakeSlack", args: Arguments) -> dict[str, Any]:
    return {"channel": {"id": slack.direct(str(args.get("users"))).id}}


def conversations_info(slack: "FakeSlack", args: Arguments) -> dict[str, Any]:
    channel = _known(slack, args)
    shown = {
        "id": channel.id,
        "name": channel.name,
        "is_private": channel.private,
        "is_archived": channel.archived,
        "is_im": channel.direct_to is not None,
        "is_shared": channel.shared,
        "is_ext_shared": channel.shared,
        "is_pending_ext_shared": channel.pending,
        "is_member": slack.bot in channel.members,
        "context_team_id": slack.team,
    }
    if str(args.get("include_num_members")).lower() in ("true", "1"):
        shown["num_members"] = len(channel.members)
    return {"channel": shown}


def conversations_members(slack: "FakeSlack", args: Arguments) -> dict[str, Any]:
    channel = _known(slack, args)
    limit = str(args.get("limit") or 100)
    if not limit.isdigit() or not 0 < int(limit) < 1_000:
        raise Refusal("invalid_limit")
    everybody, cursor = sorted(channel.members), str(args.get("cursor") or "")
    if cursor and cursor not in everybody:
        raise Refusal("invalid_cursor")
    start = everybody.index(cursor) if cursor else 0
    size = min(int(limit), slack.page)
    following = everybody[start + size : start + size + 1]
    return {
        "members": everybody[start : start + size],
        "response_metadata": {"next_cursor": "".join(following)},
    }


def history(slack: "FakeSlack", args: Arguments) -> dict[str, Any]:
    channel = _known(slack, args)
    if slack.bot not in channel.members:
        raise Refusal("not_in_channel")
    roots = [m for m in channel.messages.values() if m.thread_ts in (None, m.ts)]
    return _page(slack, args, sorted(roots, key=lambda m: m.ts, reverse=True))


def replies(slack: "FakeSlack", args: Arguments) -> dict[str, Any]:
    channel = _known(slack, args)
    if slack.bot not in channel.members:
        raise Refusal("not_in_channel")
    root = channel.messages.get(str(args.get("ts")))
    if root is None:
        raise Refusal("thread_not_found")
    found = [m for m in channel.messages.values() if root.ts in (m.ts, m.thread_ts)]
    return _page(slack, args, sorted(found, key=lambda m: m.ts))


def _page(slack: "FakeSlack", args: Arguments, found: list[Posted]) -> dict[str, Any]:
    oldest = float(args.get("oldest") or 0)
    found = [posted for posted in found if float(posted.ts) > oldest]
    start, size = int(args.get("cursor") or 0), min(int(args.get("limit") or 100), slack.page)
    whole = str(args.get("include_all_metadata")).lower() in ("true", "1")
    more = start + size < len(found)
    return {
        "messages": [posted.shown(metadata=whole) for posted in found[start : start + size]],
        "has_more": more,
        "response_metadata": {"next_cursor": str(start + size) if more else ""},
    }


def users_info(slack: "FakeSlack", args: Arguments) -> dict[str, Any]:
    person = slack.people.get(str(args.get("user")))
    if person is None:
        raise Refusal("user_not_found")
    return {"user": person.shown()}


def _known(slack: "FakeSlack", args: Arguments) -> SlackChannel:
    channel = slack.channels.get(str(args.get("channel")))
    if channel is None or (channel.private and slack.bot not in channel.members):
        raise Refusal("channel_not_found")
    return channel


def _to_speak_in(slack: "FakeSlack", args: Arguments) -> SlackChannel:
    target = str(args.get("channel"))
    channel = slack.direct(target) if target.startswith("U") else _known(slack, args)
    if channel.archived:
        raise Refusal("is_archived")
    if slack.bot not in channel.members:
        raise Refusal("not_in_channel")
    return channel


def _check_thread(channel: SlackChannel, args: Arguments) -> None:
    if "thread_ts" not in args:
        return
    root = channel.messages.get(args["thread_ts"])
    if root is None:
        raise Refusal("thread_not_found")
    if root.thread_ts not in (None, root.ts):
        raise Refusal("cannot_reply_to_message")


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _content(slack: "FakeSlack", args: Arguments, text_limit: int) -> tuple[list[Any], str]:
    blocks, text = _json(args.get("blocks")) or [], str(args.get("text") or "")
    if not text and not blocks:
        raise Refusal("no_text")
    if len(text) > text_limit:
        raise Refusal("msg_too_long")
    problems = limits.message_problems(blocks) if blocks else []
    if limits.is_new(blocks) and not slack.takes_new_blocks:
        problems.append("unsupported type")
    if problems:
        raise Refusal("invalid_blocks", response_metadata={"messages": problems})
    if limits.characters(blocks) > limits.MESSAGE_CHARACTERS:
        raise Refusal("msg_blocks_too_long")
    metadata = _json(args.get("metadata"))
    if metadata is not None and len(json.dumps(metadata)) > 8_000:
        raise Refusal("metadata_too_large")
    return blocks, text


def _checked_view(args: Arguments, kind: str) -> dict[str, Any]:
    view = _json(args.get("view"))
    problems = limits.view_problems(view)
    if "view_too_large" in problems:
        raise Refusal("view_too_large")
    if problems or view["type"] != kind:
        raise Refusal("invalid_arguments", response_metadata={"messages": problems})
    return dict(view)


# Method → what answers it, and the scope it needs ({} is filled with the kind of conversation).
METHODS: Mapping[str, tuple[Method, str | None]] = {
    "auth.test": (auth_test, None),
    "apps.connections.open": (connections_open, None),
    "chat.postMessage": (post_message, "chat:write"),
    "chat.update": (update, "chat:write"),
    "chat.delete": (delete, "chat:write"),
    "chat.postEphemeral": (post_ephemeral, "chat:write"),
    "views.open": (views_open, None),
    "views.push": (views_push, None),
    "views.publish": (views_publish, None),
    "conversations.open": (conversations_open, "im:write"),
    "conversations.info": (conversations_info, "{}:read"),
    "conversations.members": (conversations_members, "{}:read"),
    "conversations.history": (history, "{}:history"),
    "conversations.replies": (replies, "{}:history"),
    "users.info": (users_info, "users:read"),
}
