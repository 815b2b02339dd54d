"""Ensembles by name, as a table of a study file gives them."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from rhoscope.ensembles.base import Ensemble, is_built_in, subclasses
from rhoscope.errors import ArgumentError, ArgumentTypeError
from rhoscope.nearest import nearest


def by_kind(kind: str) -> type[Ensemble]:
    """The class of an ensemble by its name.

    Parameters
    ----------
    kind
        Name of a class of this package, or of a subclass of `Ensemble` that has been defined.

    Raises
    ------
    ArgumentError
        There is no such ensemble; the message has the nearest name.

    Examples
    --------
    >>> import rhoscope as rs
    >>> rs.ensembles.by_kind("Elliptic")(tau=0.5)
    Elliptic(tau=0.5)
    """
    # Of two classes of a name the later one, but none in place of a class of this package: one that was refused
    # for its name is there until it is collected.
    known = {cls.__name__: cls for cls in sorted(subclasses(), key=is_built_in)}
    if kind not in known:
        raise ArgumentError(
            f"kind = {kind!r} is no ensemble; {nearest(str(kind), known)} would do "
            "(an ensemble of your own is known once its class has been defined)"
        )
    return known[kind]


def from_table(table: Mapping[str, Any]) -> Ensemble:
    """The ensemble of a table of kind and parameters, the inverse of `Ensemble.to_table`.

    Parameters
    ----------
    table
        `kind` and the arguments of that class.

    Raises
    ------
    ArgumentError
        An unknown kind or parameter, a missing one, or a value that cannot be.
    ArgumentTypeError
        A value of the wrong type.

    Examples
    --------
    >>> import rhoscope as rs
    >>> rs.ensembles.from_table({"kind": "Sparse", "density": 0.1})
    Sparse(density=0.1)
    """
    if not isinstance(table, Mapping):
        raise ArgumentTypeError(f'table = {table!r}: a mapping such as {{"kind": "RealGinibre"}} would do')
    parameters = dict(table)
    if "kind" not in parameters:
        raise ArgumentError('the table of an ensemble has no kind; kind = "RealGinibre" would do')
    cls = by_kind(parameters.pop("kind"))
    known = {field.name: field for field in fields(cls) if field.init}
    for name in parameters:
        if name not in known:
            raise ArgumentError(f"{cls.__name__} has no parameter {name!r}; {nearest(name, known)} would do")
    missing = [
        name
        for name, field in known.items()
        if field.default is MISSING and field.default_factory is MISSING and name not in parameters
    ]
    if missing:
        raise ArgumentError(
            f"{cls.__name__} needs {', '.join(missing)}; got {sorted(parameters) or 'nothing'}"
        )
    return cls(**parameters)
