# What the examples share. Sourced by an example, it shows that one's comments and commands while they run, as they stand
# in its file. An example that is called by itself goes to examples/run first, which makes the world it needs.
[ -n "${WORLD:-}" ] || exec "$(dirname "$0")/run" "$0"

# eventually COMMAND…: until it succeeds, for thirty seconds at most ($PATIENCE); prints what it said last.
eventually() {
  local until=$((SECONDS + ${PATIENCE:-30})) said
  until said=$("$@" 2>&1); do
    [ $SECONDS -lt $until ] || { printf '%s\n' "$said" >&2; return 1; }
    sleep 0.1
  done
  [ -z "$said" ] || printf '%s\n' "$said"
}

bold='' dim='' plain=''
if [ -t 1 ]; then bold=$'\033[1m' dim=$'\033[2m' plain=$'\033[0m'; fi
mapfile -O 1 -t lines <"$0"
shown=${BASH_LINENO[0]} # all up to the line that sources this
show_until() { # prints the example's lines up to this one, and those that continue it
  local line
  while [ "$shown" -lt "$1" ] || [[ ${lines[shown]} == *\\ ]]; do
    shown=$((shown + 1)) line=${lines[shown]}
    case $line in
      '') echo ;;
      '#'*) printf '%s%s%s\n' "$bold" "$line" "$plain" ;;
      ' '*) printf '  %s\n' "$line" ;;
      *) printf '%s$%s %s\n' "$dim" "$plain" "$line" ;;
    esac
  done
}
trap 'echo "examples: $0, line $LINENO: failed" >&2' ERR
trap 'show_until $LINENO' DEBUG
