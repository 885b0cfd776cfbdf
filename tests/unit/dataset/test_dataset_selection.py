import numpy as np
import pytest

from hpcfit.dataset.selection import select
from hpcfit.records import DatasetIndex


@pytest.fixture
def index() -> DatasetIndex:
    return DatasetIndex(
        path="set.h5",
        content="",
        symbols=("Si",),
        groups=("NVT_300", "NVT_600", "surface"),
        ptr=np.arange(11),
        mask=np.zeros(10, dtype=np.uint8),
        group=np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0], dtype=np.int32),
        weight=np.ones(10),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", range(10)),
        (" all ", range(10)),
        ("group=surface", [2, 5, 8]),
        ("group=NVT_*", [0, 1, 3, 4, 6, 7, 9]),
        ("group=surface,NVT_3??", [0, 2, 3, 5, 6, 8, 9]),
        ("index=3", [3]),
        ("index=-1", [9]),
        ("index=2:5", [2, 3, 4]),
        ("index=:-7", [0, 1, 2]),
        ("index=1::4", [1, 5, 9]),
        ("index=::-3", [0, 3, 6, 9]),
        ("group=NVT_* index=5:", [6, 7, 9]),
        ("index=5: group=NVT_* index=:7 all", [6]),
    ],
)
def test_terms(index, text, expected):
    chosen = select(index, text)
    assert chosen.dtype == np.int64
    assert chosen.tolist() == list(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "gruop=surface",
            "unknown term in select, found 'gruop=surface', allowed group=GLOB[,GLOB...], "
            "index=START:STOP[:STEP], all, nearest group=GLOB[,GLOB...]",
        ),
        (
            "group=surfaces",
            "no group of the dataset matches, found 'surfaces', allowed NVT_300, NVT_600, surface, "
            "nearest surface",
        ),
        ("group=surface,", "no group of the dataset matches, found '', allowed NVT_300, NVT_600, surface"),
        ("group", "unknown term in select, found 'group'"),
        ("index=a:b", "invalid term in select, found 'index=a:b', allowed index=START:STOP[:STEP]"),
        ("index=", "invalid term in select, found 'index='"),
        ("index=1:2:3:4", "invalid term in select, found 'index=1:2:3:4'"),
        ("index=::0", "invalid term in select, found 'index=::0'"),
        ("index=10", "index in select is outside the dataset, found '10', allowed -10 to 9"),
        ("group=surface index=0:2", "select matches no configuration, found 'group=surface index=0:2'"),
    ],
)
def test_refusals(index, text, message):
    with pytest.raises(ValueError) as caught:
        select(index, text)
    assert str(caught.value).startswith(message)
