/* --desktop: an entry in the desktop's menu that starts a program through the proxy, beside the program's own one.
 * (freedesktop.org: Desktop Entry Specification 1.5, XDG Base Directory Specification 0.8) */
#ifndef PTUNNEL_MENU_H
#define PTUNNEL_MENU_H

#include <ptunnel/config.h>

#include <stdbool.h>

/* Writes an entry for each program, which is the name of an entry (org.gnome.Evolution), of a command (thunderbird) or the path
 * of an entry's file, into the user's own menu. It goes by a rule file: of the options, or the one that is found. False, with
 * words on standard error, if one could not be made; the others are. */
bool menu_add(char *const *programs, const struct config_options *options);

/* Takes those away again that menu_add() has made. */
bool menu_remove(char *const *programs);

#endif
