/*
 * load: the traffic generator of the benchmark; server and client of every test in one program.
 *
 *   load serve KIND:PORT...                     echo:, source: (sends for ever) and udp: (echo) on 127.0.0.1; prints "ready"
 *   load rr PORT CONNS SECONDS SIZE             ping-pong on connections that stay open
 *   load crr PORT PARALLEL SECONDS SIZE fin|rst connect, one request and answer, close
 *   load bulk PORT STREAMS SECONDS              receives from a source as fast as it comes
 *   load idle PORT CONNS                        opens, proves each with one byte, prints, holds until stdin ends
 *   load udp PORT FLOWS WINDOW SIZE SECONDS     ping-pong with WINDOW datagrams on the way per flow
 *   load paced PORT FLOWS RATE SIZE SECONDS     RATE datagrams per second, whatever comes back
 *
 * It reads no names and speaks to 127.0.0.1 alone.
 */
#include "load.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(void) {
  fputs("usage: load serve KIND:PORT... | rr PORT CONNS SECONDS SIZE | crr PORT PARALLEL SECONDS SIZE fin|rst |\n"
        "       bulk PORT STREAMS SECONDS | idle PORT CONNS | udp PORT FLOWS WINDOW SIZE SECONDS |\n"
        "       paced PORT FLOWS RATE SIZE SECONDS\n",
        stderr);
  return 64;
}

/* A positive number, or the end of the program. */
static double number(const char *word) {
  char *end;
  errno = 0;
  double value = strtod(word, &end);
  if (errno != 0 || *end != '\0' || !(value > 0)) {
    fprintf(stderr, "load: not a positive number: %s\n", word);
    exit(64);
  }
  return value;
}

static int integer(const char *word, int max) {
  double value = number(word);
  if (value > max || value != (int)value) {
    fprintf(stderr, "load: not a whole number up to %d: %s\n", max, word);
    exit(64);
  }
  return (int)value;
}

static int port(const char *word) { return integer(word, 65535); }
static int count(const char *word) { return integer(word, MAX_FDS - 64); }
static int size(const char *word) { return integer(word, MAX_PACKET); }

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN); /* a closed peer is an errno here, never the end of the process */
  const char *mode = argc > 1 ? argv[1] : "";
  char **word = argv + 2;
  int words = argc - 2;
  if (!strcmp(mode, "serve") && words > 0) return serve(words, word);
  if (!strcmp(mode, "rr") && words == 4)
    return ping_pong(port(word[0]), count(word[1]), number(word[2]), size(word[3]));
  if (!strcmp(mode, "crr") && words == 5)
    return connect_rate(port(word[0]), count(word[1]), number(word[2]), size(word[3]), !strcmp(word[4], "rst"));
  if (!strcmp(mode, "bulk") && words == 3) return bulk(port(word[0]), count(word[1]), number(word[2]));
  if (!strcmp(mode, "idle") && words == 2) return hold(port(word[0]), count(word[1]));
  if (!strcmp(mode, "udp") && words == 5)
    return datagram_window(port(word[0]), count(word[1]), integer(word[2], 1024), size(word[3]), number(word[4]));
  if (!strcmp(mode, "paced") && words == 5)
    return datagram_paced(port(word[0]), count(word[1]), number(word[2]), size(word[3]), number(word[4]));
  return usage();
}
