#!/usr/bin/env bats
# What bash, zsh and fish offer behind `ptunnel-run` and the tabulator key.

load helpers

# offers WORD... : with these words on the line, cut as bash cuts them, the last is completed; what is offered
offers() {
    run --separate-stderr bash -c '. "$1"; shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _ptunnel_run "$1"
        printf "%s\n" "${COMPREPLY[@]}"' - "$ROOT/helper/completions/ptunnel-run.bash" "$PTUNNEL_RUN" "$@"
    succeeds
    equal "$stderr" ''
}

@test "options are completed, all that --help lists" {
    local listed

    offers --
    listed=$("$PTUNNEL_RUN" --help | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--.*')
    equal "$output" "$listed"
    offers -p proxy : 3128 --passw
    equal "$output" "--password${NEWLINE}--password-file"
    offers -v --lo
    equal "$output" "--loopback${NEWLINE}--log${NEWLINE}--log-format"
}

@test "values are completed" {
    touch "$BATS_TEST_TMPDIR/file-one"
    offers --default ''
    equal "$output" "tunnel${NEWLINE}direct${NEWLINE}reject"
    offers --fallback ''
    equal "$output" "none${NEWLINE}direct"
    offers --resolvers = ''
    equal "$output" "allow${NEWLINE}refuse${NEWLINE}answer"
    offers --strict = ''
    equal "$output" filter
    offers --strict printen
    equal "$(sort -u <<< "$output")" printenv
    offers --timeout ''
    equal "$output" ''
    offers --names = l
    equal "$output" local
    offers --rules "$BATS_TEST_TMPDIR/file-"
    equal "$output" "$BATS_TEST_TMPDIR/file-one"
    offers --log = "$BATS_TEST_TMPDIR/file-"
    equal "$output" "$BATS_TEST_TMPDIR/file-one"
    offers -p pro
    equal "$output" ''
}

@test "the command is completed, and no option any more" {
    touch "$BATS_TEST_TMPDIR/file-one"
    offers -p proxy : 3128 printen
    equal "$(sort -u <<< "$output")" printenv
    offers --proxy = http :// user : secret @ proxy : 3128 -- printen
    equal "$(sort -u <<< "$output")" printenv
    offers -p proxy cat --lo
    equal "$output" ''
    offers -v cat "$BATS_TEST_TMPDIR/file-"
    equal "$output" "$BATS_TEST_TMPDIR/file-one"
}

known_hosts() {
    mkdir -p "$HOME/.ssh"
    printf '%s key\n' 'one.example,192.0.2.1 ssh-rsa' '[two.example]:2222 ssh-rsa' '@cert-authority three.example ssh-rsa' \
        '|1|aGFzaA=|aGFzaA= ssh-rsa' '# comment' > "$HOME/.ssh/known_hosts"
}

@test "targets are hosts that ssh knows" {
    known_hosts
    offers --explain o
    equal "$output" one.example
    offers -p proxy : 3128 --check one.example t
    equal "$output" "two.example:2222${NEWLINE}three.example"
    offers --tunnel = three
    equal "$output" three.example
    offers --explain --vers
    equal "$output" --version
}

# in_fish LINE WANTED : what fish offers for it
in_fish() {
    run --separate-stderr timeout -k 5 30 fish -N -c \
        'set fish_complete_path $argv[1] /usr/share/fish/completions; complete -C $argv[2]' "$BATS_FILE_TMPDIR/fish" "$1"
    equal "$stderr" ''
    equal "$(cut -f 1 <<< "$output" | sed 's/=$//' | sort -u)" "$2" # it offers "--strict=", too
}

@test "fish" {
    need fish
    known_hosts
    mkdir -p "$BATS_FILE_TMPDIR/fish"
    cp "$ROOT/helper/completions/ptunnel-run.fish" "$BATS_FILE_TMPDIR/fish"
    cp "$ROOT/helper/completions/ptunnel-run.fish" "$BATS_FILE_TMPDIR/fish/ptunnel.fish"
    export PATH=$BUILD:$PATH
    in_fish 'ptunnel-run --' "$("$PTUNNEL_RUN" --help | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--.*' | sort)"
    in_fish 'ptunnel-run --fallback ' "direct${NEWLINE}none"
    in_fish 'ptunnel-run --default=r' --default=reject
    in_fish 'ptunnel-run -p proxy:3128 printen' printenv
    in_fish 'ptunnel-run --proxy proxy:3128 -v -- printen' printenv
    in_fish 'ptunnel-run -v ls --almost' --almost-all
    in_fish 'ptunnel-run --strict=f' --strict=filter
    in_fish 'ptunnel-run --strict printen' printenv
    in_fish 'ptunnel-run -v printenv --def' ''
    in_fish 'ptunnel-run --explain one' one.example
    in_fish 'ptunnel --gra' --grace
    touch "$BATS_TEST_TMPDIR/file-one"
    in_fish "ptunnel-run --log $BATS_TEST_TMPDIR/file-" "$BATS_TEST_TMPDIR/file-one"
}

# in_zsh LINE : types it at zsh's prompt, and what then is on the terminal is $output
in_zsh() {
    run env ZDOTDIR="$BATS_TEST_TMPDIR" TERM=dumb timeout -k 5 60 python3 "$ROOT/tests/system/lib/terminal.py" --all \
        'READY ' "$1" 'READY ' exit -- zsh -i
}

@test "zsh" {
    local tab=$'\t'

    need zsh python3
    known_hosts
    export PATH=$BUILD:$PATH
    cat > "$BATS_TEST_TMPDIR/.zshrc" << END
PS1='READY '
fpath=('$ROOT/helper/completions' \$fpath)
autoload -U compinit
compinit -u -D
END
    in_zsh "ptunnel-run -p x:1 --fallb$tab=dir$tab --sho$tab"
    contains "$output" 'fallback direct                              # --fallback'
    in_zsh "ptunnel-run -p x:1 --default $tab"
    contains "$output" 'direct  reject  tunnel'
    in_zsh "ptunnel-run -p x:1 --names=l$tab printen$tab PTUNNEL_PROXY"
    contains "$output" "x:1$NEWLINE"
    in_zsh "ptunnel-run --no-rules -p x:1 --strict=f$tab --show | grep ^child"
    contains "$output" 'children refuse                              # --strict=filter'
    in_zsh "ptunnel-run -p x:1 --strict printen$tab --help"
    contains "$output" 'strict printenv'
    in_zsh "ptunnel-run -p x:1 --explain one.ex$tab"
    contains "$output" 'one.example: tunnel via x:1, default tunnel'
    in_zsh "ptunnel -p x:1 --$tab"
    contains "$output" '--grace ' 'on SIGTERM or SIGINT let open tunnels finish so long'
}
