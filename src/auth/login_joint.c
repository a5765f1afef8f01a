/* A short list under one lock: as long as there are workers at most. */
#include "auth/login_joint.h"

#include <string.h>
#include <utlist.h>

void login_joint_init(struct login_joint *joint)
{
    joint->flights = NULL;
    pthread_mutex_init(&joint->lock, NULL);
    pthread_cond_init(&joint->moved, NULL);
}

void login_joint_clear(struct login_joint *joint)
{
    pthread_cond_destroy(&joint->moved);
    pthread_mutex_destroy(&joint->lock);
}

static void flight_await(struct login_joint *joint, struct login_flight *leader,
                         struct login_flight *follower)
{
    leader->waiting++;
    while (!leader->is_done)
        pthread_cond_wait(&joint->moved, &joint->lock);
    follower->verdict = leader->verdict;
    follower->principal = leader->principal;
    if (--leader->waiting == 0)
        pthread_cond_broadcast(&joint->moved);
}

bool login_joint_board(struct login_joint *joint, struct login_flight *flight)
{
    struct login_flight *leader = NULL;
    flight->is_done = false;
    flight->waiting = 0;
    pthread_mutex_lock(&joint->lock);
    for (leader = joint->flights; leader; leader = leader->next)
        if (memcmp(leader->key, flight->key, LOGIN_KEY_BYTES) == 0)
            break;
    if (leader)
        flight_await(joint, leader, flight);
    else
        LL_PREPEND(joint->flights, flight);
    pthread_mutex_unlock(&joint->lock);
    return leader == NULL;
}

void login_joint_land(struct login_joint *joint, struct login_flight *flight)
{
    pthread_mutex_lock(&joint->lock);
    LL_DELETE(joint->flights, flight);
    flight->is_done = true;
    pthread_cond_broadcast(&joint->moved);
    while (flight->waiting > 0)
        pthread_cond_wait(&joint->moved, &joint->lock);
    pthread_mutex_unlock(&joint->lock);
}
