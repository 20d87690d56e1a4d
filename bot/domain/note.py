"""A note: what is left on a helpdesk's ticket, for its agents alone, about the case that it became.

A note is owed in the workspace whose case it is about, and is left by a platform of its own: its
"channel" is one ticket, in which notes stay in order, and all tickets of a connection share one account.
"""

PLATFORM = "notes"
"""What leaves notes, among the platforms (`slack`, `teams`, `web`)."""
ALL = "note/"
"""What the ids of these channels begin with, and no other platform's do."""
ID_LENGTH = 40
"""Characters of a connection's id."""
ACCOUNT_LENGTH = len(ALL) + ID_LENGTH


def account(connection_id: str) -> str:
    """What the channels of all tickets of a connection begin with; it has their rate limit."""
    return f"{ALL}{connection_id}"


def channel(connection_id: str, proposal_number: int) -> str:
    """Where the notes on a ticket go: its proposal stands for it, which forgets it with the customer."""
    return f"{account(connection_id)}/{proposal_number}"


def is_channel(channel_id: str) -> bool:
    """Whether a channel is a ticket in a helpdesk."""
    return channel_id.startswith(ALL)


def platform_of(workspace: str, channel_id: str) -> str:
    """Who speaks in a channel: the workspace's platform, or for a ticket who leaves notes."""
    return PLATFORM if is_channel(channel_id) else workspace.partition(":")[0]
