/* Who says something. */
#ifndef PTUNNEL_LAYER_H
#define PTUNNEL_LAYER_H

/* The first of these that speaks of a setting or of the default route counts; config_proxy_is_handed() and
 * others compare them. */
enum layer { LAYER_OPTIONS, LAYER_VARIABLE, LAYER_FILE, LAYER_ENVIRONMENT, LAYER_NOBODY };

#endif
