/**
 * What a shell evaluates once: it asks `packrun completion candidates` for each word, which knows commands and options from their
 * own definitions, and runs and gates from the store. Where nothing is known the shell completes files.
 */
export const COMPLETION_SCRIPTS = {
  bash: `_packrun() {
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}") value
  # A name with a colon or an equals sign is several words to bash: only what stands behind the last one is replaced.
  local before="\${COMP_WORDS[COMP_CWORD]%"\${COMP_WORDS[COMP_CWORD]##*[:=]}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    COMPREPLY+=("\${value#"$before"}")
  done < <(packrun completion candidates -- "\${words[@]}" 2>/dev/null)
}
complete -o default -o bashdefault -F _packrun packrun
`,
  zsh: `#compdef packrun
_packrun() {
  local -a found
  local value about
  while IFS=$'\\t' read -r value about; do
    found+=("\${value//:/\\\\:}:$about")
  done < <(packrun completion candidates -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then
    _describe packrun found
  else
    _files
  fi
}
if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then
  _packrun "$@"
else
  compdef _packrun packrun
fi
`,
  fish: `function __packrun_candidates
  set -l words (commandline -opc) (commandline -ct)
  packrun completion candidates -- $words[2..-1] 2>/dev/null
end
complete -c packrun -n 'test -n "$(__packrun_candidates)"' -f
complete -c packrun -a '(__packrun_candidates)'
`,
} as const;
