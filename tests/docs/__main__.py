"""`make docs`: write the tables of README.md anew."""

from tests.docs.readme import README, filled

README.write_text(filled(README.read_text()))
