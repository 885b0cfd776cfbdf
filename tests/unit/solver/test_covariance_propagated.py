import numpy as np

from hpcfit.solver.covariance import propagated


def test_delta_method():
    matrix = np.array([[4.0, 1.0], [1.0, 9.0]])
    jacobian = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    expected = np.array([[4.0, 2.0, 5.0], [2.0, 36.0, 20.0], [5.0, 20.0, 15.0]])
    np.testing.assert_array_equal(propagated(matrix, jacobian), expected)


def test_what_is_undetermined_stays_so_and_spreads_no_further():
    matrix = np.array([[4.0, np.nan], [np.nan, np.nan]])
    found = propagated(matrix, np.array([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    assert found[0, 0] == 16.0
    assert np.isnan(found.ravel()[1:]).all()
