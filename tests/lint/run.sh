#!/bin/sh
# All linters, or the one named. Every one runs; any failure makes the whole fail.
set -u
cd "$(dirname "$0")/../.." || exit 1
jobs=$(nproc)

headers_alone() {
  alone=0
  for header in $(git ls-files 'common/*.h' 'proto/*.h' 'sensor/*.h' 'collector/*.h' 'cli/*.h'); do
    printf '#include "%s"\nextern int seine_header_is_alone;\n' "$header" |
      gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Werror -I. -isystem build/clang/proto -x c -fsyntax-only - || alone=1
  done
  return "$alone"
}

clang_build() {
  cmake --preset clang >/dev/null || return 1
  if ! cmake --build --preset clang >build/clang.log; then
    tail -n 40 build/clang.log
    return 1
  fi
}

lint() {
  case $1 in
  format) git ls-files '*.c' '*.h' | xargs clang-format-14 --dry-run -Werror ;;
  layers) python3 tests/lint/layers.py ;;
  spdx) python3 tests/lint/spdx.py ;;
  headers) headers_alone ;;
  shells) git ls-files '*.sh' '.ci/run' | xargs shellcheck ;;
  spelling) git ls-files | grep -v -e '^tests/fuzz/corpus/' -e '^tests/data/' -e '^LICENSE$' |
    xargs codespell --ignore-words tests/lint/words.txt ;;
  man) mandoc -Tlint -W warning docs/man/*.1 docs/man/*.8 ;;
  clang) clang_build ;;
  keys) python3 tests/lint/man_keys.py build/clang/bin ;;
  cppcheck) cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
    --inline-suppr --suppressions-list=tests/lint/cppcheck.txt -I. -D_GNU_SOURCE \
    -DSEINE_VERSION='"lint"' -j "$jobs" common proto sensor collector cli ;;
  tidy) git ls-files 'common/*.c' 'proto/*.c' 'sensor/*.c' 'collector/*.c' 'cli/*.c' |
    xargs -P "$jobs" -n 1 clang-tidy-14 --quiet -p build/clang 2>/dev/null ;;
  *)
    echo "lint: '$1' is not one of format layers spdx headers shells spelling man clang keys cppcheck tidy" >&2
    return 2
    ;;
  esac
}

failed=0
[ $# -gt 0 ] || set -- format layers spdx shells spelling man clang headers keys cppcheck tidy
for name in "$@"; do
  if lint "$name"; then
    echo "lint: $name: good"
  else
    echo "lint: $name: FAILED" >&2
    failed=1
  fi
done
exit $failed
