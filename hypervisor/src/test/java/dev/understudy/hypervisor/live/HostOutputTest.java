package dev.understudy.hypervisor.live;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HostOutputTest
{
    private static final int CAPACITY_BYTES = 1024;
    private static final long TIMEOUT_MS = 20_000;
    private static final String LINE = "0123456789abcdef";
    private static final int MANY_LINES = 10_000;

    private final Reader reader = new Reader();
    private final HostOutput output = new HostOutput(reader, CAPACITY_BYTES, "test", () -> {});

    @AfterEach
    void close()
    {
        reader.wakes.countDown();
        output.close();
    }

    @Test
    void nobodyWaitsForAReaderThatSleepsAndWhatIsLostIsCounted()
    {
        for (int i = 0; i < MANY_LINES; i++)
        {
            print(LINE);
        }
        final long kept = (long)MANY_LINES * LINE.length() - output.lostBytes();
        assertThat(kept).isEqualTo(CAPACITY_BYTES);
        assertThat(output.isDrained()).isFalse();

        reader.wakes.countDown();

        assertThat(output.awaitDrained(TIMEOUT_MS)).isTrue();
        assertThat(reader.text()).isEqualTo(LINE.repeat(CAPACITY_BYTES / LINE.length()));
        print("more");
        assertThat(output.awaitDrained(TIMEOUT_MS)).isTrue();
        assertThat(reader.text()).endsWith(LINE + "more");
    }

    @Test
    void aMessageComesAfterWhatTheConsoleWasGivenBefore()
    {
        final Reader messages = new Reader();
        messages.wakes.countDown();
        final HostOutput after = new HostOutput(messages, CAPACITY_BYTES, "messages", () -> {});
        after.comesAfter(output, 1);
        print(LINE);
        print(after, "early");
        assertThat(after.awaitDrained(TIMEOUT_MS)).as("while nobody reads the console").isTrue();
        assertThat(output.isDrained()).isFalse();

        after.comesAfter(output, TIMEOUT_MS);
        print(after, "late");
        reader.wakes.countDown();
        assertThat(after.awaitDrained(TIMEOUT_MS)).isTrue();
        assertThat(output.isDrained()).isTrue();
        assertThat(messages.text()).isEqualTo("earlylate");
        after.close();
    }

    @Test
    void whoAsksForRoomLosesNothing()
    {
        reader.wakes.countDown();
        final StringBuilder printed = new StringBuilder();
        for (int i = 0; i < MANY_LINES; i++)
        {
            while (!output.hasRoom())
            {
                Thread.yield();
            }
            print("line " + i);
            printed.append("line ").append(i);
        }
        assertThat(output.awaitDrained(TIMEOUT_MS)).isTrue();
        assertThat(output.lostBytes()).isZero();
        assertThat(reader.text()).isEqualTo(printed.toString());
    }

    @Test
    void aReaderThatHasGoneCostsNothingButWhatItWouldHaveRead()
    {
        reader.wakes.countDown();
        reader.hasGone = true;
        print(LINE);
        assertThat(output.awaitDrained(TIMEOUT_MS)).isTrue();
        assertThat(output.failure()).isEqualTo("Broken pipe");
        assertThat(output.lostBytes()).isEqualTo(LINE.length());

        // A disk that was full may have room again.
        reader.hasGone = false;
        print("more");
        assertThat(output.awaitDrained(TIMEOUT_MS)).isTrue();
        assertThat(output.failure()).isNull();
        assertThat(reader.text()).isEqualTo("more");
    }

    private void print(final String text)
    {
        print(output, text);
    }

    private static void print(final HostOutput output, final String text)
    {
        final byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        output.write(new UnsafeBuffer(bytes), 0, bytes.length);
    }

    /** Sleeps until it is woken. */
    private static final class Reader extends OutputStream
    {
        private final CountDownLatch wakes = new CountDownLatch(1);
        private final ByteArrayOutputStream read = new ByteArrayOutputStream();
        private volatile boolean hasGone;

        @Override
        public void write(final int value) throws IOException
        {
            write(new byte[] {(byte)value}, 0, 1);
        }

        @Override
        public void write(final byte[] source, final int offset, final int length) throws IOException
        {
            try
            {
                wakes.await();
            }
            catch (final InterruptedException e)
            {
                throw new IOException(e);
            }
            if (hasGone)
            {
                throw new IOException("Broken pipe");
            }
            read.write(source, offset, length);
        }

        String text()
        {
            return read.toString(StandardCharsets.US_ASCII);
        }
    }
}
