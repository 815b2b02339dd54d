"""One shard as one Parquet file: columns that pandas, polars and DuckDB read, each page with a checksum.

A complex column is two real ones, `_real` and `_imag`; a column with one row of numbers a sample is a
fixed-size list.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

REAL, IMAG = "_real", "_imag"


def encode(columns: Mapping[str, np.ndarray]) -> bytes:
    """The columns of a shard as the bytes of a Parquet file."""
    arrays = {}
    for name, column in columns.items():
        if np.iscomplexobj(column):
            arrays[name + REAL] = _to_arrow(np.real(column))
            arrays[name + IMAG] = _to_arrow(np.imag(column))
        else:
            arrays[name] = _to_arrow(column)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(arrays), sink, compression="zstd", use_dictionary=False, write_page_checksum=True)
    return sink.getvalue().to_pybytes()


def column_names(path: Path) -> list[str]:
    """The names of the columns, a complex one under its own name."""
    names = pq.read_schema(path).names
    return [name.removesuffix(REAL) for name in names if not name.endswith(IMAG)]


def read_column(path: Path, name: str) -> np.ndarray:
    """One column; pyarrow raises OSError or ArrowException where the file is damaged."""
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        if name in file.schema_arrow.names:
            return _to_numpy(file.read([name])[name])
        parts = file.read([name + REAL, name + IMAG])
    real, imag = _to_numpy(parts[name + REAL]), _to_numpy(parts[name + IMAG])
    column = np.empty(real.shape, np.complex128)
    column.real, column.imag = real, imag  # real + 1j * imag would turn inf into nan
    return column


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_arrow(column: np.ndarray) -> pa.Array:
    data = np.ascontiguousarray(column).reshape(-1)
    # `pa.array` would import pandas, where it is installed, to know that this is none of its columns.
    flat = pa.Array.from_buffers(pa.from_numpy_dtype(data.dtype), data.size, [None, pa.py_buffer(data)])
    return flat if column.ndim == 1 else pa.FixedSizeListArray.from_arrays(flat, column.shape[1])


def _to_numpy(column: pa.ChunkedArray) -> np.ndarray:
    whole = column.combine_chunks()
    if not pa.types.is_fixed_size_list(whole.type):
        return np.from_dlpack(whole)  # `to_numpy` would import pandas as well
    return np.from_dlpack(whole.flatten()).reshape(len(whole), whole.type.list_size)
