# fish completion of ptunnel-run and ptunnel: their options, as --help lists them, and then those of the command.

# Whether the command has not begun yet. The arguments are the options with a value.
function __ptunnel_in_options
    set -l words (commandline -opc)
    set -l is_value no

    for word in $words[2..-1]
        if test $is_value = yes
            set is_value no
        else if test "$word" = --; or not string match -q -- '-*' $word
            return 1
        else if contains -- $word $argv
            set is_value yes
        end
    end
    return 0
end

# Whether targets are wanted in place of a command.
function __ptunnel_wants_target
    string match -qr -- '^--(explain|check|setup)$' (commandline -opc)
end

function __ptunnel_define --argument-names program
    # "-p, --proxy URL  meaning"
    set -l row '^ +(?:-(?<letter>.),)? *--(?<name>[a-z0-9-]+)(?:(?<before> |\\[=)(?<value>[A-Z:]+)\\]?)?(?:  +(?<meaning>.*))?$'
    set -l letters
    set -l names
    set -l lines (command $program --help 2>/dev/null | string match -r '^ +-.*')
    set -l condition true

    for line in $lines
        string match -qr $row -- $line; and test -n "$value" -a "$before" = ' '; or continue
        set -a names --$name
        test -z "$letter"; or set -a letters -$letter
    end
    test $program = ptunnel; or set condition "__ptunnel_in_options $letters $names"
    for line in $lines
        string match -qr $row -- $line; or continue
        set -l option -c $program -n $condition -l $name -d "$meaning"
        test -z "$letter"; or set -a option -s $letter
        switch "$value"
            case ''
                complete $option -f
            case FILE
                complete $option -r -F
            case WORD # "when no proxy can be reached: none (fail) or direct"
                set -l words (string replace -r '.*: ' '' -- $meaning | string replace -ra '\([^)]*\)' '' | string replace -ra ',| or ' ' ')
                set -l needed -x
                test "$before" = ' '; or set needed -f # --strict[=WORD]
                complete $option $needed -a "$words"
            case URL PATTERN ADDRESS HOST:PORT
                complete $option -x -a '(__fish_print_hostnames)'
            case '*'
                complete $option -x
        end
    end
    if test $program = ptunnel
        complete -c ptunnel -f
    else
        complete -c ptunnel-run -x -n __ptunnel_wants_target -a '(__fish_print_hostnames)'
        # letters first: what begins with -- in front of them would be options of the function itself
        complete -c ptunnel-run -x -n 'not __ptunnel_wants_target' -a "(__fish_complete_subcommand $letters $names)"
    end
end

__ptunnel_define (string replace -r '.*/(.*)\.fish$' '$1' -- (status filename))
