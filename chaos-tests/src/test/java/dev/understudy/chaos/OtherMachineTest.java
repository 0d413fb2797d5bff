package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.failover.arbiter.DirectoryArbiter;
import dev.understudy.guest.MachineConfiguration;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalOptions;
import dev.understudy.journal.JournalWriter;
import dev.understudy.journal.Outcome;
import dev.understudy.transport.PairEndpoints;
import dev.understudy.transport.PairTransport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A journal that another version of the machine has written, of a guest that is otherwise the one here. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class OtherMachineTest
{
    private static final int THIS = MachineConfiguration.MACHINE_VERSION;

    /** Of the guest of a {@link TestPair}. */
    private static final long MEMORY_BYTES = 64 << 20;

    @TempDir
    private Path root;

    @ParameterizedTest
    @ValueSource(ints = {-1, 1})
    void itsReplayIsRefusedAndItsContentShown(final int difference) throws Exception
    {
        final Path journal = root.resolve("journal");
        write(journal, THIS + difference);

        assertRefused(THIS + difference, Commands.understudy("replay", journal.toString()));
        Commands.understudy("verify", journal.toString()).assertSuccess();
        assertThat(Commands.understudy("journal", journal.toString()).assertSuccess().output())
            .contains("machine version " + (THIS + difference));
    }

    /** What is refused above is the version alone. */
    @Test
    void oneOfThisMachineIsReplayed() throws Exception
    {
        final Path journal = root.resolve("journal");
        write(journal, THIS);

        assertThat(Commands.understudy("replay", journal.toString()).output())
            .doesNotContain("of the machine").contains("entry 1");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 1})
    void aNodeThatHasItDoesNotStart(final int difference) throws Exception
    {
        try (TestPair pair = new TestPair(root))
        {
            write(pair.data("a").resolve("journal"), THIS + difference);

            assertRefused(THIS + difference,
                Commands.understudy("serve", "--config", pair.config().toString(), "--node", "a"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 1})
    void aNodeWhosePrimarySendsItHaltsAndTellsThePrimaryWhy(final int difference) throws Exception
    {
        final Path journal = root.resolve("journal");
        write(journal, THIS + difference);
        try (TestPair pair = new TestPair(root))
        {
            new DirectoryArbiter(pair.arbiter()).claim(1, "a", "the guest began");
            try (StreamingPrimary primary = new StreamingPrimary(endpoints(pair), journal))
            {
                final Commands.Result result =
                    Commands.understudy("serve", "--config", pair.config().toString(), "--node", "b");

                assertThat(primary.problems()).as(result.output()).isEmpty();
                assertRefused(THIS + difference, result);
                assertThat(result.output()).contains("the primary's guest is not the one configured here");
                assertThat(primary.goodbye()).contains("version " + (THIS + difference) + " of the machine");
            }
        }
    }

    private static PairEndpoints endpoints(final TestPair pair)
    {
        return new PairEndpoints("a", address(pair.ports().get("a")), address(pair.ports().get("b")),
            PairTransport.directoryFor("chaosa"));
    }

    private static InetSocketAddress address(final int port)
    {
        return new InetSocketAddress("127.0.0.1", port);
    }

    private static void assertRefused(final int version, final Commands.Result result)
    {
        result.assertStatus(1).assertNoStackTrace();
        assertThat(result.output()).contains("understudy").contains(("the journal was recorded on version %d of the " +
            "machine, this is version %d: ").formatted(version, THIS)).contains("the release that recorded it");
    }

    /** Writes the journal of the pair's guest, which has ended before it began. */
    private static void write(final Path directory, final int machineVersion) throws IOException
    {
        final Genesis it =
            GuestImage.read(TestPair.KV, null, "", MEMORY_BYTES, List.of(), null).genesis("chaos");
        final Genesis other = new Genesis(it.name(), it.memoryBytes(), it.vsockCid(), it.kernelPath(),
            it.kernelSha256(), it.initrdPath(), it.initrdSha256(), it.commandLine(), machineVersion,
            it.createdEpochMs());
        try (JournalWriter writer = JournalWriter.create(directory, other, JournalOptions.defaults()))
        {
            writer.closed(0, 0, 0, Outcome.STOPPED, 0);
        }
    }
}
