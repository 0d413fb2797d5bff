package dev.understudy.hypervisor.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The scheduler's account of threads that run, wait and sleep. */
@Timeout(60)
class ProcessorTimeTest
{
    @Test
    void threadThatComputesHasRun() throws IOException
    {
        try (ProcessorTime time = ProcessorTime.ofThisThread())
        {
            final long before = time.ranNs();
            while (time.ranNs() == before)
            {
                time.read();
            }
            assertThat(time.ranNs()).isGreaterThan(before);
        }
    }

    @Test
    void threadsWithOneProcessorWaitForEachOther() throws Exception
    {
        final CountDownLatch both = new CountDownLatch(2);
        final FutureTask<Long> first = new FutureTask<>(() -> computeUntilBothWaited(both));
        final FutureTask<Long> second = new FutureTask<>(() -> computeUntilBothWaited(both));
        new Thread(first).start();
        new Thread(second).start();
        assertThat(first.get()).isPositive();
        assertThat(second.get()).isPositive();
    }

    /** Sleeping is no waiting; and another thread may read the account, as long as there is one. */
    @Test
    void sleepingThreadNeitherRunsNorWaitsAndOneThatEndedHasNoAccount() throws Exception
    {
        final CompletableFuture<ProcessorTime> account = new CompletableFuture<>();
        final CountDownLatch end = new CountDownLatch(1);
        final Thread sleeper = new Thread(() ->
        {
            try
            {
                account.complete(ProcessorTime.ofThisThread());
                end.await();
            }
            catch (final IOException | InterruptedException e)
            {
                account.completeExceptionally(e);
            }
        });
        sleeper.start();
        try (ProcessorTime time = account.get())
        {
            while (!Files.readString(Path.of("/proc/self/task/" + time.thread() + "/stat")).contains(") S "))
            {
                Thread.yield();
            }
            time.read();
            final long ranNs = time.ranNs();
            final long waitedNs = time.waitedNs();
            Thread.sleep(20);
            time.read();
            assertThat(time.ranNs()).isEqualTo(ranNs);
            assertThat(time.waitedNs()).isEqualTo(waitedNs);

            end.countDown();
            sleeper.join();
            while (Files.exists(Path.of("/proc/self/task/" + time.thread())))
            {
                Thread.yield();
            }
            assertThatThrownBy(time::read).isInstanceOf(IOException.class);
        }
    }

    private static long computeUntilBothWaited(final CountDownLatch both) throws IOException
    {
        final BitSet one = new BitSet();
        one.set(Processors.allowed().nextSetBit(0));
        assertThat(Processors.bind(one)).isTrue();
        try (ProcessorTime time = ProcessorTime.ofThisThread())
        {
            final long before = time.waitedNs();
            while (time.waitedNs() == before)
            {
                time.read();
            }
            both.countDown();
            while (both.getCount() > 0)
            {
                Thread.onSpinWait();
            }
            return time.waitedNs() - before;
        }
    }
}
