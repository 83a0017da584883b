#!/usr/bin/env bash
# A real systemd as PID 1 of namespaces of its own: see systemd-box.ts, which alone runs this.
#
#   boot NAME FOLDER PATH…   the box, until it ends; each PATH is there under its own name, FOLDER/share to be written, the others read-only.
#                            Where FOLDER/again is there when it ends, it boots again on what it has written
#   clean NAME               takes away the groups that a box has left behind
#
# Its root is an overlay over /, with everything that it writes in memory. What would touch the machine itself (its kernel's
# settings and modules, its /dev, its groups) is left out or is the box's own.
set -euo pipefail
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

# The hierarchies of groups of this machine, one a line: `memory`, `cpu,cpuacct`; none on one that has version 2 alone.
hierarchies() { cut -d: -f2 /proc/self/cgroup | grep -v -e '^$' -e '^name=' || true; }

# Mounts all hierarchies below a folder, as systemd wants them.
mount_groups() {
  local folder=$1 controllers
  if [[ ${VAHTI_BOX_GROUPS:-} == 2 || -z $(hierarchies) ]]; then
    mount -t cgroup2 cgroup2 "$folder"
    return
  fi
  mount -t tmpfs tmpfs "$folder"
  mkdir "$folder/unified" "$folder/systemd"
  mount -t cgroup2 cgroup2 "$folder/unified"
  mount -t cgroup -o none,name=systemd cgroup "$folder/systemd"
  for controllers in $(hierarchies); do
    mkdir "$folder/$controllers"
    mount -t cgroup -o "$controllers" cgroup "$folder/$controllers"
  done
}

# This process's own groups: their folders, in the hierarchies that are mounted below a folder.
own_groups() {
  local at controllers path
  for at in $(findmnt --raw --noheadings --output TARGET --types cgroup,cgroup2 | grep "^$1"); do
    controllers=$(basename "$at")
    path=$(awk -F: -v at="$controllers" '$2 == at || $2 == "name=" at || ($1 == 0 && at !~ /cpu|memory|pids/) { print $3 }' /proc/self/cgroup | head -n 1)
    echo "$at${path%/}"
  done
}

# Phase 1: a group of its own in every hierarchy, below the one that this process is in, so that two boxes do not meet.
boot() {
  local name=$1 folder=$2 group file
  mkdir -p "$folder/groups" "$folder/share"
  mount_groups "$folder/groups"
  for group in $(own_groups "$folder/groups"); do
    mkdir "$group/$name"
    # Without processors and memory of its own nothing can enter it.
    for file in cpuset.cpus cpuset.mems; do
      if [[ -e $group/$name/$file && ! -s $group/$name/$file ]]; then cat "$group/$file" > "$group/$name/$file"; fi
    done
    echo $$ > "$group/$name/cgroup.procs"
  done
  umount --recursive "$folder/groups"
  mkdir "$folder/memory"
  mount -t tmpfs tmpfs "$folder/memory"
  mkdir "$folder"/memory/{upper,work,root,log,units}
  while true; do
    # It ends with this script, and all in it with its first process.
    setpriv --pdeathsig KILL unshare --kill-child --mount --pid --fork --uts --ipc --cgroup "$0" inside "${@:2}" || true
    [[ -e $folder/again ]] || break
    rm "$folder/again"
  done
}

# Phase 2: inside of the namespaces.
inside() {
  local folder=$1 node path
  shift
  local root=$folder/memory/root
  mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/memory/upper,workdir=$folder/memory/work" "$root"
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount_groups "$root/sys/fs/cgroup"
  for path in dev run tmp; do mount -t tmpfs -o mode=0755 tmpfs "$root/$path"; done
  mount --bind "$folder/memory/log" "$root/var/log"
  mount --bind "$folder/memory/units" "$root/etc/systemd/system"
  chmod 1777 "$root/tmp"
  mkdir "$root"/dev/{pts,shm}
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  for node in null zero full random urandom tty; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
  done
  for path in "$@" "$folder/share"; do
    if [[ -d $path ]]; then mkdir -p "$root$path"; else mkdir -p "$(dirname "$root$path")" && touch "$root$path"; fi
    mount --bind "$path" "$root$path"
    if [[ $path != "$folder/share" ]]; then mount -o remount,bind,ro "$root$path"; fi
  done
  settle "$root"
  # systemd itself does this on a machine: what it mounts for one unit is seen where it is looked for.
  mount --make-rshared "$root"
  exec env -i container=box PATH="$PATH" chroot "$root" /lib/systemd/systemd --system --unit=basic.target --show-status=false
}

# What a box needs not, and what would reach out of it.
settle() {
  local unit
  for unit in systemd-{sysctl,binfmt,modules-load,remount-fs,update-utmp,random-seed,udevd,udev-trigger,hwdb-update,firstboot}.service \
    modprobe@.service proc-sys-fs-binfmt_misc.automount sys-{fs-fuse-connections,kernel-config,kernel-debug,kernel-tracing}.mount \
    dev-{hugepages,mqueue}.mount systemd-{udevd-control,udevd-kernel,initctl}.socket timers.target; do
    ln -sf /dev/null "$1/etc/systemd/system/$unit"
  done
  mkdir -p "$1/etc/systemd/journald.conf.d"
  printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n' > "$1/etc/systemd/journald.conf.d/box.conf"
}

clean() {
  local group folder
  folder=$(mktemp -d)
  mount_groups "$folder"
  for group in $(own_groups "$folder"); do
    # Its processes were killed, and may need a moment to be gone.
    for _ in {1..50}; do
      if [[ ! -d $group/$1 ]] || find "$group/$1" -depth -type d -exec rmdir {} + 2> /dev/null; then continue 2; fi
      sleep 0.1
    done
    find "$group/$1" -depth -type d -exec rmdir {} +
  done
  umount --recursive "$folder"
  rmdir "$folder"
}

"$@"
