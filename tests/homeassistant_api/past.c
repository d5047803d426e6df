/* A machine that starts in the past and whose clock nobody has set, until the file of this name is there. */

#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

int adjtimex(struct timex *told) {
    const char *file = getenv("SYNCHRONISED");
    (void)told;
    return file && access(file, F_OK) == 0 ? TIME_OK : TIME_ERROR;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && clock == CLOCK_REALTIME)
        time->tv_sec -= 1000L * 86400;
    return result;
}
