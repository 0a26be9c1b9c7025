"""What a call of the driver is: arrays of 64-bit words, addresses among them. Sizes in memory are bytes."""

from enum import IntEnum


class Call(IntEnum):
    """Words of a call."""

    NUM_STEPS = 0  # T
    BATCH_SIZE = 1  # N
    IS_REVERSE = 2
    ORDER = 3  # row -> sequence, the longest first; 0: as they come
    LENGTHS = 4  # of each row, in that order; 0: all T
    RESETS = 5  # bytes; 0: none
    RESETS_STRIDE_T = 6
    RESETS_STRIDE_N = 7
    NEXT_UNIT = 8  # what the next free thread takes
    NEXT_THREAD = 9
    NUM_THREADS = 10
    PARALLEL = 11  # address of GOMP_parallel, or 0
    CHUNK_ROWS = 12  # rows that run together
    FIRST_STEP = 13  # of the block of time at work
    LAST_STEP = 14  # the step behind it
    BLOCK_STEPS = 15  # most steps of a block of time
    MEMORY = 16  # of the threads
    THREAD_BYTES = 17
    TABLES_AT = 18  # within a thread's memory; its accumulators come first
    OTHER_TABLES_AT = 19
    WORK_AT = 20
    WIDE = 21  # program for all steps of a block at once
    STEP = 22  # program for one step
    FINALS = 23
    NUM_FINALS = 24
    RESET_GRADIENTS = 25
    NUM_RESET_GRADIENTS = 26
    PACKS = 27
    NUM_PACKS = 28
    JOBS = 29
    NUM_JOBS = 30
    NUM_UNITS = 31  # of all jobs
    PACK = 32  # address of the tile that packs
    OUTER = 33  # of the one that makes weight gradients
    COLUMN_SUM = 34  # of the one that makes bias gradients
    BEGIN_STEP = 35  # first step of this call, which starts from `first` arrays; others run the steps before
    END_STEP = 36  # the step behind its last
    PIECE_ROWS = 37  # rows whose weight gradients are summed by themselves
    IS_BY_PIECE = 38  # whether one thread runs a piece through all blocks
    PIECES = 39  # where the sums of all pieces are, one piece after the other
    NUM_WEIGHTS = 40  # numbers of a piece's sums


class Role(IntEnum):
    """What a table of rows points to."""

    NOW = 0  # the numbers of the step
    BEFORE = 1  # those of the step before, in the order of running; `first` at a sequence's first step
    GRADIENT_IN = 2  # those of the step after; `first` at a sequence's last step
    GRADIENT_OUT = 3  # the numbers of the step; `first` at a sequence's first step


class Table(IntEnum):
    """Words of a table of rows."""

    ROLE = 0
    BASE = 1
    STRIDE_T = 2
    STRIDE_N = 3
    MASK = 4  # t & mask is the place in time: -1 for all steps, 1 for two in turn
    FIRST = 5
    FIRST_STRIDE_N = 6
    FRESH = 7  # what a reset puts in place; 0: nothing
    FRESH_STRIDE_N = 8


class ProgramWord(IntEnum):
    """Words of a program."""

    FUNCTION = 0  # 0: there is none
    CONTEXT = 1
    TABLES = 2
    NUM_TABLES = 3
    CAPACITY = 4  # rows of each table


class Final(IntEnum):
    """Words of a final state."""

    BASE = 0
    STRIDE_T = 1
    STRIDE_N = 2
    MASK = 3
    FINAL = 4
    FINAL_STRIDE_N = 5
    NUM_BYTES = 6


class Reset(IntEnum):
    """Words of the gradient of a fresh state."""

    TABLE = 0  # number of the step's table that points to the gradient of the state
    FRESH = 1
    FRESH_STRIDE_N = 2
    SIZE = 3


class Pack(IntEnum):
    """Words of a weight that is packed."""

    SOURCE = 0
    STRIDE_M = 1  # in numbers, as all of these
    STRIDE_K = 2
    NUM_M = 3
    NUM_K = 4
    PANEL = 5  # address of the first vector of this weight
    NUM_VECTORS = 6  # of this weight, in one block
    PANEL_VECTORS = 7  # of all weights of the panel, in one block
    PANEL_K = 8  # columns of the panel


class Job(IntEnum):
    """Words of a gradient that is summed over all rows and steps."""

    NUM_UNITS = 0
    IS_OUTER = 1
    LEFT = 2  # address of a table
    RIGHT = 3
    NUM_LEFT = 4
    NUM_RIGHT = 5
    OUT = 6
    OUT_STRIDE = 7
    OUT_PIECE = 8  # bytes from the sum of one piece to that of the next


COLUMNS_OF_UNIT = 128
MAX_PIECES = 8

CALL_WORDS = len(Call)
TABLE_WORDS = len(Table)
PROGRAM_WORDS = len(ProgramWord)
FINAL_WORDS = len(Final)
RESET_WORDS = len(Reset)
PACK_WORDS = len(Pack)
JOB_WORDS = len(Job)
