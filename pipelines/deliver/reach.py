"""Whether a target could be reached now, for `doctor`. Nothing is sent, and nothing is left behind."""

import smtplib
from contextlib import suppress
from tempfile import TemporaryFile

from analysis.errors import DeliveryError
from pipelines.deliver.mail import connect, why_unreached
from pipelines.deliver.places import open_store
from pipelines.messengers import knows
from pipelines.targets import ChatTarget, FolderTarget, MailTarget, StoreTarget, Target

PATIENCE = 10.0  # seconds for a server to answer
FOLDER_BYTES = 1 << 16  # written and gone again: a full disk takes an empty file


def reach(target: Target) -> str:
    """What was found of a target, in words. Raises `DeliveryError` where a delivery could not go well."""
    if isinstance(target, FolderTarget):
        return _folder(target)
    if isinstance(target, StoreTarget):
        return _store(target)
    if isinstance(target, MailTarget):
        return _mail(target)
    return _chat(target)


def _folder(target: FolderTarget) -> str:
    if not target.path.is_dir():
        raise DeliveryError(f"{target.path} is no folder; make it, or mount what should be there")
    try:
        with TemporaryFile(dir=target.path) as file:  # a file without a name, where the system has such
            file.write(b"\0" * FOLDER_BYTES)
            file.flush()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DeliveryError(f"{target.path} cannot be written ({reason}); see to space and rights") from error
    return f"{target.path} can be written"


def _store(target: StoreTarget) -> str:
    store, failures = open_store(target, patience=PATIENCE)
    bucket = target.url.removeprefix("s3://").partition("/")[0]
    try:
        store.call_s3("head_bucket", Bucket=bucket)
    except failures as error:
        raise DeliveryError(
            f"the bucket {bucket} was not reached ({type(error).__name__}); see to url, endpoint, key and rights"
        ) from error
    return f"the bucket {bucket} answers; whether it may be written to, the first delivery tells"


def _mail(target: MailTarget) -> str:
    where = f"{target.host}:{target.port}"
    try:
        server = connect(target, PATIENCE)
    except (OSError, smtplib.SMTPException) as error:
        raise DeliveryError(f"{where} {why_unreached(error)}; see to host, port, security, user, password") from error
    with suppress(OSError, smtplib.SMTPException):
        server.quit()
    return f"{where} answers{', and takes user and password' if target.user else ''}; nothing was sent"


def _chat(target: ChatTarget) -> str:
    try:
        is_known = knows(target.url.get_secret_value())
    except ImportError as error:
        raise DeliveryError("the package that sends is missing; run `pip install 'escalations[deliver]'`") from error
    if not is_known:
        raise DeliveryError("its url is no address that apprise knows; correct it in the settings")
    return "its url is well-formed; whether it is right, the first message tells"
