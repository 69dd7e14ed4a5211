"""In which line did a number go bad?"""

from minigrad.debugging.block import debug as debug
from minigrad.debugging.errors import NotFiniteError as NotFiniteError
