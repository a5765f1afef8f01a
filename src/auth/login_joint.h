/*
 * Concurrent logins with the same credentials verify once: the first leads, the others wait for
 * its verdict. Any worker.
 */
#ifndef PORTCULLIS_AUTH_LOGIN_JOINT_H
#define PORTCULLIS_AUTH_LOGIN_JOINT_H

#include <pthread.h>

#include "auth/login.h"

enum { LOGIN_KEY_BYTES = 32 };

/* A check under way; lies on its leader's stack. */
struct login_flight {
    unsigned char key[LOGIN_KEY_BYTES];
    enum login_verdict verdict;
    struct auth_principal principal;
    bool is_done;
    size_t waiting;
    struct login_flight *next;
};

struct login_joint {
    pthread_mutex_t lock; /* guards the list and what is in it */
    pthread_cond_t moved; /* a flight is done, or its last waiter has read it */
    struct login_flight *flights;
};

void login_joint_init(struct login_joint *joint);
void login_joint_clear(struct login_joint *joint);

/* True: the caller leads and must call login_joint_land with the same flight (its key set).
 * False: somebody else led; flight holds that verdict and principal. */
bool login_joint_board(struct login_joint *joint, struct login_flight *flight);
/* Hands verdict and principal of flight to those who wait; returns when all have them. */
void login_joint_land(struct login_joint *joint, struct login_flight *flight);

#endif
