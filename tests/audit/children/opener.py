"""Opens the record in a directory as a service does at its start, and says when it is done."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

from api.record import open_record
from api.recorder import Recorder
from api.settings import Settings

record = open_record(Settings(Path(sys.argv[1]), (), Path()), Recorder(None, date.today))
print("open", flush=True)
sys.stdin.read()
record.log.close()
