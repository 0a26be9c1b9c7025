"""Convolution and recurrence: cells over images, modules over frames, sweeps over images."""

from elman.layers.convolution.recurrent import ConvRecurrent
from elman.layers.convolution.sweep import ImageSweep
from elman.layers.convolution.time_distributed import TimeDistributed

__all__ = ["ConvRecurrent", "ImageSweep", "TimeDistributed"]
