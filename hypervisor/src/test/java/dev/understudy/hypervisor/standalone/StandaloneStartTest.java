package dev.understudy.hypervisor.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.RunState;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.hypervisor.drive.RawImage;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.hypervisor.net.Netdev;
import dev.understudy.journal.JournalOptions;
import dev.understudy.journal.JournalVerifier;
import dev.understudy.journal.JournalWriter;
import dev.understudy.replay.EventLog;
import java.io.ByteArrayOutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A guest that is recorded before its journal is there. */
@Timeout(60)
class StandaloneStartTest
{
    private static final Path ECHO = Path.of("../guests/tests/console_echo.elf");
    private static final long MEMORY_BYTES = 16 << 20;

    @TempDir
    private Path directory;

    @Test
    void theGuestRunsAndNoOutputLeavesUntilTheJournalIsThere() throws Exception
    {
        final GuestImage image = GuestImage.read(ECHO, null, null, MEMORY_BYTES, List.of(), null);
        final ByteArrayOutputStream shown = new ByteArrayOutputStream();
        final PipedOutputStream typed = new PipedOutputStream();
        final Terminal terminal = new Terminal(new PipedInputStream(typed), shown);
        final StandaloneGuest guest = new StandaloneGuest(
            image, GuestStart.boot(), EngineKind.MIXED, List.of(), Netdev.none(), (index, drive) -> RawImage.readOnly(drive.path()),
            terminal, 0, InstantSource.system(), notice -> {});
        final Path journal = directory.resolve("journal");
        final CountDownLatch diskAnswers = new CountDownLatch(1);
        try (JournalWriter writer =
                JournalWriter.createUnstarted(journal, image.genesis("echo"), JournalOptions.defaults());
            ExecutorService agent = Executors.newSingleThreadExecutor())
        {
            final Future<RunState> end = agent.submit(() -> guest.run(EventLog.to(writer), made -> {}, () ->
            {
                await(diskAnswers);
                writer.start();
            }));
            // What it printed in its first slice is in the outbox when it has run a second.
            awaitPositionAfter(guest, 0);
            awaitPositionAfter(guest, guest.position());
            assertThat(shown.size()).isZero();

            diskAnswers.countDown();
            typed.write("ping\nquit\n".getBytes(StandardCharsets.US_ASCII));

            assertThat(end.get()).isEqualTo(RunState.SHUTDOWN);
            assertThat(shown.toString(StandardCharsets.US_ASCII)).startsWith("console_echo").contains("ping");
        }
        assertThat(JournalVerifier.verify(journal).damage()).isNull();
        for (final EngineKind engine : EngineKind.values())
        {
            final ByteArrayOutputStream replayed = new ByteArrayOutputStream();
            final JournalReplay.Result result = JournalReplay.run(journal, null, null, null, List.of(), engine, replayed,
                machine -> {}, JournalReplay.NO_LIMIT, JournalReplay.NO_LIMIT, 0,
                (position, digest) -> {});
            assertThat(result.outcome()).as("%s", engine).isEqualTo("SHUTDOWN");
            assertThat(result.digestsCompared()).as("%s", engine).isPositive();
            assertThat(replayed.toByteArray()).as("%s", engine).isEqualTo(shown.toByteArray());
        }
    }

    private static void awaitPositionAfter(final StandaloneGuest guest, final long position)
    {
        while (guest.position() <= position)
        {
            Thread.onSpinWait();
        }
    }

    private static void await(final CountDownLatch latch)
    {
        try
        {
            latch.await();
        }
        catch (final InterruptedException e)
        {
            throw new IllegalStateException(e);
        }
    }
}
