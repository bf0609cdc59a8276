"""A log in a directory of its own, entries to put in it, and child processes that use it."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType

import pytest
from log_samples import open_log
