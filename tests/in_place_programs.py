"""Which programs update arrays in place, under other names, in containers and through helpers?"""

import functools
import operator
import types
from collections import ChainMap, defaultdict, deque

import numpy as np


def scale(v):
    v *= 2.0


def acc(total, v):
    total += v


class Holder:
    shared = None

    def __init__(self, total):
        self.total = total

    def add(self, v):
        self.total += v
        return self

    def scale(self, v):
        v *= 2.0

    @property
    def behind(self):
        return self.total

    @behind.setter
    def behind(self, v):
        self.total = v

    @property
    def copied(self):
        return self.total * 1.0

    @copied.setter
    def copied(self, v):
        self.total = v


class Slotted:
    __slots__ = ("total",)


PROGRAMS = {}


def program(function):
    PROGRAMS[function.__name__] = function
    return function


@program
def by_a_function(p):
    q = p * 1.0
    scale(q)
    return np.sum(q**2)


@program
def by_a_method(p):
    q = p * 1.0
    Holder(0.0).scale(q)
    return np.sum(q**2)


@program
def by_a_lambda(p):
    q = p * 1.0
    (lambda v: operator.imul(v, 3.0))(q)
    return np.sum(q**2)


@program
def by_partial(p):
    q = p * 1.0
    functools.partial(acc, q)(np.sin(p))
    functools.partial(acc, v=q)(q)
    return np.sum(q**2)


@program
def by_a_function_with_arguments_of_every_kind(p):
    def change(first, *rest, key, **more):
        for v in (first, *rest, key, *more.values()):
            v += 1.0

    a, b, c, d = p * 1.0, p * 2.0, p * 3.0, p * 4.0
    change(a, b, key=c, other=d)
    return np.sum(a * b * c * d)


@program
def accumulated_by_a_function(p):
    total = p * 0.0
    for k in range(3):
        acc(total, np.sin(p * k))
    return np.sum(total**2)


@program
def by_a_closure(p):
    q = p * 1.0

    def change():
        nonlocal q
        q += np.cos(q)

    other = q
    change()
    return np.sum(other**2)


@program
def by_a_default_argument(p):
    q = p * 1.0

    def change(v=q):
        v -= 0.5

    change()
    change()
    return np.sum(q**2)


@program
def by_a_generator(p):
    def steps(v):
        for _ in range(3):
            v *= 0.5
            yield np.sum(v)

    q = p * 1.0
    return sum(steps(q)) + np.sum(q**2)


@program
def by_map_and_comprehensions(p):
    rows = [p * 1.0, p * 2.0]
    list(map(scale, rows))
    [scale(row) for row in rows]
    return np.sum(rows[0] * rows[1])


@program
def by_reduce(p):
    q = p * 1.0
    r = functools.reduce(operator.iadd, [np.sin(p), p * 2.0], q)
    return np.sum(q * r)


@program
def an_attribute(p):
    holder = Holder(p * 1.0)
    before = holder.total
    holder.add(p).add(np.sin(p))
    holder.total *= 2.0
    return np.sum(before * holder.total)


@program
def an_attribute_of_a_constant_sum(p):
    holder = Holder(0.0)
    for k in range(3):
        holder.total += np.sum(p * k)
    return holder.total**2


@program
def a_slot_and_a_namespace(p):
    slotted, space = Slotted(), types.SimpleNamespace(total=p * 1.0)
    slotted.total = space.total
    slotted.total += p
    space.total *= 2.0
    return np.sum(slotted.total * space.total)


@program
def a_class_attribute(p):
    class Shared:
        total = p * 1.0

    first, second = Shared(), Shared()
    first.total += 1.0
    Shared.total *= 2.0
    return np.sum(first.total * second.total)


@program
def a_property(p):
    holder = Holder(p * 1.0)
    kept = holder.total
    holder.behind += np.sin(p)
    return np.sum(kept * holder.total)


@program
def a_property_that_copies(p):
    holder = Holder(p * 1.0)
    kept = holder.total
    holder.copied += np.sin(p)
    return np.sum(kept * holder.total)


@program
def dictionaries(p):
    table = {"k": p * 1.0}
    default = defaultdict(lambda: table["k"])
    chain = ChainMap({}, table)
    other = table["k"]
    table["k"] += p
    default["j"] *= 2.0
    chain["k"] -= 0.5
    return np.sum(other * table["k"] * default["j"] * chain["k"])


@program
def lists(p):
    rows = [p * 1.0, p * 2.0]
    queue = deque(rows)
    rows[0] += 1.0
    queue[1] *= 3.0
    for position, row in enumerate(rows):
        row += position
    return np.sum(rows[0] * rows[1] * queue[0] * queue[1])


@program
def a_history_of_one_array(p):
    history, q = [], p * 1.0
    for _ in range(3):
        q += p
        history.append(q)
    return sum(np.sum(each**2) for each in history)


@program
def all_names(p):
    first = second = p * 1.0
    (third,) = [first]
    first += 1.0
    third *= 2.0
    return np.sum(first * second * third)


@program
def swapped_names(p):
    a, b = p * 1.0, p * 2.0
    c = a
    a, b = b, a
    a += b
    b *= 2.0
    return np.sum(a * b * c)


@program
def what_was_computed_before(p):
    q = p * 1.0
    before = np.sum(q**2)
    q *= np.sin(q)
    after = np.sum(q**2)
    q += q
    return before * after + np.sum(q)


@program
def with_itself(p):
    q = p * 1.0
    r = q
    q += q
    q *= q
    q -= q * 0.5
    return np.sum(r)


@program
def in_loops_and_branches(p):
    q = p * 1.0
    r = q
    for k in range(4):
        if np.sum(q) > 5.0:
            q *= 0.5
        else:
            q += np.sin(p * k)
    while np.sum(q) < 8.0:
        q += 1.0
    return np.sum(q * r)


@program
def after_an_error(p):
    q = p * 1.0
    r = q
    try:
        q += np.ones(7)
    except ValueError:
        q *= 3.0
    return np.sum(r**2)


@program
def a_row_of_a_new_matrix(p):
    row = np.outer(p, p)[1]
    row += 1.0
    flat = np.outer(p, p).reshape(-1)
    flat *= 2.0
    turned = np.outer(p, np.sin(p)).T
    turned += p
    return np.sum(row**2) + np.sum(flat) + np.sum(turned**2)


@program
def copies(p):
    q = p * 1.0
    others = [q.copy(), np.copy(q), +q, q[[0, 1, 2]], np.sort(q)]
    q += 1.0
    for other in others:
        other *= 2.0
    return np.sum(q * sum(others))


@program
def scalars(p):
    total = np.sum(p)
    other = total
    total += 1.0
    element = p[0]
    same = element
    element *= 2.0
    scale(element)
    largest = np.max(p)
    acc(largest, total)
    return other * total * element * same + largest


@program
def a_scalar_that_grows(p):
    total = np.sum(p)
    total += p
    return np.sum(total**2)


@program
def arrays_without_axes(p):
    q = np.outer(p, p)[0, 1, ...]
    r = q
    q += 1.0
    q *= p[0]
    return q * r


@program
def reused_work_arrays(p):
    grid, total = np.arange(3.0), 0.0
    index = np.array([0, 1])
    for k in range(3):
        total += np.sum(np.sin(p * grid) * k) + np.sum(p[index] ** 2)
        grid += 1.0
        grid[0] = 7.0
        index[0] = 2
    return total
