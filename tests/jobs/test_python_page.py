"""The blocks of docs/python.md, run one after the other as one script; and its piece of a job."""

import re
import subprocess
import sys
from pathlib import Path

import small_jobs

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "python.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_every_block_of_python_runs(tmp_path):
    small_jobs.write_dataset(tmp_path / "si.h5", small_jobs.silicon(12))
    found = blocks("python")
    assert len(found) == 5
    script = tmp_path / "page.py"
    script.write_text("\n\n".join(found))
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "converged" in done.stdout and "<lambda transform=" not in done.stdout
    assert (tmp_path / "run.h5").exists() and (tmp_path / "weighted.h5").exists()


def test_the_piece_of_a_job_is_right(tmp_path):
    (piece,) = blocks("xml")
    job = small_jobs.job_text(piece, weights="absolute")
    plan = small_jobs.plan_of(small_jobs.write_job(tmp_path, job))
    assert plan.job.datasets[0].used == (True, True, False)
    assert plan.factors[0].forces.tolist() == [0.1 / 8] * 12
