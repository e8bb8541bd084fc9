"""sparkmagic's kernels for tests and benchmarks: installed in a directory of their own, with the configuration in it."""

import json
import os
import pathlib
import subprocess

from clients.conftest import HERE, Environment

KERNELS = ("pysparkkernel", "sparkkernel", "sparkrkernel")


class Cell:
    """What a cell showed."""

    def __init__(self, shown):
        self.stdout, self.stderr, self.html = shown["stdout"], shown["stderr"], shown["html"]
        self.data, self.errors, self.times = shown["data"], shown["errors"], shown["times"]

    def __repr__(self):
        return f"Cell({self.__dict__})"

    @property
    def value(self):
        """The text of what an expression that the kernel itself evaluates (%%local) is worth."""
        assert not self.stderr and not self.errors, self
        return self.data[-1]["text/plain"]

    @property
    def output(self):
        """What code printed that must succeed."""
        assert not self.stderr and not self.errors, self
        return self.stdout


class Notebook:
    """An open notebook: its kernel and the one that obeys us run until `close`."""

    def __init__(self, directory, kernel, url, **configuration):
        self.environment = Environment("sparkmagic")
        self.directory = pathlib.Path(directory)
        self.variables = self._prepare(url, configuration)
        self.process = subprocess.Popen(
            [self.environment.directory / "bin/python", HERE / "sparkmagic_notebook.py", kernel], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=open(self.directory / "notebook.log", "w"), text=True, cwd=self.directory, env=self.variables)

    def _prepare(self, url, configuration):
        """Writes the configuration and the kernels' specifications, as the user does; returns the environment variables."""
        variables = {**os.environ, "HOME": str(self.directory), "SPARKMAGIC_CONF_DIR": str(self.directory),
                     **{name: str(self.directory / "jupyter") for name in
                        ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}}
        here = {"username": "", "password": "", "url": url, "auth": "None"}
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "config.json").write_text(json.dumps({
            **{f"kernel_{language}_credentials": here for language in ("python", "scala", "r")}, **configuration}))
        packages, = (self.environment.directory / "lib").glob("python3*/site-packages")
        for kernel in KERNELS:
            done = self.environment.run("jupyter", "kernelspec", "install", "--user", packages / "sparkmagic/kernels" / kernel,
                                        environment=variables)
            assert done.returncode == 0, done.stderr
        return variables

    def _order(self, **order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"the notebook ended: {(self.directory / 'notebook.log').read_text()[-4000:]}"
        return json.loads(answer)

    def run(self, code, **options):
        return Cell(self._order(code=code, **options))

    def restart(self):
        self._order(restart=True)

    def close(self):
        self.process.stdin.close()
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
