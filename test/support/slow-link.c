/**
 * A link between two network namespaces that delays every packet and loses some: two TUN devices and what carries
 * packets between them. For kernels without netem.
 *
 *   slow-link NAMESPACE DEVICE NAMESPACE DEVICE DELAY_US LOSS_PPM
 *
 * Prints "ready" when both devices are there, which they are until standard input ends. The delay is that of one way;
 * which packets are lost is the same in every run.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_MAX = 2048, QUEUE = 1 << 14, BATCH = 64 };

struct packet {
  uint64_t due_ns;
  uint16_t size;
  char data[PACKET_MAX];
};
/* One direction: what was read from `from` and is under way to `to`. Beyond QUEUE packets are lost, as in a router. */
struct way {
  int from, to;
  unsigned head, tail;
  struct packet *packets;
};

static void die(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int open_device(const char *path, const char *name) {
  int namespace = open(path, O_RDONLY | O_CLOEXEC);
  if (namespace < 0 || setns(namespace, CLONE_NEWNET) < 0) die(path);
  close(namespace);
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0) die("/dev/net/tun");
  return fd;
}

static uint32_t roll(void) {
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 16) % 1000000u;
}

static void take(struct way *way, uint64_t delay_ns, uint32_t loss_ppm) {
  for (int i = 0; i < BATCH; i++) {
    struct packet *packet = &way->packets[way->tail % QUEUE];
    ssize_t size = read(way->from, packet->data, PACKET_MAX);
    if (size <= 0) return;
    if (roll() < loss_ppm || way->tail - way->head == QUEUE - 1) continue;
    packet->size = (uint16_t)size;
    packet->due_ns = now_ns() + delay_ns;
    way->tail++;
  }
}

/* Delivers what is due. Returns nanoseconds until the next is, or -1. */
static int64_t deliver(struct way *way) {
  uint64_t now = now_ns();
  while (way->head != way->tail) {
    struct packet *packet = &way->packets[way->head % QUEUE];
    if (packet->due_ns > now) return (int64_t)(packet->due_ns - now);
    /* A device that is down, or full, loses the packet. */
    if (write(way->to, packet->data, packet->size) < 0 && errno == EBADF) die("write");
    way->head++;
  }
  return -1;
}

int main(int argc, char **argv) {
  if (argc != 7) {
    fputs("usage: slow-link NAMESPACE DEVICE NAMESPACE DEVICE DELAY_US LOSS_PPM\n", stderr);
    return 64;
  }
  uint64_t delay_ns = strtoull(argv[5], NULL, 10) * 1000;
  uint32_t loss_ppm = (uint32_t)strtoul(argv[6], NULL, 10);
  prctl(PR_SET_TIMERSLACK, 1000);
  int one = open_device(argv[1], argv[2]), other = open_device(argv[3], argv[4]);
  struct way ways[2] = {{.from = one, .to = other}, {.from = other, .to = one}};
  for (int i = 0; i < 2; i++) {
    ways[i].packets = calloc(QUEUE, sizeof(struct packet));
    if (ways[i].packets == NULL) die("calloc");
  }
  puts("ready");
  fflush(stdout);
  for (;;) {
    int64_t next = -1;
    for (int i = 0; i < 2; i++) {
      int64_t wait = deliver(&ways[i]);
      if (wait >= 0 && (next < 0 || wait < next)) next = wait;
    }
    struct pollfd polled[3] = {{.fd = one, .events = POLLIN}, {.fd = other, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    struct timespec pause = {.tv_sec = next / 1000000000, .tv_nsec = next % 1000000000};
    if (ppoll(polled, 3, next < 0 ? NULL : &pause, NULL) < 0 && errno != EINTR) die("ppoll");
    if (polled[2].revents != 0) return 0;
    for (int i = 0; i < 2; i++) {
      if (polled[i].revents != 0) take(&ways[i], delay_ns, loss_ppm);
    }
  }
}
