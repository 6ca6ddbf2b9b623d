/*
 * base.c: the clock, the histogram and the sockets under every mode of the load generator.
 */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void die(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(71);
}

double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void histogram_reset(struct histogram *h) { memset(h, 0, sizeof *h); }

/* Bucket of n nanoseconds: below 64 one each, then 64 per power of two (the six bits after the leading one). */
static unsigned bucket_of(uint64_t n) {
  if (n < 64) return (unsigned)n;
  unsigned power = 63 - (unsigned)__builtin_clzll(n);
  return 64 * (power - 5) + (unsigned)((n >> (power - 6)) & 63);
}

void histogram_add(struct histogram *h, double seconds) {
  unsigned b = bucket_of(seconds > 0 ? (uint64_t)(seconds * 1e9) : 0);
  unsigned last = sizeof h->bucket / sizeof h->bucket[0] - 1;
  h->bucket[b < last ? b : last]++;
  h->count++;
}

double histogram_quantile(const struct histogram *h, double q) {
  uint64_t wanted = (uint64_t)(q * (double)h->count), seen = 0;
  if (h->count == 0) return 0;
  for (unsigned b = 0; b < sizeof h->bucket / sizeof h->bucket[0]; b++) {
    seen += h->bucket[b];
    if (seen <= wanted) continue;
    if (b < 64) return b / 1e3;
    unsigned power = b / 64 + 5;
    return ((double)((64ULL + b % 64) << (power - 6)) + (double)(1ULL << (power - 6)) / 2) / 1e3;
  }
  return 0;
}

static struct sockaddr_in loopback(int port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int open_socket(int type) {
  int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  if (fd >= MAX_FDS) {
    errno = EMFILE;
    die("socket");
  }
  int one = 1, bytes = 8 << 20;
  if (type == SOCK_STREAM) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  /* The generator's own queues must not lose datagrams: a loss shall be the proxy's. */
  if (type == SOCK_DGRAM) setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  return fd;
}

int open_listener(int type, int port) {
  int fd = open_socket(type), one = 1;
  struct sockaddr_in a = loopback(port);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0) die("bind");
  if (type == SOCK_STREAM && listen(fd, 4096) < 0) die("listen");
  return fd;
}

int open_client(int type, int port, int reset) {
  int fd = open_socket(type);
  struct sockaddr_in a = loopback(port);
  struct linger off = {.l_onoff = 1, .l_linger = 0};
  if (reset) setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
  if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0 || errno == EINPROGRESS) return fd;
  close(fd);
  return -1;
}

int socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

void watch(int epoll, int operation, int fd, uint32_t events) {
  struct epoll_event e = {.events = events, .data.fd = fd};
  if (epoll_ctl(epoll, operation, fd, &e) < 0) die("epoll_ctl");
}
