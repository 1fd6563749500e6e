"""Linear program: HiGHS, given its columns and rows directly, because a small program is over before a model of it is built."""

from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NO_BOUND = highspy.kHighsInf


def least_cost(costs: Floats, rows: Floats, row_min: Floats, row_max: Floats, caps: Floats) -> Floats | None:
    """Return x, 0 <= x <= caps, of least cost for which row_min <= rows @ x <= row_max; None where there is none.

    `rows` has shape (constraints, variables).
    """
    row_count, count = rows.shape
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = count, row_count
    model.col_cost_, model.col_lower_, model.col_upper_ = costs, np.zeros(count), caps
    model.row_lower_, model.row_upper_ = row_min, row_max
    matrix = model.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.start_ = np.arange(0, row_count * count + 1, count, dtype=np.int32)
    matrix.index_ = np.tile(np.arange(count, dtype=np.int32), row_count)
    matrix.value_ = rows.ravel()
    solver: Any = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.passModel(model)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return np.array(solver.getSolution().col_value)
