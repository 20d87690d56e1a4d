"""The helpdesks that a team can connect: a new one is its file, and a line here."""

from collections.abc import Mapping

from handlers.helpdesks import freshdesk, generic, hubspot, intercom, jira, zendesk
from handlers.helpdesks.product import Product

PRODUCTS: Mapping[str, Product] = {
    "zendesk": zendesk,
    "intercom": intercom,
    "hubspot": hubspot,
    "freshdesk": freshdesk,
    "jira": jira,
    "generic": generic,
}
"""By the name that a connection is stored under, in the order in which they are offered."""
