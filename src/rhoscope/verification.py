"""Every oracle asked, and what the answers amount to."""

import numbers
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scipy import special

from rhoscope import strict_json, verification_text
from rhoscope.devices.choose import choose
from rhoscope.errors import ArgumentError, ArgumentTypeError
from rhoscope.kernels.caching import on_compile
from rhoscope.nearest import nearest
from rhoscope.oracles import FAMILIES, Oracle, Setting
from rhoscope.oracles.base import LEAST_SAMPLES

FALSE_ALARM_RATE = 1e-3
"""Probability that a right program fails any of the statistical oracles of one verification."""
SAMPLES = 20_000


@dataclass(frozen=True)
class Report:
    """What `verify` found; it prints as a table.

    Attributes
    ----------
    families
        The oracles of each family, by its name.
    device
        The device under test.
    samples
        Samples of a statistical oracle; some take a share or a multiple of it.
    seed
        Key of the generator.
    z_limit
        The largest |z| that passes.
    false_alarm_rate
        Probability, at most, that a right program fails any statistical oracle at all.
    """

    families: dict[str, tuple[Oracle, ...]]
    device: str
    samples: int
    seed: int
    z_limit: float
    false_alarm_rate: float

    @property
    def oracles(self) -> tuple[Oracle, ...]:
        """All of them."""
        return tuple(oracle for family in self.families.values() for oracle in family)

    @property
    def passed(self) -> bool:
        """Whether every oracle passed."""
        return all(oracle.passed for oracle in self.oracles)

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain Python: numbers, strings, lists and dicts."""
        return {
            "oracles": [oracle.to_dict() for oracle in self.oracles],
            "passed": self.passed,
            "device": self.device,
            "samples": self.samples,
            "seed": self.seed,
            "z_limit": self.z_limit,
            "false_alarm_rate": self.false_alarm_rate,
        }

    def to_json(self) -> str:
        """`to_dict` as strict JSON: NaN becomes null, infinities the strings "inf" and "-inf"."""
        return strict_json.dumps(self.to_dict())

    def __str__(self) -> str:
        return verification_text.as_text(self)

    def _repr_html_(self) -> str:
        return verification_text.as_html(self)


def verify(
    samples: int | None = None,
    device: str = "auto",
    *,
    seed: int = 539,
    only: Sequence[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Hold this installation to what mathematics knows: closed forms, exact laws, independent routes.

    A statistical oracle gives z = (measured − expected) / standard error and passes where |z| <= Φ⁻¹(1 − α/2m), with
    m of them and α = 1/1000: by Bonferroni's inequality a right program fails any with probability α at most. The
    others are exact and have a tolerance, mostly a bound of the rounding.

    Parameters
    ----------
    samples
        Samples of a statistical oracle, at least 1000; None for 20,000. Standard errors fall with their root.
    device
        "cpu", "cuda", or "auto", which is the CPU here: the work is too small for it to choose a GPU.
    seed
        Key of the generator; the same seed gives the same numbers. Another one tells chance from a fault.
    only
        Names of the families of oracles to ask; None for all.
    progress
        Called with a line of text before each family, and for each kernel that has to be compiled first.

    Returns
    -------
    Report
        `.passed`, and each oracle with its name, expected and measured value.

    Raises
    ------
    ArgumentError
        Too few samples, or no such device or family.
    ArgumentTypeError
        `samples` or `seed` is not a whole number.
    DeviceError
        The device cannot be had.

    References
    ----------
    The sources of the closed forms stand in `rhoscope.theory`.

    Examples
    --------
    >>> import rhoscope as rs
    >>> report = rs.verify(only=["eigenvalues"])
    >>> report.passed
    True
    """
    setting = Setting(
        device=choose(device).name,
        samples=_whole("samples", SAMPLES if samples is None else samples, LEAST_SAMPLES, 2**62),
        seed=_whole("seed", seed, 0, 2**64 - 1),
    )
    tell = progress or (lambda line: None)
    found: dict[str, tuple[Oracle, ...]] = {}
    with on_compile(_once(tell)):
        for family in _chosen(only):
            tell(f"verifying: {family}")
            found[family] = tuple(_ask(family, setting))
    statistical = sum(oracle.standard_error is not None for family in found.values() for oracle in family)
    limit = float(-special.ndtri(FALSE_ALARM_RATE / (2 * max(1, statistical))))
    judged = {
        family: tuple(replace(oracle, z_limit=limit) for oracle in oracles)
        for family, oracles in found.items()
    }
    return Report(judged, setting.device, setting.samples, setting.seed, limit, FALSE_ALARM_RATE)


def _ask(family: str, setting: Setting) -> Iterator[Oracle]:
    """The oracles of a family; where it ends in an error, an oracle that failed stands for the rest."""
    try:
        yield from FAMILIES[family](setting)
    except Exception as error:  # a fault may break anything after it, and must not hide the other families
        nothing, remark = float("nan"), f"{type(error).__name__}: {error}"
        yield Oracle(f"{family}: the rest could not be asked", nothing, nothing, tolerance=0.0, remark=remark)


def _once(tell: Callable[[str], None]) -> Callable[[str], None]:
    """Tells of each kernel that is compiled, the first time only: each has many parts."""
    told: set[str] = set()

    def compiling(kernel: str) -> None:
        if kernel not in told:
            told.add(kernel)
            tell(f"compiling {kernel} (once on this machine)")

    return compiling


def _chosen(only: Sequence[str] | None) -> list[str]:
    """The families asked for, in their own order."""
    if only is not None and not isinstance(only, Iterable):
        raise ArgumentTypeError(f"only = {only!r}: a list of families, of {', '.join(FAMILIES)}, would do")
    wanted = [only] if isinstance(only, str) else list(FAMILIES if only is None else only)
    for name in wanted:
        if name not in FAMILIES:
            raise ArgumentError(f"only: no family {name!r}; {nearest(str(name), FAMILIES)} would do")
    return [family for family in FAMILIES if family in wanted]


def _whole(name: str, value: Any, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise ArgumentTypeError(f"{name} = {value!r}: a whole number of at least {least} would do")
    number = int(value)
    if not least <= number <= most:
        raise ArgumentError(f"{name} = {number}: a whole number from {least} to {most} would do")
    return number
