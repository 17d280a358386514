/**
 * What bash sources. The library's own needs the package bash-completion, and evaluates the words:
 * a Tab behind `$(command)` would run it. This one reads them only.
 */
export const bashScript: string = `# bash completion for sealdrop

_sealdrop() {
    local line=\${COMP_LINE:0:COMP_POINT} words last out directive value rest
    IFS=$' \\t\\n' read -r -a words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    last=\${words[\${#words[@]}-1]}
    COMPREPLY=()
    out=$(sealdrop completion complete -- "\${words[@]:1}" 2> /dev/null) || return
    directive=\${out##*:}
    out=\${out%:*}
    [[ $last == --*=* ]] && last=\${last#*=}
    while IFS=$'\\t' read -r value rest; do
        [[ -n $value && $value == "$last"* ]] && COMPREPLY+=("$value")
    done <<< "$out"
    # 4: no file is expected here
    if [[ $directive == 4 ]]; then
        compopt +o default 2> /dev/null
    fi
}

complete -o default -F _sealdrop sealdrop`
