/*
 * serve.c: the upstream side: echo and source over TCP, echo over UDP, any number of ports in one process.
 *
 * echo answers what came, in the same wake; source sends until the receiver goes. Messages of the tests are far
 * smaller than a socket's buffer, so an echo that does not fit is a fault of the test and ends the connection.
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
#include <unistd.h>

enum role { NONE, ECHO_LISTENER, SOURCE_LISTENER, ECHO, SOURCE, UDP_ECHO };
enum { BATCH = 32 };

static unsigned char roles[MAX_FDS];
static char buffer[BULK_BYTES];

static void add_service(int epoll, const char *word) {
  const char *colon = strchr(word, ':');
  int port = colon ? atoi(colon + 1) : 0;
  enum role role = !strncmp(word, "echo:", 5)     ? ECHO_LISTENER
                   : !strncmp(word, "source:", 7) ? SOURCE_LISTENER
                   : !strncmp(word, "udp:", 4)    ? UDP_ECHO
                                                  : NONE;
  if (role == NONE || port < 1 || port > 65535) {
    fprintf(stderr, "load: not a service: %s\n", word);
    exit(64);
  }
  int fd = open_listener(role == UDP_ECHO ? SOCK_DGRAM : SOCK_STREAM, port);
  roles[fd] = (unsigned char)role;
  watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN);
}

static void accept_all(int epoll, int listener) {
  int fd, one = 1;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    if (fd >= MAX_FDS) {
      close(fd);
      continue;
    }
    int source = roles[listener] == SOURCE_LISTENER;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    roles[fd] = source ? SOURCE : ECHO;
    watch(epoll, EPOLL_CTL_ADD, fd, source ? EPOLLOUT : EPOLLIN);
  }
}

static void finish(int fd) {
  roles[fd] = NONE;
  close(fd);
}

static void echo(int fd) {
  ssize_t got = recv(fd, buffer, sizeof buffer, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0 || send(fd, buffer, (size_t)got, 0) != got) finish(fd);
}

static void fill(int fd) {
  if (send(fd, buffer, sizeof buffer, 0) < 0 && errno != EAGAIN) finish(fd);
}

/* Batches, so that the echo costs the machine as little as it can: what is measured is the proxy before it. */
static void echo_datagrams(int fd) {
  static char packets[BATCH][MAX_PACKET];
  struct sockaddr_in from[BATCH];
  struct iovec parts[BATCH];
  struct mmsghdr messages[BATCH];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){.iov_base = packets[i], .iov_len = MAX_PACKET};
    messages[i].msg_hdr = (struct msghdr){
        .msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &parts[i], .msg_iovlen = 1};
  }
  int got = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
  for (int i = 0; i < got; i++) parts[i].iov_len = messages[i].msg_len;
  for (int sent = 0; sent < got;) {
    int n = sendmmsg(fd, messages + sent, (unsigned)(got - sent), 0);
    sent += n > 0 ? n : 1; /* a client that has gone costs its own datagram, not the ones behind it */
  }
}

int serve(int count, char **services) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event events[MAX_EVENTS];
  for (int i = 0; i < count; i++) add_service(epoll, services[i]);
  puts("ready");
  fflush(stdout);
  for (;;) {
    int n = epoll_wait(epoll, events, MAX_EVENTS, -1);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      switch ((enum role)roles[fd]) {
        case ECHO_LISTENER:
        case SOURCE_LISTENER: accept_all(epoll, fd); break;
        case ECHO: echo(fd); break;
        case SOURCE: fill(fd); break;
        case UDP_ECHO: echo_datagrams(fd); break;
        case NONE: break;
      }
    }
  }
}
