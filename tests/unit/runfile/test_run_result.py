import numpy as np
import pytest

from hpcfit.runfile.run import plain_values, standard_errors


def test_fixed_parameters_keep_their_start(header, states):
    assert plain_values(header.parameters, states[-1]).tolist() == [1.0, 0.5874, 2.0951]


@pytest.mark.filterwarnings("error")
def test_meaningless_variance_has_no_standard_error(header):
    errors = standard_errors(header.parameters, np.array([[0.25, 0.0], [0.0, -1e-20]]))
    assert errors[0] == 0.5
    assert np.isnan(errors[1:]).all()
