"""JUnit XML, which CI servers read."""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Replace each character that XML cannot hold by U+FFFD."""
    return _NOT_XML.sub("\ufffd", text)


def document(root: Element) -> str:
    """The XML file as text, indented."""
    ElementTree.indent(root)
    declaration = '<?xml version="1.0" encoding="utf-8"?>\n'
    return declaration + ElementTree.tostring(root, encoding="unicode") + "\n"
