package dev.understudy.chaos;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A wall clock of its own for processes that are started by {@link #launcher}: it can be set while they run, as an
 * operator or NTP does it, and as that of a virtual machine jumps that was resumed. Their monotonic clock is the host's.
 */
final class SteppedClock
{
    private static final String SOURCE = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <stdint.h>
        #include <stdlib.h>
        #include <sys/mman.h>
        #include <sys/time.h>
        #include <time.h>

        static int64_t shifted(void)
        {
            static volatile int64_t *seconds;
            if (seconds == NULL)
            {
                int file = open(getenv("STEPPED_CLOCK"), O_RDONLY);
                void *map = mmap(NULL, sizeof *seconds, PROT_READ, MAP_SHARED, file, 0);
                if (map == MAP_FAILED)
                {
                    abort();
                }
                seconds = map;
            }
            return *seconds;
        }

        int clock_gettime(clockid_t clock, struct timespec *at)
        {
            static int (*next)(clockid_t, struct timespec *);
            if (next == NULL)
            {
                next = dlsym(RTLD_NEXT, "clock_gettime");
            }
            int result = next(clock, at);
            if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
            {
                at->tv_sec += shifted();
            }
            return result;
        }

        int gettimeofday(struct timeval *at, void *zone)
        {
            struct timespec now;
            int result = clock_gettime(CLOCK_REALTIME, &now);
            at->tv_sec = now.tv_sec;
            at->tv_usec = now.tv_nsec / 1000;
            return result;
        }

        time_t time(time_t *at)
        {
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            if (at != NULL)
            {
                *at = now.tv_sec;
            }
            return now.tv_sec;
        }
        """;

    private final Path library;
    private final Path shift;

    /** @param directory for its files; the caller's to delete */
    SteppedClock(final Path directory) throws IOException, InterruptedException
    {
        Needs.program("gcc", "gcc libc6-dev");
        final Path source = Files.writeString(directory.resolve("stepped-clock.c"), SOURCE);
        library = directory.resolve("stepped-clock.so");
        shift = directory.resolve("stepped-clock.seconds");
        Commands.run("gcc", "-O1", "-shared", "-fPIC", "-o", library.toString(), source.toString(), "-ldl")
            .assertSuccess();
        step(0);
    }

    /** What comes before a command that is to have this clock. */
    String[] launcher()
    {
        return new String[]{"env", "LD_PRELOAD=" + library, "STEPPED_CLOCK=" + shift};
    }

    /** Sets the clock: so many seconds after the host's, or before it. */
    void step(final long seconds) throws IOException
    {
        // In place: the processes have the file in their memory.
        try (FileChannel channel = FileChannel.open(shift, StandardOpenOption.CREATE, StandardOpenOption.WRITE))
        {
            channel.write(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder()).putLong(0, seconds), 0);
        }
    }
}
