/*
 * stream.c: the TCP client modes: ping-pong (rr), connect rate (crr), bulk, and idle connections held open.
 *
 * Nothing is counted before a short warm-up: a proxy that forks, or starts on its first connection, is measured at
 * work and not at start.
 */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const double WARM_UP = 0.2;    /* seconds before counting starts */
static const double SETUP_LIMIT = 10; /* seconds until all connections must have answered */

static struct {
  double start; /* when the message on the way was sent, or the connect begun */
  int got;      /* bytes of its answer so far; -1 while connecting */
  int answered; /* has answered once */
} conns[MAX_FDS];

static char request[MAX_PACKET];
static char buffer[MAX_PACKET];
static struct histogram latency;
static long failures;

static int begin(int epoll, int port, int reset) {
  double start = now();
  int fd = open_client(SOCK_STREAM, port, reset);
  if (fd < 0) {
    failures++;
    return -1;
  }
  conns[fd].start = start;
  conns[fd].got = -1;
  conns[fd].answered = 0;
  watch(epoll, EPOLL_CTL_ADD, fd, EPOLLOUT);
  return fd;
}

static int ask(int fd, int size) {
  conns[fd].got = 0;
  return send(fd, request, (size_t)size, 0) == size;
}

enum step { WAIT, ANSWERED, FAILED };

/* Moves one connection on after an event: connected → asked → answered. */
static enum step advance(int epoll, int fd, int size) {
  if (conns[fd].got < 0) {
    if (socket_error(fd) != 0 || !ask(fd, size)) return FAILED;
    watch(epoll, EPOLL_CTL_MOD, fd, EPOLLIN);
    return WAIT;
  }
  ssize_t n = recv(fd, buffer, (size_t)size, 0);
  if (n <= 0) return n < 0 && errno == EAGAIN ? WAIT : FAILED;
  conns[fd].got += (int)n;
  return conns[fd].got < size ? WAIT : ANSWERED;
}

static void print_latency(double elapsed, int open) {
  printf("{\"rate\":%.1f,\"p50us\":%.1f,\"p99us\":%.1f,\"errors\":%ld,\"connections\":%d}\n",
         (double)latency.count / elapsed, histogram_quantile(&latency, 0.5), histogram_quantile(&latency, 0.99),
         failures, open);
}

/* A connection of rr that is of no use any more. */
static void drop(int fd, int *open, int *answered) {
  failures++;
  *open -= 1;
  *answered -= conns[fd].answered;
  conns[fd].answered = 0;
  close(fd);
}

/* All connections are opened and proved first; only then do they begin to talk, all at once. */
int ping_pong(int port, int connections, double seconds, int size) {
  struct epoll_event events[MAX_EVENTS];
  int epoll = epoll_create1(EPOLL_CLOEXEC), open = 0, answered = 0, counting = 0;
  double limit = now() + SETUP_LIMIT, start = 0;
  for (int i = 0; i < connections; i++) open += begin(epoll, port, 1) >= 0;
  for (double t = now(); open > 0 && (start == 0 || t < start + seconds); t = now()) {
    if (start == 0 && (answered >= open || t > limit)) {
      failures += open - answered; /* those that are still silent stay so, or join late */
      start = t + WARM_UP;
      for (int fd = 0; fd < MAX_FDS; fd++) {
        if (!conns[fd].answered) continue;
        conns[fd].start = now();
        if (!ask(fd, size)) drop(fd, &open, &answered);
      }
    }
    if (start > 0 && !counting && t >= start) {
      histogram_reset(&latency);
      counting = 1;
      start = t;
    }
    int n = epoll_wait(epoll, events, MAX_EVENTS, 100);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      enum step step = advance(epoll, fd, size);
      if (step == FAILED) drop(fd, &open, &answered);
      if (step != ANSWERED) continue;
      double t1 = now();
      histogram_add(&latency, t1 - conns[fd].start);
      answered += !conns[fd].answered;
      conns[fd].answered = 1;
      conns[fd].start = t1;
      if (start > 0 && !ask(fd, size)) drop(fd, &open, &answered);
    }
  }
  print_latency(start > 0 ? now() - start : seconds, open);
  return 0;
}

int connect_rate(int port, int parallel, double seconds, int size, int reset) {
  struct epoll_event events[MAX_EVENTS];
  int epoll = epoll_create1(EPOLL_CLOEXEC), open = 0;
  double start = now() + WARM_UP;
  int counting = 0;
  for (double t = now(); t < start + seconds; t = now()) {
    if (!counting && t >= start) {
      histogram_reset(&latency);
      failures = 0;
      counting = 1;
      start = t;
    }
    while (open < parallel && begin(epoll, port, reset) >= 0) open++;
    int n = epoll_wait(epoll, events, MAX_EVENTS, 10);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      enum step step = advance(epoll, fd, size);
      if (step == WAIT) continue;
      if (step == ANSWERED) histogram_add(&latency, now() - conns[fd].start);
      else failures++;
      close(fd);
      /* The next begins here and not after the batch, so that no time passes between the connections of a place. */
      if (begin(epoll, port, reset) < 0) open--;
    }
  }
  print_latency(now() - start, parallel);
  return 0;
}

/* Bytes are thrown away in the kernel (MSG_TRUNC, tcp(7)) and never copied here: on few cores a receiver that copies
 * takes from the proxy the very time that is to be measured. */
int bulk(int port, int streams, double seconds) {
  enum { DISCARD_BYTES = 1 << 20 };
  struct epoll_event events[MAX_EVENTS];
  int epoll = epoll_create1(EPOLL_CLOEXEC), open = 0;
  uint64_t total = 0, before = 0;
  double start = 0, warm = 0;
  for (int i = 0; i < streams; i++) {
    int fd = open_client(SOCK_STREAM, port, 1);
    if (fd < 0) {
      failures++;
      continue;
    }
    watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN);
    open++;
  }
  double limit = now() + SETUP_LIMIT;
  for (double t = now(); open > 0 && (start == 0 ? t < limit : t < start + seconds); t = now()) {
    if (warm == 0 && total > 0) warm = t + WARM_UP;
    if (start == 0 && warm > 0 && t >= warm) {
      start = t;
      before = total;
    }
    int n = epoll_wait(epoll, events, MAX_EVENTS, 100);
    for (int i = 0; i < n; i++) {
      ssize_t got = recv(events[i].data.fd, NULL, DISCARD_BYTES, MSG_TRUNC);
      if (got > 0) total += (uint64_t)got;
      else if (got == 0 || errno != EAGAIN) {
        failures++;
        open--;
        close(events[i].data.fd);
      }
    }
  }
  double elapsed = start > 0 ? now() - start : seconds;
  printf("{\"gbits\":%.3f,\"bytes\":%llu,\"errors\":%ld}\n", start > 0 ? (double)(total - before) * 8e-9 / elapsed : 0,
         (unsigned long long)total, failures);
  return 0;
}

int hold(int port, int connections) {
  enum { AT_ONCE = 64 };
  struct epoll_event events[MAX_EVENTS];
  int epoll = epoll_create1(EPOLL_CLOEXEC), begun = 0, pending = 0, open = 0;
  for (double limit = now() + 3 * SETUP_LIMIT; now() < limit && (begun < connections || pending > 0);) {
    for (; begun < connections && pending < AT_ONCE; begun++) pending += begin(epoll, port, 1) >= 0;
    int n = epoll_wait(epoll, events, MAX_EVENTS, 100);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      enum step step = advance(epoll, fd, 1);
      if (step == WAIT) continue;
      pending--;
      watch(epoll, EPOLL_CTL_DEL, fd, 0);
      if (step == ANSWERED) open++;
      else {
        failures++;
        close(fd);
      }
    }
  }
  printf("{\"connections\":%d,\"errors\":%ld}\n", open, failures + pending);
  fflush(stdout);
  while (read(STDIN_FILENO, buffer, sizeof buffer) > 0) continue;
  return 0;
}
