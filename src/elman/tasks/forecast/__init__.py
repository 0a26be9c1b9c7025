"""The parts of the forecaster: arrays, windows, linear and recurrent branch, calibration, scores."""
