"""The lake: append-only Parquet under `data/lake`, read through DuckDB; the only module that knows paths in there.

A batch of accounts is one checkpoint. Its files carry the batch number in their names and are written aside and
renamed, the coverage file **last**: a batch counts when its coverage file is there. At a run's end its batches are
merged into one part per table, named by the first and last batch; a part whose range contains another replaces it.

```
lake/posts/run=<run_id>/00000001-00000007.parquet        likewise post_metrics, profile_snapshots, coverage
lake/raw/platform=vk/run=<run_id>/00000001-00000007.jsonl.zst
lake/runs/<run_id>.parquet
```

Raw answers past their term (`prune`) leave `….pruned.zst`: what was asked, when it came, its SHA-256, no body.
"""

from __future__ import annotations

from kirovlib.lake.as_of import copy_as_of
from kirovlib.lake.durable import CRASH_POINTS
from kirovlib.lake.parts import alone
from kirovlib.lake.reader import Lake, Snapshot
from kirovlib.lake.writer import Batch, LakeWriter

__all__ = ["CRASH_POINTS", "Batch", "Lake", "LakeWriter", "Snapshot", "alone", "copy_as_of"]
