package dev.understudy.hypervisor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.simulation.SimulationResult;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What {@code understudy simulate} says and how it exits. */
class SimulateCommandTest
{
    private final PrintStream realOut = System.out;
    private final PrintStream realErr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeEach
    void capture()
    {
        System.setProperty("understudy.home", "..");
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void release()
    {
        System.clearProperty("understudy.home");
        System.setOut(realOut);
        System.setErr(realErr);
    }

    private static SimulationResult result(final long seed, final String violation)
    {
        return new SimulationResult(seed, violation, null, 1_500_000_000, 10, 20, 2, List.of("a line of " + seed), 7);
    }

    private static int execute(final String violationOfSeedSix, final String... args)
    {
        return new CommandLine(new SimulateCommand(
            (seed, kernel) -> result(seed, seed == 6 ? violationOfSeedSix : null))).execute(args);
    }

    @Test
    void schedulesThatKeepEveryPromiseAreCounted()
    {
        assertThat(execute(null, "--seed", "5", "--schedules", "4")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(
            "4 schedules from seed 5: every promise was kept in 6 s, 8 generations and 80 answers to clients\n");
    }

    @Test
    void aScheduleThatBreaksAPromiseIsNamedWithTheCommandThatShowsItAgain()
    {
        assertThat(execute("a write was lost", "--seed", "5", "--schedules", "4")).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8).lines()).containsExactly(
            "understudy: schedule 2 of 4, seed 6, at 1500.000 ms: a write was lost",
            "Again: understudy simulate --seed 6 --trace");
    }

    @Test
    void aTraceIsPrintedWhenItIsWanted()
    {
        assertThat(execute(null, "--seed", "5", "--schedules", "2", "--trace")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8).lines()).startsWith("a line of 5", "a line of 6");
    }

    @Test
    void aRealScheduleRuns()
    {
        assertThat(Understudy.execute("simulate", "--seed", "1")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).startsWith("1 schedules from seed 1: every promise was kept in 3 s");
    }

    @Test
    void aSeedIsWanted()
    {
        assertThat(Understudy.execute("simulate")).isEqualTo(2);
        assertThat(Understudy.execute("simulate", "--seed", "1", "--schedules", "0")).isEqualTo(2);
    }
}
