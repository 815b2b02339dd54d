"""Numbers of the independent random streams of a sample; part of the sampler's version."""

MATRIX = 0
MATRIX_EXTRA = 1
GAIN = 2
INPUT_MAP = 3
INPUTS = 4
STATE = 5
TARGET = 6
DELTA = 7
