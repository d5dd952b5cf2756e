/* --check: tries each proxy, and says in plain words what is wrong, whose fault it is, and what to do. */
#ifndef PTUNNEL_CHECK_H
#define PTUNNEL_CHECK_H

#include <ptunnel/config.h>

/* Exit statuses, the same whichever proxy it was: the first thing that is wrong counts. */
enum check_result {
    CHECK_FINE = 0,
    CHECK_WRONG_TARGET = 1, /* usage: a target that is none */
    CHECK_NO_PROXY = 10,    /* none known, or the configuration is wrong */
    CHECK_NAME = 11,        /* the proxy's name does not resolve */
    CHECK_UNREACHABLE = 12, /* refused, or no way there */
    CHECK_SILENT = 13,      /* no answer, to the connection or to CONNECT */
    CHECK_NOT_HTTP = 14,
    CHECK_TLS = 15,
    CHECK_CREDENTIALS = 16, /* wanted, and none are given */
    CHECK_FORBIDDEN = 17,
    CHECK_TARGET_NAME = 18, /* the proxy cannot resolve or reach the target */
    CHECK_TARGET_REFUSED = 19,
    CHECK_SLOW = 20,    /* it works, but takes long */
    CHECK_REFUSED = 21, /* the proxy says no, in a way that none of these is */
    CHECK_ILL = 22,     /* the proxy says that it is ill itself */
    CHECK_WRONG_CREDENTIALS = 23,
    CHECK_NO_TICKET = 24,     /* of Kerberos, or an expired one, or one that the proxy does not accept */
    CHECK_NO_SERVICE = 25,    /* Kerberos does not know the proxy by that name */
    CHECK_NO_KDC = 26,        /* no Kerberos server answers */
    CHECK_CLOCK = 27,         /* differs from the Kerberos server's */
    CHECK_NO_LIBRARY = 28,    /* that the scheme needs */
    CHECK_AGENT = 29,         /* ptunnel-agent cannot be asked, or knows no answer */
    CHECK_FALSE_OPEN = 30,    /* it said 200, and then closed or spoke HTTP: it had not connected */
    CHECK_TARGET_SILENT = 31, /* it answers other requests: the target does not */
    CHECK_MUTE = 32,          /* it closed, or said 400, without a reason, and answers GET as proxies do */
};

/* Each proxy of each route, for each target: see target.h; those without a port get 443, and without targets
 * example.com:443 is tried. With `ports`, or for a target with a list of them, a table says which the proxy
 * allows. Prints to standard output. */
enum check_result check_proxies(const struct config *config, char **targets, bool ports);

#endif
