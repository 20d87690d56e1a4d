"""What happens with the secrets of a connection: made or pasted anew, and never shown again."""

from bot.command import Invocation, Opening, Reply
from bot.commands.connection import (
    OfOne,
    check_key,
    check_possible,
    connection_of,
    listing_after,
    product_of,
    shown_of,
    steps_of,
)
from bot.domain import connection as domain
from bot.domain.connection import Connection
from bot.domain.errors import Refused
from bot.fields import Line, Secret, field
from bot.helpdesks import Helpdesk
from bot.jobs import note as note_jobs
from bot.messages import connection as messages
from bot.messages.parts import Form
from bot.ports import ReadOnlyWork, UnitOfWork

MAX_SECRET = 1_000
"""Characters of a token; the longest of a vendor have some hundred."""


class RenewSecret(OfOne, frozen=True):
    """Makes a new secret, for a product that makes none."""

    name = "connection.renew_secret"
    title = "New secret"
    submit = "Make a new secret"
    takes_away = True


class PasteSecret(OfOne, frozen=True):
    """Takes the secret that the product made."""

    name = "connection.paste_secret"
    title = "Paste the secret"
    submit = "Save"

    secret: Secret = field(
        "Secret",
        needed="Paste the secret.",
        max_length=MAX_SECRET,
        check=domain.check_printable,
    )


class GiveToken(OfOne, frozen=True):
    """Takes the token with which notes are left."""

    name = "connection.give_token"
    title = "Give a token"
    submit = "Save"

    origin: Line = field("Helpdesk's address", needed="Write the address of your helpdesk.")
    token: Secret = field(
        "Token", needed="Paste the token.", max_length=MAX_SECRET, check=domain.check_printable
    )


def open_renew_secret(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Asks first, because the old secret stops at once."""
    connection, _ = _with_secret(opening, work, of_product=False)
    return Reply(form=renewal_form(connection, opening.helpdesks.called(connection)))


def renewal_form(connection: Connection, title: str) -> Form:
    """New secret, which only has to be agreed to."""
    return RenewSecret.form(connection.ref, parts=messages.above_renewal(title))


def renew_secret(command: RenewSecret, work: UnitOfWork) -> Reply:
    """Makes a new secret, and shows it once."""
    connection, product = _with_secret(command, work, of_product=False)
    secret = domain.new_secret()
    changed = connection.model_copy(update={"secret": work.vault.seal(secret)})
    work.connections.save(changed)
    work.connections.forget_refusal(connection.id)  # which was of the old secret
    steps = product.instructions(command.helpdesks.address(connection.id), secret)
    with_it = [step for step in steps if secret in step.paste]
    message = messages.renewed(shown_of(changed, command, work), with_it)
    return Reply(message=message, shown_once=True)


def open_paste_secret(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form for the secret that the product made."""
    connection, product = _with_secret(opening, work, of_product=True)
    return Reply(form=secret_form(connection, product.TITLE))


def secret_form(connection: Connection, title: str) -> Form:
    """Paste the secret."""
    return PasteSecret.form(connection.ref, parts=messages.above_secret(title))


def paste_secret(command: PasteSecret, work: UnitOfWork) -> Reply:
    """Keeps the product's own secret; one that was there before counts no more."""
    connection, _ = _with_secret(command, work, of_product=True)
    changed = connection.model_copy(update={"secret": work.vault.seal(command.secret)})
    work.connections.save(changed)
    work.connections.forget_refusal(connection.id)  # which was of the old secret
    steps = steps_of(connection, command)
    return Reply(message=messages.secret_pasted(shown_of(changed, command, work), steps))


def open_give_token(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form for a token, which says where one is made and which right it needs."""
    _, connection = connection_of(opening, work)
    product = product_of(connection, opening)
    _check_takes_notes(product)
    check_key(work)
    if opening.only_checks and (written := opening.readable("origin")["origin"]):
        _origin(written, connection, opening)
    return Reply(form=token_form(connection, product))


def token_form(connection: Connection, product: Helpdesk) -> Form:
    """Give a token."""
    like = [f"https://{host.replace('*', 'YOURS')}" for host in product.HOSTS]
    known = like[0] if product.HOSTS[0] == product.HOSTS[-1] and "*" not in product.HOSTS[0] else ""
    *others, last = like
    hint = f"As in {' or '.join(filter(None, (', '.join(others), last)))}."
    return GiveToken.form(
        connection.ref,
        parts=messages.above_token(product.instructions("", "")[-1], product.RIGHT),
        values={"origin": connection.origin or known},
        changed={"origin": {"hint": hint}},
    )


def give_token(command: GiveToken, work: UnitOfWork) -> Reply:
    """Keeps the token; notes that could not be left without it are tried again."""
    team, connection = connection_of(command, work)
    _check_takes_notes(product_of(connection, command))
    check_key(work)
    origin = _origin(command.origin, connection, command)
    changed = {"origin": origin, "token": work.vault.seal(command.token)}
    work.connections.save(connection.model_copy(update=changed))
    note_jobs.try_again(connection.id, work)
    return listing_after(messages.token_given(origin), team, command, work)


def _with_secret(
    invocation: Invocation, work: ReadOnlyWork, *, of_product: bool
) -> tuple[Connection, Helpdesk]:
    """A connection whose secret its product makes, or else we; refuses where that is the other way."""
    _, connection = connection_of(invocation, work)
    product = product_of(connection, invocation)
    if product.OWN_SECRET and not of_product:
        raise Refused(f"{product.TITLE} makes its secret itself: paste that one.")
    if of_product and not product.OWN_SECRET:
        raise Refused(f"I make the secret for {product.TITLE}: choose New secret.")
    check_possible(invocation, work)
    return connection, product


def _check_takes_notes(product: Helpdesk) -> None:
    if not product.HOSTS:
        raise Refused(f"I leave no notes in {product.TITLE}, so it needs no token.")


def _origin(written: str, connection: Connection, invocation: Invocation) -> str:
    """Where the token is sent; refuses what is not the product's own."""
    origin = domain.origin_of(written)
    if not invocation.helpdesks.takes_calls(connection.product, origin):
        title = invocation.helpdesks.title(connection.product)
        raise Refused(f"That is no address of {title}, and a token goes nowhere else.", "origin")
    return origin
