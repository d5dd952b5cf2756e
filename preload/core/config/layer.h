/* Who says something of the configuration. */
#ifndef PTUNNEL_LAYER_H
#define PTUNNEL_LAYER_H

/* Of a setting, or of the default route, the first of these that says anything counts. The order is
 * compared: `<` means "comes before". */
enum layer { LAYER_OPTIONS, LAYER_VARIABLE, LAYER_FILE, LAYER_ENVIRONMENT, LAYER_NOBODY };

#endif
