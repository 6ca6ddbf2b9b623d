/*
 * Ends a process with SIGKILL as soon as the kernel has made its n-th change to what tunnels consist of in one network
 * namespace: firewall, count of packets, security associations, policies, addresses, an interface and routes of ours. Says each
 * change, a word a line.
 *
 * usage: kill-at NETNS PID N
 *
 * The kernel tells of a change before the system call that made it returns, and this process goes before all others, so that
 * the one that is ended has not come to its next step.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Routes that wormholed makes. */
#define OURS 119
#define NFTABLES(message) ((NFNL_SUBSYS_NFTABLES << 8) | (message))

static int listen_to(int protocol, unsigned groups) {
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    perror("netlink");
    exit(1);
  }
  return fd;
}

/* What has become of the interface of WireGuard: it is there, it is up; each is told once. Of the rest the kernel tells nobody. */
static const char *link_word(struct nlmsghdr *message) {
  static int there, up;
  struct ifinfomsg *link = NLMSG_DATA(message);
  int length = IFLA_PAYLOAD(message);
  const char *name = "";
  for (struct rtattr *one = IFLA_RTA(link); RTA_OK(one, length); one = RTA_NEXT(one, length))
    if (one->rta_type == IFLA_IFNAME) name = RTA_DATA(one);
  if (strncmp(name, "wh", 2) != 0 || strspn(name + 2, "0123456789abcdef") != 8 || name[10] != 0) return NULL;
  if (!there++) return "interface";
  return (link->ifi_flags & IFF_UP) != 0 && !up++ ? "up" : NULL;
}

/* NULL: no change that counts. What is only tried, to see what the kernel can do, does not. */
static const char *word(int protocol, struct nlmsghdr *message) {
  static int elements, counts;
  const char *told = elements ? "firewall" : counts ? "count" : NULL;
  switch (protocol) {
  case NETLINK_NETFILTER:
    elements |= message->nlmsg_type == NFTABLES(NFT_MSG_NEWSETELEM);
    /* The table that keeps addresses inside is of IPv4. */
    counts |= message->nlmsg_type == NFTABLES(NFT_MSG_NEWRULE) &&
              ((struct nfgenmsg *)NLMSG_DATA(message))->nfgen_family == NFPROTO_INET;
    if (message->nlmsg_type != NFTABLES(NFT_MSG_NEWGEN)) return NULL;
    elements = counts = 0;
    return told;
  case NETLINK_XFRM:
    if (message->nlmsg_type == XFRM_MSG_NEWPOLICY) return "policy";
    if (message->nlmsg_type != XFRM_MSG_NEWSA) return NULL;
    return ((struct xfrm_usersa_info *)NLMSG_DATA(message))->reqid != 0 ? "association" : NULL;
  default:
    if (message->nlmsg_type == RTM_NEWLINK) return link_word(message);
    if (message->nlmsg_type == RTM_NEWADDR) return "address";
    if (message->nlmsg_type != RTM_NEWROUTE) return NULL;
    return ((struct rtmsg *)NLMSG_DATA(message))->rtm_protocol == OURS ? "route" : NULL;
  }
}

int main(int count, char **words) {
  static const struct {
    int protocol;
    unsigned groups;
  } sources[] = {
      {NETLINK_NETFILTER, 1 << (NFNLGRP_NFTABLES - 1)},
      {NETLINK_XFRM, XFRMGRP_SA | XFRMGRP_POLICY},
      {NETLINK_ROUTE, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE},
  };
  static char buffer[1 << 16] __attribute__((aligned(NLMSG_ALIGNTO)));
  struct pollfd watched[4];
  struct sched_param first = {.sched_priority = 1};
  int netns = count == 4 ? open(words[1], O_RDONLY | O_CLOEXEC) : -1;
  if (netns < 0 || setns(netns, CLONE_NEWNET) != 0) {
    perror("usage: kill-at NETNS PID N");
    return 2;
  }
  pid_t pid = atoi(words[2]);
  int left = atoi(words[3]);
  for (int i = 0; i < 3; i++)
    watched[i] = (struct pollfd){.fd = listen_to(sources[i].protocol, sources[i].groups), .events = POLLIN};
  /* Whoever started this has ended. */
  watched[3] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
  setvbuf(stdout, NULL, _IOLBF, 0);
  sched_setscheduler(0, SCHED_FIFO, &first);
  puts("ready");
  while (poll(watched, 4, -1) > 0 && watched[3].revents == 0) {
    for (int i = 0; i < 3; i++) {
      if (watched[i].revents == 0) continue;
      int length = recv(watched[i].fd, buffer, sizeof buffer, 0);
      for (struct nlmsghdr *message = (struct nlmsghdr *)buffer; length > 0 && NLMSG_OK(message, length);
           message = NLMSG_NEXT(message, length)) {
        const char *what = word(sources[i].protocol, message);
        if (what == NULL) continue;
        if (--left == 0) kill(pid, SIGKILL);
        puts(what);
        if (left == 0) return 0;
      }
    }
  }
  return 1;
}
