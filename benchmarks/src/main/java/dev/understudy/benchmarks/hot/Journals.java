package dev.understudy.benchmarks.hot;

import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalOptions;
import dev.understudy.journal.JournalWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Journals in a directory of their own under {@code java.io.tmpdir}, which has to be on the disk in question. */
final class Journals
{
    private static final int SHA256_BYTES = 32;

    private Journals()
    {
    }

    static Path directory() throws IOException
    {
        return Files.createTempDirectory("understudy-jmh");
    }

    static JournalWriter create(final Path directory)
    {
        final Genesis genesis = new Genesis(
            "benchmark", 16 << 20, MachineConfiguration.DEFAULT_VSOCK_CID, "/none", new byte[SHA256_BYTES], null, null, "",
            new byte[SHA256_BYTES], MachineConfiguration.MACHINE_VERSION, 0);
        return JournalWriter.create(directory.resolve("journal"), genesis, JournalOptions.defaults());
    }

    static void delete(final Path directory) throws IOException
    {
        final List<Path> files;
        try (Stream<Path> walk = Files.walk(directory))
        {
            files = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (final Path file : files)
        {
            Files.delete(file);
        }
    }
}
