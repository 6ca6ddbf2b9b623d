/*
 * load.h: what the parts of the load generator share: the clock, the latency histogram, and sockets on 127.0.0.1.
 *
 * One thread, one epoll, no threads: a generator that needs more than one core would measure itself.
 * Every mode prints one JSON object on one line of stdout; times in it are microseconds, rates are per second.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stdint.h>
#include <sys/epoll.h>

enum {
  MAX_FDS = 65536,     /* tables are indexed by descriptor */
  MAX_EVENTS = 256,    /* per epoll_wait */
  MAX_PACKET = 65507,  /* largest UDP payload over IPv4 */
  BULK_BYTES = 262144, /* one send of a bulk stream */
};

/* Ends the program with a message and errno's text. */
void die(const char *what);

/* Seconds of CLOCK_MONOTONIC. */
double now(void);

/* Latencies in buckets of 1/64 of a power of two: a quantile is exact to 1.6 %, whatever the run's length. */
struct histogram {
  uint64_t count;
  uint32_t bucket[64 * 40];
};
void histogram_reset(struct histogram *h);
void histogram_add(struct histogram *h, double seconds);
/* The q-quantile (0..1) in microseconds; 0 when empty. */
double histogram_quantile(const struct histogram *h, double q);

/* A bound, non-blocking socket on 127.0.0.1:port; TCP ones listen. */
int open_listener(int type, int port);
/* A non-blocking socket whose connect to 127.0.0.1:port has been started; -1 when it failed at once.
 * With `reset`, close() sends RST and leaves no TIME_WAIT behind. */
int open_client(int type, int port, int reset);
/* The pending error of a socket, as an errno value; 0 when there is none. */
int socket_error(int fd);
void watch(int epoll, int operation, int fd, uint32_t events);

/* The modes; each owns its descriptors until the process ends. */
int serve(int count, char **services);
int ping_pong(int port, int connections, double seconds, int size);
int connect_rate(int port, int parallel, double seconds, int size, int reset);
int bulk(int port, int streams, double seconds);
int hold(int port, int connections);
int datagram_window(int port, int flows, int window, int size, double seconds);
int datagram_paced(int port, int flows, double rate, int size, double seconds);

#endif
