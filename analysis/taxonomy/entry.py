"""What every entry of a criteria file is made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Entry(BaseModel):
    """One entry of a criteria file: unknown keys are mistakes, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
