"""Kernels that are warm when a notebook asks for one, and the crew of processes that makes pages on them.

A stock kernel starts Python, imports pandas, plotly and kirovlib and judges the region before the first cell says
anything: seconds for each of six hundred cards. Here one process has done all that (`server`) and forks itself for
each kernel; papermill asks for it through a provisioner of jupyter_client (`provisioner`). Pages are made by workers
(`worker`), forked from the same process, as many as there are jobs (`crew`); what the region was judged to is told to
the server once (`remembered`).

Every process ends with the one that asked for it: each holds a socket or pipe of it and watches for its end.
"""

from kirovlib.reports.kernels.crew import Crew, can_be_warm
from kirovlib.reports.kernels.remembered import Remembered, judge

__all__ = ["Crew", "Remembered", "can_be_warm", "judge"]
