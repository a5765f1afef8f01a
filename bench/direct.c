/*
 * The limit D of the bench: the statements of a route, prepared once a connection and executed as
 * fast as N connections on N threads can, every row fetched whole, no HTTP around them. Standard
 * input has one line a statement, its parameters before a tab: each is LOW:HIGH, a random integer
 * drawn once a set for each distinct pair, so that statements of a set ask for the same record. A
 * set may be a transaction that writes.
 *
 *     bench_direct SOCKET USER PASSWORD DATABASE CONNECTIONS SECONDS < STATEMENTS
 *
 * Prints the sets per second as one line of JSON. Each thread owns its connection.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mysql.h>

enum { MAX_STATEMENTS = 16, MAX_PARAMETERS = 4, MAX_COLUMNS = 64, MAX_THREADS = 256 };
enum { MAX_SQL = 8192, CELL_BYTES = 4096 };

struct range {
    long long low;
    long long high;
};

struct statement {
    char sql[MAX_SQL];
    struct range ranges[MAX_PARAMETERS];
    unsigned count;
};

struct plan {
    char **login; /* socket, user, password, database */
    struct statement statements[MAX_STATEMENTS];
    unsigned count;
    atomic_bool is_stopped;
    atomic_uint failed;
};

/* A statement as one connection holds it. */
struct prepared {
    MYSQL_STMT *handle;
    MYSQL_BIND in[MAX_PARAMETERS];
    MYSQL_BIND out[MAX_COLUMNS];
    unsigned long lengths[MAX_COLUMNS];
    my_bool nulls[MAX_COLUMNS];
    char cells[MAX_COLUMNS][CELL_BYTES];
    long long values[MAX_PARAMETERS];
};

struct client {
    struct plan *plan;
    pthread_t thread;
    MYSQL *connection;
    struct prepared *prepared;
    unsigned seed;
    unsigned long long sets;
    unsigned long long rows;
};

static bool plan_read_ranges(struct statement *statement, char *text)
{
    char *state = NULL;
    for (char *word = strtok_r(text, " ", &state); word; word = strtok_r(NULL, " ", &state)) {
        struct range *range = &statement->ranges[statement->count];
        if (statement->count == MAX_PARAMETERS ||
            sscanf(word, "%lld:%lld", &range->low, &range->high) != 2 || range->high < range->low)
            return false;
        statement->count++;
    }
    return true;
}

static bool plan_read(struct plan *plan, FILE *file)
{
    char line[MAX_SQL];
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *tab = strchr(line, '\t');
        if (!tab || plan->count == MAX_STATEMENTS)
            return false;
        *tab = '\0';
        struct statement *statement = &plan->statements[plan->count++];
        memcpy(statement->sql, tab + 1, strlen(tab + 1) + 1);
        if (!plan_read_ranges(statement, line))
            return false;
    }
    return plan->count > 0;
}

static bool prepared_bind(struct prepared *prepared, const struct statement *statement)
{
    if (mysql_stmt_param_count(prepared->handle) != statement->count)
        return false;
    for (unsigned i = 0; i < statement->count; i++) {
        prepared->in[i].buffer_type = MYSQL_TYPE_LONGLONG;
        prepared->in[i].buffer = &prepared->values[i];
    }
    unsigned columns = mysql_stmt_field_count(prepared->handle);
    if (columns > MAX_COLUMNS)
        return false;
    for (unsigned i = 0; i < columns; i++) {
        prepared->out[i].buffer_type = MYSQL_TYPE_STRING;
        prepared->out[i].buffer = prepared->cells[i];
        prepared->out[i].buffer_length = CELL_BYTES;
        prepared->out[i].length = &prepared->lengths[i];
        prepared->out[i].is_null = &prepared->nulls[i];
    }
    return (statement->count == 0 || !mysql_stmt_bind_param(prepared->handle, prepared->in)) &&
           (columns == 0 || !mysql_stmt_bind_result(prepared->handle, prepared->out));
}

static bool client_prepare(struct client *client)
{
    char **login = client->plan->login;
    client->connection = mysql_init(NULL);
    client->prepared = calloc(client->plan->count, sizeof *client->prepared);
    if (!client->connection || !client->prepared)
        return false;
    mysql_options(client->connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (!mysql_real_connect(client->connection, "localhost", login[1], login[2], login[3], 0,
                            login[0], 0))
        return false;
    for (unsigned i = 0; i < client->plan->count; i++) {
        const struct statement *statement = &client->plan->statements[i];
        MYSQL_STMT *handle = mysql_stmt_init(client->connection);
        client->prepared[i].handle = handle;
        if (!handle || mysql_stmt_prepare(handle, statement->sql, strlen(statement->sql)) ||
            !prepared_bind(&client->prepared[i], statement))
            return false;
    }
    return true;
}

static bool client_execute(struct client *client, struct prepared *prepared)
{
    if (mysql_stmt_execute(prepared->handle))
        return false;
    if (mysql_stmt_field_count(prepared->handle) == 0)
        return true;
    if (mysql_stmt_store_result(prepared->handle))
        return false;
    int status;
    while ((status = mysql_stmt_fetch(prepared->handle)) == 0 || status == MYSQL_DATA_TRUNCATED)
        client->rows++;
    mysql_stmt_free_result(prepared->handle);
    return status == MYSQL_NO_DATA;
}

/* One value for each distinct range of the set: equal ranges mean the same record. */
static void client_draw(struct client *client)
{
    long long draw = rand_r(&client->seed);
    for (unsigned i = 0; i < client->plan->count; i++) {
        const struct statement *statement = &client->plan->statements[i];
        for (unsigned j = 0; j < statement->count; j++) {
            const struct range *range = &statement->ranges[j];
            client->prepared[i].values[j] = range->low + draw % (range->high - range->low + 1);
        }
    }
}

static bool client_run_set(struct client *client)
{
    client_draw(client);
    for (unsigned i = 0; i < client->plan->count; i++)
        if (!client_execute(client, &client->prepared[i]))
            return false;
    client->sets++;
    return true;
}

static void *client_main(void *argument)
{
    struct client *client = argument;
    while (!atomic_load_explicit(&client->plan->is_stopped, memory_order_relaxed)) {
        if (client_run_set(client))
            continue;
        fprintf(stderr, "bench_direct: %s\n", mysql_error(client->connection));
        atomic_fetch_add(&client->plan->failed, 1);
        break;
    }
    return NULL;
}

static void client_clear(struct client *client)
{
    for (unsigned i = 0; client->prepared && i < client->plan->count; i++)
        if (client->prepared[i].handle)
            mysql_stmt_close(client->prepared[i].handle);
    free(client->prepared);
    if (client->connection)
        mysql_close(client->connection);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void clients_run(struct plan *plan, struct client *clients, unsigned count, double seconds)
{
    double begin = seconds_now();
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&clients[i].thread, NULL, client_main, &clients[i]))
            exit(1);
    nanosleep(&(struct timespec){.tv_sec = (time_t)seconds,
                                 .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)},
              NULL);
    atomic_store(&plan->is_stopped, true);
    unsigned long long sets = 0;
    unsigned long long rows = 0;
    for (unsigned i = 0; i < count; i++) {
        pthread_join(clients[i].thread, NULL);
        sets += clients[i].sets;
        rows += clients[i].rows;
    }
    double taken = seconds_now() - begin;
    printf("{\"sets\":%llu,\"rows\":%llu,\"per_second\":%.1f}\n", sets, rows, (double)sets / taken);
}

int main(int argc, char **argv)
{
    static struct plan plan;
    static struct client clients[MAX_THREADS];
    unsigned count = argc == 7 ? (unsigned)strtoul(argv[5], NULL, 10) : 0;
    if (count == 0 || count > MAX_THREADS || !plan_read(&plan, stdin)) {
        fputs("usage: bench_direct SOCKET USER PASSWORD DATABASE CONNECTIONS SECONDS "
              "< STATEMENTS\n",
              stderr);
        return 2;
    }
    plan.login = argv + 1;
    mysql_library_init(0, NULL, NULL);
    for (unsigned i = 0; i < count; i++) {
        clients[i] = (struct client){.plan = &plan, .seed = i + 1};
        if (client_prepare(&clients[i])) {
            continue;
        }
        fprintf(stderr, "bench_direct: %s\n", mysql_error(clients[i].connection));
        return 1;
    }
    clients_run(&plan, clients, count, strtod(argv[6], NULL));
    for (unsigned i = 0; i < count; i++)
        client_clear(&clients[i]);
    return atomic_load(&plan.failed) ? 1 : 0;
}
