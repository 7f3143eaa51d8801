"""Pictures of solutions, errors, convergence and motion, drawn with matplotlib.

Each function returns matplotlib's axes, so that you go on from there.  Matplotlib is loaded when something is drawn.
"""

from .animations import animation
from .convergence import convergence
from .fields import error, residual, solution
from .phases import phase
from .saving import save

__all__ = ["animation", "convergence", "error", "phase", "residual", "save", "solution"]
