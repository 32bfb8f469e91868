"""The finished layers of a greedy run, kept in a file to go on from."""

import hashlib
import json
import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from helpers.data import Dataset
from helpers.greedy_layerwise.joint_batch import rank
from helpers.greedy_layerwise.network import GreedyNetwork
from helpers.greedy_layerwise.stages import Fitted, as_history


class Checkpoint:
    """The finished layers of a run in a file, written whole or not at all."""

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        arguments: dict[str, Any],
        dataset: Dataset,
    ) -> None:
        self.path = None if path is None else Path(path)
        self.layers: list[dict[str, Any]] = []
        if self.path is None:
            return
        relevant = {k: v for k, v in arguments.items() if k != "progress"}
        text = json.dumps(relevant, sort_keys=True, default=_stable_name)
        digest = hashlib.sha256(text.encode())
        for part in (dataset.x_train, dataset.y_train, dataset.x_test, dataset.y_test):
            digest.update(part.cpu().contiguous().numpy().data)
        self.identity = digest.hexdigest()

    def restore(self, network: GreedyNetwork) -> list[Fitted]:
        """Put the finished layers into the network; return their records.

        Raises:
            ValueError: the file belongs to a run with other arguments or data.
        """
        if self.path is None or not self.path.is_file():
            return []
        found = torch.load(self.path, weights_only=True, map_location="cpu")
        if found["identity"] != self.identity:
            raise ValueError(
                f"checkpoint {self.path} belongs to a run with other arguments or "
                "data: give another path or delete the file"
            )
        self.layers = found["layers"]
        done = self.layers[: network.depth]
        for number, layer in enumerate(done):
            network.blocks[number].load_state_dict(layer["block"])
            network.heads[number].load_state_dict(layer["head"])
        return [Fitted(as_history(one["records"]), one["kept"]) for one in done]

    def add(self, block: nn.Module, head: nn.Module, fitted: Fitted) -> None:
        """Write one more finished layer."""
        if self.path is None or rank():
            return
        columns = asdict(fitted.history)
        n = len(fitted.history.loss)
        rows = [{k: v[i].item() for k, v in columns.items()} for i in range(n)]
        layer = {"block": block.state_dict(), "head": head.state_dict()}
        self.layers.append(layer | {"records": rows, "kept": fitted.kept})
        unfinished = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        torch.save({"identity": self.identity, "layers": self.layers}, unfinished)
        unfinished.replace(self.path)


def _stable_name(value: Any) -> str:
    """Return a function's name, or the text of anything else without addresses."""
    return getattr(value, "__qualname__", re.sub(" at 0x[0-9a-f]+", "", str(value)))
