"""What may a random program say: aliases, views, containers, helpers, work arrays and updates in place?

A template has holes in angle brackets. <a> and <b> are places that hold an array, <v> one with an axis, <m> one with
two, <name> one that is a local variable, <c> an array that no gradient flows to, <fit> and <cfit> values that can be
written into <a> or <c>, <new> a new name, <x> any expression, <op> and <iop> an operator in place, <k> a number.
"""

HELPERS = {
    "scale": """
def scale(value):
    value *= 2.0
""",
    "halved": """
def halved(value):
    value /= 2.0
    return value
""",
    "acc": """
def acc(total, value):
    total += value
""",
    "summed": """
def summed(total, value, factor=0.5):
    total += value * factor
    return total
""",
    "outer_scale": """
def outer_scale(*values, **others):
    for value in (*values, *others.values()):
        scale(value)
""",
    "updates": """
def updates(value):
    for factor in (0.5, 1.5):
        value *= factor
        yield np.sum(value)
""",
    "Box": """
class Box:
    def __init__(self, v):
        self.v = v

    def add(self, value):
        self.v += value
        return self

    def __call__(self, value):
        value -= self.v
        return value
""",
    "Slotted": """
class Slotted:
    __slots__ = ('v',)

    def __init__(self, v):
        self.v = v
""",
    "Prop": """
class Prop:
    def __init__(self, v):
        self._hidden = [v]

    @property
    def v(self):
        return self._hidden[0]

    @v.setter
    def v(self, value):
        self._hidden[0] = value
""",
    "Copying": """
class Copying:
    def __init__(self, v):
        self._v = v

    @property
    def v(self):
        return self._v * 1.0

    @v.setter
    def v(self, value):
        self._v = value * 0.5
""",
    "Shared": """
class Shared:
    v = None
""",
    "Pair": """
Pair = namedtuple('Pair', ['first', 'second'])
""",
}


def templates(text: str) -> list[str]:
    """The templates of a table, with | between them."""
    parts = " | ".join(line.strip() for line in text.strip().split("\n")).split(" | ")
    return [part.replace(r"\n", "\n") for part in parts]


START = templates(
    r"""
    <new> = <p> * 1.0 | <new> = np.sin(<p>) | <new> = <p> + 0.5 | <new> = np.outer(<p>, <p>) | <new> = +<p>
    """
)

CONSTANTS = templates(
    r"""
    <cnew> = np.arange(3.0) | <cnew> = np.full((3, 3), 0.5) | <cnew> = np.ones(3) | <cnew> = np.zeros((3, 3))
    <cnew> = np.array(0.5) | <cnew> = np.eye(3)[::-1] | <cnew> = np.array([0, 2, 1])
    <cnew> = np.array([True, False, True]) | <cnew> = <c>[::-1] | <cnew> = <c>.T
    <cnew> = np.broadcast_to(<c>, (3, 3)) | <cnew> = np.diagonal(<c>)
    """
)

# How an array that no gradient flows to gets new values.
REFILLS = templates(
    r"""
    <c>[...] = <k> | <c>.fill(<k>) | <c> <op> <cfit> | np.multiply(<c>, <k>, out=<c>) | <c>[0] = <k> | <c>.sort()
    np.copyto(<c>, <k>) | <c>[:1] += <k> | np.add.at(<c>, 0, <k>) | for row in <c>:\n    row *= 0.5 | scale(<c>)
    for step in (1.0, 2.0):\n    <c>[...] = step\n    <total> = <total> + np.sum(<a> * <c>)
    for step in range(2):\n    <c> += 1\n    <total> += np.sum(np.sin(<v>)[<c>])
    <total> = <total> + np.sum(np.where(<c>, <a>, 0.5))\n<c>[...] = 0
    <total> = <total> + np.sum(np.take(<v>, <c>))\n<c>[0] = 1 | <total> = <total> + np.sum(<m> @ <c>)\n<c> *= 0.5
    <total> = <total> + np.einsum('i,i->', <v>, <c>)\n<c> += 1.0
    <total> = <total> + np.sum(<v>[<c>] ** 2)\n<c>[1:] = <c>[:1]
    """
)

EXPRESSIONS = templates(
    r"""
    <a> * <k> | <a> + <b> | <a> - <k> | <a> * <b> | np.sin(<a>) | np.tanh(<a>) * <c> | <a> / (<b> ** 2 + 1.0)
    <a> * <c> | <c> - <a> | <a>[<c>] | -<a> | <a> ** 2 | np.exp(-<a> ** 2) | <m> @ <m> | <m> @ <c> | <c> @ <m>
    np.sum(<a>) | np.mean(<a>, axis=0) | <m>.sum(axis=1, keepdims=True) | <v>[0] | np.max(<a>) | <m>[0, 1]
    np.concatenate([<v>, <v>])[1:4] | np.stack([<a>, <b>])[1] | np.where(<a> > 0.3, <a>, <b>) | np.maximum(<a>, 0.2)
    np.copy(<a>) | <a>.copy() | +<a> | copy.copy(<a>) | copy.deepcopy(<a>) | np.cumsum(<a>)[:3] | np.array(<a>)
    sum([<a>, <b>]) | sum([<a>, <b>], start=<a>) | <m>[[0, 2]] | np.clip(<a>, -1.0, 1.0) | <m>.flatten()[:3]
    np.roll(<a>, 1) | np.outer(<v>, <v>)[:3, :3] | np.add(<a>, <b>) | <a> * np.float64(0.5) | abs(<a>)
    np.tile(<v>, 2)[:3] | np.full((3,), 0.5) * <a> | np.sqrt(np.sum(<v> ** 2)) | np.dot(<v>, <v>) | const(<k>) * <a>
    const([0.5, 1.0, 1.5]) | const(0.5) | const(np.ones((3, 3))) | np.zeros(3) + <v>[0] | np.zeros((3, 3)) + <a>
    np.zeros_like(<a>) + <b> | np.ones_like(<a>) * <b> | np.full_like(<a>, <k>) | np.sum(<m>, axis=0)[1]
    np.sum(<a>) * <b> | np.where(<a> > 0, <a>, <a>) | np.minimum(<a>, <b>) | <a> if np.sum(<a>) > 0.6 else <b>
    np.hstack([<v>, <v>])[:3] | np.vstack([<v>, <v>])[1] | np.atleast_1d(np.sum(<a>)) | np.reshape(np.sum(<a>), (1,))
    np.sum(<a>)[...] | np.mean(<m>, axis=0, keepdims=True) | np.array(0.5) * <a> | <a> @ <m>
    np.expand_dims(np.max(<a>), 0)
    """
)

# Some of these are the same array, some a view, and some a copy, which a reader must know by heart.
VIEWS = templates(
    r"""
    <a> | <v>[:] | <v>[1:] | <v>[::-1] | <m>[0] | <m>[:, 1] | <m>[1:, :2] | <a>[...] | <v>[0, ...] | <v>[..., 0]
    <a>.T | <m>.T[0] | np.transpose(<a>) | np.swapaxes(<m>, 0, 1) | np.moveaxis(<m>, 0, 1) | <a>.reshape(-1)
    <m>.reshape(9)[2:5] | <a>.ravel() | np.ravel(<a>) | np.reshape(<a>, (-1,)) | <m>.T.ravel()
    <a>.reshape(<a>.shape) | np.real(<a>) | <a>.real | <a>.conj() | np.conj(<a>) | np.linalg.matrix_power(<m>, 1)
    np.diagonal(<m>) | np.diag(<m>) | <m>.diagonal() | np.squeeze(<a>) | <v>[0:1].squeeze() | np.expand_dims(<a>, 0)
    <a>[None] | np.atleast_1d(<a>) | np.atleast_2d(<a>) | np.split(<v>, 3)[1] | np.array_split(<v>, 2)[0]
    np.flip(<v>) | np.rot90(<m>) | np.fliplr(<m>) | np.broadcast_to(<a>, (3, 3)) | np.broadcast_arrays(<a>, <b>)[0]
    np.lib.stride_tricks.sliding_window_view(<v>, 2) | <a>.astype(float, copy=False) | <a>.astype(float)
    np.nan_to_num(<a>) | list(<v>)[0] | next(iter(<v>)) | [*<v>][-1] | np.positive(<a>) | np.hsplit(<m>, 3)[1]
    np.unstack(<m>)[1] | np.matrix_transpose(<m>) | <m>.mT | <m>[0][1:] | <m>[np.newaxis][0] | np.rollaxis(<m>, 1)
    np.trim_zeros(<v>) | np.atleast_3d(<a>) | <m>.swapaxes(0, 1) | <m>[:, [0, 1, 2]] | <v>[np.array([0, 1])]
    <m>[0, 1, ...] | <m>[0, 1:2] | np.rot90(<m>, 0) | np.triu(<m>) | np.take(<v>, 1, axis=0)
    np.compress([True, True], <v>) | <a>.squeeze() | <a>.transpose() | np.flipud(<m>) | np.linalg.diagonal(<m>)
    <a>.flatten()[1:] | <a>.flatten()
    np.sum(<a>).reshape(()) | np.squeeze(np.sum(<a>)) | np.sum(<a>).copy() | np.copy(np.sum(<a>))
    np.broadcast_to(np.sum(<a>), (3,)) | <v>[-1:] | <v>[2] | <m>[1][1] | <m>[1:][0] | np.split(<m>, 3)[0][0]
    <m>[:, None][0] | np.stack([<v>, <v>])[0] | <a>[()] | <a>[..., None] | np.real_if_close(<a>)
    np.meshgrid(<v>, <v>)[0] | np.ascontiguousarray(<m>.T) | np.require(<a>) | np.array_split(<m>, 2)[1]
    np.permute_dims(<m>, (1, 0)) | np.apply_over_axes(np.sum, <m>, [0])[0] | np.choose([0, 1, 0], [<v>, <v>])
    np.unstack(<m>, axis=1)[0]
    """
)

# Where an array may live.
HOLDERS = templates(
    r"""
    <new> = <a> | <new> = <view> | <new> = <view> | <new> = <x> | <new> = <x> | <new> = [<a>, <x>] | <new> = [<x>]
    <new> = {'k': <a>} | <new> = {'k': <x>} | <new> = Box(<a>) | <new> = Box(<x>) | <new> = SimpleNamespace(v=<a>)
    <new> = Slotted(<x>) | <new> = Prop(<a>) | <new> = Copying(<x>) | <new> = ChainMap({}, {'k': <a>})
    <new> = Pair(<a>, <x>) | Shared.v = <a>\n<new> = Shared() | Shared.v = <x>\n<new> = Shared()\n<new>.v <op> <k>
    <new> = deque([<a>, <x>]) | <new> = defaultdict(lambda value=<a>: value)\n<new>['k'] += 1.0
    <new> = <a> if np.sum(<b>) > 0.4 else <b> | <new> = <m>[0]\n<new> <op> <k> | <new> = <x>\n<new> <op> <a>
    <new> = other = <x> | <new>, other = <a>, <x> | <new> = np.zeros(3)\n<new> = <new> + <v>[0]
    <new> = [row for row in <m>] | <new> = (<name> := <x>) | <new> = types.MappingProxyType({'k': <a>})
    <new> = [<a>]\n<new> += [<x>] | <new> = [<x>] * 2 | <new> = {'j': <b>} | {'k': <a>}
    <new>, *others = [<a>, <b>, <x>] | *others, <new> = list(<m>)
    match [<a>, <b>]:\n    case [<new>, other]:\n        other <op> <k> | <new> = {'k': <a>}\n<new>.update(k=<x>)
    <new> = [<a>, <b>][::-1] | <new> = dict(k=<a>)\nfor key in <new>:\n    <new>[key] <op> <k>
    <new> = Box(Box(<a>).v)
    """
)

UPDATES = templates(
    r"""
    <a> <op> <fit> | <a> <op> <fit> | <a> <op> <fit> | <a> <op> <fit> | <a> <op> <fit> | <a> <op> <fit>
    <a> <op> <fit> | <a> <op> <fit> | operator.<iop>(<a>, <fit>) | <a> = operator.<iop>(<a>, <fit>) | scale(<a>)
    acc(<a>, <fit>) | <a> = halved(<a>) | other = <a>\nother <op> <fit> | other = <view>\nother <op> <k>
    (lambda v: operator.imul(v, 0.5))(<a>) | functools.partial(acc, <a>)(<fit>) | summed(<a>, factor=2.0, value=<fit>)
    outer_scale(<a>, other=<b>) | for _ in range(3):\n    <a> <op> <fit> | for each in (<a>, <b>):\n    each *= 0.5
    for each in [<a>, <x>]:\n    each += 1.0 | for row in <m>:\n    row += 1.0
    for row in <m>:\n    row *= np.sum(row) | for each in list(<v>):\n    each *= 2.0
    for position, each in enumerate([<a>, <b>]):\n    each += position | <b> = <a>\n<b> <op> <fit>
    def change():\n    nonlocal <name>\n    <name> *= 1.5\nchange()
    def change(value=<a>):\n    value += 1.0\nchange() | def change():\n    operator.iadd(<a>, 1.0)\nchange()
    for got in updates(<a>):\n    <total> += got | <total> += sum(updates(<a>)) | Box(<a>).add(<fit>) | Box(<x>)(<a>)
    functools.reduce(operator.iadd, [<fit>, 1.0], <a>) | list(itertools.accumulate([<a>, <fit>], operator.iadd))
    list(map(scale, [<a>, <b>])) | [scale(v) for v in [<a>]]
    if np.sum(<a>) > 0.7:\n    <a> <op> <fit>\nelse:\n    <a> -= 0.25
    steps = 0\nwhile np.sum(<a>) < 3.0 and steps < 4:\n    <a> += 1.0\n    steps += 1
    try:\n    <a> += np.ones(7)\nexcept ValueError:\n    <a> <op> <fit>
    try:\n    <a> <op> <fit>\nfinally:\n    <a> += 0.5
    with contextlib.suppress(KeyError):\n    <a> <op> <fit>\n    raise KeyError | <a> += <a> | <a> *= <a>
    <a> -= <a> * 0.5 | <a> = <b> | del <name> | <a>, <b> = <b>, <a> | <a> = <a> * 1.0 | <a> = <x> | <a> = <a> + <fit>
    <m> @= <m> | <a> += <m>[0] | <a> += <m>.T | <a> -= <v>[::-1] | <m> += <m>[0] | <m> += <m>.T | <a> += <c>
    <a> -= <c> | <total> += np.sum(<a>)\n<a> <op> <fit> | <total> = <total> + np.sum(<a> ** 2)\n<a> <op> <fit>
    <a> += np.broadcast_to(<b>, (3, 3)) | <a> += 1 | <a> *= True | <a> += np.float32(0.5) | <a> += [1.0, 2.0, 3.0]
    <a> = operator.iadd(<a>, <k>) | operator.__imul__(<a>, <k>)
    def steps():\n    got = yield\n    got += 1.0\n    yield\nrunning = steps()\nnext(running)\nrunning.send(<a>)
    for name in ('v',):\n    box = Box(<a>)\n    setattr(box, name, operator.imul(getattr(box, name), <k>))
    for each in [<a>] * 2:\n    each *= 0.5 | <total> += np.sum(<a>)\n<total> *= 0.5
    other = <total>\n<total> += <k>\n<total> += other | <a> += np.sum(<a>) | <a> /= np.sum(<a>) + 3.0
    <m> -= np.mean(<m>, axis=0) | <m> /= np.sum(<m> ** 2, axis=1, keepdims=True) + 1.0 | <v> += np.cumsum(<v>)
    <a> = <a>\n<a> += <a> | class Counter:\n    total = <a>\nCounter.total += 1.0\nCounter().total *= 2.0
    with contextlib.ExitStack() as stack:\n    stack.callback(scale, <a>) | functools.singledispatch(scale)(<a>)
    operator.isub(copy.copy([<a>])[0], <k>) | other = [<a>].copy()\nother[0] += <k>
    other = {'k': <a>}.copy()\nother['k'] *= <k>
    """
)

# What is never possible with a Tensor.
WRITES = templates(
    r"""
    <v>[:2] = 0.5 | <a>[...] = <b> | np.add(<a>, 1.0, out=<a>) | <c> += <a> | <c>[...] = <a> | <m>[0] += <v>
    <m>[:, 1] *= 2.0 | <m>.T[0] -= 1.0 | <a>.T.T[...] += 1.0 | np.negative(<a>, <a>) | <v>[1:] += <k> | <v>[0] *= 2.0
    np.multiply(<c>, <a>, out=<c>) | <c>[0] += <v>[0]
    """
)

# The other operators in place are rarer: their results grow, or have jumps.
OPERATORS = [*("+=", "-=", "*=", "/=") * 3, "**=", "%=", "//="]
METHODS = ["iadd", "isub", "imul", "itruediv"]
# The right-hand side of an update, where its shape allows.
OPERANDS = ["<k>", "<k>", "np.sin(<b>)", "<b>", "<b>", "<b> * <k>", "<c>", "<x>", "<view>", "<total>", "np.sum(<b>)"]
NUMBERS = ["0.5", "1.25", "0.75", "1.5", "-0.5", "2.0", "3", "np.float64(0.9)"]
