#!/bin/sh
# Installs the groups of deploy/packages.txt that are named (build run test bench). What is there already
# is not asked for again, so that a machine without a package mirror works once it is set up.
set -eu
folder=$(dirname "$0")
wanted=" $* "
missing=
group=
while IFS= read -r line; do
  case $line in
  '# group: '*) group=${line#\# group: } ;;
  '#'* | '') ;;
  *)
    case $wanted in
    *" $group "*)
      dpkg-query -W -f='${Status}' "$line" 2>/dev/null | grep -q '^install ok installed$' ||
        missing="$missing $line"
      ;;
    esac
    ;;
  esac
done <"$folder/packages.txt"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "install-packages.sh: root is needed to install:$missing" >&2
  exit 1
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >/dev/null
# shellcheck disable=SC2086 # a list of names
apt-get install -q -y --no-install-recommends $missing >/dev/null
