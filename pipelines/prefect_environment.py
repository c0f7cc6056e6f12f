"""What Prefect is told by environment variables; they must stand there before it is imported."""

import os
from pathlib import Path

from pipelines.settings import Settings

SERVED_BY = "ESCALATIONS_SERVED_BY"  # process id of the serving process, for runs to end with it


def local_api(settings: Settings) -> str:
    """Address of the desk's own server."""
    return f"http://127.0.0.1:{settings.prefect_port}/api"


def prefect_environment(settings: Settings) -> dict[str, str]:
    """Where the server of this desk is and keeps its things; nothing is sent out."""
    home = settings.prefect.resolve()
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": local_api(settings),
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        "PREFECT_API_DATABASE_TIMEOUT": "60",  # SQLite has one writer; a slow disk lets others wait
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        "DO_NOT_TRACK": "1",
        "ESCALATIONS_HOME": str(settings.home.resolve()),
    }


TUNABLE = {"PREFECT_RUNNER_POLL_FREQUENCY": "5"}  # seconds between two looks at what is due


def enter(environment: dict[str, str], given: dict[str, Path | str | None]) -> None:
    """Put it, and the flags of the command line, where this process and its children find it."""
    os.environ.update(environment)
    for name, usual in TUNABLE.items():
        os.environ.setdefault(name, usual)
    for name, value in given.items():
        if value is not None:
            os.environ[f"ESCALATIONS_{name.upper()}"] = str(Path(value).resolve() if isinstance(value, Path) else value)
