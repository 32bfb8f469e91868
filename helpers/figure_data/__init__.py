"""Figures as data: read without drawing, shown by a page as SVG.

A matplotlib figure is read (`read`: plain numbers and words, places in pixels), the
states of an explorer are laid out together and written as pieces of SVG that they share
(`pictures`). Read in this order: `read`, `axes`, `marks`, `fields`, `words`, `legends`,
`looks`, `paths`, `text`; then `pages`, `panels`, `svg`.
"""

from helpers.figure_data.looks import Unsupported
from helpers.figure_data.pages import filled, pictures
from helpers.figure_data.reading import read

__all__ = ["Unsupported", "filled", "pictures", "read"]
