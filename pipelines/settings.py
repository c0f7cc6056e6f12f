"""Settings: flags > environment > .env > settings.toml > defaults, as one frozen object."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from analysis.errors import SettingsError


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
    jira_workers: int = Field(default=12, ge=1, le=16)
    jira_overlap_hours: float = Field(default=12.0, ge=0.1, le=240)

    @field_validator("jira_projects", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Take `SUP,PENG` as well as a list."""
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

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
        file = TomlConfigSettingsSource(settings_cls, toml)
        unknown = sorted(set(file.toml_data) - set(settings_cls.model_fields))
        if unknown:
            raise ValueError(f"unknown key {unknown[0]!r}; allowed are {', '.join(settings_cls.model_fields)}")
        return init_settings, env_settings, dotenv_settings, file


def read_settings(**flags: Any) -> Settings:
    """Settings with the flags that were given (None means not given). Raises `SettingsError`."""
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise SettingsError(f"settings: {wrong}; see flags, ESCALATIONS_… variables, .env and settings.toml") from error
    except ValueError as error:  # a settings.toml that is not TOML
        raise SettingsError(f"settings.toml: {error}; correct the file") from error
