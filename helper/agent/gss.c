#include "gss.h"
#include "spnego.h"

#include <ptunnel/base64.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* What is used of RFC 2744, as MIT's gssapi.h has it. */
struct buffer {
    size_t size;
    void *bytes;
};

struct oid {
    uint32_t size;
    const void *bytes;
};

struct oids {
    size_t count;
    struct oid *at;
};

typedef struct gss_name *name_t;
typedef struct gss_credential *credential_t;
typedef struct gss_context *context_t;
enum { INITIATE = 1, MECHANISM_STATUS = 2, CONTINUE_NEEDED = 1 };
enum { BAD_MECHANISM = 1 << 16, NO_CREDENTIAL = 7 << 16 };

static bool is_error(uint32_t status)
{
    return (status & 0xffff0000u) != 0;
}

/* clang-format off */
#define FUNCTIONS(X) \
    X(gss_import_name, (uint32_t *minor, const struct buffer *text, const struct oid *kind, name_t *out)) \
    X(gss_release_name, (uint32_t *minor, name_t *name)) \
    X(gss_display_name, (uint32_t *minor, name_t name, struct buffer *text, struct oid **kind)) \
    X(gss_acquire_cred_with_password, (uint32_t *minor, name_t name, const struct buffer *password, uint32_t seconds, \
      const struct oids *mechanisms, int usage, credential_t *out, struct oids **real, uint32_t *left)) \
    X(gss_release_cred, (uint32_t *minor, credential_t *credential)) \
    X(gss_inquire_cred, (uint32_t *minor, credential_t credential, name_t *name, uint32_t *left, int *usage, \
      struct oids **mechanisms)) \
    X(gss_set_neg_mechs, (uint32_t *minor, credential_t credential, const struct oids *mechanisms)) \
    X(gss_init_sec_context, (uint32_t *minor, credential_t credential, context_t *context, name_t target, \
      const struct oid *mechanism, uint32_t flags, uint32_t seconds, void *bindings, const struct buffer *in, \
      struct oid **real, struct buffer *out, uint32_t *got, uint32_t *left)) \
    X(gss_delete_sec_context, (uint32_t *minor, context_t *context, struct buffer *out)) \
    X(gss_release_buffer, (uint32_t *minor, struct buffer *buffer)) \
    X(gss_display_status, (uint32_t *minor, uint32_t status, int kind, const struct oid *mechanism, uint32_t *more, \
      struct buffer *out))
/* clang-format on */

static struct {
    bool loaded;
    void *library;
#define FIELD(name, parameters) uint32_t(*name) parameters;
    FUNCTIONS(FIELD)
#undef FIELD
} gss;

#define OID(text)                                                                                            \
    {                                                                                                        \
        sizeof(text) - 1, text                                                                               \
    }
static struct oid spnego = OID("\x2b\x06\x01\x05\x05\x02");                  /* 1.3.6.1.5.5.2 */
static struct oid kerberos = OID("\x2a\x86\x48\x86\xf7\x12\x01\x02\x02");    /* 1.2.840.113554.1.2.2 */
static struct oid ntlmssp = OID("\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"); /* 1.3.6.1.4.1.311.2.2.10 */
static const struct oid host_service = OID("\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04");
static const struct oid user_name = OID("\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x01");
static const struct oid principal_name = OID("\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01");
static const struct buffer nothing = { 0, NULL };

static bool load(struct failure *failure)
{
    void *library = gss.loaded ? NULL : dlopen("libgssapi_krb5.so.2", RTLD_NOW | RTLD_LOCAL);

    if (gss.loaded)
        return true;
    if (!library) {
        failure_set(failure, AGENT_LIBRARY,
                    "--auth negotiate needs libgssapi_krb5.so.2 (Debian: libgssapi-krb5-2)");
        return false;
    }
    gss.loaded = true;
    gss.library = library;
#define LOAD(name, parameters)                                                                               \
    *(void **)&gss.name = dlsym(library, #name);                                                             \
    gss.loaded &= gss.name != NULL;
    FUNCTIONS(LOAD)
#undef LOAD
    if (!gss.loaded)
        failure_set(failure, AGENT_LIBRARY, "libgssapi_krb5.so.2 of this machine lacks a function");
    return gss.loaded;
}

struct context {
    struct context *next;
    uint64_t id;
    context_t state;
    credential_t credential; /* NULL: that of the ticket cache, looked for at each token */
    name_t target;
    const struct oid *mechanism;
};

static struct context *contexts;

static void release(struct context *context)
{
    uint32_t minor;

    if (context->state)
        gss.gss_delete_sec_context(&minor, &context->state, NULL);
    if (context->credential)
        gss.gss_release_cred(&minor, &context->credential);
    if (context->target)
        gss.gss_release_name(&minor, &context->target);
    free(context);
}

void gss_forget(uint64_t id)
{
    for (struct context **at = &contexts; *at; at = &(*at)->next)
        if ((*at)->id == id) {
            struct context *found = *at;

            *at = found->next;
            release(found);
            return;
        }
}

static struct context *find(uint64_t id)
{
    struct context *at = contexts;

    while (at && at->id != id)
        at = at->next;
    return at;
}

/* What users meet, by the numbers of krb5.h; the library's own words for the rest. */
static const struct {
    uint32_t code;
    enum agent_cause cause;
    const char *words;
} known[] = {
    { (uint32_t)-1765328189, AGENT_TICKET, "no Kerberos ticket: run kinit" },              /* FCC_NOFILE */
    { (uint32_t)-1765328243, AGENT_TICKET, "no Kerberos ticket: run kinit" },              /* CC_NOTFOUND */
    { (uint32_t)-1765328228, AGENT_KDC, "no Kerberos server answers (is a VPN needed?)" }, /* KDC_UNREACH */
    { (uint32_t)-1765328230, AGENT_KDC, "no Kerberos server is known for this realm" },    /* REALM_UNKNOWN */
    { (uint32_t)-1765328352, AGENT_TICKET, "the Kerberos ticket has expired: run kinit" }, /* TKT_EXPIRED */
    { (uint32_t)-1765328351, AGENT_CLOCK, "the clock differs from the Kerberos server's" }, /* TKT_NYV */
    { (uint32_t)-1765328347, AGENT_CLOCK, "the clock differs from the Kerberos server's" }, /* SKEW */
    { (uint32_t)-1765328372, AGENT_CLOCK, "the clock differs from the Kerberos server's" }, /* NEVER_VALID */
    { (uint32_t)-1765328360, AGENT_PASSWORD, "Kerberos does not accept this password" }, /* PREAUTH_FAILED */
    { (uint32_t)-1765328353, AGENT_PASSWORD, "Kerberos does not accept this password" }, /* BAD_INTEGRITY */
    { (uint32_t)-1765328378, AGENT_PASSWORD, "Kerberos knows no such user" }, /* C_PRINCIPAL_UNKNOWN */
};
enum { SERVICE_UNKNOWN = -1765328377 };

static void add_status(struct text *out, uint32_t code, int kind, const struct oid *mechanism)
{
    struct buffer words = nothing;
    uint32_t minor, more = 0;

    if (!is_error(gss.gss_display_status(&minor, code, kind, mechanism, &more, &words)))
        text_add_foreign(out, words.bytes, strnlen(words.bytes, words.size), 120);
    gss.gss_release_buffer(&minor, &words);
}

static void explain(const struct gss_step *step, uint32_t major, uint32_t minor, const struct oid *mechanism,
                    struct failure *failure)
{
    char words[160];
    struct text out = text_in(words, sizeof words);

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].code == minor) {
            failure_set(failure, known[i].cause, "%s", known[i].words);
            return;
        }
    if (minor == (uint32_t)SERVICE_UNKNOWN) {
        failure_set(failure, AGENT_SERVICE,
                    "Kerberos knows no service %s: give the proxy's full name, or --service", step->service);
        return;
    }
    if (major == BAD_MECHANISM && (step->ntlm || step->password[0])) {
        failure_set(failure, AGENT_LIBRARY,
                    "--auth ntlm needs the library gss-ntlmssp (Debian: gss-ntlmssp)");
        return;
    }
    add_status(&out, minor, MECHANISM_STATUS, mechanism);
    failure_set(failure, major == NO_CREDENTIAL ? AGENT_TICKET : AGENT_OTHER, "%s: %s",
                step->ntlm ? "NTLM" : "Kerberos", words);
}

/* "HTTP@host" goes by Kerberos's rules for host names; with a slash it is a principal as it stands. */
static bool import_target(struct context *context, const struct gss_step *step, struct failure *failure)
{
    struct buffer text = { strlen(step->service), (void *)step->service };
    uint32_t minor, major = gss.gss_import_name(&minor, &text,
                                                strchr(step->service, '/') ? &principal_name : &host_service,
                                                &context->target);

    if (is_error(major))
        explain(step, major, minor, &kerberos, failure);
    return !is_error(major);
}

/* A domain is written in front, with a backslash; a Kerberos realm behind, with an at sign. */
static bool wants_ntlm(const struct gss_step *step)
{
    return step->ntlm || !strchr(step->user, '@') || strchr(step->user, '\\');
}

/* A first ticket, or NTLM's credentials: for the mechanism itself, or acquired for SPNEGO and bound to it. */
static bool acquire(struct context *context, const struct gss_step *step, struct failure *failure)
{
    struct oid *mechanism = wants_ntlm(step) ? &ntlmssp : &kerberos;
    struct oids wanted = { 1, context->mechanism == &spnego ? &spnego : mechanism },
                inside = { 1, mechanism };
    struct buffer user = { strlen(step->user), (void *)step->user };
    struct buffer password = { strlen(step->password), (void *)step->password };
    name_t name = NULL;
    uint32_t minor, other, major = gss.gss_import_name(&minor, &user, &user_name, &name);

    if (!is_error(major))
        major = gss.gss_acquire_cred_with_password(&minor, name, &password, 0, &wanted, INITIATE,
                                                   &context->credential, NULL, NULL);
    if (!is_error(major) && context->mechanism == &spnego)
        major = gss.gss_set_neg_mechs(&minor, context->credential, &inside);
    if (is_error(major))
        explain(step, major, minor, mechanism, failure);
    if (name)
        gss.gss_release_name(&other, &name);
    return !is_error(major);
}

/* By ticket it is always Kerberos. */
static const struct oid *mechanism_of(const struct gss_step *step)
{
    if (step->ntlm)
        return &ntlmssp;
    return step->password[0] && wants_ntlm(step) ? &spnego : &kerberos;
}

static struct context *begin(const struct gss_step *step, struct failure *failure)
{
    struct context *context = calloc(1, sizeof *context);

    if (!context) {
        failure_set(failure, AGENT_OTHER, "no memory");
        return NULL;
    }
    context->id = step->id;
    context->mechanism = mechanism_of(step);
    if (!import_target(context, step, failure) || (step->password[0] && !acquire(context, step, failure))) {
        release(context);
        return NULL;
    }
    context->next = contexts;
    contexts = context;
    return context;
}

/* Negotiate wants SPNEGO about Kerberos's token. */
static void add_token(const struct context *context, const struct buffer *made, struct text *out,
                      struct failure *failure)
{
    static unsigned char whole[SPNEGO_FRONT + LEG_FIELD_MOST];
    size_t front = context->mechanism == &kerberos ? spnego_wrap_kerberos(whole, made->size) : 0;

    if (made->size > LEG_FIELD_MOST) {
        failure_set(failure, AGENT_OTHER, "the Kerberos ticket is larger than 64 KiB");
        return;
    }
    memcpy(whole + front, made->bytes, made->size);
    base64_add(out, whole, front + made->size);
    explicit_bzero(whole, front + made->size);
}

/* Mutual authentication cannot be demanded: proxies send no token back with the 200. Nothing is delegated. */
bool gss_make_token(const struct gss_step *step, struct text *out, bool *goes_on, struct failure *failure)
{
    struct buffer in = { step->size, (void *)step->token }, made = nothing;
    struct context *context;
    uint32_t major, minor, other;

    if (!load(failure))
        return false;
    context = find(step->id);
    if (!context)
        context = begin(step, failure);
    if (!context)
        return false;
    major = gss.gss_init_sec_context(&minor, context->credential, &context->state, context->target,
                                     context->mechanism, 0, 0, NULL, step->size ? &in : NULL, NULL, &made,
                                     NULL, NULL);
    *goes_on = major == CONTINUE_NEEDED;
    if (is_error(major))
        explain(step, major, minor, context->mechanism, failure);
    else if (made.size == 0)
        failure_set(failure, AGENT_OTHER, "the proxy wants more than there is to say");
    else
        add_token(context, &made, out, failure);
    gss.gss_release_buffer(&other, &made);
    if (failure->words[0] || !*goes_on)
        gss_forget(step->id);
    return !failure->words[0];
}

uint32_t gss_who(const struct gss_step *step, struct text *out)
{
    struct buffer words = nothing;
    name_t name = NULL;
    uint32_t minor, lasts = 0;

    if (step->password[0]) {
        text_add(out, step->user);
        return 0;
    }
    if (!gss.loaded || is_error(gss.gss_inquire_cred(&minor, NULL, &name, &lasts, NULL, NULL)))
        return 0;
    if (!is_error(gss.gss_display_name(&minor, name, &words, NULL)))
        text_add_foreign(out, words.bytes, strnlen(words.bytes, words.size), 100);
    gss.gss_release_buffer(&minor, &words);
    gss.gss_release_name(&minor, &name);
    return lasts;
}

/* No function of GSS-API tells where the tickets are; libkrb5, on which it is built, does, as krb5.h has it. */
static void add_default_cache(struct text *out)
{
    int (*start)(void **context);
    const char *(*name)(void *context);
    void (*end)(void *context);
    struct failure failure = { .cause = AGENT_OTHER };
    void *context = NULL;

    if (!load(&failure))
        return;
    *(void **)&start = dlsym(gss.library, "krb5_init_context");
    *(void **)&name = dlsym(gss.library, "krb5_cc_default_name");
    *(void **)&end = dlsym(gss.library, "krb5_free_context");
    if (!start || !name || !end || start(&context) != 0)
        return;
    if (name(context))
        text_add(out, name(context));
    end(context);
}

void gss_cache_name(struct text *out)
{
    const char *given = getenv("KRB5CCNAME");

    if (given)
        text_add(out, given);
    else
        add_default_cache(out);
}
