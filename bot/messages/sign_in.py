"""What people read on their way from chat to the pages in a browser."""

from bot.messages.parts import Button, Buttons, Context, Link, Message, Paragraph


def way_in(url: str) -> Message:
    """The link, to whoever asked for it alone."""
    return Message(
        summary="Amends in your browser: a link for you alone.",
        parts=(
            Paragraph(words=(Link(text="Amends in your browser", url=url),)),
            Context(words=("For you alone: it works once, within ten minutes. Don't pass it on.",)),
        ),
    )


def with_way(message: Message, page: str) -> Message:
    """An answer in chat, with the way to the page that shows the same."""
    way = Button(label="Open in browser", command_name="sign_in.open", about=page, opens=True)
    return message.model_copy(update={"parts": (*message.parts, Buttons(buttons=(way,)))})
