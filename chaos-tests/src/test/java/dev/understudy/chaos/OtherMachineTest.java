package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.failover.arbiter.Claim;
import dev.understudy.failover.arbiter.DirectoryArbiter;
import dev.understudy.failover.arbiter.Term;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.journal.EntryEncoder;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalOptions;
import dev.understudy.journal.JournalWriter;
import dev.understudy.journal.Outcome;
import dev.understudy.transport.LinkDirectory;
import dev.understudy.transport.PairEndpoints;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A journal that another machine has written, of a guest that is otherwise the one here. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class OtherMachineTest
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    private static final int THIS = MachineConfiguration.MACHINE_VERSION;

    private static final byte[] OTHER_SHA256 = HexFormat.of().parseHex("5eed".repeat(16));

    /** Of the guest of a {@link TestPair}. */
    private static final long MEMORY_BYTES = 64 << 20;

    @TempDir
    private Path root;

    @ParameterizedTest
    @EnumSource
    void itsReplayIsRefusedAndItsContentShown(final Other other) throws Exception
    {
        final Path journal = root.resolve("journal");
        write(journal, other);

        assertRefused(other, Commands.understudy("replay", journal.toString()));
        Commands.understudy("verify", journal.toString()).assertSuccess();
        assertThat(Commands.understudy("journal", journal.toString()).assertSuccess().output())
            .contains(other.shown());
    }

    /** What is refused above is the difference alone. */
    @Test
    void oneOfThisMachineIsReplayed() throws Exception
    {
        final Path journal = root.resolve("journal");
        write(journal, genesis());

        assertThat(Commands.understudy("replay", journal.toString()).output())
            .doesNotContain("the release that recorded it").contains("entry 1");
    }

    @ParameterizedTest
    @EnumSource
    void aNodeThatHasItDoesNotStart(final Other other) throws Exception
    {
        try (TestPair pair = new TestPair(root))
        {
            write(pair.data("a").resolve("journal"), other);

            assertRefused(other, Commands.understudy("serve", "--config", pair.config().toString(), "--node", "a"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aNodeWhosePrimarySendsItHaltsAndTellsThePrimaryWhy(final Other other) throws Exception
    {
        final Path journal = root.resolve("journal");
        write(journal, other);
        try (TestPair pair = new TestPair(root))
        {
            new DirectoryArbiter(pair.arbiter()).claim(
                new Claim(Term.NONE, "a", UUID.randomUUID(), "the guest began"));
            try (LinkDirectory buffers = LinkDirectory.create("chaosa");
                StreamingPrimary primary = new StreamingPrimary(endpoints(pair, buffers), journal))
            {
                final Commands.Result result =
                    Commands.understudy("serve", "--config", pair.config().toString(), "--node", "b");

                assertThat(primary.problems()).as(result.output()).isEmpty();
                assertRefused(other, result);
                assertThat(result.output()).contains("the primary's guest is not the one configured here");
                assertThat(primary.goodbye()).contains(other.refusal());
            }
        }
    }

    private static PairEndpoints endpoints(final TestPair pair, final LinkDirectory buffers)
    {
        return new PairEndpoints("a", address(pair.ports().get("a")), address(pair.ports().get("b")),
            buffers.path());
    }

    private static InetSocketAddress address(final int port)
    {
        return new InetSocketAddress("127.0.0.1", port);
    }

    private static void assertRefused(final Other other, final Commands.Result result)
    {
        result.assertStatus(1).assertNoStackTrace();
        assertThat(result.output()).contains("understudy").contains(other.refusal())
            .contains("the release that recorded it");
    }

    private static void write(final Path directory, final Other other) throws IOException
    {
        write(directory, other.genesis(genesis()));
    }

    /** Writes the journal of a guest that has ended before it began. */
    private static void write(final Path directory, final Genesis genesis) throws IOException
    {
        try (JournalWriter writer = JournalWriter.create(directory, genesis, JournalOptions.defaults()))
        {
            writer.append(EVENTS.closed(0, 0, 0, Outcome.STOPPED, 0));
        }
    }

    /** Of the pair's guest, on this machine. */
    private static Genesis genesis()
    {
        return GuestImage.read(TestPair.KV, null, "", MEMORY_BYTES, List.of(), null).genesis("chaos");
    }

    /** What of the machine is another. */
    private enum Other
    {
        OLDER_VERSION,
        NEWER_VERSION,
        DEVICE_TREE;

        private int version()
        {
            return switch (this)
            {
                case OLDER_VERSION -> THIS - 1;
                case NEWER_VERSION -> THIS + 1;
                case DEVICE_TREE -> THIS;
            };
        }

        Genesis genesis(final Genesis it)
        {
            return new Genesis(it.name(), it.memoryBytes(), it.vsockCid(), it.kernelPath(), it.kernelSha256(),
                it.initrdPath(), it.initrdSha256(), it.commandLine(),
                this == DEVICE_TREE ? OTHER_SHA256 : it.deviceTreeSha256(), version(), it.createdEpochMs());
        }

        /** In the list of the journal's entries. */
        String shown()
        {
            return this == DEVICE_TREE ? "device tree with SHA-256 " + HexFormat.of().formatHex(OTHER_SHA256) :
                "machine version " + version();
        }

        String refusal()
        {
            return this == DEVICE_TREE ?
                "the journal was recorded with the device tree with SHA-256 " + HexFormat.of().formatHex(OTHER_SHA256) +
                    ", this machine's has " + HexFormat.of().formatHex(OtherMachineTest.genesis().deviceTreeSha256()) :
                String.format(Locale.ROOT, "the journal was recorded on version %d of the machine, " +
                    "this is version %d: ", version(), THIS);
        }
    }
}
