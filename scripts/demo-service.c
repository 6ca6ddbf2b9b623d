/*
 * The demo service as one static program, so that a container image is made of it and nothing else.
 *
 * Same as demo-service.mjs: listens on 127.0.0.1:PORT, reads one line with a number, answers a greeting line and
 * that many zero bytes. One client at a time. Usage: service PORT
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int send_all(int fd, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t sent = write(fd, bytes, size);
    if (sent <= 0) return -1;
    bytes += sent;
    size -= (size_t)sent;
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 2) return 64;
  static const char block[1 << 16];
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  signal(SIGPIPE, SIG_IGN);

  int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 128) != 0) {
    perror("service");
    return 71;
  }
  for (;;) {
    int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    char line[32] = "", greeting[128];
    if (read(client, line, sizeof line - 1) > 0) {
      long left = atol(line);
      snprintf(greeting, sizeof greeting, "hello from a container without a network, on its 127.0.0.1:%s\n", argv[1]);
      int failed = send_all(client, greeting, strlen(greeting));
      while (!failed && left > 0) {
        size_t size = left < (long)sizeof block ? (size_t)left : sizeof block;
        failed = send_all(client, block, size);
        left -= (long)size;
      }
    }
    close(client);
  }
}
