# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Completion of seine(1) for bash.
_seine() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' i
  local look='--json --bits --utc --tz --help' ask='--watch --socket'
  COMPREPLY=()
  case $before in
  --tz) mapfile -t COMPREPLY < <(compgen -W 'utc local' -- "$word") ; return ;;
  --state) mapfile -t COMPREPLY < <(compgen -W 'firing pending resolved' -- "$word") ; return ;;
  --last) mapfile -t COMPREPLY < <(compgen -W '1m 5m 1h 6h 1d 7d' -- "$word") ; return ;;
  --socket | --config | --flows-csv) mapfile -t COMPREPLY < <(compgen -f -- "$word") ; return ;;
  --limit | --local | --fleet) return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
    status | top | sensors | alerts | replay | help) command=${COMP_WORDS[i]} ; break ;;
    esac
  done
  case $command in
  '') mapfile -t COMPREPLY < <(compgen -W 'status top sensors alerts replay help --help --version' -- "$word") ;;
  status | sensors) mapfile -t COMPREPLY < <(compgen -W "$look $ask" -- "$word") ;;
  top) mapfile -t COMPREPLY < <(compgen -W "hosts conversations ports --last --limit $look $ask" -- "$word") ;;
  alerts) mapfile -t COMPREPLY < <(compgen -W "show --state --limit $look $ask" -- "$word") ;;
  help) mapfile -t COMPREPLY < <(compgen -W 'status top sensors alerts replay' -- "$word") ;;
  replay)
    if [[ $word == -* ]]; then
      mapfile -t COMPREPLY < <(compgen -W "--config --local --fleet --flows-csv --limit $look" -- "$word")
    else
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
    ;;
  esac
}
complete -o filenames -F _seine seine
