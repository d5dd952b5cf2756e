/* Which proxies this user's and this machine's settings name: the environment, the rule file, the desktop, apt,
 * git, npm, curl, wget. Nothing of the current directory is read, and nothing is run but gsettings(1). What is
 * found is shown to the user; only he says whether it is used. The library knows nothing of this. */
#ifndef PTUNNEL_FINDER_H
#define PTUNNEL_FINDER_H

#include <ptunnel/endpoint.h>
#include <ptunnel/proxy.h>

#include <stdbool.h>

enum { FINDER_MOST = 16, FINDER_SOURCE_SIZE = 512, FINDER_SCRIPT_SIZE = 1024 };

struct finding {
    char source[FINDER_SOURCE_SIZE];     /* "git (/home/me/.gitconfig)", printable */
    char authority[ENDPOINT_TEXT_SIZE];  /* HOST:PORT, without a secret; "": it is a PAC script */
    char user[PROXY_USER_MAX + 1];       /* "": none is named */
    char script[4 * FINDER_SCRIPT_SIZE]; /* the PAC script's URL, printable */
    const char *wrong;                   /* why ptunnel cannot use it; NULL: it can */
};

/* Fills the first rows; returns how many. The same proxy stands in it once, and those that cannot be used and
 * scripts, too. out has FINDER_MOST rows. */
size_t finder_look(struct finding *out);

/* Says on standard error which proxies are there to be used, and how. */
void finder_hint(void);

/* $HOME, or the home that the user database has; NULL: there is none, or it is no absolute path. */
const char *finder_home(void);

#endif
