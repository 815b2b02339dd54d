"""Formulas as MathML, which browsers draw themselves, so that the pages need no network."""

import re

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

_log = logging.getLogger(__name__)

# The bars of lvert, rvert, lVert and rVert, which by themselves are spaced and stretched as a relation is.
_BAR = re.compile(r'<mo( class="mathopen")?>([|‖])</mo>')


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (_inline, None), (_displayed, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(translator, node: nodes.math) -> None:
    translator.body.append(_mathml(node, as_block=False))
    raise nodes.SkipNode


def _displayed(translator, node: nodes.math_block) -> None:
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    translator.body.append(_mathml(node, as_block=True) + "</div>\n")
    raise nodes.SkipNode


def _mathml(node: nodes.Element, as_block: bool) -> str:
    try:
        return _BAR.sub(_as_bracket, tex2mathml(node.astext(), as_block=as_block))
    except MathError as error:
        _log.warning("formula %r: %s", node.astext(), error, location=node)
        return ""


def _as_bracket(bar: re.Match[str]) -> str:
    form = "prefix" if bar[1] else "postfix"
    return f'<mo form="{form}" stretchy="false">{bar[2]}</mo>'
