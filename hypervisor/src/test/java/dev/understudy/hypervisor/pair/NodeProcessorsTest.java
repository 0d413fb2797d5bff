package dev.understudy.hypervisor.pair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.understudy.hypervisor.linux.ProcessorTime;
import dev.understudy.hypervisor.linux.Processors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How two nodes divide a machine. */
@Timeout(60)
class NodeProcessorsTest
{
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "0-1       | {0}          | {1}",
        "0-2       | {0}          | {1, 2}",
        "0-7       | {0, 1, 2, 3} | {4, 5, 6, 7}",
        "1,3,64,70 | {1, 3}       | {64, 70}",
    })
    void halvesHaveNothingInCommonAndAreAllThereIs(final String all, final String lower, final String upper)
    {
        final BitSet processors = Processors.parse(all);

        assertThat(NodeProcessors.half(processors, true)).hasToString(lower);
        assertThat(NodeProcessors.half(processors, false)).hasToString(upper);
        assertThat(processors).isEqualTo(Processors.parse(all));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "52 | 47 | 36 | true",  // a client on the primary's processor
        "86 | 4  | 12 | false", // on the backup's
        "70 | 42 | 71 | false", // both nodes compute: nothing is won
        "97 | 60 | 10 | false", // the primary waits for itself
        "40 | 10 | 10 | false",
    })
    void primaryGoesWhenOthersHaveItWaitAndTheBackupHasRoom(
        final int busy, final int waits, final int backupBusy, final boolean moves)
    {
        assertThat(NodeProcessors.shouldMove(busy, waits, backupBusy)).isEqualTo(moves);
    }

    @Test
    void backupFollowsThePrimaryWithAllItsThreadsAndAPrimaryFollowsNobody() throws Exception
    {
        assumeTrue(Processors.allowed().cardinality() > 1, "needs two processors");
        final BitSet all = Processors.allowed();
        final BitSet lower = NodeProcessors.half(all, true);
        final BitSet upper = NodeProcessors.half(all, false);
        onAThread(() ->
        {
            final NodeProcessors processors = NodeProcessors.halfOf(all, false);
            processors.take(Assertions::fail);
            assertThat(Processors.allowed()).isEqualTo(lower);
            final CompletableFuture<Path> hart = new CompletableFuture<>();
            final CountDownLatch end = new CountDownLatch(1);
            new Thread(() ->
            {
                processors.join();
                try (ProcessorTime self = ProcessorTime.ofThisThread())
                {
                    hart.complete(Path.of("/proc/self/task/" + self.thread() + "/status"));
                    end.await();
                }
                catch (final IOException | InterruptedException e)
                {
                    hart.completeExceptionally(e);
                }
            }).start();
            final Path status = hart.get();

            processors.onPeer(true, 50, false);
            assertThat(Processors.allowed()).isEqualTo(lower);
            processors.onPeer(false, 50, true);
            assertThat(Processors.allowed()).isEqualTo(lower);
            processors.onPeer(false, 50, false);
            assertThat(Processors.allowed()).isEqualTo(upper);
            assertThat(Processors.allowed(status)).isEqualTo(upper);
            assertThat(processors.isUpper()).isTrue();
            end.countDown();
        });
    }

    @Test
    void primaryLeavesAHalfThatOthersFill() throws Exception
    {
        assumeTrue(Processors.allowed().cardinality() > 1, "needs two processors");
        final BitSet all = new BitSet();
        Processors.allowed().stream().limit(2).forEach(all::set);
        onAThread(() ->
        {
            final NodeProcessors processors = NodeProcessors.halfOf(all, false);
            processors.take(Assertions::fail);
            final AtomicBoolean ended = new AtomicBoolean();
            // Bound as the agent is, and none of the node's.
            final Thread other = new Thread(() ->
            {
                while (!ended.get())
                {
                    Thread.onSpinWait();
                }
            });
            other.start();
            while (!processors.poll(System.nanoTime(), true))
            {
                Thread.onSpinWait();
            }
            assertThat(Processors.allowed()).isEqualTo(NodeProcessors.half(all, false));
            assertThat(processors.isUpper()).isTrue();
            ended.set(true);
            other.join();
        });
    }

    /** The JVM's own threads are not bound by a test. */
    private static void onAThread(final Executable test) throws Exception
    {
        final CompletableFuture<Void> done = new CompletableFuture<>();
        new Thread(() ->
        {
            try
            {
                test.execute();
                done.complete(null);
            }
            catch (final Throwable e)
            {
                done.completeExceptionally(e);
            }
        }).start();
        done.get();
    }
}
