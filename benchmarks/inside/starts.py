# ruff: noqa: INP001 - runs in the comparison's root under a Python that has nothing of ours
"""Time starts and read memory of all subjects in turns, on one processor.

    python3 starts.py ORDER.json RESULT.json

The order: `{"subjects": {name: program}, "cases": {name: [argument, ...]}, "memory": {name: code},
"rounds": n, "memory_rounds": n}`. The result: `{"seconds"|"faults": {case: {subject: [...]}},
"memory": {case: {subject: [{"VmHWM", "Pss"}, ...]}}}`, seconds by the clock from before the fork to
the end of the process, minor page faults as the kernel counts them, memory in bytes.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"}  # noqa: S108
WARM = 3


def main(order_file: str, result_file: str) -> None:
    """Measure what is ordered."""
    order = json.loads(Path(order_file).read_text())
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    subjects = order["subjects"]
    result = {"seconds": {}, "faults": {}, "memory": {}}
    for case, arguments in order["cases"].items():
        lines = {name: [program, *arguments] for name, program in subjects.items()}
        result["seconds"][case], result["faults"][case] = in_turns(lines, order["rounds"])
    for case, code in order["memory"].items():
        lines = {name: [program, "-c", code] for name, program in subjects.items()}
        result["memory"][case] = memory(lines, order["memory_rounds"])
    Path(result_file).write_text(json.dumps(result))


def in_turns(lines, rounds):  # noqa: ANN001, ANN201 - plain data
    """Seconds and page faults of each line, one of each per round; the first rounds only warm."""
    seconds = {name: [] for name in lines}
    faults = {name: [] for name in lines}
    names = list(lines)
    for number in range(-WARM, rounds):
        turned = names[number % len(names) :] + names[: number % len(names)]
        for name in turned:  # another one begins in each round
            took, count = once(lines[name])
            if number >= 0:
                seconds[name].append(took)
                faults[name].append(count)
    return seconds, faults


def once(line):  # noqa: ANN001, ANN201
    """Run it; a start that fails is no figure."""
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1)]
    began = time.perf_counter()
    child = os.posix_spawn(line[0], line, ENVIRONMENT, file_actions=null)
    _, status, usage = os.wait4(child, 0)
    took = time.perf_counter() - began
    if status:
        sys.exit(f"{' '.join(line)[:200]}: wait status {status}")
    return took, usage.ru_minflt


def memory(lines, rounds):  # noqa: ANN001, ANN201
    """What each says of its own memory at its end: the last line it prints."""
    found = {name: [] for name in lines}
    for _ in range(rounds):
        for name, line in lines.items():
            done = subprocess.run(line, env=ENVIRONMENT, capture_output=True, text=True, check=True)
            found[name].append(json.loads(done.stdout.splitlines()[-1]))
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
