/* Digest (RFC 7616), with the hashes of this machine's libraries. The RFC's examples are of GET: their answers were made for
 * CONNECT with Python's hashlib, which gives the RFC's own for GET. */
#include "support/rows.h"

#include "../../helper/agent/digest.c"
#include "../../helper/agent/hashing.c"

#define REALM  "http-auth@example.org"
#define NONCE  "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define OPAQUE "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
#define CNONCE "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
#define RFC    "Digest realm=\"" REALM "\", qop=\"auth, auth-int\", nonce=\"" NONCE "\", opaque=\"" OPAQUE "\""
#define START  "Proxy-Authorization: Digest username=\"Mufasa\", realm=\"" REALM "\", nonce=\"" NONCE "\", uri=\"t.test:22\""
#define ANSWER(count, response)                                                                                             \
    START ", cnonce=\"" CNONCE "\", nc=" count ", qop=auth, response=\"" response "\", opaque=\"" OPAQUE "\""

static const struct {
    const char *name, *challenge, *user, *uri;
    uint32_t count;
    const char *field; /* NULL: it cannot be answered */
} answers[] = {
    { "MD5", RFC ", algorithm=MD5", "Mufasa", "t.test:22", 1,
      ANSWER("00000001", "6d753e6abf12dbe8c65725a5c4a47675") ", algorithm=MD5\r\n" },
    { "no algorithm is MD5", RFC, "Mufasa", "t.test:22", 1,
      ANSWER("00000001", "6d753e6abf12dbe8c65725a5c4a47675") "\r\n" },
    { "SHA-256", RFC ", algorithm=SHA-256", "Mufasa", "t.test:22", 1,
      ANSWER("00000001", "7a4ebfe2299267dc861344cb807fe2f8bf2e614eb4f34e407e1a82888e7fe097") ", algorithm=SHA-256\r\n" },
    { "the 26th request, the algorithm in quotes", RFC ", algorithm=\"sha-256\"", "Mufasa", "t.test:22", 26,
      ANSWER("0000001a", "b328cced2208a973ba408e685b1aea266ffdb39c82f16e191e8d2f039119bbdd") ", algorithm=SHA-256\r\n" },
    { "MD5-sess", RFC ", algorithm=MD5-sess", "Mufasa", "t.test:22", 1,
      ANSWER("00000001", "081a38a5fc60dc5aae290aed68b742dd") ", algorithm=MD5-sess\r\n" },
    { "SHA-256-sess", RFC ", algorithm=SHA-256-sess", "Mufasa", "t.test:22", 1,
      ANSWER("00000001", "02402f5e18fe6f527e6e487bba7cdd84ec626aab90dfb6e981cb24c4f752c92b") ", algorithm=SHA-256-sess\r\n" },
    { "no qop, as in RFC 2069", "Digest realm=\"" REALM "\", nonce=\"" NONCE "\"", "Mufasa", "t.test:22", 1,
      START ", response=\"cc4be60963ba7be4330fab80fcab2cac\"\r\n" },
    { "quotes in a name and a comma in a realm", "Digest realm=\"x, \\\"y\\\"\", nonce=\"" NONCE "\", qop=auth", "a\"b\\c",
      "[::1]:443", 1,
      "Proxy-Authorization: Digest username=\"a\\\"b\\\\c\", realm=\"x, \\\"y\\\"\", nonce=\"" NONCE "\", uri=\"[::1]:443\", "
      "cnonce=\"" CNONCE "\", nc=00000001, qop=auth, response=\"febc21dd749207c191d9ef6cf66aa08a\"\r\n" },
    { "another algorithm", RFC ", algorithm=SHA-512-256", "Mufasa", "t.test:22", 1, NULL },
    { "auth-int alone", "Digest realm=\"a\", nonce=\"b\", qop=\"auth-int\"", "Mufasa", "t.test:22", 1, NULL },
    { "no nonce", "Digest realm=\"a\"", "Mufasa", "t.test:22", 1, NULL },
    { "no realm", "Digest nonce=\"a\"", "Mufasa", "t.test:22", 1, NULL },
    { "another scheme", "Basic realm=\"a\", nonce=\"b\"", "Mufasa", "t.test:22", 1, NULL },
};

static struct challenge challenge_of(const char *value)
{
    const char *at = value;
    struct challenge found;

    assert_true(challenge_next(&at, value + strlen(value), &found));
    return found;
}

static void answers_as_the_rfc_says(void **state)
{
    const typeof(*answers) *row = *state;
    bool odd = row->user[0] == 'a';
    struct challenge challenge = challenge_of(row->challenge);
    struct digest digest = { &challenge, row->user, odd ? "p" : "Circle of Life", row->uri, CNONCE, row->count, hashing_hex };
    char field[2048];
    struct text out = text_in(field, sizeof field);
    const char *wrong;

    assert_null(hashing_load());
    wrong = digest_answer(&digest, &out);
    assert_int_equal(digest_can(&challenge), row->field != NULL);
    if (!row->field) {
        assert_non_null(wrong);
        assert_string_equal(field, "");
        return;
    }
    assert_null(wrong);
    assert_string_equal(field, row->field);
}

/* The other library gives the same, where it is there. */
static void libmd_does_as_well(void **state)
{
    char by_libcrypto[HASH_HEX_SIZE], by_libmd[HASH_HEX_SIZE];

    (void)state;
    if (!load_libcrypto() || !load_libmd())
        skip();
    for (int hash = HASH_MD5; hash <= HASH_SHA256; hash++) {
        assert_true(hash_with_libcrypto((enum hash)hash, "abc", 3, by_libcrypto));
        assert_non_null((hash == HASH_MD5 ? md5_data : sha256_data)((const unsigned char *)"abc", 3, by_libmd));
        assert_string_equal(by_libcrypto, by_libmd);
    }
}

static bool refuses(enum hash hash, const char *bytes, size_t size, char *out)
{
    (void)hash, (void)bytes, (void)size, (void)out;
    return false;
}

static void a_library_that_refuses_md5_is_named(void **state)
{
    struct challenge challenge = challenge_of(RFC);
    struct digest digest = { &challenge, "Mufasa", "x", "t.test:22", CNONCE, 1, refuses };
    char field[2048];
    struct text out = text_in(field, sizeof field);

    (void)state;
    assert_non_null(strstr(digest_answer(&digest, &out), "FIPS"));
    assert_string_equal(field, "");
}

static void the_better_algorithm_is_taken(void **state)
{
    static const char *const rising[] = { "Digest algorithm=X", "Digest algorithm=MD5", "Digest algorithm=MD5-sess",
                                          "Digest algorithm=SHA-256", "Digest algorithm=SHA-256-sess" };
    int before = -1;

    (void)state;
    for (size_t i = 0; i < COUNT(rising); i++) {
        struct challenge challenge = challenge_of(rising[i]);

        assert_true(digest_strength(&challenge) > before);
        before = digest_strength(&challenge);
    }
}

int main(void)
{
    ROWS(answers, answers_as_the_rfc_says);
    STORY(libmd_does_as_well);
    STORY(a_library_that_refuses_md5_is_named);
    STORY(the_better_algorithm_is_taken);
    return rows_run("digest");
}
