"""The headers of helpdesks' export files, as they were found in files that people keep in public."""

Export = tuple[str, ...]

ZENDESK_TICKETS: Export = (
    *("Summation column", "Id", "Requester", "Requester id", "Requester external id"),
    *("Requester email", "Requester domain", "Submitter", "Assignee", "Group", "Subject", "Tags"),
    *("Status", "Priority", "Via", "Ticket type", "Created at", "Updated at", "Assigned at"),
    *("Organization", "Due date", "Initially assigned at", "Solved at", "Resolution time"),
    *("Satisfaction Score", "Group stations", "Assignee stations", "Reopens", "Replies"),
    *("First reply time in minutes", "First reply time in minutes within business hours"),
    *("Full resolution time in minutes", "On hold time in minutes", "Ticket Category [list]"),
)
INTERCOM_CONVERSATIONS: Export = (
    *("Conversation ID", "Conversation started at (America/New_York)", "Teammate currently assigned"),
    *("Team currently assigned", "Channel", "Current conversation state", "Last teammate rating"),
    *("Last teammate rating remark", "Topics", "First response time (seconds)", "Source URL", "Title"),
    *("Conversation updated at (America/New_York)", "Company name", "User email", "User name"),
)
INTERCOM_RATINGS: Export = (
    *("Conversation ID", "Updated at (America/New_York)", "Conversation rating remark"),
    *("Conversation rating", "User name", "Company name", "Agent rated type", "Last survey sent"),
)
