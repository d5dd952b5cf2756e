/* Doubly linked lists, the links being members of the items. An item is in exactly one list. */
#ifndef PTUNNEL_LIST_H
#define PTUNNEL_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
    struct link *next, *previous;
};

/* The struct that has this member (container_of). */
#define owner_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

static inline void list_start(struct link *list)
{
    list->next = list->previous = list;
}

static inline bool list_is_empty(const struct link *list)
{
    return list->next == list;
}

static inline void list_add(struct link *list, struct link *item)
{
    item->next = list;
    item->previous = list->previous;
    item->previous->next = list->previous = item;
}

static inline void list_remove(struct link *item)
{
    item->next->previous = item->previous;
    item->previous->next = item->next;
}

static inline void list_move(struct link *list, struct link *item)
{
    list_remove(item);
    list_add(list, item);
}

#endif
