#!/bin/sh
# The first process of an enclosure (enclose.ts): makes its own /run, which goes with it, its own loopback interface, and
# then runs what it was given. It must not be replaced by that: as the first process it reaps what others leave behind.
set -eu
mount -t tmpfs -o size=10g,mode=755 tmpfs /run
mkdir /run/switchback
ip link set lo up
# The machine itself, as nodes and pods see it.
ip address add "$SWITCHBACK_MACHINE/32" dev lo
"$@"
