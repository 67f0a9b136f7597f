"""The networks emulated over real HTTP: the embedded default of the demo and of the tests.

- `names`, `texts`: what the emulated world is made of; nothing in it can be taken for real.
- `members`, `portal`, `posts`: accounts, the links on their pages, what they publish.
- `truth`, `judgement`: what a right judgement of it is, on posts and links, and on every clause in a week.
- `side`: exemptions, decisions and manual checks.
- `world`: all of it together with the truth about it, planned first and written as JSON after.
- `vk`, `ok`, `telegram`: the networks over a world, VK also over a recording.
- `replay`: recorded answers instead of a world.
- `server`, `routes`, `answers`: HTTP on 127.0.0.1.
- `faults`, `changes`: what goes wrong on purpose, and what changes while it is read.
"""

from kirovlib.sandbox.faults import GROUPS, KINDS, Faults
from kirovlib.sandbox.replay import Recording, load_recording
from kirovlib.sandbox.server import Sandbox, serve_forever
from kirovlib.sandbox.world import DEMO_NOW, World, build_world

__all__ = [
    "DEMO_NOW",
    "GROUPS",
    "KINDS",
    "Faults",
    "Recording",
    "Sandbox",
    "World",
    "build_world",
    "load_recording",
    "serve_forever",
]
