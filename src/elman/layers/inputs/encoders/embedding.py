"""Features of categories."""

from torch import Tensor, nn

from elman.cells.options import check_size
from elman.errors import DataError, DtypeError
from elman.layers.checks import check_device
from elman.layers.inputs.encoders.base import InputEncoder


class EmbeddingEncoder(InputEncoder):
    """Looks the features of a category up in a learned table.

    Use it for integers that name something: a word, a day of the week, a shop.

    Args:
        num_categories: How many categories there are, V.
        output_size: Number of features of each, E.

    Shape:
        frames: (M,) of integers in 0..V-1. input: the same with other axes. Returns: (M, E).

    Raises:
        OptionError: A size is not a positive integer.

    Example:
        >>> EmbeddingEncoder(num_categories=7, output_size=4)(torch.tensor([0, 6, 2])).shape
        torch.Size([3, 4])
    """

    def __init__(self, num_categories: int, output_size: int):
        check_size("num_categories", num_categories)
        check_size("output_size", output_size)
        super().__init__(output_size, ())
        self.table = nn.Embedding(num_categories, output_size)

    def forward(self, frames: Tensor) -> Tensor:
        """Return the features of each category.

        Raises:
            DataError: There is no such category. On other devices than the CPU, which would wait to be
                asked, the device says so in its own words.
        """
        last = self.table.num_embeddings - 1
        if frames.is_cpu and len(frames) and not 0 <= int(frames.min()) <= int(frames.max()) <= last:
            wrong = frames[(frames < 0) | (frames > last)]
            raise DataError(
                f"a category must be in 0..{last}, but {len(wrong)} are not, first {int(wrong[0])}."
            )
        return self.table(frames.long())

    def check_values(self, name: str, input: Tensor) -> None:
        """Refuse what is no integer, or not on the device of the table.

        Args:
            name: What the caller knows the input as.
            input: What the caller gave, of the right shape.

        Raises:
            DtypeError: Its dtype is not one of integers.
            DeviceError: Its device is another.
        """
        if input.is_floating_point() or input.is_complex():
            raise DtypeError(f"`{name}` must be integers, one a category, but its dtype is {input.dtype}.")
        check_device(name, input, self.table.weight)
