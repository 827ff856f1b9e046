# ruff: noqa: INP001 - runs in the comparison's root under a Python that has only pyperformance
"""Run benchmarks of pyperformance for all subjects in turns, on one processor.

    python suite.py prepare ORDER.json RESULT.json    # environments, by pip: needs a network
    python suite.py run ORDER.json RESULT.json

The order: `{"subjects": {name: program}, "benchmarks": [name, ...], "rounds": n, "options": [...],
"venvs": folder}`; no benchmarks means all of the default group. The result of `run`:
`{"seconds": {benchmark: {subject: [[value, ...] per round]}}, "failed": {benchmark: {subject:
why}}, "done": {benchmark: ...}, "pyperformance": version}`. It is written after each benchmark, and
a second run goes on where the first one stopped.
"""

import contextlib
import importlib.metadata
import io
import json
import os
import subprocess
import sys
from pathlib import Path

from pyperformance import _manifest

PYPERF = f"pyperf=={importlib.metadata.version('pyperf')}"
BASE = "base"


def chosen(order):  # noqa: ANN001, ANN201 - plain data
    """The benchmarks of an order; an unknown name is an error."""
    manifest = _manifest.load_manifest(None)
    names = set(order["benchmarks"])
    found = [b for b in manifest.resolve_group("default") if not names or b.name in names]
    unknown = names - {benchmark.name for benchmark in found}
    if unknown:
        sys.exit(f"pyperformance has no benchmark {', '.join(sorted(unknown))}")
    return sorted(found, key=lambda benchmark: benchmark.name)


def environment(order, subject, benchmark):  # noqa: ANN001, ANN201
    """The folder of the virtual environment in which a subject runs a benchmark, and its needs."""
    lock = Path(benchmark.requirements_lockfile or "")
    vendor = Path(benchmark.runscript).parent / "vendor"  # 2to3 would install it as it runs
    # pyperformance's own environments have setuptools; Django and SymPy of its lock want distutils
    needs = ["setuptools", "-r", str(lock)] if lock.is_file() and lock.read_text().strip() else []
    needs += [str(vendor)] if vendor.is_dir() else []
    return Path(order["venvs"], subject, benchmark.name if needs else BASE), needs


def prepare(order, result):  # noqa: ANN001, ANN201
    """Make all environments; who cannot have one is told in the result."""
    versions = {subject: version(program) for subject, program in order["subjects"].items()}
    for benchmark in chosen(order):
        for subject, program in order["subjects"].items():
            folder, needs = environment(order, subject, benchmark)
            ready = folder / "ready"
            if ready.exists() and ready.read_text() == versions[subject]:
                continue
            why = made(folder, program, needs)
            if why:
                result["failed"].setdefault(benchmark.name, {})[subject] = why
            else:
                ready.write_text(versions[subject])


def version(program):  # noqa: ANN001, ANN201
    """What a subject says of itself: an environment of another one is made anew."""
    done = subprocess.run([program, "-VV"], capture_output=True, text=True, check=True)
    return program + done.stdout


def made(folder, program, needs):  # noqa: ANN001, ANN201
    """Make one environment with pyperf in it; the reason if it cannot be."""
    subprocess.run([program, "-m", "venv", "--without-pip", "--clear", str(folder)], check=True)
    # One pip for all subjects; wheels where there are any, so that no compiler is compared.
    line = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "-q"]
    line += ["install", "--prefer-binary", PYPERF, *needs]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        return "pip: " + (done.stderr.strip().splitlines() or ["failed"])[-1][:300]
    return ""


def run(order, result, save):  # noqa: ANN001, ANN201
    """Run what is not in the result yet, one benchmark after another, the subjects in turns."""
    cpu = max(os.sched_getaffinity(0))
    for benchmark in chosen(order):
        if benchmark.name in result["done"] or not todo(order, result, benchmark):
            continue
        seen = {}
        for number in range(order["rounds"]):
            for subject in todo(order, result, benchmark):
                why = once(
                    order, subject, benchmark, seen, [*order["options"], f"--affinity={cpu}"]
                )
                if why:
                    result["failed"].setdefault(benchmark.name, {})[subject] = why
            print(f"{benchmark.name}: round {number + 1} of {order['rounds']}", flush=True)  # noqa: T201
        result["done"][benchmark.name] = {"rounds": order["rounds"]}
        for name, series in seen.items():
            result["seconds"][name] = series
        save()


def todo(order, result, benchmark):  # noqa: ANN001, ANN201
    """The subjects that can run it."""
    return [s for s in order["subjects"] if s not in result["failed"].get(benchmark.name, {})]


def once(order, subject, benchmark, seen, options):  # noqa: ANN001, ANN201
    """Run one benchmark with one subject, add its values to `seen`; the reason if it fails."""
    folder, _ = environment(order, subject, benchmark)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            suite = benchmark.run(str(folder / "bin" / "python"), pyperf_opts=options)
    except (RuntimeError, TimeoutError, OSError) as error:
        lines = [line for line in said.getvalue().splitlines() if "Error:" in line]
        return f"{error}: {lines[0] if lines else said.getvalue()[-200:]}"
    for part in suite.get_benchmarks():
        seen.setdefault(part.get_name(), {}).setdefault(subject, []).append(list(part.get_values()))
    return ""


def main(what, order_file, result_file):  # noqa: ANN001, ANN201
    """Prepare or run."""
    order = json.loads(Path(order_file).read_text())
    file = Path(result_file)
    result = json.loads(file.read_text()) if file.exists() else {}
    for part in ("seconds", "failed", "done"):
        result.setdefault(part, {})
    result["pyperformance"] = importlib.metadata.version("pyperformance")

    def save():  # noqa: ANN202
        part = file.with_suffix(".part")
        part.write_text(json.dumps(result))
        part.replace(file)

    if what == "prepare":  # what failed in an earlier run has its turn again
        for name in result["failed"]:
            result["done"].pop(name, None)
        result["failed"] = {}
        prepare(order, result)
    else:
        run(order, result, save)
    save()


if __name__ == "__main__":
    main(*sys.argv[1:])
