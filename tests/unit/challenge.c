/* Challenges: what a field's value is taken for. Each row is read with an unreadable page behind it. */
#include "support/rows.h"
#include "support/wall.h"

#include <ptunnel/challenge.h>

#include <stdio.h>
#include <string.h>

/* What is found is written as "scheme", "scheme:token" and "scheme(parameters)". */
static const struct {
    const char *name, *value, *found;
} lists[] = {
    { "nothing", "", "" },
    { "commas alone", " , ,", "" },
    { "a scheme", "Negotiate", "Negotiate" },
    { "blanks about it", "  NTLM \t", "NTLM" },
    { "two schemes", "Negotiate, NTLM", "Negotiate NTLM" },
    { "three, without blanks", "Negotiate,Kerberos,NTLM", "Negotiate Kerberos NTLM" },
    { "empty elements", ",, Negotiate,, ,NTLM,", "Negotiate NTLM" },
    { "a token", "NTLM TlRMTVNTUAAC", "NTLM:TlRMTVNTUAAC" },
    { "a token with padding", "Negotiate oYG2MA==", "Negotiate:oYG2MA==" },
    { "padding and blanks", "Negotiate oYG2MA== \t", "Negotiate:oYG2MA==" },
    { "a token, then a scheme", "Negotiate oYG2+/A=, NTLM", "Negotiate:oYG2+/A= NTLM" },
    { "a parameter", "Basic realm=\"corp\"", "Basic(realm=\"corp\")" },
    { "a parameter that is a token", "Basic realm=corp", "Basic(realm=corp)" },
    { "a comma in quotes", "Basic realm=\"a, Digest b\"", "Basic(realm=\"a, Digest b\")" },
    { "a quote in quotes", "Basic realm=\"a\\\", b\", NTLM", "Basic(realm=\"a\\\", b\") NTLM" },
    { "several parameters", "Digest realm=\"a\", nonce=\"b\",qop=\"auth,auth-int\" , stale=FALSE",
      "Digest(realm=\"a\", nonce=\"b\",qop=\"auth,auth-int\" , stale=FALSE)" },
    { "blanks about the equals sign", "Digest realm = \"a\" , nonce= \"b\"", "Digest(realm = \"a\" , nonce= \"b\")" },
    { "parameters, then schemes", "Digest realm=\"a\", nonce=\"b\", Basic realm=\"c\", Negotiate, NTLM",
      "Digest(realm=\"a\", nonce=\"b\") Basic(realm=\"c\") Negotiate NTLM" },
    { "two Digests in one line", "Digest realm=\"a\", algorithm=SHA-256, Digest realm=\"a\", algorithm=MD5",
      "Digest(realm=\"a\", algorithm=SHA-256) Digest(realm=\"a\", algorithm=MD5)" },
    { "empty elements among parameters", "Digest ,, realm=a,,nonce=b,", "Digest" },
    { "and behind the first", "Digest realm=a,,nonce=b,", "Digest(realm=a,,nonce=b)" },
    { "no comma between parameters", "Digest realm=\"a\" nonce=\"b\"", "Digest(realm=\"a\" nonce=\"b\")" },
    { "an empty value", "Basic realm=\"\"", "Basic(realm=\"\")" },
    { "quotes that do not end", "Basic realm=\"corp", "Basic" },
    { "a backslash at the end", "Basic realm=\"corp\\", "Basic" },
    { "no scheme", "=\"x\", NTLM", "" },
    { "a parameter alone", "realm=\"x\"", "" },
    { "quotes alone", "\"NTLM\"", "" },
    { "a slash in the name of a scheme", "A/B", "" },
    { "bytes of 8 bits", "\xc3\xa4", "" },
};

static void add(char *out, const char *before, const char *bytes, size_t size, const char *behind)
{
    sprintf(out + strlen(out), "%s%.*s%s", before, (int)size, bytes, behind);
}

static void is_read_as(void **state)
{
    const typeof(*lists) *row = *state;
    size_t size = strlen(row->value);
    const char *at = against_wall(0, row->value, size), *end = at + size;
    struct challenge found;
    char words[512] = "";

    while (challenge_next(&at, end, &found)) {
        add(words, words[0] ? " " : "", found.scheme, found.scheme_size, "");
        if (found.token_size)
            add(words, ":", found.token, found.token_size, "");
        if (found.parameters_size)
            add(words, "(", found.parameters, found.parameters_size, ")");
    }
    assert_string_equal(words, row->found);
}

#define DIGEST "Digest realm=\"a, \\\"b\\\"\", nonce=xyz, NONCE=second, opaque=\"\", qop = \"auth\", long=\"0123456789abcdef\""

static const struct {
    const char *name, *parameter, *value; /* NULL: not there, or of no use */
} parameters[] = {
    { "quoted, unescaped", "realm", "a, \"b\"" },
    { "without regard to case, the first", "Nonce", "xyz" },
    { "empty", "opaque", "" },
    { "blanks", "qop", "auth" },
    { "the end of another's name", "ce", NULL },
    { "the beginning of another's name", "rea", NULL },
    { "none of that name", "domain", NULL },
    { "too long", "long", NULL },
};

static void has_parameter(void **state)
{
    const typeof(*parameters) *row = *state;
    const char *at = against_wall(0, DIGEST, strlen(DIGEST)), *end = at + strlen(DIGEST);
    struct challenge found;
    char value[16];
    bool has;

    assert_true(challenge_next(&at, end, &found));
    assert_true(challenge_is(&found, "digest"));
    assert_false(challenge_is(&found, "digests"));
    has = challenge_parameter(&found, row->parameter, value, sizeof value);
    assert_int_equal(has, row->value != NULL);
    if (has)
        assert_string_equal(value, row->value);
}

static void a_line_end_in_a_value_is_refused(void **state)
{
    static const char field[] = "Digest realm=\"a\\\r\\\nb\", nonce=\"\x7f\"";
    const char *at = field;
    struct challenge found;
    char value[16];

    (void)state;
    assert_true(challenge_next(&at, field + strlen(field), &found));
    assert_false(challenge_parameter(&found, "realm", value, sizeof value));
    assert_false(challenge_parameter(&found, "nonce", value, sizeof value));
}

int main(void)
{
    ROWS(lists, is_read_as);
    ROWS(parameters, has_parameter);
    STORY(a_line_end_in_a_value_is_refused);
    return rows_run("challenge");
}
