"""What all tests share."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(Path(__file__).parent))
os.environ.pop("ESCALATIONS_HOME", None)
