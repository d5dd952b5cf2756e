#!/usr/bin/env bats
# What --check, --explain and --show look like on a terminal: the same words, with colours, and a line about what is waited for.

load helpers

setup_file() {
    start_greeter
    start_scripted --on 'slow.example:*' 'delay 600' --on '203.0.113.7:7' "to 127.0.0.1:$GREETER_PORT" \
        --on '*:403' 'status 403'
    export PROXY="127.0.0.1:$SCRIPTED_PORT"
}

ESC=$'\e'

# The terminal makes a carriage return of each line end; what was erased is gone.
on_terminal() { # [NAME=VALUE]... COMMAND... -> output, as it was written
    local words

    printf -v words '%q ' env TERM=xterm "$@"
    run timeout 30 script -qec "$words" /dev/null < /dev/null
    output=${output//$'\r\n'/$'\n'}
    output=${output%$'\r'}
}

plain() { # output without colours, figures, and what was erased
    sed -E $'s/[^\r]*\r\e\\[K//g; s/\e\\[[0-9;]*m//g; s/\r$//; s/after [0-9]+ ms/after N ms/' <<< "$output"
}

each_of() { # COMMAND: with the options of each of the three
    "$1" --explain -x rejected.example -n direct.example rejected.example:1 direct.example:1 other.example:1
    "$1" --show -x rejected.example
    "$1" --check 203.0.113.7:7 203.0.113.9:403
}

same_words() { # OPTION...
    local piped

    piped=$("$PTUNNEL_RUN" -p "$PROXY" "$@" 2>&1 | sed -E 's/after [0-9]+ ms/after N ms/') || true
    [[ $piped != *"$ESC"* ]]
    on_terminal "$PTUNNEL_RUN" -p "$PROXY" "$@"
    contains "$output" "${ESC}["
    equal "$(plain)" "$piped"
}

@test "on a terminal the words are those of a pipe, with colours" {
    need script
    each_of same_words
}

without_colours() {
    on_terminal NO_COLOR=1 "$PTUNNEL_RUN" -p "$PROXY" "$@"
    lacks "$output" "${ESC}[3"
    on_terminal "$PTUNNEL_RUN" --color=never -p "$PROXY" "$@"
    lacks "$output" "${ESC}[3"
    on_terminal TERM=dumb "$PTUNNEL_RUN" -p "$PROXY" "$@"
    lacks "$output" "$ESC"
}

@test "NO_COLOR, --color=never and a dumb terminal have none" {
    need script
    each_of without_colours
}

@test "--color has them everywhere, whatever NO_COLOR says; an empty NO_COLOR says nothing" {
    need script
    run env NO_COLOR=1 "$PTUNNEL_RUN" --color -p "$PROXY" --explain a.example:1
    contains "$output" "${ESC}[32mtunnel${ESC}[0m"
    on_terminal NO_COLOR= "$PTUNNEL_RUN" -p "$PROXY" --explain a.example:1
    contains "$output" "${ESC}[32mtunnel${ESC}[0m"
    run "$PTUNNEL_RUN" --color=blue -p "$PROXY" --explain a.example:1
    equal "$status ${lines[0]}" "125 ptunnel-run: --color 'blue': expected auto, always or never"
}

@test "--check shows what it waits for, and erases it" {
    need script
    on_terminal "$PTUNNEL_RUN" -p "$PROXY" --timeout 7 --check slow.example:9
    contains "$output" "  slow.example:9: asking, for at most 7 s"$'\r'"${ESC}[K"
    lacks "$(plain)" asking
    run "$PTUNNEL_RUN" -p "$PROXY" --check slow.example:9
    lacks "$output" asking
}
