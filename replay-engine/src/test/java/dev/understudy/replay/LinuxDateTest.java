package dev.understudy.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.guest.virtio.BlockRequests;
import dev.understudy.journal.EventType;
import dev.understudy.journal.GenerationCause;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalOptions;
import dev.understudy.journal.JournalScan;
import dev.understudy.journal.JournalWriter;
import dev.understudy.journal.Outcome;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Linux takes the date from the machine; the test is the world's clock. */
@Tag("slow")
class LinuxDateTest
{
    private static final Path TINY = Path.of("../guests/linux/tiny");
    private static final int MEMORY_BYTES = 64 << 20;
    private static final Instant DATE = Instant.parse("2031-07-04T16:20:09.5Z");
    private static final int SLEEP_SECONDS = 30;
    private static final long SET_SECONDS = 1_234_567_890;

    /** The kernel takes whole seconds from the clock, and half a second for what it does not know. */
    private static final Duration ROUNDING = Duration.ofSeconds(1);

    /** The date as the kernel and as its clock device have it, at the start, later, and when the guest has set it. */
    private static final String COMMAND = "p() { echo kernel $(date +%s) device $(cat /sys/class/rtc/rtc0/since_epoch); }; " +
        "p; sleep " + SLEEP_SECONDS + "; p; date -s @" + SET_SECONDS + "; hwclock -w; p; grep rtc /proc/interrupts";

    @TempDir
    private Path temp;

    private long nowNs = 77_000_000_000L;

    @Test
    void dateIsTheWorldsAtTheStartGoesOnAndIsTheSameInAReplayUnderEachEngine() throws IOException
    {
        final Path directory = temp.resolve("journal");
        final Console recorded = new Console();
        final Machine machine = machine(recorded, EngineKind.MIXED);
        try (JournalWriter writer = JournalWriter.create(directory, genesis(), JournalOptions.defaults()))
        {
            final Recorder recorder = new Recorder(machine, EventLog.to(writer), () -> nowNs, 2_000_000_000);
            recorder.date(DATE);
            assertThat(run(recorder)).isEqualTo(RunState.SHUTDOWN);
        }

        final Instant end = DATE.plusNanos(machine.timeNs());
        final List<Instant> dates = recorded.dates();
        assertThat(dates).as(recorded.text()).hasSize(6);
        assertThat(dates.subList(0, 4)).allSatisfy(date ->
            assertThat(date).isBetween(DATE.minus(ROUNDING), end.plus(ROUNDING)));
        for (int who = 0; who < 2; who++)
        {
            assertThat(dates.get(2 + who)).isBetween(
                dates.get(who).plusSeconds(SLEEP_SECONDS), dates.get(who).plusSeconds(SLEEP_SECONDS + 2L));
            assertThat(dates.get(4 + who)).isBetween(
                Instant.ofEpochSecond(SET_SECONDS - 1), Instant.ofEpochSecond(SET_SECONDS + 2));
        }
        assertThat(recorded.text()).containsPattern("SiFive PLIC +11 .*rtc");
        for (final EngineKind engine : EngineKind.values())
        {
            final Console replayed = new Console();
            final Machine again = machine(replayed, engine);
            assertThat(replay(directory, again).outcome()).as("%s", engine).isEqualTo(Outcome.SHUTDOWN);
            assertThat(replayed.text()).as("%s", engine).isEqualTo(recorded.text());
            assertThat(again.digest()).as("%s", engine).isEqualTo(machine.digest());
        }
    }

    /** As a backup does on a host with another date: the first primary has told the guest. */
    @Test
    void whoTakesOverTellsNoOtherDate() throws IOException
    {
        final Path directory = temp.resolve("journal");
        final Machine machine = machine(new Console(), EngineKind.MIXED);
        try (JournalWriter writer = JournalWriter.create(directory, genesis(), JournalOptions.defaults()))
        {
            final Recorder first = new Recorder(machine, EventLog.to(writer), () -> nowNs, 2_000_000_000);
            first.generation(1, GenerationCause.STARTED, "a");
            first.date(DATE);
            first.runSlice();
            final Recorder second = new Recorder(machine, EventLog.to(writer), () -> nowNs, 2_000_000_000);
            second.generation(2, GenerationCause.PROMOTED, "b");
            second.date(DATE.minus(Duration.ofDays(400)));
            second.runSlice();
            second.stop();
        }
        int dates = 0;
        try (JournalScan scan = JournalScan.open(directory))
        {
            while (scan.next())
            {
                dates += scan.entry().type() == EventType.DATE ? 1 : 0;
            }
        }
        assertThat(dates).isEqualTo(1);
    }

    private RunState run(final Recorder recorder)
    {
        final byte[] random = new byte[4096];
        RunState state = recorder.runSlice();
        while (!state.isEnd())
        {
            final int wanted = recorder.entropyWanted();
            if (wanted > 0)
            {
                new Random(nowNs).nextBytes(random);
                recorder.receiveEntropy(random, Math.min(wanted, random.length));
            }
            nowNs += state == RunState.IDLE && recorder.idleNs() < Long.MAX_VALUE ? recorder.idleNs() + 1 : 100_000;
            state = recorder.runSlice();
            assertThat(nowNs).as("the guest should have ended").isLessThan(Duration.ofMinutes(10).toNanos());
        }
        return state;
    }

    private static Replayer replay(final Path directory, final Machine machine)
    {
        final Replayer replayer = new Replayer(machine);
        try (JournalScan scan = JournalScan.open(directory))
        {
            while (scan.next())
            {
                replayer.apply(scan.entry());
            }
            assertThat(scan.damage()).isNull();
        }
        return replayer;
    }

    private static Machine machine(final OutputSink sink, final EngineKind engine) throws IOException
    {
        return new Machine(
            new MachineConfiguration(
                MEMORY_BYTES,
                MachineConfiguration.DEFAULT_VSOCK_CID,
                Files.readAllBytes(TINY.resolve("Image.gz")),
                Files.readAllBytes(TINY.resolve("initramfs.cpio.gz")),
                "console=hvc0 quiet understudy.kv=off understudy.run=\"" + COMMAND + "\""),
            sink, BlockRequests.none(), engine);
    }

    private static Genesis genesis()
    {
        return new Genesis("test", MEMORY_BYTES, 3, "test", new byte[32], null, null, "", new byte[32], 1, 0);
    }

    private static final class Console implements OutputSink
    {
        private static final Pattern DATES = Pattern.compile("(?:kernel|device) (\\d+)");

        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public void sendConsole(final byte[] data, final int offset, final int length)
        {
            bytes.write(data, offset, length);
        }

        @Override
        public void sendVsock(final byte[] packet, final int offset, final int length)
        {
        }

        @Override
        public void sendFrame(final byte[] frame, final int offset, final int length)
        {
        }

        String text()
        {
            return bytes.toString(StandardCharsets.US_ASCII);
        }

        /** What the kernel says, and what its clock device does. */
        List<Instant> dates()
        {
            return DATES.matcher(text()).results().map(MatchResult::group)
                .map(it -> Instant.ofEpochSecond(Long.parseLong(it.replaceAll("\\D", "")))).toList();
        }
    }
}
