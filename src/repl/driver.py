"""The primary resource that spark-submit runs: `spark-submit … driver.py <settings file>`."""
import os
import sys

if __name__ == "__main__":
    # Only the package may be found through this folder, and only now: the user's own modules must be able
    # to have any name.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, here)
    from sparkgate_repl import main

    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    sys.exit(main.run(sys.argv))
