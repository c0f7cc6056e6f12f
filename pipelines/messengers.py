"""Messages through apprise, to chats and whatever else it has addresses for. They are secrets: no line shows one."""

import logging


def knows(url: str) -> bool:
    """Whether apprise can send there. Raises `ImportError` where it is not installed."""
    from apprise import Apprise

    return Apprise.instantiate(url) is not None


def notify(url: str, title: str, body: str) -> bool:
    """Send a title and plain text; gives whether it was taken. False may also mean that nobody knows."""
    from apprise import Apprise, NotifyFormat

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # we say what is wrong, and it names hosts
    messenger = Apprise()
    return bool(messenger.add(url)) and bool(messenger.notify(body=body, title=title, body_format=NotifyFormat.TEXT))
