"""How jupyter_client gets a kernel from the fork server instead of starting a program.

The provisioner is made known by name when a kernel is asked for, not by an entry point of the package: it must not
depend on how the package was installed, and no kernelspec is written anywhere.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import uuid
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Unicode
from traitlets.config import Config

_NAME = "kirov-fork-provisioner"
_START_SECONDS = 60


class ForkedKernel:
    """A process of the fork server, with as much of `subprocess.Popen` as `LocalProvisioner` needs.

    The socket over which it was asked for stays open on both sides: its end is the kernel's end, and ours is its.
    """

    stdin = stdout = stderr = None
    returncode = -signal.SIGKILL

    def __init__(self, server: str, asked: dict[str, Any]) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_START_SECONDS)
        self._socket.connect(server)
        self._socket.sendall(json.dumps({"kernel": asked}).encode() + b"\n")
        told = self._socket.recv(32)  # sent when its channels are open, so that the client need not try twice
        if not told:
            msg = "the fork server gave no kernel"
            raise ConnectionError(msg)
        self.pid = int(told)

    def poll(self) -> int | None:
        """None while it lives."""
        self._socket.settimeout(0)
        try:
            return None if self._socket.recv(1, socket.MSG_PEEK) else self.returncode
        except BlockingIOError:
            return None
        except ConnectionError:
            return self.returncode

    def wait(self) -> int:
        """Wait for its end."""
        self._socket.settimeout(None)
        while self._socket.recv(1):
            pass
        self._socket.close()
        return self.returncode

    def send_signal(self, signum: int) -> None:
        """Send a signal; a killed one is waited for, at most some seconds."""
        if self.poll() is None:
            os.kill(self.pid, signum)
            if signum == signal.SIGKILL:
                self._socket.settimeout(_START_SECONDS)
                self._socket.recv(1)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class ForkProvisioner(LocalProvisioner):
    """Launches by asking the server that its manager names."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Ask for a kernel; `cmd` is the arguments of an ipykernel."""
        manager: Any = self.parent
        folder = str(kwargs.get("cwd") or Path.cwd())
        forked: Any = ForkedKernel(manager.server, {"cwd": folder, "arguments": cmd})
        self.process, self.pid = forked, forked.pid
        return self.connection_info


class WarmKernelManager(AsyncKernelManager):
    """A manager whose kernels come from a fork server.

    Its channels are sockets in the server's private folder: parallel kernels cannot take each other's ports, and
    other users of the machine cannot reach them.
    """

    server = Unicode(help="Where the fork server listens.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # Known by name from here on; the factory looks into its table before it looks for entry points.
        entry = EntryPoint(_NAME, f"{__name__}:{ForkProvisioner.__name__}", KernelProvisionerFactory.GROUP_NAME)
        KernelProvisionerFactory.instance().provisioners[_NAME] = entry
        self.transport = "ipc"
        self.connection_file = str(Path(self.server).with_name(f"{uuid.uuid4().hex[:12]}.json"))

    @property
    def kernel_spec(self) -> KernelSpec:
        """A Python kernel of this provisioner."""
        stanza = {"kernel_provisioner": {"provisioner_name": _NAME}}
        return KernelSpec(argv=["-f", "{connection_file}"], language="python", metadata=stanza)


def papermill_options(server: str) -> dict[str, Any]:
    """Arguments by which papermill takes its kernel from a server; none for a stock kernel."""
    if not server:
        return {}
    config = Config({WarmKernelManager.__name__: {"server": server}})
    return {"kernel_manager_class": WarmKernelManager, "config": config, "shutdown_kernel": "immediate"}
