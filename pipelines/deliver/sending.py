"""One week to one target, as far as that was not done yet, each step put down in `state.outbox`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from analysis.errors import DeliveryError
from analysis.warehouse import Warehouse
from pipelines.deliver.mail import compose, send_mail
from pipelines.deliver.parcel import Parcel
from pipelines.deliver.places import to_folder, to_store
from pipelines.messengers import knows, notify
from pipelines.order import Say
from pipelines.outbox import DoubtfulError, Step, last_step, put_down
from pipelines.printing import pictures
from pipelines.targets import ChatTarget, FolderTarget, MailTarget, StoreTarget, Target
from reports.messages import chat, mail, subject
from reports.wording import plural


@dataclass
class Sending:
    """What is sent: `address` is where the pages are reachable, if known; `now` is naive UTC."""

    warehouse: Warehouse
    parcel: Parcel
    address: str | None
    say: Say
    run_id: str
    now: datetime
    again: bool = False
    _pictures: dict[str, bytes] | None = field(default=None, init=False)

    def to(self, target: Target) -> str:
        """Serve a target; gives what was done. Raises `DeliveryError`, or `DoubtfulError` where nobody knows."""
        if isinstance(target, FolderTarget):
            return self._place(target, lambda: to_folder(target, self.parcel))
        if isinstance(target, StoreTarget):
            return self._place(target, lambda: to_store(target, self.parcel))
        if isinstance(target, MailTarget):
            return self._once(target, lambda: self._mail(target))
        return self._once(target, lambda: self._chat(target))

    def would(self, target: Target) -> str:
        """What `to` would do, as far as that is known from here."""
        if isinstance(target, FolderTarget | StoreTarget):
            where = target.path if isinstance(target, FolderTarget) else target.url
            return f"{len(self.parcel.digests)} files of {self.parcel.week} would stand in {where}"
        last = self._last(target)
        if last and last.status == "sent":
            return f"nothing, it was sent on {last.at:%Y-%m-%d %H:%M} UTC"
        if last and last.status != "failed":
            return "nothing, nobody knows whether it was sent; --again sends it anew"
        whom = plural(len(target.to), "recipient") if isinstance(target, MailTarget) else "its chat"
        return f"“{subject(self.parcel.summary)}” would be sent to {whom}"

    def _key(self, target: Target) -> str:
        return f"{target.name} {self.parcel.week}"

    def _last(self, target: Target) -> Step | None:
        return last_step(self.warehouse, target.kind, self._key(target))

    def _note(self, target: Target, status: str, text: str = "") -> None:
        put_down(self.warehouse, target.kind, self._key(target), status, text, self.run_id, self.now)

    def _place(self, target: Target, bring: Callable[[], int]) -> str:
        self._note(target, "intended")
        try:
            n_new = bring()
        except DeliveryError as error:
            self._note(target, "failed", str(error))
            raise DeliveryError(f"{error}; then {self._command(target)}") from error
        told = f"{n_new} files of {self.parcel.week} are new there" if n_new else f"{self.parcel.week} is there already"
        self._note(target, "sent", told)
        return told

    def _once(self, target: Target, send: Callable[[], str]) -> str:
        last = self._last(target)
        if last and last.status == "sent":
            return f"{self.parcel.week} was sent on {last.at:%Y-%m-%d %H:%M} UTC, not again"
        if last and last.status != "failed" and not self.again:
            if last.status == "intended":
                self._note(target, "doubtful", "the run ended while it was sent")
            raise self._doubtful(target, f"on {last.at:%Y-%m-%d %H:%M} UTC")
        self._note(target, "intended")
        try:
            told = send()
        except DoubtfulError as error:
            self._note(target, "doubtful", str(error))
            raise self._doubtful(target, str(error)) from error
        except DeliveryError as error:
            self._note(target, "failed", str(error))
            raise DeliveryError(f"{error}; then {self._command(target)}") from error
        self._note(target, "sent", told)
        return told

    def _doubtful(self, target: Target, why: str) -> DoubtfulError:
        return DoubtfulError(
            f"nobody knows whether {self.parcel.week} was sent ({why}), so it is not sent again; "
            f"look there, and if it is missing {self._command(target, ' --again')}"
        )

    def _command(self, target: Target, more: str = "") -> str:
        return f"run `escalations deliver --week {self.parcel.week} --to {target.name}{more}`"

    def _mail(self, target: MailTarget) -> str:
        shown = self._charts() if target.pictures else {}
        message = mail(self.parcel.summary, self.address, tuple(shown))
        pdfs = {pdf.name: pdf.read_bytes() for pdf in self.parcel.pdfs if target.pdf}
        return send_mail(target, compose(target, self.parcel.week, message, self.now, shown, pdfs))

    def _charts(self) -> dict[str, bytes]:
        """Pictures of the charts, made once; a mail does without where nothing can make them."""
        if self._pictures is None:
            names = [one["name"] for one in self.parcel.summary["charts"]]
            try:
                self._pictures = pictures(self.parcel.folder / "index.html", names)
            except DeliveryError as error:
                self.say(f"deliver: without pictures: {error}")
                self._pictures = {}
        return self._pictures

    def _chat(self, target: ChatTarget) -> str:
        url = target.url.get_secret_value()
        try:
            if not knows(url):
                raise DeliveryError("not sent, its url is no address that apprise knows; correct it in the settings")
        except ImportError as error:
            raise DeliveryError("not sent, the package is missing; run `pip install 'escalations[deliver]'`") from error
        message = chat(self.parcel.summary, self.address)
        if not notify(url, message.subject, message.text):
            raise DoubtfulError("it was not confirmed")
        return "sent"
