# bash completion for ptunnel
_ptunnel() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=

    # --option=value comes in three words
    [[ $before != = ]] || before=${COMP_WORDS[COMP_CWORD - 2]}
    [[ $word != = ]] || word=
    case $before in
    --fallback | --log-format) # "--fallback WORD  when no proxy can be reached: none (fail) or direct"
        words=$(ptunnel --help | sed -nE "s/^ *$before WORD .*: //p" | sed -E 's/\([^)]*\)//g; s/,| or / /g')
        ;;
    -l | --listen) words='127.0.0.1 [::1] localhost *' ;;
    -r | --rules | --log | --password-file)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames
        return
        ;;
    -p | --proxy)
        mapfile -t COMPREPLY < <(compgen -A hostname -- "$word")
        return
        ;;
    -U | --user | -P | --password | -W | --stdio | --timeout | --attempt | --grace) return ;;
    *) [[ $word != -* ]] || words=$(ptunnel --help | grep -o -- '^  -., --[a-z-]*\|^ *--[a-z-]*' | grep -o -- '--.*') ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _ptunnel ptunnel
