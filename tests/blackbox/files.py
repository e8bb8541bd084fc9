"""Files by which a test and what it runs talk: one opens a gate, the other notes that it was there."""

from blackbox.client import DEADLINE, until


class Files:
    def __init__(self, directory):
        self.directory = directory

    def __truediv__(self, name):
        return self.directory / name

    def open(self, name):
        (self.directory / name).touch()

    def wait(self, name):
        until((self.directory / name).exists, DEADLINE, f"{name} is there")

    def lines(self, name):
        file = self.directory / name
        return file.read_text().split("\n")[:-1] if file.exists() else []
