"""The files that a job asks for at the end of its run."""

import pytest

from hpcfit.errors import InputError
from hpcfit.export.exporting import FORMATS
from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.potential.library import potential_forms
from hpcfit.records import ExportFile
from tests.helpers.small_jobs import known

_END = "</stillinger-weber>"
_OWN = f"<export-potential> more/Si.sw </export-potential>\n{_END}"
_TABLE = (
    '<eam id="E"><export-eam-file resolution="500" rho-range-factor="3">a.fs</export-eam-file><mapping/>'
    '<functions><constant id="c"><const>1</const></constant></functions></eam>'
)


def test_formats_are_those_of_the_command():
    for form in potential_forms():
        if known := form.record.export_element:
            assert FORMATS[known.format].holds(form)
            assert bool(form.roles) == ("rho_range_factor" in FORMATS[known.format].settings)


def test_files_of_a_job(faults_of, folder, forms, functions):
    assert faults_of([(_END, _OWN)]) == []
    job = read_job("job.xml", known(forms, functions))
    path = str((folder / "more" / "Si.sw").resolve())
    assert job.exports == (ExportFile("SW", "lammps-sw", "more/Si.sw", path, None, None),)


FAULTS = {
    "no folder": (
        [(_END, _OWN.replace("more", "no"))],
        ['job.xml:21: folder of the file does not exist, found "no/Si.sw"'],
    ),
    "no name": (
        [(_END, _OWN.replace("more/Si.sw", ""))],
        ['job.xml:21: bad value of <export-potential>, found ""'],
    ),
    "attribute of tables": (
        [(_END, _OWN.replace("<export-potential>", '<export-potential resolution="9">'))],
        ["job.xml:21: unknown attribute in <export-potential>, found resolution, allowed none"],
    ),
    "twice": (
        [
            (
                _END,
                f"{_OWN}<lennard-jones id='L'><sigma>2</sigma><epsilon>1</epsilon><cutoff>5</cutoff>"
                "<export-potential>more/../more/Si.sw</export-potential></lennard-jones>",
            )
        ],
        ['job.xml:22: output file is requested twice, found "more/../more/Si.sw", in line 21'],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(faults_of, name):
    changes, lines = FAULTS[name]
    found = faults_of(changes)
    assert len(found) == len(lines)
    assert all(line.startswith(start) for line, start in zip(found, lines, strict=True)), found


def test_a_file_is_not_read_and_written(faults_of, folder):
    (folder / "Si.sw").write_text("Si Si Si 1 2 1.8 20 1.2 -0.3 7 0.6 4 0 0\n")
    own = "<param-file>Si.sw</param-file><export-potential>./Si.sw</export-potential>"
    assert faults_of([(_END, own + _END)]) == [
        'job.xml:21: output file is an input of the job, found "./Si.sw"'
    ]


def _exports(folder, table):
    text = f"<job><atom-types><species>Si</species></atom-types><potentials>{table}</potentials><structures/></job>"
    (folder / "job.xml").write_text(text)
    return read_job(folder / "job.xml", catalogue()).exports


def test_settings_of_tables(folder):
    (found,) = _exports(folder, _TABLE)
    assert (found.format, found.resolution, found.rho_range_factor) == ("eam-fs", 500, 3.0)


def test_bad_settings_of_tables(folder):
    with pytest.raises(InputError) as caught:
        _exports(folder, _TABLE.replace("500", "4").replace('"3"', '"0.9"'))
    found = [str(fault).split(":1: ")[1] for fault in caught.value.faults]
    whole = "allowed a whole number from 5 to 10000000"
    assert found == [
        f'bad value of resolution in <export-eam-file>, found "4", {whole}',
        'bad value of rho-range-factor in <export-eam-file>, found "0.9", allowed a finite number not below 1',
    ]
