#!/usr/bin/env python3
"""Starts the program of an unpacked image, as a container runtime does: enter.py BUNDLE, the folder that umoci wrote.

The program has the image's files alone, and runs as a user who owns none of them, as in Lambda. The variables are those
of the image and, before them, this process's.
"""

import json
import os
import sys

NOBODY = 65534


def main(bundle):
    with open(os.path.join(bundle, "config.json"), encoding="utf-8") as file:
        process = json.load(file)["process"]
    os.chroot(os.path.join(bundle, "rootfs"))
    os.chdir(process["cwd"])
    if os.geteuid() == 0 and is_root_outside():
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    own = dict(variable.split("=", 1) for variable in process["env"])
    os.execve(process["args"][0], process["args"], {**os.environ, **own})


def is_root_outside():
    """Whether this is the machine's root, and not that of a user namespace, which has no other user."""
    return IDS.split()[:3] == ["0", "0", "4294967295"]


with open("/proc/self/uid_map", encoding="ascii") as file:
    IDS = file.read()
main(sys.argv[1])
