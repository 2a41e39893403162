#!/usr/bin/env bash
# The two commands on a machine with nothing on it: tests/bare.sh root|user [FOLDER]
#
#   root   a fresh minimal Debian (debootstrap, with make only) in FOLDER, as its root
#   user   a fresh unprivileged user of this machine with an empty home and a minimal PATH
#
# Needs root, and debootstrap for "root". Clones the committed checkout, so nothing of its caches is used, then
# times: first `make run` until the page answers, second `make run`, `make test` (left out when ONLY=run). The
# figures go to standard output, the logs to FOLDER.
set -euo pipefail
KIND=${1:?root or user}
FOLDER=${2:-$(mktemp -d)}
SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SUITE=${SUITE:-bookworm}
BARE_PATH=/usr/local/bin:/usr/bin:/bin
MOUNTED=

finish() { for place in $MOUNTED; do umount -l "$place" || true; done; }
trap finish EXIT

prepare_root() {
    [ -x "$FOLDER/usr/bin/make" ] || debootstrap --variant=minbase --include=make "$SUITE" "$FOLDER" >/dev/null
    for place in proc dev dev/pts dev/shm; do
        mkdir -p "$FOLDER/$place"
        mountpoint -q "$FOLDER/$place" && continue
        case $place in
        proc) mount -t proc proc "$FOLDER/proc" ;;
        dev) mount --bind /dev "$FOLDER/dev" ;;
        dev/pts) mount -t devpts -o ptmxmode=0666 devpts "$FOLDER/dev/pts" ;;
        dev/shm) mount -t tmpfs tmpfs "$FOLDER/dev/shm" ;;
        esac
        MOUNTED="$FOLDER/$place $MOUNTED"
    done
    cp /etc/resolv.conf /etc/hosts "$FOLDER/etc/"
    mkdir -p "$FOLDER/usr/local/share/ca-certificates"
    cp /usr/local/share/ca-certificates/*.crt "$FOLDER/usr/local/share/ca-certificates/" 2>/dev/null || true
    rm -rf "$FOLDER/root/avsite" && git clone -q --no-hardlinks "$SOURCE" "$FOLDER/root/avsite"
    INSIDE=(chroot "$FOLDER" env -i HOME=/root "PATH=$BARE_PATH:/usr/sbin:/sbin" TERM=dumb)
    CHECKOUT=/root/avsite
}

prepare_user() {
    id avsite-bare >/dev/null 2>&1 || useradd --no-create-home --shell /bin/bash avsite-bare
    rm -rf "$FOLDER/home" && mkdir -p "$FOLDER/home" && chmod 755 "$FOLDER"
    git clone -q --no-hardlinks "$SOURCE" "$FOLDER/home/avsite"
    chown -R avsite-bare "$FOLDER/home"
    INSIDE=(setpriv --reuid avsite-bare --regid avsite-bare --clear-groups
        env -i "HOME=$FOLDER/home" "PATH=$BARE_PATH" TERM=dumb)
    CHECKOUT=$FOLDER/home/avsite
}

inside() { "${INSIDE[@]}" bash -c "cd $CHECKOUT && $1"; }

time_start() { # name
    local log=$FOLDER/$1.log began pid
    began=$(date +%s.%N)
    set -m # a process group of its own, to be stopped as Ctrl-C does
    (exec "${INSIDE[@]}" bash -c "cd $CHECKOUT && exec make run PORT=8765") >"$log" 2>&1 </dev/null &
    pid=$!
    set +m
    until grep -q /signin/ "$log" 2>/dev/null; do
        kill -0 "$pid" 2>/dev/null || { tail -n 30 "$log"; echo "make run ended before the page answered"; exit 1; }
        sleep 0.2
    done
    printf '%-28s %6.1f s\n' "$1" "$(echo "$(date +%s.%N) - $began" | bc)"
    kill -INT -- "-$pid"
    wait "$pid" || true
    grep -q Stopped "$log" || { tail -n 30 "$log"; echo "make run did not stop"; exit 1; }
}

"prepare_$KIND"
time_start first-start
time_start second-start
[ "${ONLY:-}" = run ] && exit 0
began=$(date +%s)
inside ".ci/run" >"$FOLDER/test.log" 2>&1 </dev/null && outcome=green || outcome="RED (see $FOLDER/test.log)"
printf '%-28s %6d s  %s\n' "make test" "$(($(date +%s) - began))" "$outcome"
sed -n '/=== summary/,$p' "$FOLDER/test.log"
