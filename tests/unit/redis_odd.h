/* A server that answers as a test says, to be asked in place of Redis or a sentinel. */
#ifndef PORTCULLIS_TEST_REDIS_ODD_H
#define PORTCULLIS_TEST_REDIS_ODD_H

#include "redis_world.h"

#include <pthread.h>

/* What a command is answered with; the first that fits. */
struct answer {
    const char *command; /* NULL: any */
    const char *reply;   /* NULL: none, ever; "": the connection is closed */
};

enum { MOST_ANSWERS = 8, MOST_CONNECTIONS = 64 };

/* A server of its own thread; a further thread for each connection. */
struct odd {
    struct answer answers[MOST_ANSWERS];
    const char *greeting; /* sent before anything is asked; NULL: none */
    int listener;
    int port;
    pthread_t thread;
};

static inline bool read_line(FILE *in, char *line, size_t size)
{
    return fgets(line, (int)size, in) != NULL;
}

/* The first word of the next command in out (64 bytes). */
static inline bool read_command(FILE *in, char *out)
{
    char line[64];
    char word[64];
    if (!read_line(in, line, sizeof(line)) || line[0] != '*')
        return false;
    for (int i = 0, count = atoi(line + 1); i < count; i++) {
        if (!read_line(in, line, sizeof(line)))
            return false;
        size_t size = (size_t)atoi(line + 1);
        if (size + 2 >= sizeof(word) || fread(word, 1, size + 2, in) != size + 2)
            return false;
        word[size] = '\0';
        if (i == 0)
            memcpy(out, word, sizeof(word));
    }
    return true;
}

static inline const char *answer_to(const struct odd *odd, const char *command)
{
    for (size_t i = 0; i < MOST_ANSWERS; i++)
        if (odd->answers[i].command && strcmp(odd->answers[i].command, command) == 0)
            return odd->answers[i].reply;
    if (strcmp(command, "PING") == 0)
        return "+PONG\r\n";
    if (strcmp(command, "PING subscribed") == 0)
        return "*2\r\n$4\r\npong\r\n$0\r\n\r\n";
    if (strcmp(command, "ROLE") == 0)
        return "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
    if (strcmp(command, "SUBSCRIBE") == 0)
        return "*3\r\n$9\r\nsubscribe\r\n$6\r\nt:news\r\n:1\r\n";
    return "+OK\r\n";
}

struct visit {
    const struct odd *odd;
    int socket;
};

static inline void *serve_visit(void *argument)
{
    struct visit visit = *(struct visit *)argument;
    char command[64];
    bool is_subscribed = false;
    FILE *in = fdopen(visit.socket, "r");
    free(argument);
    if (visit.odd->greeting)
        send(visit.socket, visit.odd->greeting, strlen(visit.odd->greeting), MSG_NOSIGNAL);
    while (read_command(in, command)) {
        if (is_subscribed && strcmp(command, "PING") == 0)
            snprintf(command, sizeof(command), "PING subscribed");
        is_subscribed = is_subscribed || strcmp(command, "SUBSCRIBE") == 0;
        const char *reply = answer_to(visit.odd, command);
        if (reply && !*reply)
            break;
        if (reply)
            send(visit.socket, reply, strlen(reply), MSG_NOSIGNAL);
    }
    fclose(in);
    return NULL;
}

static inline void *serve(void *argument)
{
    struct odd *odd = argument;
    pthread_t threads[MOST_CONNECTIONS];
    size_t count = 0;
    while (count < MOST_CONNECTIONS) {
        struct visit *visit = malloc(sizeof(*visit));
        *visit = (struct visit){odd, accept(odd->listener, NULL, NULL)};
        if (visit->socket < 0) {
            free(visit);
            break;
        }
        pthread_create(&threads[count++], NULL, serve_visit, visit);
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    return NULL;
}

static inline void odd_start(struct odd *odd)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    odd->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(odd->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(odd->listener, 16), 0);
    assert_int_equal(getsockname(odd->listener, (struct sockaddr *)&address, &size), 0);
    odd->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&odd->thread, NULL, serve, odd), 0);
}

/* The client goes first: its closed connections end the threads. */
static inline void odd_stop(struct world *world, struct odd *odd)
{
    redis_destroy(world->redis);
    world->redis = NULL;
    shutdown(odd->listener, SHUT_RDWR);
    world_turn(world);
    pthread_join(odd->thread, NULL);
    close(odd->listener);
}

#endif
