"""Black-box tests: the release binary, spoken to over HTTP."""
