#!/usr/bin/env bash
# A root to install into, and to throw away: see throwaway-root.ts, which alone runs this, in namespaces of its own.
#
#   FOLDER   where it is mounted: FOLDER/root is an overlay over /, written in memory. No network, no systemd that runs.
set -euo pipefail
folder=$1
mkdir "$folder/memory"
mount -t tmpfs tmpfs "$folder/memory"
mkdir "$folder"/memory/{upper,work} "$folder/root"
root=$folder/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/memory/upper,workdir=$folder/memory/work" "$root"
mount -t proc proc "$root/proc"
for path in run tmp var/log dev; do mount -t tmpfs -o mode=0755 tmpfs "$root/$path"; done
for node in null zero random urandom; do
  touch "$root/dev/$node"
  mount --bind "/dev/$node" "$root/dev/$node"
done
echo ready
# Until whoever wanted it lets go.
exec cat
