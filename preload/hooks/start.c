/* What is done before the program runs, and behind it. Other libraries' constructors may have called hooks already, and then
 * everything was as if this had been first; but until here hooks took the long way round. */
#include "../process/guest.h"
#include "../real.h"
#include "../sockets/slot.h"
#include "../sockets/tally.h"

__attribute__((constructor)) static void start(void)
{
    KEEP_ERRNO;

    real();
    slot_begin();
    guest_may_act();
}

/* Behind exit(3), which closes what the program has left open. Nothing is closed here. */
__attribute__((destructor)) static void finish(void)
{
    tally_end_all();
}
