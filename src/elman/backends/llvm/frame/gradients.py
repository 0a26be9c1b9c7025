"""The words of gradients that are summed: of weights, and of fresh states."""

from elman.backends.llvm.driver import COLUMNS_OF_UNIT, Call, Role
from elman.backends.llvm.frame.layout import Layout
from elman.backends.llvm.jobs import Job
from elman.backends.llvm.memory import Source


def add_jobs(layout: Layout) -> None:
    """Write the gradients of weights.

    Args:
        layout: The call.
    """
    words, jobs = layout.words, layout.kernel.jobs
    tables: dict[Source, int] = {}
    for job in jobs:
        for source in (job.left, job.right):
            if source is not None and source not in tables:
                tables[source] = layout.add_table(source)
    words.point(Call.JOBS, layout.begin)
    words.set(Call.NUM_JOBS, len(jobs))
    words.set(Call.NUM_UNITS, sum(_add_job(layout, job, tables) for job in jobs))
    words.attach(Call.PIECES, "gradient.parameters")
    words.set(Call.NUM_WEIGHTS, layout.kernel.num_weights)


def _add_job(layout: Layout, job: Job, tables: dict[Source, int]) -> int:
    """Write one; return of how many units it is."""
    words, kernel = layout.words, layout.kernel
    num_units = kernel.num_tiles(job) if job.right else -(-job.num_left // COLUMNS_OF_UNIT)
    at = words.extend([num_units, int(job.right is not None), 0, 0, job.num_left, job.num_right]) // 8
    words.point(at + 2, tables[job.left])
    if job.right is not None:
        words.point(at + 3, tables[job.right])
    begin, _ = kernel.weights[job.parameter]
    words.append((begin + job.offset) * layout.size, "gradient.parameters")
    words.extend([job.stride, kernel.num_weights * layout.size])
    return num_units


def add_reset_gradients(layout: Layout) -> None:
    """Write where the gradient of a state that starts anew goes.

    Args:
        layout: The call.
    """
    words, begin, count = layout.words, layout.begin, 0
    for table, source in enumerate(layout.kernel.sources("back")):
        if source.role == Role.GRADIENT_OUT and not source.offset:
            size = layout.kernel.memory.arrays[source.array].size
            words.append(table)
            words.append(0, source.first.replace("initial", "fresh"))
            words.extend([size * layout.size, size])
            count += 1
    words.point(Call.RESET_GRADIENTS, begin)
    words.set(Call.NUM_RESET_GRADIENTS, count)
