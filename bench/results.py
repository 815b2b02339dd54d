"""Where measurements are kept: JSON with the machine, and the tables as Markdown beside it."""

import datetime
import json
import platform
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import rhoscope as rs

FOLDER = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """The machine and the versions that were measured."""
    found = rs.info().to_dict()
    kept = {key: found[key] for key in ("cpu", "cpu_features", "cores", "python", "versions")}
    return kept | {"platform": f"{platform.system()} {platform.machine()}"}


class Results:
    """What is written anew whenever there is more to keep: a JSON file, and DATE-PROCESSOR-COMMAND in a folder.

    `describe` tells of the machine; where it names a "device", that stands in the place of the processor.
    """

    def __init__(
        self,
        command: str,
        folder: Path | None,
        path: Path | None,
        describe: Callable[[], dict[str, Any]] = machine,
    ) -> None:
        self.command, self.folder, self.path, self._describe = command, folder, path, describe

    @cached_property
    def machine(self) -> dict[str, Any]:
        # Found late: it loads libraries, which read how many threads they may have.
        return self._describe()

    @property
    def stem(self) -> str:
        """Name of the files in the folder."""
        name = re.sub(r"[^\w.]+", "-", self.machine.get("device", self.machine["cpu"])).strip("-")
        return f"{self.day}-{name}-{self.command}"

    def keep(self, measured: dict[str, Any], text: str) -> None:
        """Replace what the files hold."""
        if not self.folder and not self.path:
            return
        content = json.dumps({"machine": self.machine} | measured, indent=1) + "\n"
        if self.path:
            self.path.write_text(content, encoding="utf-8")
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            where = f"{self.machine['cpu']}, {self.machine['cores']} cores, {self.machine['platform']}"
            (self.folder / f"{self.stem}.json").write_text(content, encoding="utf-8")
            (self.folder / f"{self.stem}.md").write_text(f"{where}\n\n{text}\n", encoding="utf-8")

    @cached_property
    def day(self) -> str:
        return datetime.date.today().isoformat()
