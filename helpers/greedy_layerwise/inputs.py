"""What a layer is trained on: features that are kept, and frozen blocks after them."""

from dataclasses import dataclass, replace

from torch import Tensor, nn

from helpers.data import Dataset
from helpers.greedy_layerwise.network import applied


@dataclass(frozen=True, eq=False)
class Inputs:
    """The data as some layer gives them, and the frozen blocks from there on.

    Attributes:
        data: images replaced by the features of a layer.
        trunk: frozen modules between these features and the layer to train.
        cache_bytes: features larger than this are not kept; 0 keeps none.
    """

    data: Dataset
    trunk: nn.Sequential
    cache_bytes: int

    def after(self, module: nn.Module) -> "Inputs":
        """Return the inputs one frozen module further, kept if they are small."""
        trunk = nn.Sequential(*self.trunk, module).eval().requires_grad_(False)
        if self._bytes(trunk) > self.cache_bytes:
            return replace(self, trunk=trunk)
        data = replace(
            self.data,
            x_train=applied(trunk, self.data.x_train),
            x_test=applied(trunk, self.data.x_test),
        )
        return replace(self, data=data, trunk=nn.Sequential())

    def features(self) -> Tensor:
        """Return the features of the training images that the next layer gets."""
        return applied(self.trunk, self.data.x_train)

    def _bytes(self, trunk: nn.Module) -> int:
        one = applied(trunk, self.data.x_train[:1])
        return one.nbytes * (len(self.data.x_train) + len(self.data.x_test))
