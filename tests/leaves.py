"""How do tests make a Tensor that requires a gradient?"""

import minigrad as mg


def leaf(values, **options):
    return mg.Tensor(values, requires_grad=True, **options)
