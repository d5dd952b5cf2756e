/* --stats: ptunnel-run stays, as the command's parent, and says at its end what its connections were. */
#ifndef PTUNNEL_STATS_H
#define PTUNNEL_STATS_H

/* Returns in a child only, which is to become the command, with the path of a log of its own (in an empty folder that only this
 * user can enter, and that is removed at the end). The parent passes signals on, waits, prints the sum on standard error (with
 * `lines` the log's lines before it), and ends as the command did. NULL, with words on standard error: it could not be begun. */
const char *stats_begin(int lines);

#endif
