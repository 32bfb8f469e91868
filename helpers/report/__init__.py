"""One page on a network of your own: what the instruments of the chapters read off it.

Stands above the chapters, as the checks do. Each instrument that applies to a trained
classifier measures it beside a copy at initialisation: chapters 1, 3, 6, 9 and 10. The
others study networks that they build or train themselves, and chapter 8 needs a noise
that only the caller can choose.

    from helpers.report import report
    report(net, x, y)

Read in this order:
    subject.py: the caller's network and inputs, checked.
    fresh.py: a copy of a network at initialisation.
    readings.py: what an instrument reads off a network.
    input_space.py: chapters 1 and 10, around the inputs.
    inside.py: chapters 3, 6 and 9, from layer to layer and among the weights.
    instruments.py: all of them, in order of worth.
    budget.py: how large a sample fits into a time.
    links.py: where the chapters are.
    rows.py: a number of a report, and what is said of it.
    tables.py: tables as text and HTML.
    showing.py: a report as text and HTML.
    record.py: the report itself.
    making.py: `report`.
"""

from helpers.report.making import report
from helpers.report.record import Report
from helpers.report.rows import Layer, Row

__all__ = ["Layer", "Report", "Row", "report"]
