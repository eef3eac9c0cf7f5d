#!/bin/sh
# Says what is missing before anything long begins. Used by the Makefile; runs in any POSIX shell, without Node.
set -eu
cd "$(dirname "$0")/.."

missing=0
need() { # need PROGRAM WHAT-TO-DO
  command -v "$1" >/dev/null 2>&1 && return 0
  echo "missing: $1. $2" >&2
  missing=1
}

need npm 'Install Node.js 20 or newer with npm (https://nodejs.org); npm brings the Node that this project runs on.'
need node 'Install Node.js 20 or newer with npm (https://nodejs.org); npm brings the Node that this project runs on.'
need openssl 'The tests make their certificates with it. Install it from your distribution.'
need go 'The control planes are built from their Go modules. Install Go 1.26 or newer (https://go.dev/dl).'

# Asked in the folder of the modules: there an older Go fetches the toolchain that go.mod names, unless it may not.
if command -v go >/dev/null 2>&1; then
  version=$(cd hack/tools && go env GOVERSION 2>/dev/null || go version)
  numbers=$(echo "$version" | sed -n 's/.*go\([0-9][0-9]*\)\.\([0-9][0-9]*\).*/\1 \2/p')
  # shellcheck disable=SC2086 # two numbers, two words
  set -- ${numbers:-0 0}
  if [ "$1" -lt 1 ] || { [ "$1" -eq 1 ] && [ "$2" -lt 26 ]; }; then
    echo "too old: $version. Install Go 1.26 or newer (https://go.dev/dl)." >&2
    missing=1
  fi
fi
exit "$missing"
