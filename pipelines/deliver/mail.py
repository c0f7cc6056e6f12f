"""A mail: plain text, HTML with static pictures, PDFs if wanted; through the desk's own mail server."""

import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from analysis.errors import DeliveryError
from pipelines.outbox import DoubtfulError
from pipelines.targets import MailTarget
from reports.messages import Message

LONGEST = 60.0  # seconds
# What a server says before it has taken the mail, or instead of taking it
REFUSALS = (
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPSenderRefused,
    smtplib.SMTPDataError,
    smtplib.SMTPHeloError,
    smtplib.SMTPNotSupportedError,
)


def compose(
    target: MailTarget,
    week: str,
    message: Message,
    now: datetime,
    pictures: Mapping[str, bytes],
    pdfs: Mapping[str, bytes],
) -> EmailMessage:
    """The mail as it is sent; `now` is naive UTC. A header takes no line break, or this raises `ValueError`."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = message.subject
    mail["From"] = target.sender
    mail["To"] = ", ".join(target.to)
    mail["Date"] = format_datetime(now.replace(tzinfo=UTC))
    mail["Message-ID"] = f"<escalations.{week}.{target.name}@{target.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    page = mail.get_payload()[1]  # type: ignore[index]
    for name, data in pictures.items():
        page.add_related(data, "image", "png", cid=f"<{name}>", disposition="inline", filename=f"{name}.png")  # type: ignore[union-attr]
    for name, data in pdfs.items():
        mail.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    return mail


def send_mail(target: MailTarget, mail: EmailMessage) -> str:
    """Hand it over, once. Raises `DeliveryError` where it was surely not taken, `DoubtfulError` where nobody knows."""
    try:
        server = connect(target)
    except (OSError, smtplib.SMTPException) as error:
        raise DeliveryError(
            f"not sent, {target.host}:{target.port} {why_unreached(error)}; see to host, port, security, user"
        ) from error
    try:
        refused = server.send_message(mail)
    except REFUSALS as error:
        raise DeliveryError(
            f"not sent, {target.host} {why_unreached(error)}; see to sender, to, and its limits"
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise DoubtfulError(f"{target.host} broke off while it was sent") from error
    finally:
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
    n = len(target.to)
    return f"sent to {n - len(refused)} of {n}, the server refused the others" if refused else f"sent to {n}"


def connect(target: MailTarget, seconds: float = LONGEST) -> smtplib.SMTP:
    """Greet the server, encrypted and as the user where that is set. Raises `OSError` or `SMTPException`."""
    context = ssl.create_default_context()
    if target.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(target.host, target.port, timeout=seconds, context=context)
    else:
        server = smtplib.SMTP(target.host, target.port, timeout=seconds)
    try:
        if target.security == "starttls":
            server.starttls(context=context)
        if target.user and target.password:
            server.login(target.user, target.password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server


def why_unreached(error: Exception) -> str:
    """Why, without what a server may quote of the mail or of a password."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"refused every recipient ({', '.join(sorted({str(code) for code, _ in error.recipients.values()}))})"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"said {error.smtp_code} ({type(error).__name__})"
    return f"could not be reached ({type(error).__name__})"
