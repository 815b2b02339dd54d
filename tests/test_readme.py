"""The README's Python runs as it stands, and its study is a study."""

import re
import subprocess
import sys
from pathlib import Path

import rhoscope as rs

README = Path(__file__).parents[1] / "README.md"


def _blocks(language: str) -> list[str]:
    found = re.findall(
        rf"^```{language}\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert found, f"README.md has no {language} block"
    return found


def test_python_blocks_run_one_after_another(tmp_path: Path) -> None:
    program = "\n".join(_blocks("python"))
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=tmp_path, check=True)


def test_toml_block_is_a_study() -> None:
    for block in _blocks("toml"):
        assert rs.Study.from_toml(block).ensemble == rs.ensembles.Triangular(strength=2.0)


def test_set_up_takes_two_commands() -> None:
    main, tests = (block.strip() for block in _blocks("sh")[:2])
    assert "\n" not in main + tests
    assert main.endswith("rhoscope run")
    assert tests.endswith("pytest")


def test_links_within_the_repository_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^):#]+)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / target).exists(), target
