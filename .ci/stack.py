"""What checks start processes with and listen to their links with; it lies with what else starts processes on one machine."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "deploy/local/lib"))

from processes import ROOT, Stack, find_java, free_port, free_ports, jar, log_end, wait_for  # noqa: E402, F401
from marks import Needles, coatings  # noqa: E402, F401
from taps import Heard, Tap  # noqa: E402, F401
