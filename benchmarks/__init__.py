"""Speed and memory beside the peers: ``make bench``, or ``python -m benchmarks``.

One thread of linear algebra, set before NumPy is loaded: CPU seconds would count threads that wait.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
