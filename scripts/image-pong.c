#define _GNU_SOURCE
/**
 * pong: answers once, then it is gone. The program of a test image; it shows that a container is started anew for each connection.
 *
 * Listens on ADDRESS (default :9001). The first connection that sends at least one byte gets back what its first
 * read brought, and the process exits. A connection that closes without a byte does not count, and one that is silent
 * keeps nobody else waiting.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { clients_at_once = 1024, bytes_at_once = 65536 };

static void end(int signal) {
  /* The first process of a container dies of no signal that it does not handle. */
  _exit(128 + signal);
}

static void give_up(const char *what) {
  perror(what);
  exit(1);
}

/** [HOST:]PORT with an IPv4 address for a host; ":9001" is every address. */
static int listen_on(const char *address) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
  const char *colon = strrchr(address, ':');
  char host[64] = "";
  if (colon != NULL && colon > address) snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
  name.sin_port = htons((unsigned short)atoi(colon == NULL ? address : colon + 1));
  if (host[0] != '\0' && inet_pton(AF_INET, host, &name.sin_addr) != 1) give_up(address);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  if (fd < 0) give_up("socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&name, sizeof name) < 0) give_up(address);
  if (listen(fd, SOMAXCONN) < 0) give_up("listen");
  return fd;
}

static void echo(int fd, const char *bytes, ssize_t length) {
  for (ssize_t sent = 0; sent < length;) {
    ssize_t n = send(fd, bytes + sent, (size_t)(length - sent), MSG_NOSIGNAL);
    if (n < 0) give_up("send");
    sent += n;
  }
  shutdown(fd, SHUT_WR);
  /* What was not read would turn the end into a reset, and that overtakes the answer. */
  static char rest[bytes_at_once];
  while (recv(fd, rest, sizeof rest, MSG_DONTWAIT) > 0) continue;
}

int main(int count, char **words) {
  static struct pollfd polled[1 + clients_at_once];
  static char bytes[bytes_at_once];
  signal(SIGTERM, end);
  signal(SIGINT, end);
  polled[0] = (struct pollfd){.fd = listen_on(count > 1 ? words[1] : ":9001"), .events = POLLIN};
  for (int used = 1;;) {
    polled[0].events = used <= clients_at_once ? POLLIN : 0;
    if (poll(polled, (nfds_t)used, -1) < 0) give_up("poll");
    for (int i = used - 1; i > 0; i--) {
      if (polled[i].revents == 0) continue;
      ssize_t length = recv(polled[i].fd, bytes, sizeof bytes, 0);
      if (length > 0) {
        echo(polled[i].fd, bytes, length);
        return 0;
      }
      close(polled[i].fd);
      polled[i] = polled[--used];
    }
    if ((polled[0].revents & POLLIN) != 0) {
      int fd = accept4(polled[0].fd, NULL, NULL, SOCK_CLOEXEC);
      if (fd >= 0) polled[used++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
  }
}
