"""Sphinx: `sphinx-build -W -b html docs build/docs` runs the code of every page and fails on any warning."""

import os
import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

os.environ["MATPLOTLIBRC"] = str(Path(__file__).parent / "matplotlibrc")

project = "rhoscope"
author = "the rhoscope authors"
copyright = author
version = release = metadata.version("rhoscope")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docstrings", "mathml", "terminal"]
exclude_patterns = ["_*"]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
html_math_renderer = "mathml"

# Every page starts a Python of its own, and an exception in it ends the build.
nb_execution_mode = "auto"
nb_execution_raise_on_error = True
nb_execution_timeout = 600  # of a cell; the first may have kernels to compile
nb_execution_in_temp = True  # what a page writes stays out of the repository
nb_merge_streams = True
nb_output_stderr = "warn"  # a Python warning on a page is one of the build

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
default_role = "py:obj"
smartquotes_action = "qD"
napoleon_google_docstring = False
napoleon_attr_annotations = False
napoleon_use_rtype = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "rhoscope"
html_static_path = ["_static"]
html_css_files = ["rhoscope.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
