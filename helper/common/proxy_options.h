/* The proxies of a command line: -p, -U, -P, --password-file, made into one list of URLs. */
#ifndef PTUNNEL_PROXY_OPTIONS_H
#define PTUNNEL_PROXY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum { PROXY_OPTIONS_MOST = 32, PROXY_LIST_SIZE = 64 * 1024 };

struct proxy_options {
    char *urls[PROXY_OPTIONS_MOST]; /* -p, copies with passwords that the caller's argv no longer has */
    size_t count;
    const char *user;          /* -U */
    char *password;            /* -P, a copy that the caller's argv no longer has */
    const char *password_file; /* --password-file */
};

/* -p: copies the URL. False, with words on standard error, if it is wrong or there are too many. */
bool proxy_options_add(struct proxy_options *options, const char *url);

/* Takes the password out of a URL of argv, which every user of the machine can read (ps(1)): "user:secret@proxy" becomes
 * "user:@proxy", and zeros behind it. */
void proxy_options_blot_out(char *url);

/* -P: copies the password and overwrites the argument. False: no memory. */
bool proxy_options_password(struct proxy_options *options, char *argument);

/* Writes the list of URLs, a blank between them, into out of PROXY_LIST_SIZE bytes: those of -p, else those
 * of `found` (NULL: none); "" if there are none. A URL without a userinfo gets that of the options. Asks for
 * a password on the terminal if there is a user without one. False, with words on standard error, if
 * something is wrong. */
bool proxy_options_merge(struct proxy_options *options, const char *found, char *out);

/* Wipes and frees the URLs of -p, once the configuration has them. */
void proxy_options_forget(struct proxy_options *options);

/* Says that no proxy is known, and how to name one. */
void proxy_options_complain_none(void);

#endif
