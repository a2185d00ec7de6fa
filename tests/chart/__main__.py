"""`make docs`: write the table of the chart's README.md anew."""

from tests.chart.readme import README, filled

README.write_text(filled(README.read_text()))
