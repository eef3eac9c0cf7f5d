#!/bin/sh
# The OCI runtime of our Docker: runc, without the capability CAP_SYS_RESOURCE, which the root of some machines lacks, and
# which runc could not give to a privileged container then.
for word in "$@"; do
  case "$previous" in
    --bundle | -b) spec="$word/config.json" ;;
    --process | -p) spec="$word" ;;
  esac
  previous="$word"
done
if [ -f "$spec" ]; then sed -i 's/"CAP_SYS_RESOURCE",//g; s/,"CAP_SYS_RESOURCE"//g' "$spec"; fi
exec runc "$@"
