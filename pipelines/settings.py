"""Settings: flags > environment > .env > settings.toml > defaults, as one frozen object."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from analysis.errors import SettingsError


class Settings(BaseSettings):
    """Where things are and what is read. Environment variables begin with `ESCALATIONS_`.

    `home` holds everything of the desk: criteria/, raw/, warehouse.duckdb, reports/. What is not given
    stands there.
    """

    model_config = SettingsConfigDict(env_prefix="ESCALATIONS_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Path("data")
    source: str | None = None
    criteria: Path | None = None
    warehouse: Path | None = None
    out: Path | None = None

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
        return init_settings, env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls, toml)


def read_settings(**flags: Any) -> Settings:
    """Settings with the flags that were given (None means not given). Raises `SettingsError`."""
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise SettingsError(f"settings: {wrong}; see flags, ESCALATIONS_… variables, .env and settings.toml") from error
    except ValueError as error:  # a settings.toml that is not TOML
        raise SettingsError(f"settings.toml: {error}; correct the file") from error
