"""The tables of README.md that are made from the code, and the tests that hold the texts to it."""
