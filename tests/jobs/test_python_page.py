"""The blocks of docs/python.md, run one after the other as one script; its piece of a job; and README's blocks."""

import re
import subprocess
import sys
from pathlib import Path

from tests.helpers import small_jobs

ROOT = Path(__file__).resolve().parents[2]


def blocks(language, page="docs/python.md"):
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def finished(folder, text):
    script = folder / "page.py"
    script.write_text(text)
    return subprocess.run(
        [sys.executable, script], cwd=folder, capture_output=True, text=True, timeout=180, check=False
    )


def test_every_block_of_python_runs(tmp_path):
    small_jobs.write_dataset(tmp_path / "si.h5", small_jobs.silicon(12))
    found = blocks("python")
    assert len(found) == 6
    done = finished(tmp_path, "\n\n".join(found))
    assert done.returncode == 0, done.stderr
    assert "converged" in done.stdout and "<lambda transform=" not in done.stdout
    assert (tmp_path / "run.h5").exists() and (tmp_path / "weighted.h5").exists()


def test_blocks_of_the_readme(tmp_path):
    small_jobs.write_dataset(tmp_path / "training.h5", small_jobs.silicon(12))
    use, fit = blocks("python", "README.md")
    atoms = "import ase.build\n\natoms = ase.build.bulk('Si')\n"
    done = finished(tmp_path, f"{fit}{atoms}{use}print(atoms.get_potential_energy() < -5)\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "True"


def test_the_piece_of_a_job_is_right(tmp_path):
    (piece,) = blocks("xml")
    job = small_jobs.job_text(piece, weights="absolute")
    plan = small_jobs.plan_of(small_jobs.write_job(tmp_path, job))
    assert plan.job.datasets[0].used == (True, True, False)
    assert plan.factors[0].forces.tolist() == [0.1 / 8] * 12
