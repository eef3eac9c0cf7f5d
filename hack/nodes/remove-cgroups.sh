#!/bin/sh
# Removes the control groups of an enclosure: `remove-cgroups.sh NAME`. They are empty a moment after its processes ended; those
# of a node that stands still end only when it is let go on, with control groups of version 1.
find /sys/fs/cgroup -path "*/$1/*" -name freezer.state 2> /dev/null | while read -r state; do echo THAWED > "$state"; done
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  find /sys/fs/cgroup -depth -type d \( -path "*/$1" -o -path "*/$1/*" \) -exec rmdir {} + 2> /dev/null
  [ -z "$(find /sys/fs/cgroup -type d -name "$1" 2> /dev/null)" ] && exit 0
  sleep 0.2
done
echo "control groups of $1 are left in /sys/fs/cgroup" >&2
exit 1
