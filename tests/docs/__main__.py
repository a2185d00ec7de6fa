"""`make docs`: write the tables of README.md and docs/ anew."""

from tests.docs.pages import PAGES, filled

for page in PAGES:
    page.write_text(filled(page.read_text()))
