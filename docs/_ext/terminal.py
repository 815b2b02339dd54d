"""The directive `terminal`: runs shell commands while the pages are built, and shows them with their output.

    ```{terminal}
    :figure: runs/first/figures/gradient_vs_radius.png
    :alt: What the figure shows
    rhoscope run --out runs/first
    ```

The commands of a page run one after another in a folder of its own, which is empty at first. One that ends with
another code than `exit` (0) is an error. What they write to stderr is shown under `stderr` only, because progress
reports differ from run to run. With `file` the block is no command: it is shown, and written to that file.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

_COLUMNS = "100"
_FIGURE_WIDTH = "32em"
_SECONDS = 600


class Terminal(SphinxDirective):
    """Shell commands, one a line, a line that ends in a backslash going on in the next."""

    has_content = True
    option_spec = {  # noqa: RUF012
        "file": directives.path,
        "exit": directives.nonnegative_int,
        "stderr": directives.flag,
        "figure": directives.path,
        "alt": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        folder = _folder(self.env.app, self.env.docname)
        folder.mkdir(parents=True, exist_ok=True)
        if "file" in self.options:
            return [self._file(folder / self.options["file"])]
        shown = []
        for command in "\n".join(self.content).replace("\\\n", "\\\0").splitlines():
            command = command.replace("\0", "\n")
            output = self._output(command, folder)
            shown.append(f"$ {command}\n{output}".rstrip())
        text = "\n".join(shown)
        block = nodes.literal_block(text, text, language="console")
        self.set_source_info(block)
        return [block, *self._figure(folder)]

    def _file(self, path: Path) -> nodes.Node:
        text = "\n".join(self.content)
        path.write_text(text + "\n", encoding="utf-8")
        return nodes.literal_block(text, text, language=path.suffix.lstrip("."))

    def _output(self, command: str, folder: Path) -> str:
        ended = subprocess.run(
            command,
            shell=True,
            cwd=folder,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if "stderr" in self.options else subprocess.PIPE,
            encoding="utf-8",
            timeout=_SECONDS,
        )
        if ended.returncode != self.options.get("exit", 0):
            raise self.error(
                f"{command!r} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr or ''}"
            )
        return ended.stdout

    def _figure(self, folder: Path) -> list[nodes.Node]:
        if "figure" not in self.options:
            return []
        path = folder / self.options["figure"]
        if not path.is_file():
            raise self.error(f"the commands left no {self.options['figure']}")
        beside = Path(self.env.doc2path(self.env.docname)).parent
        where = os.path.relpath(path, beside)
        image = nodes.image(uri=where, alt=self.options.get("alt", ""), width=_FIGURE_WIDTH)
        self.set_source_info(image)
        return [image]


def _folder(app: Sphinx, page: str) -> Path:
    return Path(app.doctreedir) / "terminal" / page


def _environment() -> dict[str, str]:
    """That of the build, with the commands installed beside its Python first, and text of one width."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return os.environ | {"PATH": path, "COLUMNS": _COLUMNS, "NO_COLOR": "1", "PYTHONUTF8": "1"}


def _empty_folder(app: Sphinx, env: object, page: str) -> None:
    shutil.rmtree(_folder(app, page), ignore_errors=True)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("terminal", Terminal)
    app.connect("env-purge-doc", _empty_folder)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
