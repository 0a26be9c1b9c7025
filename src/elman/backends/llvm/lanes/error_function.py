"""The error function.

Method: erf x = x + x P(x^2) near 0. Beyond, in 32 bits 1 - e^-L(|x|), L minimax for the weight 1 - erf x; in
64 bits 1 - e^(-x^2) R(|x| - 2), R minimax for the weight e^(-x^2).
"""

from llvmlite import ir

from elman.backends.llvm.lanes.exponential import exp
from elman.backends.llvm.lanes.lanes import Lanes
from elman.backends.llvm.lanes.polynomial import polynomial

# P(z) = erf(sqrt z) / sqrt z - 1.
NEAR_SINGLE = (
    *(0.12837915122509003, -0.37612488865852356, 0.11281714588403702, -0.02676185593008995),
    *(0.004985116887837648, -0.000594573502894491),
)
NEAR_DOUBLE = (
    *(0.1283791670955126, -0.3761263890318375, 0.11283791670954883, -0.02686617064507768),
    *(0.005223977624826879, -0.0008548326981348847, 0.00012055331130482344, -1.4925595718604609e-05),
    *(1.6461007692265474e-06, -1.6350388530873368e-07, 1.4660280543371053e-08, -1.1374781176504886e-09),
    5.960407076173759e-11,
)
# L(x) = -log(1 - erf x).
FAR_SINGLE = (
    *(0.000233519371249713, 1.1275190114974976, 0.637446403503418, 0.10369940102100372),
    *(-0.0221148319542408, 0.003015063004568219, -0.00019306405738461763),
)
# R(t) = e^(x^2) (1 - erf x), x = t + 2.
FAR_DOUBLE = (
    *(0.2553956763105053, -0.10679646185349621, 0.041802752603568305, -0.015460637763884545),
    *(0.005440738537147924, -0.0018316642813849355, 0.0005924699937007658, -0.00018477833609403655),
    *(5.572833368819351e-05, -1.629380660888416e-05, 4.628121399294182e-06, -1.27937623190714e-06),
    *(3.4492465777145797e-07, -9.089411957339361e-08, 2.3303672114672633e-08, -5.772328625337227e-09),
    *(1.4433629388698063e-09, -3.8726297296104284e-10, 9.57058412295769e-11, -1.581435734155304e-11),
    1.172487576118345e-12,
)
FAR_FROM, ONE_FROM = (0.9375, 1.0), (3.95, 5.95)


def erf(lanes: Lanes, x: ir.Value) -> ir.Value:
    """Return the error function."""
    near = lanes.fma(x, polynomial(lanes, lanes.mul(x, x), lanes.either(NEAR_SINGLE, NEAR_DOUBLE)), x)
    size = lanes.intrinsic("fabs", x)
    far = _far(lanes, lanes.at_most(size, lanes.either(*ONE_FROM)))
    is_far = lanes.compare(">=", size, lanes.either(*FAR_FROM))
    return lanes.intrinsic("copysign", lanes.select(is_far, far, near), x)


def _far(lanes: Lanes, x: ir.Value) -> ir.Value:
    if lanes.is_double:
        density = exp(lanes, lanes.neg(lanes.mul(x, x)))
        return lanes.fma(lanes.neg(density), polynomial(lanes, lanes.sub(x, 2.0), FAR_DOUBLE), 1.0)
    return lanes.sub(1.0, exp(lanes, lanes.neg(polynomial(lanes, x, FAR_SINGLE))))
