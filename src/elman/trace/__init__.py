"""A cell -> a step graph, by recording one step; remembers the user's lines; refuses with a reason."""

from elman.trace.bindings import Bindings
from elman.trace.record import record
from elman.trace.recording import Recording

__all__ = ["Bindings", "Recording", "record"]
