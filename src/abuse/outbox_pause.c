#include "abuse/outbox_pause.h"

uint64_t outbox_pause_s(uint64_t attempts, uint64_t first_ms, uint64_t longest_ms, uint64_t chance)
{
    uint64_t pause_ms = first_ms;
    for (uint64_t i = 1; i < attempts && pause_ms < longest_ms; i++)
        pause_ms = pause_ms <= longest_ms / 2 ? 2 * pause_ms : longest_ms;
    if (pause_ms > longest_ms)
        pause_ms = longest_ms;
    pause_ms -= chance % (pause_ms / 2 + 1);
    uint64_t pause_s = (pause_ms + 999) / 1000;
    return pause_s ? pause_s : 1;
}
