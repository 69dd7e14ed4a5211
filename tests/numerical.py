"""What is the derivative of this function, found by evaluating it alone?"""

import numpy as np


def richardson_jvp(function, point, direction, step=1e-2):
    """The directional derivative of a function of one array, to sixth order.

    Central differences at `step`, half and a quarter of it, extrapolated twice (L. F. Richardson, 1911).
    """

    def central(h):
        return (function(point + h * direction) - function(point - h * direction)) / (2 * h)

    coarse, middle, fine = central(step), central(step / 2), central(step / 4)
    return (64 * fine - 20 * middle + coarse) / 45


def numerical_gradient(function, arrays, upstream, step=1e-2):
    """The gradients of ``sum(upstream * function(*arrays))``, one coordinate at a time, in float64."""
    gradients = []
    for position, array in enumerate(arrays):
        gradient = np.empty(array.shape)
        for index in np.ndindex(array.shape):
            unit = np.zeros(array.shape)
            unit[index] = 1.0

            def along(value, position=position):
                changed = [value if other == position else arrays[other] for other in range(len(arrays))]
                return np.sum(upstream * function(*changed))

            gradient[index] = richardson_jvp(along, array, unit, step)
        gradients.append(gradient)
    return gradients
