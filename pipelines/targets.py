"""Where a published week is brought: what `targets` of the settings may hold.

    [[targets]]
    name = "share"
    kind = "folder"
    path = "/srv/escalations"

Secrets may stand there, for a desk's settings are never shared, or the whole list as JSON in ESCALATIONS_TARGETS.
"""

from email.headerregistry import Address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

LOCAL = ("localhost", "127.0.0.1", "::1")


class _Target(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    pdf: bool = False


class FolderTarget(_Target):
    """A folder, such as a mounted share or the root of a web server. It must be there already."""

    kind: Literal["folder"]
    path: Path


class StoreTarget(_Target):
    """A bucket of an object store that speaks S3. Without key and secret: what the machine is set up with."""

    kind: Literal["store"]
    url: str = Field(pattern=r"^s3://[^/?#@\s]+(/[^?#@\s]*)?$")
    endpoint: str | None = Field(default=None, pattern=r"^https?://[^@\s]+$")
    region: str | None = None
    key: SecretStr | None = None
    secret: SecretStr | None = None

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.key is None) != (self.secret is None):
            raise ValueError("key and secret belong together; set both or neither")
        return self


class MailTarget(_Target):
    """A mail through a server that takes mails. `security` none is for one on this machine."""

    kind: Literal["mail"]
    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: SecretStr | None = None
    sender: str
    to: tuple[str, ...] = Field(min_length=1)
    pictures: bool = True

    @field_validator("sender", "to")
    @classmethod
    def _addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        """Refuse what is no plain address, line breaks for a header among it."""
        for one in (value,) if isinstance(value, str) else value:
            if not one.isprintable() or not one.isascii() or " " in one or not Address(addr_spec=one).domain:
                raise ValueError("write plain addresses such as team@example.com")
        return value

    @model_validator(mode="after")
    def _in_the_clear(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together; set both or neither")
        if self.password and self.security == "none" and self.host not in LOCAL:
            raise ValueError("a password would travel in the clear; set security to starttls or tls")
        return self


class ChatTarget(_Target):
    """A chat, or whatever else apprise has an address for; that address is a secret."""

    kind: Literal["chat"]
    url: SecretStr


Target = Annotated[FolderTarget | StoreTarget | MailTarget | ChatTarget, Field(discriminator="kind")]
