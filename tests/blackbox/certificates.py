"""Certificates for tests, made with the openssl command."""

import pathlib
import ssl
import subprocess


def openssl(*arguments, cwd=None):
    done = subprocess.run(["openssl", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          cwd=cwd)
    assert done.returncode == 0, done.stderr


class Certificate:
    """A certificate and its key, each in a file; signed by `issuer`, or by itself."""

    def __init__(self, directory, name, issuer=None, subject=None, extension="subjectAltName=DNS:localhost,IP:127.0.0.1"):
        self.file = pathlib.Path(directory) / f"{name}.pem"
        self.key = pathlib.Path(directory) / f"{name}.key"
        signer = ["-CA", issuer.file, "-CAkey", issuer.key] if issuer else []
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2,
                "-subj", subject or f"/CN={name}", "-addext", extension, *signer, "-keyout", self.key, "-out", self.file)


class CertificateAuthority(Certificate):
    def __init__(self, directory, name):
        super().__init__(directory, name, extension="keyUsage=keyCertSign")
        self.directory = directory

    def issue(self, name, subject=None):
        return Certificate(self.directory, name, self, subject)

    def trusted(self, shown=None):
        """The context of a client that trusts this authority, and shows its own certificate if there is one."""
        context = ssl.create_default_context(cafile=self.file)
        if shown:
            context.load_cert_chain(shown.file, shown.key)
        return context
