#!/bin/sh
# The compiler of the tests' kernel, for scripts/vm-uml.sh: gcc, but what most files include is read once instead of a thousand times,
# and less is done for speed. That is half of the time. What cannot be compiled that way is compiled as kbuild says.
#
# Runs at the top of the sources. Its first word: `headers` makes the precompiled ones out of the words for any file of the
# kernel, `compile` uses them.
shared=./.quick.h
quick='-O1 -w'

# The words without the names that kbuild gives each file, for all others have to be as they were with the headers: those
# go to a file, to be read after them. Sets what was in the words: $names, $object.
parted() { # parted DO WORD…: calls DO with the words that are left
  what=$1 names= object= last=
  shift
  for word; do
    shift
    case $word in
    -DKBUILD_*=* | -D__KBUILD_*=*)
      word=${word#-D}
      names="$names#define ${word%%=*} ${word#*=}
"
      continue
      ;;
    esac
    [ "$last" != -o ] || object=$word
    last=$word
    set -- "$@" "$word"
  done
  "$what" "$@"
}

with_headers() {
  printf %s "$names" >"$object.names.h"
  gcc -include $shared "$@" $quick -include "./$object.names.h" 2>/dev/null
}

alone() { # makes them; of the words of a file it takes those that say how
  last=
  for word; do
    shift
    case $last,$word in -include,* | -o,* | *,-include | *,-o | *,-c | *,-Wp,* | *,*.c) ;; *) set -- "$@" "$word" ;; esac
    last=$word
  done
  gcc "$@" $quick -x c-header -o $shared.gch $shared
}

job=$1
shift
# What belongs to the program that the kernel is has other headers.
case " $* " in *' -D__KERNEL__ '*' -c '*.c' ') ;; *) exec gcc "$@" ;; esac
if [ "$job" = headers ]; then
  printf '#include <%s>\n' linux/kconfig.h linux/compiler_types.h linux/module.h linux/fs.h linux/mm.h linux/netdevice.h net/sock.h \
    >$shared
  parted alone "$@"
elif [ -e $shared.gch ]; then
  parted with_headers "$@" && exit
fi
exec gcc "$@"
