package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.process.UnderstudyProcess;
import dev.understudy.failover.arbiter.DirectoryArbiter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Linux has the date of the host on which it started, whatever the hosts' clocks say later. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class GuestDateTest
{
    private static final Duration AHEAD = Duration.ofDays(400);
    private static final Duration BACK = Duration.ofDays(-3);

    /** The kernel takes whole seconds from the clock, and half a second for what it does not know. */
    private static final Duration ROUNDING = Duration.ofSeconds(1);

    private static final Pattern DATE = Pattern.compile("date is (\\d+)");
    private static final String KERNEL_ARGUMENTS = "console=hvc0 quiet ";

    @TempDir
    private Path root;

    @BeforeEach
    void needLinux()
    {
        LinuxGuest.need();
    }

    @Test
    void guestThatIsRunOrRecordedHasTheDateOfItsHostAndItsReplayTheSame() throws Exception
    {
        final SteppedClock clock = new SteppedClock(root);
        clock.step(AHEAD.toSeconds());
        final Path journal = root.resolve("journal");
        final Instant before = Instant.now().plus(AHEAD);
        assertThat(dates(linux(clock, "run"), before)).hasSize(1);
        final List<Instant> recorded = dates(linux(clock, "record", "--journal", journal.toString()), before);
        assertThat(recorded).hasSize(1);
        assertThat(dates(Commands.replayUnderEngines(journal), before)).isEqualTo(recorded);
    }

    private String linux(final SteppedClock clock, final String... command) throws IOException, InterruptedException
    {
        final List<String> arguments = new ArrayList<>(List.of(command));
        arguments.addAll(List.of(
            "--kernel", LinuxGuest.KERNEL.toString(), "--initrd", LinuxGuest.INITRD.toString(), "--memory", "64M",
            "--append", KERNEL_ARGUMENTS + "understudy.kv=off understudy.run=\"echo date is $(date +%s)\""));
        final UnderstudyProcess process =
            new UnderstudyProcess(root.resolve(command[0]), arguments.toArray(String[]::new)).by(clock.launcher());
        process.start(Commands.JVM_OPTIONS.toArray(String[]::new));
        assertThat(process.awaitExit(TestPair.TIMEOUT.toMillis())).isZero();
        return Files.readString(process.log());
    }

    @Test
    void dateGoesOnWhenABackupWithAnotherDateTakesOver() throws Exception
    {
        final SteppedClock ahead = new SteppedClock(Files.createDirectory(root.resolve("ahead")));
        ahead.step(AHEAD.toSeconds());
        final SteppedClock back = new SteppedClock(Files.createDirectory(root.resolve("back")));
        back.step(BACK.toSeconds());
        final String settings = """
            initrd: %s
            append: >-
              %s understudy.run="while sleep 1; do echo date is $(date +%%s); done"
            """.formatted(LinuxGuest.INITRD, KERNEL_ARGUMENTS);
        final Instant before = Instant.now().plus(AHEAD);
        try (TestPair pair = new TestPair(Files.createDirectory(root.resolve("pair")))
            .withGuest(LinuxGuest.KERNEL, settings)
            .withLauncherOf("a", ahead.launcher()).withLauncherOf("b", back.launcher()).startProtected("a"))
        {
            pair.awaitLog("a", "date is ");
            pair.kill("a");
            pair.await("b takes over", status -> "b".equals(status.primary()));
            final Instant last = dates(pair.log("a"), before).getLast();
            while (dates(pair.log("b"), before).stream().noneMatch(last::isBefore))
            {
                assertThat(pair.isAlive("b")).as(pair::logs).isTrue();
                Thread.onSpinWait();
            }
            assertThat(dates(pair.log("b"), before)).isSorted();
            // The clock of its host was another one.
            assertThat(Instant.ofEpochMilli(new DirectoryArbiter(pair.arbiter()).current().epochMs()))
                .isBefore(Instant.now().plus(BACK).plus(ROUNDING));

            pair.replayJournals();
            assertThat(Commands.understudy("journal", pair.data("b").resolve("journal").toString()).output())
                .containsOnlyOnce(" DATE ");
        }
    }

    /** What was printed: no date is before the guest began, or after now. */
    private static List<Instant> dates(final String output, final Instant from)
    {
        final List<Instant> dates = DATE.matcher(output).results()
            .map(it -> Instant.ofEpochSecond(Long.parseLong(it.group(1)))).toList();
        assertThat(dates).as(output).allSatisfy(date ->
            assertThat(date).isBetween(from.minus(ROUNDING), Instant.now().plus(AHEAD).plus(ROUNDING)));
        return dates;
    }
}
