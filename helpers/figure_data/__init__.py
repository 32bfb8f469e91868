"""Figures as data: read without drawing, shown by a page as SVG.

A matplotlib figure is read (`read`: plain numbers and words, places in pixels), the
states of an explorer are laid out together and written as pieces of SVG that they share
(`pictures`).

Read in this order:

- reading.py: a figure, axes by axes
- axes.py: limits, scales, ticks and their labels
- marks.py: what stands in an axes: lines, points, bars, areas, images, words
- fields.py: clouds of points, bands, tilings, contours, pictures
- words.py: words in an axes, with or without an arrow
- legends.py: what stands in a legend, and where it hides least
- looks.py: colours, widths and dashes as plain values
- paths.py: lines and areas as paths of SVG, thinned below a pixel
- text.py: mathtext in plain signs, and how wide a word is
- pages.py: the states of an explorer, with what they share stored once
- panels.py: one panel over all its states, with margins that fit each
- svg.py: the pieces of SVG
"""

from helpers.figure_data.looks import Unsupported
from helpers.figure_data.pages import filled, pictures
from helpers.figure_data.reading import read
from helpers.figure_data.text import plain

__all__ = ["Unsupported", "filled", "pictures", "plain", "read"]
