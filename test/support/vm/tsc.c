/*
 * Says how fast the processor's time stamp counter is, in kHz. A kernel finds that out by itself while it boots, but one whose
 * emulator has to wait for its turn measures that as well, and its clock is wrong by a factor then.
 */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct moment {
  double seconds, width;
  unsigned long long ticks;
};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC_RAW, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

/* Of several the one during which nobody else had the processor. */
static struct moment look(void) {
  struct moment best = {.width = 1e9};
  for (int i = 0; i < 100; i++) {
    double before = now();
    unsigned long long ticks = __rdtsc();
    double width = now() - before;
    if (width < best.width) best = (struct moment){before + width / 2, width, ticks};
  }
  return best;
}

int main(void) {
  struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
  struct moment first = look();
  nanosleep(&pause, NULL);
  struct moment last = look();
  printf("%.0f\n", (double)(last.ticks - first.ticks) / (last.seconds - first.seconds) / 1000);
  return 0;
}
