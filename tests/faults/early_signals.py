"""``make faults``: 100 signals, or as many as the argument says, at random moments of the first second of a fit."""

import collections
import os
import random
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.helpers.small_jobs import silicon, write_job

N_SIGNALS = 100

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP, signal.SIGUSR2)

#: As the console script starts, but says when hpcfit's first line has run.
_PROGRAM = """
import os
from hpcfit.entry import main
os.write({pipe}, b"x")
main()
"""


def one(folder: Path, number: int, seconds: float) -> str:
    """Start a fit, send it a signal after some seconds, and say how it ended."""
    for path in folder.glob("run*"):
        path.unlink()
    read, write = os.pipe()
    command = [sys.executable, "-c", _PROGRAM.format(pipe=write), "run", "job.xml", "-o", "run.h5"]
    process = subprocess.Popen(
        command, cwd=folder, pass_fds=[write], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    os.close(write)
    time.sleep(seconds)
    is_ours = bool(select.select([read], [], [], 0)[0])
    process.send_signal(number)
    out, said = process.communicate(timeout=300)
    os.close(read)
    if not is_ours:
        return "before hpcfit's first line"
    text = f"{out}\n{said}"
    if process.returncode == 0 and "converged" in out:
        return "the fit had ended"
    if process.returncode != 3 or "Traceback" in text or "go on with: hpcfit " not in text:
        return f"bad: {signal.Signals(number).name}, exit code {process.returncode}: {text.strip()[-200:]!r}"
    go_on = text.split("go on with: hpcfit ")[1].splitlines()[0]
    if not go_on.startswith("resume run.h5") or not (folder / "run.h5").exists():
        return f"bad: goes on with hpcfit {go_on}"
    return f"exit code 3, hpcfit {shlex.join(shlex.split(go_on))}"


def main() -> int:
    """Send all signals, print how the fits ended, and return 1 if one has ended badly."""
    n_signals = int(sys.argv[1]) if len(sys.argv) > 1 else N_SIGNALS
    rng = random.Random(1)
    ends: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_job(folder, datasets={"si.h5": silicon(400)})
        for _ in range(n_signals):
            ends[one(folder, rng.choice(SIGNALS), rng.uniform(0.0, 1.0))] += 1
    print(f"{n_signals} signals in the first second of a fit:")
    for text, n in sorted(ends.items()):
        print(f"  {n:3d} {text}")
    return int(any(text.startswith("bad") for text in ends))


if __name__ == "__main__":
    sys.exit(main())
