#!/usr/bin/env bats
# What bash offers behind `ptunnel-run` and the tabulator key.

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
    equal "$output" "--loopback${NEWLINE}--log"
}

@test "values are completed" {
    touch "$BATS_TEST_TMPDIR/file-one"
    offers --default ''
    equal "$output" "tunnel${NEWLINE}direct${NEWLINE}reject"
    offers --fallback ''
    equal "$output" "none${NEWLINE}direct"
    offers --resolvers = ''
    equal "$output" "allow${NEWLINE}refuse"
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
