/**
 * Completion scripts of the shells. They hold no knowledge of their own: each asks `wormhole __complete -- WORD…`
 * (the words so far, the one under the cursor last), which answers with one candidate a line, `WORD[TAB TEXT]`,
 * or with the single line `:files`.
 */

/**
 * Bash splits words at `:` and `=` too, and replaces only the piece under the cursor: the pieces are joined
 * again where no blank stood between them, and what bash will keep is taken off the answers.
 */
const bash = `# bash completion of wormhole; load with: source <(wormhole completion bash)
_wormhole() {
  local line=\${COMP_LINE:0:COMP_POINT} piece keep answer i
  local -a words=() reply=()
  COMPREPLY=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    piece=\${COMP_WORDS[i]}
    if [[ $i -eq 0 || $line == [[:space:]]* || -z $piece ]]; then
      line="\${line#"\${line%%[![:space:]]*}"}"
      [[ $i -eq $COMP_CWORD ]] && piece=$line
      words+=("$piece")
    else
      [[ $i -eq $COMP_CWORD ]] && piece=$line
      words[\${#words[@]}-1]+=$piece
    fi
    line=\${line#"$piece"}
  done
  local current=\${words[\${#words[@]}-1]}
  keep=\${current%"\${current##*[:=]}"}
  [[ $COMP_WORDBREAKS == *:* ]] || keep=\${keep##*:}
  while IFS= read -r answer; do
    answer=\${answer%%$'\\t'*}
    if [[ $answer == :files ]]; then
      while IFS= read -r answer; do reply+=("$answer"); done < <(compgen -f -- "$current")
      compopt -o filenames 2>/dev/null
      keep=
      continue
    fi
    reply+=("\${answer#"$keep"}")
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
  COMPREPLY=("\${reply[@]}")
}
complete -F _wormhole wormhole
`;

const zsh = `#compdef wormhole
# zsh completion of wormhole; load with: source <(wormhole completion zsh)
_wormhole() {
  local line
  local -a described
  for line in "\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    if [[ $line == :files ]]; then _files; return; fi
    if [[ $line == *$'\\t'* ]]; then
      described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    else
      described+=("\${line//:/\\\\:}")
    fi
  done
  _describe wormhole described
}
if [[ $funcstack[1] == _wormhole ]]; then _wormhole "$@"; else compdef _wormhole wormhole; fi
`;

const fish = `# fish completion of wormhole; load with: wormhole completion fish | source
function __wormhole_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l answers (command $words[1] __complete -- $words[2..-1] 2>/dev/null)
    if test "$answers[1]" = :files
        __fish_complete_path $words[-1]
    else
        printf '%s\\n' $answers
    end
end
complete -c wormhole -f -a '(__wormhole_complete)'
`;

export const completionScripts: Readonly<Record<string, string>> = { bash, zsh, fish };
