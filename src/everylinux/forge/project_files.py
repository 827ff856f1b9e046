"""Steps that carry folders of build/ into the outputs: headers and scripts of our own."""

from __future__ import annotations

from everylinux.forge.command_lines import shell
from everylinux.forge.contract import OUT, PROJECT, Command, Recipe, Settings


def project_files(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:  # noqa: ARG001
    """`build/NAME` as `opt/NAME`, for each of the recipe's project folders."""
    copies = [
        f"mkdir -p {OUT}/opt; cp -R {PROJECT}/{name} {OUT}/opt/{name}" for name in recipe.project
    ]
    return (shell("; ".join(copies), "/build"),)
