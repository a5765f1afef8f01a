/* The statements on the reports' table, of learnt names in back-ticks and `?` marks. */
#ifndef PORTCULLIS_ABUSE_ABUSE_MAP_SQL_H
#define PORTCULLIS_ABUSE_ABUSE_MAP_SQL_H

#include "abuse/abuse_map.h"

/* Fills in the map's statements. False: memory is out. */
bool abuse_map_sql(struct abuse_map *map);

#endif
