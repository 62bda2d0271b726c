"""Is a gradient right?"""

from .checking.check import (STEP, TABLE_HEAD, TOLERANCE, Check, Report, check_backward, check_gradient, check_model,
                             complex_step_gradient, numerical_gradient)
