/*
 * datagram.c: the UDP client modes.
 *
 * window: each flow keeps WINDOW datagrams on the way and sends one for each that returns. What the path can carry
 *         decides the rate, and nothing needs to be dropped: a datagram missing for LOST_AFTER counts as lost.
 * paced:  datagrams leave by the clock, in small bursts, whether or not the earlier ones returned. What is missing
 *         at the end was dropped by a path that could not keep up with a rate others can.
 *
 * A flow is one connected socket, one client address. Payload: two words in the sender's byte order, then padding.
 */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const double WARM_UP = 0.2;     /* seconds of window mode before counting */
static const double LOST_AFTER = 0.25; /* seconds */
static const double SETUP_LIMIT = 5;   /* seconds until every flow must have answered once */
static const double GRACE = 0.4;       /* seconds that stragglers are waited for in paced mode */
static const long PACE_NS = 100000;    /* between bursts */
enum { MAX_BURST = 64, HELLO = 0x68656c6f };

struct label {
  uint32_t slot, generation; /* window: which place in the window, and its how-manieth use; paced: run tag, 0 */
};
struct slot {
  double sent;
  uint32_t generation;
};

static char packet[MAX_PACKET];

static int send_label(int fd, uint32_t slot, uint32_t generation, int size) {
  struct label label = {slot, generation};
  memcpy(packet, &label, sizeof label);
  return send(fd, packet, (size_t)size, 0) == size;
}

/* One label from `fd`; 0 when none waits. An ICMP error of an earlier send is no datagram, and is passed over. */
static int receive_label(int fd, struct label *label) {
  static char in[MAX_PACKET];
  ssize_t n;
  do n = recv(fd, in, sizeof in, 0);
  while (n < 0 && (errno == ECONNREFUSED || errno == EINTR));
  if (n < (ssize_t)sizeof *label) return 0;
  memcpy(label, in, sizeof *label);
  return 1;
}

/* Opens the flows and makes each answer once, so that a proxy has its sessions set up. @returns how many did. */
static int open_flows(int epoll, int port, int count, int size, int *flows) {
  static char answered[MAX_FDS];
  struct label label;
  int ready = 0;
  for (int i = 0; i < count; i++) {
    flows[i] = open_client(SOCK_DGRAM, port, 0);
    if (flows[i] < 0) die("connect");
    watch(epoll, EPOLL_CTL_ADD, flows[i], EPOLLIN);
  }
  for (double limit = now() + SETUP_LIMIT; ready < count && now() < limit;) {
    for (int i = 0; i < count; i++)
      if (!answered[flows[i]]) send_label(flows[i], HELLO, HELLO, size);
    struct epoll_event events[MAX_EVENTS];
    for (int n; (n = epoll_wait(epoll, events, MAX_EVENTS, 100)) > 0;)
      for (int i = 0; i < n; i++)
        while (receive_label(events[i].data.fd, &label)) {
          ready += !answered[events[i].data.fd];
          answered[events[i].data.fd] = 1;
        }
  }
  return ready;
}

int datagram_window(int port, int flows, int window, int size, double seconds) {
  static int fds[MAX_FDS], flow_of[MAX_FDS];
  static struct histogram latency;
  struct epoll_event events[MAX_EVENTS];
  struct slot *slots = calloc((size_t)(flows * window), sizeof *slots);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (size < (int)sizeof(struct label)) size = sizeof(struct label);
  int ready = open_flows(epoll, port, flows, size, fds);
  long lost = 0, sent = 0;
  for (int i = 0; i < flows; i++) flow_of[fds[i]] = i;

  int counting = 0;
  double start = now() + WARM_UP, scan = 0;
  for (double t = now(); t < start + seconds; t = now()) {
    if (!counting && t >= start) {
      histogram_reset(&latency);
      lost = sent = 0;
      counting = 1;
      start = t;
    }
    if (t >= scan) { /* fills the window at first, later finds what was lost */
      scan = t + LOST_AFTER / 5;
      for (int i = 0; i < flows * window; i++) {
        if (slots[i].sent > 0 && t - slots[i].sent < LOST_AFTER) continue;
        lost += slots[i].sent > 0;
        slots[i].sent = t;
        sent += send_label(fds[i / window], (uint32_t)(i % window), ++slots[i].generation, size);
      }
    }
    int n = epoll_wait(epoll, events, MAX_EVENTS, 10);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      struct label label;
      /* One window's worth per wake: answers come back while this reads, and the other flows wait. */
      for (int taken = 0; taken < window && receive_label(fd, &label); taken++) {
        if (label.slot >= (uint32_t)window) continue;
        struct slot *slot = &slots[flow_of[fd] * window + (int)label.slot];
        if (label.generation != slot->generation) continue; /* given up as lost before it came */
        double t1 = now();
        histogram_add(&latency, t1 - slot->sent);
        slot->sent = t1;
        sent += send_label(fd, label.slot, ++slot->generation, size);
      }
    }
  }
  double elapsed = now() - start;
  printf("{\"rate\":%.1f,\"p50us\":%.1f,\"p99us\":%.1f,\"sent\":%ld,\"lost\":%ld,\"lossPercent\":%.4f,\"errors\":%d}\n",
         (double)latency.count / elapsed, histogram_quantile(&latency, 0.5), histogram_quantile(&latency, 0.99), sent, lost,
         sent > 0 ? 100.0 * (double)lost / (double)sent : 100, flows - ready);
  return 0;
}

/* Counts the datagrams of this run that have come back. */
static long drain(int epoll, uint32_t tag, int timeout_ms) {
  struct epoll_event events[MAX_EVENTS];
  struct label label;
  long count = 0;
  int n = epoll_wait(epoll, events, MAX_EVENTS, timeout_ms);
  for (int i = 0; i < n; i++)
    while (receive_label(events[i].data.fd, &label)) count += label.slot == tag;
  return count;
}

int datagram_paced(int port, int flows, double rate, int size, double seconds) {
  static int fds[MAX_FDS];
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (size < (int)sizeof(struct label)) size = sizeof(struct label);
  int ready = open_flows(epoll, port, flows, size, fds);
  uint32_t tag = (uint32_t)getpid();
  long due = 0, sent = 0, received = 0, refused = 0;
  prctl(PR_SET_TIMERSLACK, 1UL); /* the default 50 µs would make every pause half as long again */

  double start = now(), t = start;
  while (t < start + seconds) {
    long behind = (long)((t - start) * rate) - due;
    for (int burst = 0; burst < behind && burst < MAX_BURST; burst++, due++) {
      if (send_label(fds[due % flows], tag, 0, size)) sent++;
      else refused++;
    }
    if (behind > MAX_BURST) due += behind - MAX_BURST; /* the generator was not scheduled: skip, never make up in a burst */
    received += drain(epoll, tag, 0);
    struct timespec pause = {0, PACE_NS};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    t = now();
  }
  double elapsed = t - start;
  for (double limit = now() + GRACE; received < sent && now() < limit;) received += drain(epoll, tag, 20);
  printf("{\"offered\":%.1f,\"received\":%.1f,\"sent\":%ld,\"lost\":%ld,\"lossPercent\":%.4f,\"errors\":%ld}\n",
         (double)sent / elapsed, (double)received / elapsed, sent, sent - received,
         sent > 0 ? 100.0 * (double)(sent - received) / (double)sent : 100, flows - ready + refused);
  return 0;
}
