"""A probe of which only some sections are wanted: the others would cost time and tell nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from everylinux.engines.base import Box
from everylinux.errors import AgentError
from everylinux.model import PROBES, Limits, Section
from everylinux.probes.base import RESULT, RESULT_BYTES, Inside, python_of

RUN = f"""
import importlib.util, sys
spec = importlib.util.spec_from_file_location("runner", {str(PROBES / "runner.py")!r})
runner = importlib.util.module_from_spec(spec)
spec.loader.exec_module(runner)
wanted = sys.argv[3].split(",")
whole = runner.load
def load(name):
    module = whole(name)
    if hasattr(module, "SECTIONS"):
        module.SECTIONS = {{n: f for n, f in module.SECTIONS.items() if n in wanted}}
    return module
runner.load = load
runner.main(sys.argv[1], sys.argv[2], sys.argv[4:])
"""
"""The runner of probes/inside/, told which sections of the file to leave out."""


@dataclass(frozen=True, slots=True)
class Partial:
    """A probe of probes/inside/ whose `sections` are not all that its file has."""

    probe: Inside

    @property
    def name(self) -> str:
        """The whole probe's."""
        return self.probe.name

    @property
    def sections(self) -> tuple[str, ...]:
        """Those that are wanted."""
        return self.probe.sections

    @property
    def digest(self) -> str:
        """The whole probe's."""
        return self.probe.digest

    def gather(self, box: Box) -> Mapping[str, Section]:
        """Run it as Inside does, and read what it wrote."""
        probe, target = self.probe, RESULT.format(name=self.probe.name)
        words = [probe.name, target, ",".join(probe.sections), *probe.arguments]
        result = box.run(
            [python_of(box.distribution), "-I", "-B", "-c", RUN, *words],
            env={"PATH": "/usr/bin:/bin", "HOME": "/tmp", **dict(probe.environment)},  # noqa: S108
            uid=probe.uid,
            limits=Limits(seconds=probe.seconds),
        )
        try:
            found = json.loads(box.get(target, RESULT_BYTES))
            return {name: _section(found[name]) for name in probe.sections}
        except (FileNotFoundError, ValueError, TypeError, KeyError, AgentError) as error:
            last = result.err.decode("utf-8", "replace").strip().splitlines()[-1:]
            why = f"{type(error).__name__}: {error}; {''.join(last)}"[:500]
            return {name: Section(error=why) for name in probe.sections}


def _section(row: Mapping[str, object]) -> Section:
    error = str(row.get("error") or "")
    return Section(error=error[:500]) if error else Section(value=row["value"])
