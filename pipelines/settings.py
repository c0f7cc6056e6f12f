"""Settings: flags > environment > .env > settings.toml > defaults, as one frozen object."""

from collections.abc import Sequence
from contextvars import ContextVar
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from analysis.errors import SettingsError
from pipelines.mistakes import in_words
from pipelines.targets import Target


class Retention(BaseModel):
    """How long words are kept: those of tickets that are done, since their last update. Without `days` for ever."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: int | None = Field(default=None, ge=30)


class Settings(BaseSettings):
    """Where things are and what is read. Environment variables begin with `ESCALATIONS_`.

    `home` holds everything of the desk: criteria/, raw/, warehouse.duckdb, reports/. What is not given
    stands there. The token belongs into the environment or .env, never into a file that is shared.
    """

    model_config = SettingsConfigDict(env_prefix="ESCALATIONS_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Path("data")
    source: str | None = None
    criteria: Path | None = None
    warehouse: Path | None = None
    out: Path | None = None
    jira_url: str | None = None
    jira_email: str | None = None
    jira_token: SecretStr | None = None
    jira_projects: Annotated[tuple[str, ...], NoDecode] = ()
    jira_token_expires: date | None = None
    jira_ca: Path | None = None
    jira_proxy: str | None = None
    jira_gateway: str | None = None
    jira_workers: int = Field(default=12, ge=1, le=16)
    jira_overlap_hours: float = Field(default=12.0, ge=0.1, le=240)
    triage_comments: bool = False
    jira_longest_wait: float = Field(default=3600, ge=1, le=86_400)
    lock_wait_seconds: float = Field(default=30, ge=0, le=3600)
    step_retry_seconds: float = Field(default=60, ge=0, le=3600)
    notify_urls: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    pages_url: str | None = None
    targets: tuple[Target, ...] = ()
    retention: Retention = Retention()
    prefect_port: int = Field(default=4200, ge=1024, le=65_535)

    @field_validator("jira_projects", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Take `SUP,PENG` as well as a list."""
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("notify_urls", mode="before")
    @classmethod
    def _split_urls(cls, value: object) -> object:
        """Take addresses with blanks between them as well as a list; commas stand within such addresses."""
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator("targets")
    @classmethod
    def _named_apart(cls, value: tuple[Target, ...]) -> tuple[Target, ...]:
        """Refuse two targets of one name, by which it is known what was sent."""
        if len({one.name for one in value}) < len(value):
            raise ValueError("two have the same name; give each its own")
        return value

    @property
    def raw(self) -> Path:
        """Folder of the raw lines."""
        return self.home / "raw"

    @property
    def warehouse_file(self) -> Path:
        """The DuckDB file."""
        return self.warehouse or self.home / "warehouse.duckdb"

    @property
    def criteria_folder(self) -> Path | None:
        """The desk's own criteria, if it has any."""
        own = self.home / "criteria"
        return self.criteria or (own if own.is_dir() else None)

    @property
    def inputs(self) -> Path:
        """Folder of what a person fills in because no ticket tells it."""
        return self.home / "inputs"

    @property
    def published(self) -> Path:
        """Folder of what BI tools read."""
        return self.home / "published"

    @property
    def prefect(self) -> Path:
        """Folder of the schedules' server."""
        return self.home / "prefect"

    @property
    def models(self) -> Path:
        """Folder of the desk's own classifiers."""
        return self.home / "models"

    @property
    def reports(self) -> Path:
        """Folder under which each week gets its own."""
        return self.out or self.home / "reports"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put settings.toml of the desk's home below the environment."""
        del file_secret_settings
        given = {**dotenv_settings(), **env_settings(), **init_settings()}
        toml = Path(given.get("home", "data")) / "settings.toml"
        _READ.set((toml, []))
        file = TomlConfigSettingsSource(settings_cls, toml)
        _READ.set((toml, sorted(set(file.toml_data) - set(settings_cls.model_fields))))
        return init_settings, env_settings, dotenv_settings, file


_READ: ContextVar[tuple[Path, list[str]]] = ContextVar("the settings.toml that was read last, and its unknown keys")
WHERE = "see flags, ESCALATIONS_… variables, .env and settings.toml"


def read_settings(**flags: Any) -> Settings:
    """Settings with the flags that were given (None means not given). Raises `SettingsError` with all mistakes."""
    settings, wrong = None, []
    _READ.set((Path("settings.toml"), []))
    try:
        settings = Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        wrong = [in_words(dict(one)) for one in error.errors(include_url=False, include_input=False)]
    except ValueError as error:  # a settings.toml that is not TOML
        raise SettingsError(f"{_READ.get()[0]}: {error}; correct the file") from error
    file, unknown = _READ.get()
    wrong += [f"{file}: {_no_such_key(name)}" for name in unknown]
    if settings is None or wrong:
        raise _all_of(wrong)
    return settings


def _no_such_key(name: str) -> str:
    near = get_close_matches(name, Settings.model_fields, 1, 0.6)
    hint = f"is it {near[0]!r}?" if near else f"allowed are {', '.join(Settings.model_fields)}"
    return f"unknown key {name!r}; {hint}"


def _all_of(wrong: Sequence[str]) -> SettingsError:
    """One error for all mistakes, each a line of its own."""
    lines = [f"settings: {line}" for line in wrong]
    return SettingsError(f"settings: {'; '.join(wrong)}; {WHERE}", [*lines[:-1], f"{lines[-1]}; {WHERE}"])


def check(settings: Settings) -> None:
    """Raise `SettingsError` with all that is missing or contradicts itself, before a source is read."""
    wrong = []
    if settings.source == "jira":
        is_cloud = (settings.jira_url or "").rstrip("/").endswith(".atlassian.net")
        needed = {
            "jira_url": settings.jira_url,
            "jira_token": settings.jira_token,
            "jira_projects": settings.jira_projects,
            "jira_email": settings.jira_email or not is_cloud,
        }
        missing = [f"ESCALATIONS_{name.upper()}" for name, value in needed.items() if not value]
        wrong += [f"source jira: set {', '.join(missing)}"] if missing else []
        if settings.jira_url and not settings.jira_url.startswith(("https://", "http://")):
            wrong.append("jira_url is not an address; write it as https://your-site.atlassian.net")
    if settings.jira_gateway and not settings.jira_gateway.startswith(("https://", "http://")):
        wrong.append("jira_gateway is not an address; write it as https://api.atlassian.com/ex/jira/CLOUD-ID")
    if settings.jira_ca and not settings.jira_ca.is_file():
        wrong.append(f"jira_ca: {settings.jira_ca} is not a file")
    if wrong:
        raise _all_of(wrong)
