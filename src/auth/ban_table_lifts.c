/* A ring of lifts. Whoever reads a million rows looks at one atomic for each, while nothing was
 * lifted. */
#include "auth/ban_table_internal.h"

void ban_table_note_lift(struct ban_table *table, const struct network *network, int64_t now_ms)
{
    pthread_mutex_lock(&table->lifts_lock);
    table->lifts[table->next_lift++ % MOST_LIFTS] =
        (struct lift){*network, now_ms + BAN_TABLE_LIFT_MS};
    atomic_store(&table->lifts_until_ms, now_ms + BAN_TABLE_LIFT_MS);
    pthread_mutex_unlock(&table->lifts_lock);
}

bool ban_table_was_lifted(struct ban_table *table, const struct network *network, int64_t at_ms)
{
    bool was_lifted = false;
    if (at_ms >= atomic_load(&table->lifts_until_ms))
        return false;
    pthread_mutex_lock(&table->lifts_lock);
    for (size_t i = 0; i < MOST_LIFTS && !was_lifted; i++)
        was_lifted =
            at_ms < table->lifts[i].until_ms && network_equal(&table->lifts[i].network, network);
    pthread_mutex_unlock(&table->lifts_lock);
    return was_lifted;
}

bool ban_table_take_back(struct ban_table *table, const struct network *network, int64_t at_ms)
{
    bool was_lifted = ban_table_was_lifted(table, network, at_ms);
    if (was_lifted)
        ban_table_remove(table, network);
    return was_lifted;
}

void ban_table_forget_lift(struct ban_table *table, const struct network *network, int64_t now_ms)
{
    if (now_ms >= atomic_load(&table->lifts_until_ms))
        return;
    pthread_mutex_lock(&table->lifts_lock);
    for (size_t i = 0; i < MOST_LIFTS; i++)
        if (network_equal(&table->lifts[i].network, network))
            table->lifts[i].until_ms = 0;
    pthread_mutex_unlock(&table->lifts_lock);
}
