"""`python -m pipelines` is `escalations`."""

from pipelines.cli import main

main()
