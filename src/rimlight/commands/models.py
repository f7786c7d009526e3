"""`rimlight models`: which models there are, and getting one."""

from __future__ import annotations

from cyclopts import App

models = App(name="models", help_epilogue="")


@models.default
def list_models() -> None:
    """List the models: tier, runtime, size, licence, and where they lie."""
    from rimlight.models import print_table

    print_table()


@models.command(name="get")
def get_model(name: str, /) -> None:
    """Download the model of a tier that is not our own: best. Shows its licence first, checks its SHA-256."""
    from rimlight.models import get

    get(name, print)
