/**
 * The service of a test image: echoes on PORT, TCP and UDP, for any number of clients.
 *
 * Sends back what comes, and FIN after FIN. Begins to listen after DELAY_MS and says "listening". A datagram or a first
 * read that says "die" ends it with exit code 3. Usage: service PORT [DELAY_MS]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void end(int signal) { _exit(128 + signal); }

static int open_on(int type, int port) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  int fd = socket(AF_INET, type, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&name, sizeof name) != 0 || (type == SOCK_STREAM && listen(fd, 4096) != 0)) {
    perror("service");
    exit(71);
  }
  return fd;
}

static void watch(int poller, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

int main(int count, char **words) {
  static char bytes[65536];
  struct rlimit files;
  struct sockaddr_in from;
  if (count < 2) return 64;
  signal(SIGTERM, end);
  signal(SIGPIPE, SIG_IGN);
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (count > 2) usleep((unsigned)atoi(words[2]) * 1000);
  int udp = open_on(SOCK_DGRAM, atoi(words[1]));
  int tcp = open_on(SOCK_STREAM, atoi(words[1])), poller = epoll_create1(0);
  watch(poller, udp);
  watch(poller, tcp);
  puts("listening");
  fflush(stdout);
  for (;;) {
    struct epoll_event event;
    if (epoll_wait(poller, &event, 1, -1) < 1) continue;
    int fd = event.data.fd;
    if (fd == tcp) {
      watch(poller, accept(tcp, NULL, NULL));
      continue;
    }
    socklen_t size = sizeof from;
    ssize_t length = fd == udp ? recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &size)
                               : recv(fd, bytes, sizeof bytes, 0);
    if (length >= 3 && memcmp(bytes, "die", 3) == 0) return 3;
    if (fd == udp) sendto(fd, bytes, (size_t)length, 0, (struct sockaddr *)&from, size);
    else if (length <= 0) close(fd);
    else if (send(fd, bytes, (size_t)length, 0) < 0) close(fd);
  }
}
