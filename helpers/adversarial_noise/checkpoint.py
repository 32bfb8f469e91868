"""The networks of a run so far, kept in a file to go on from."""

import json
import os
from pathlib import Path
from typing import Any

import torch
from torch import nn

from helpers import stored_runs

_ROOM = "helpers.adversarial_noise.__main__"


class Checkpoint:
    """Trained networks and what was measured, written whole or not at all.

    Args:
        path: of the file; None to keep nothing.
        settings: of the run.

    Raises:
        ValueError: the file belongs to a run with other settings or other code.
    """

    def __init__(self, path: Path | None, settings: dict[str, Any]) -> None:
        self.path = path
        self.networks: dict[str, dict[str, Any]] = {}
        if path is None:
            return
        said = json.dumps(settings, sort_keys=True)
        self.identity = f"{stored_runs.code_hash([_ROOM])} {said}"
        if path.is_file():
            found = torch.load(path, weights_only=True, map_location="cpu")
            if found["identity"] != self.identity:
                raise ValueError(
                    f"checkpoint {path} belongs to a run with other settings or code: "
                    "give another path or delete the file"
                )
            self.networks = found["networks"]

    @property
    def seconds(self) -> float:
        """What the networks in the file took."""
        taken = (one["seconds"].values() for one in self.networks.values())
        return float(sum(map(sum, taken)))

    def restore(self, name: str, net: nn.Module) -> dict[str, Any] | None:
        """Put the numbers of a trained network into `net`, and return its entry.

        Returns:
            None where there is none, else `seconds`, and `found` if it was measured.
        """
        if name not in self.networks:
            return None
        entry = dict(self.networks[name])
        net.load_state_dict(entry.pop("state"))
        return entry

    def add(self, name: str, net: nn.Module, **entry: Any) -> None:
        """Write a network that was trained, or that was measured."""
        self.networks[name] = {"state": net.state_dict(), **entry}
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        torch.save({"identity": self.identity, "networks": self.networks}, unfinished)
        unfinished.replace(self.path)
