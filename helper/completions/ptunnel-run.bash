# bash completion of ptunnel-run: its options, as --help lists them, and then those of the command.

# Hosts that ssh has spoken to, but those whose names it keeps as hashes.
_ptunnel_hosts()
{
    local names

    names=$(cat ~/.ssh/known_hosts /etc/ssh/ssh_known_hosts 2> /dev/null | sed -E 's/^@[^ ]+ +//; /^[#|]/d; s/ .*//; s/,/\n/g; s/\[([^]]*)\]:/\1:/g')
    mapfile -t COMPREPLY < <(compgen -W "${names//[^a-zA-Z0-9.:_$'\n'-]/}" -- "$1")
}

_ptunnel_run()
{
    local word=${COMP_WORDS[COMP_CWORD]} help at option='' targets=''

    help=$("$1" --help 2> /dev/null)
    for ((at = 1; at < COMP_CWORD; at++)); do
        option=${COMP_WORDS[at]}
        case $option in
        --) # the command is next
            ((at++))
            option=
            break
            ;;
        --explain | --check | --setup) targets=yes ;;
        -*) ;;
        *) # it is the command
            option=
            break
            ;;
        esac
        # An option with a value, which bash has cut at every one of these bytes.
        if grep -qE -- "^ *(-., )?$option [A-Z]|^ *$option, --[a-z-]+ [A-Z]" <<< "$help" ||
            { [[ ${COMP_WORDS[at + 1]} == = ]] && grep -qE -- "^ *$option\[=[A-Z]" <<< "$help"; }; then
            ((at++))
            [[ ${COMP_WORDS[at]} != = ]] || ((at++))
            while ((at < COMP_CWORD)) && [[ ${COMP_WORDS[at + 1]} == [:=@]* ]]; do
                ((at += 2))
            done
            ((at < COMP_CWORD)) || break
        fi
        option=
    done

    [[ $word != = ]] || word=
    COMPREPLY=()
    case $option in
    -r | --rules | --password-file | --log) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    -t | --tunnel | -n | --direct | -x | --reject) _ptunnel_hosts "$word" ;;
    --*) # "--fallback WORD  when no proxy can be reached: none (fail) or direct"
        help=$(sed -nE "s/^ *$option(\[=| )WORD\]? .*: //p" <<< "$help" | sed -E 's/\([^)]*\)//g; s/,| or / /g')
        mapfile -t COMPREPLY < <(compgen -W "$help" -- "$word")
        ;;
    -*) ;;
    *)
        if [[ $targets && $word != -* ]]; then
            _ptunnel_hosts "$word"
        elif ((at == COMP_CWORD)) && [[ $word == -* ]]; then
            help=$(grep -oE -- '^ *(-., )?--[a-z-]+' <<< "$help")
            mapfile -t COMPREPLY < <(compgen -W "${help//-?,/}" -- "$word")
        elif declare -F _command_offset > /dev/null; then
            _command_offset "$at" # of the package bash-completion
        elif ((at == COMP_CWORD)); then
            mapfile -t COMPREPLY < <(compgen -c -- "$word")
        else
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
        fi
        ;;
    esac
}

complete -F _ptunnel_run ptunnel-run
