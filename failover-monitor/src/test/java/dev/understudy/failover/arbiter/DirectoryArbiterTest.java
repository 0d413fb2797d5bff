package dev.understudy.failover.arbiter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class DirectoryArbiterTest
{
    private static final int RIVALS = 4;
    private static final int GENERATIONS = 200;
    private static final int KILLS = 4;

    @TempDir
    private Path directory;

    @Test
    void eachGenerationGoesToExactlyOneOfManyRivalsInTwoProcesses() throws Exception
    {
        final List<Process> rivals = List.of(
            ArbiterRival.start(directory, "a", RIVALS, GENERATIONS),
            ArbiterRival.start(directory, "b", RIVALS, GENERATIONS));
        final Map<Long, String> winners = new HashMap<>();
        try
        {
            for (final Process rival : rivals)
            {
                ArbiterRival.go(rival);
            }
            for (final Process rival : rivals)
            {
                for (final String line : rival.inputReader().lines().toList())
                {
                    final String[] win = line.split(" ");
                    assertThat(winners.put(Long.parseLong(win[0]), win[1])).as("another winner of %s", line).isNull();
                }
                assertThat(rival.waitFor(60, TimeUnit.SECONDS)).isTrue();
                assertThat(rival.exitValue()).isZero();
            }
        }
        finally
        {
            rivals.forEach(Process::destroyForcibly);
        }
        assertThat(winners).hasSize(GENERATIONS);
        for (long generation = 1; generation <= GENERATIONS; generation++)
        {
            assertThat(Files.readAllLines(directory.resolve(String.format(Locale.ROOT,
                "generation-%010d", generation))))
                .contains("generation " + generation, "node " + winners.get(generation));
        }
        assertThat(directory.toFile().list((in, name) -> name.startsWith("."))).as("drafts").isEmpty();
    }

    @Test
    void aLocaleWithDigitsOfItsOwnChangesNothing()
    {
        final Locale before = Locale.getDefault();
        Locale.setDefault(Locale.of("fa", "IR"));
        try
        {
            assertGranted(new DirectoryArbiter(directory), claim(Term.NONE, "a", "first start"));
        }
        finally
        {
            Locale.setDefault(before);
        }
        assertThat(new DirectoryArbiter(directory).current().node()).isEqualTo("a");
        assertThat(directory.resolve("generation-0000000001")).exists();
    }

    @Test
    void claimerThatIsKilledLeavesAWholeTermOrNone() throws Exception
    {
        final Arbiter arbiter = new DirectoryArbiter(directory);
        long before = 0;
        for (int kill = 0; kill < KILLS; kill++)
        {
            final Process claimer = ArbiterRival.start(directory, "killed", 1, Integer.MAX_VALUE);
            try
            {
                ArbiterRival.go(claimer);
                // It claims as fast as it can: the kill strikes within a claim.
                final long wanted = before + 5 + kill;
                while (claimer.isAlive() && arbiter.current().generation() < wanted)
                {
                    Thread.onSpinWait();
                }
                claimer.destroyForcibly();
                assertThat(claimer.waitFor(10, TimeUnit.SECONDS)).isTrue();
            }
            finally
            {
                claimer.destroyForcibly();
            }
            final Term last = arbiter.current();
            assertThat(last.generation()).isGreaterThan(before);
            assertThat(last.node()).startsWith("killed");
            final Claim next = claim(last, "survivor", "after the kill");
            assertThat(arbiter.claim(next).isOf(next)).isTrue();
            before = last.generation() + 1;
        }
        // Each of them can be read.
        for (long generation = before; generation > 0; generation--)
        {
            assertThat(arbiter.current().generation()).isEqualTo(generation);
            Files.delete(directory.resolve(String.format(Locale.ROOT, "generation-%010d", generation)));
        }
    }

    @Test
    void onlyTheNextGenerationIsGranted()
    {
        final Arbiter arbiter = new DirectoryArbiter(directory);
        assertThat(arbiter.current()).isEqualTo(Term.NONE);
        final Claim early = claim(new Term(1, "b", UUID.randomUUID(), "", 0), "a", "too early");
        assertThat(arbiter.claim(early)).isEqualTo(Term.NONE);
        assertGranted(arbiter, claim(Term.NONE, "a", "first\nline"));
        final Claim again = claim(Term.NONE, "a", "again");
        assertThat(arbiter.claim(again).isOf(again)).isFalse();
        assertThat(arbiter.claim(again)).isEqualTo(arbiter.current());
        assertThat(arbiter.current().node()).isEqualTo("a");
        assertThat(arbiter.current().reason()).isEqualTo("first line");
    }

    @Test
    void missingDirectoryIsNamedAndNeverMade()
    {
        final Path missing = directory.resolve("missing");
        final Arbiter arbiter = new DirectoryArbiter(missing);
        assertThatThrownBy(() -> arbiter.claim(claim(Term.NONE, "a", "test")))
            .isInstanceOf(ArbiterUnavailableException.class).hasMessageContaining(missing.toString());
        assertThat(missing).doesNotExist();
    }

    @Test
    void fileThatIsNoTermIsNamed() throws IOException
    {
        final Path file = directory.resolve("generation-0000000001");
        Files.writeString(file, "garbage");
        assertThatThrownBy(() -> new DirectoryArbiter(directory).current())
            .isInstanceOf(ArbiterUnavailableException.class).hasMessageContaining(file.toString());
    }

    @Test
    void emptyTruncatedAndMisplacedFilesAreNamed() throws IOException
    {
        final Arbiter arbiter = new DirectoryArbiter(directory);
        arbiter.claim(claim(Term.NONE, "a", "test"));
        final Path file = directory.resolve("generation-0000000001");
        final byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length - "test\n".length(); length++)
        {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThatThrownBy(arbiter::current).as("%d bytes", length)
                .isInstanceOf(ArbiterUnavailableException.class).hasMessageContaining(file.toString());
        }
        Files.write(file, new byte[]{(byte)0xff, (byte)0xfe, 0, 1});
        assertThatThrownBy(arbiter::current)
            .isInstanceOf(ArbiterUnavailableException.class).hasMessageContaining("is not a term of office");
        Files.delete(file);
        final Path misplaced = directory.resolve("generation-0000000002");
        Files.write(misplaced, whole);
        assertThatThrownBy(arbiter::current)
            .isInstanceOf(ArbiterUnavailableException.class).hasMessageContaining(misplaced.toString());
    }

    @Test
    void fileInPlaceOfTheDirectoryIsNamed() throws IOException
    {
        final Path file = Files.writeString(directory.resolve("file"), "");
        assertThatThrownBy(() -> new DirectoryArbiter(file).claim(claim(Term.NONE, "a", "test")))
            .isInstanceOf(ArbiterUnavailableException.class)
            .hasMessageContaining(file.toString()).hasMessageContaining("is no directory");
        assertThatThrownBy(() -> DirectoryArbiter.create(file.resolve("below")))
            .isInstanceOf(ArbiterUnavailableException.class).hasMessageContaining("cannot be made");
    }

    @Test
    void directoryThatCannotBeWrittenIsNamed()
    {
        // Root may write anywhere but in the file systems that the kernel itself keeps.
        final Path kernels = Path.of("/sys/kernel");
        final boolean isRefused = directory.toFile().setWritable(false) && !Files.isWritable(directory);
        final Path readOnly = isRefused ? directory : kernels;
        assumeTrue(Files.isDirectory(readOnly) || System.getenv("UNDERSTUDY_SKIP_NOTHING") != null,
            "there is no directory here that this user may not write");
        final Arbiter arbiter = new DirectoryArbiter(readOnly);
        for (final ThrowingCallable write : List.<ThrowingCallable>of(
            () -> arbiter.claim(claim(Term.NONE, "a", "test")), arbiter::rehearse))
        {
            assertThatThrownBy(write).isInstanceOf(ArbiterUnavailableException.class)
                .hasMessageContaining(readOnly.toString()).hasMessageContaining("cannot be written");
        }
        assertThat(directory.toFile().setWritable(true)).isTrue();
    }

    @Test
    void directoryIsMadeOnlyWhenAskedFor()
    {
        final Path made = directory.resolve("x/y");
        final Arbiter arbiter = DirectoryArbiter.create(made);
        assertGranted(arbiter, claim(Term.NONE, "a", "test"));
        assertThat(DirectoryArbiter.create(made).current().generation()).isEqualTo(1);
    }

    @Test
    void onlyTheNewestThousandTermsAreKeptAndTheClaimGoesOn() throws IOException
    {
        final Arbiter arbiter = new DirectoryArbiter(directory);
        assertGranted(arbiter, claim(Term.NONE, "a", "first"));
        final String first = Files.readString(directory.resolve("generation-0000000001"));
        for (int generation = 2; generation <= 1005; generation++)
        {
            Files.writeString(directory.resolve(String.format(Locale.ROOT, "generation-%010d", generation)),
                first.replace("generation 1", "generation " + generation));
        }
        final Path stale = Files.writeString(directory.resolve(".claim-of-a-dead-process"), "");
        Files.setLastModifiedTime(stale, FileTime.fromMillis(0));
        final Path fresh = Files.writeString(directory.resolve(".claim-of-a-living-process"), "");
        assertGranted(arbiter, claim(arbiter.current(), "b", "next"));
        assertThat(directory.toFile().list((in, name) -> name.startsWith("generation-"))).hasSize(1000)
            .contains("generation-0000001006", "generation-0000000007").doesNotContain("generation-0000000006");
        assertThat(stale).doesNotExist();
        assertThat(fresh).exists();
    }

    @Test
    void nameOfANodeIsOneLine()
    {
        final Arbiter arbiter = new DirectoryArbiter(directory);
        for (final String name : List.of("", " ", "a\nb", "a\n", " a"))
        {
            assertThatThrownBy(() -> arbiter.claim(claim(Term.NONE, name, "test")))
                .isInstanceOf(IllegalArgumentException.class);
        }
        assertGranted(arbiter, claim(Term.NONE, "a/b c", "test"));
        assertThat(arbiter.current().node()).isEqualTo("a/b c");
    }

    @Test
    void claimWhoseSyncFailedIsGrantedOnceAndRecognised() throws IOException
    {
        final AtomicBoolean fails = new AtomicBoolean(true);
        final Arbiter arbiter = new DirectoryArbiter(directory, synced ->
        {
            if (fails.get())
            {
                throw new IOException("Input/output error");
            }
        });
        final Claim claim = claim(Term.NONE, "a", "test");
        for (int attempt = 0; attempt < 3; attempt++)
        {
            assertThatThrownBy(() -> arbiter.claim(claim)).isInstanceOf(ArbiterUnavailableException.class)
                .hasMessageContaining("cannot be synced");
            assertThatThrownBy(arbiter::rehearse).isInstanceOf(ArbiterUnavailableException.class)
                .hasMessageContaining("cannot be synced");
        }
        assertThat(arbiter.current().isOf(claim)).isTrue();
        final Claim rival = claim(Term.NONE, "b", "test");
        assertThat(new DirectoryArbiter(directory).claim(rival).isOf(claim)).isTrue();
        fails.set(false);
        assertGranted(arbiter, claim);
        assertThat(directory.toFile().list()).containsExactly("generation-0000000001");
    }

    @Test
    void claimWhoseDirectoryCannotBeReadAfterwardsIsRecognised() throws IOException
    {
        final Path away = directory.resolveSibling(directory.getFileName() + "-away");
        final Arbiter arbiter = new DirectoryArbiter(directory, synced -> Files.move(directory, away));
        final Claim claim = claim(Term.NONE, "a", "test");
        assertThatThrownBy(() -> arbiter.claim(claim)).isInstanceOf(ArbiterUnavailableException.class);
        Files.move(away, directory);
        assertGranted(new DirectoryArbiter(directory), claim);
    }

    @Test
    void claimAfterATermThatTheDirectoryHasNotIsNotGranted() throws IOException
    {
        final Arbiter arbiter = new DirectoryArbiter(directory);
        final Term first = arbiter.claim(claim(Term.NONE, "a", "test"));
        final Term second = arbiter.claim(claim(first, "a", "test"));
        // Restored from an older copy.
        Files.delete(directory.resolve("generation-0000000002"));
        assertThat(arbiter.claim(claim(second, "a", "test"))).isEqualTo(first);
        // Another directory, which has a term of that number.
        final Term other = arbiter.claim(claim(first, "a", "test"));
        assertThat(arbiter.claim(claim(second, "a", "test"))).isEqualTo(other);
        assertThat(directory.resolve("generation-0000000003")).doesNotExist();
    }

    @Test
    void rehearsalLeavesNothingBehind()
    {
        final Arbiter arbiter = new DirectoryArbiter(directory);
        arbiter.rehearse();
        assertThat(directory.toFile().list()).isEmpty();
        assertThat(arbiter.current()).isEqualTo(Term.NONE);
    }

    @Test
    void termOfTheFirstFormatIsReadAndFollowed() throws IOException
    {
        Files.writeString(directory.resolve("generation-0000000007"), """
            understudy-term 1
            generation 7
            node b
            epochMs 1763676000000
            reason a was silent for 201 ms
            """);
        final Arbiter arbiter = new DirectoryArbiter(directory);
        final Term old = arbiter.current();
        assertThat(old).isEqualTo(new Term(7, "b", null, "a was silent for 201 ms", 1_763_676_000_000L));
        assertGranted(arbiter, claim(old, "b", "next"));
    }

    private static Claim claim(final Term after, final String node, final String reason)
    {
        return new Claim(after, node, UUID.randomUUID(), reason);
    }

    private static void assertGranted(final Arbiter arbiter, final Claim claim)
    {
        final Term term = arbiter.claim(claim);
        assertThat(term.isOf(claim)).as("%s", term).isTrue();
        assertThat(arbiter.current()).isEqualTo(term);
    }
}
