package dev.understudy.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A directory for what a benchmark leaves, and the commands that are measured. Closing it deletes the directory. */
final class Workspace implements AutoCloseable
{
    private final Path home;
    private final Path directory;

    Workspace(final Path home) throws IOException
    {
        this.home = home;
        directory = Files.createTempDirectory("benchmark-");
    }

    Path path(final String name)
    {
        return directory.resolve(name);
    }

    Path guest(final String name)
    {
        return home.resolve("guests").resolve(name).toAbsolutePath();
    }

    List<String> understudy(final String... arguments)
    {
        final List<String> words = new ArrayList<>(List.of(home.resolve("understudy").toAbsolutePath().toString()));
        words.addAll(List.of(arguments));
        return words;
    }

    /** QEMU's counterpart of {@code understudy run}. */
    List<String> qemu(final Path kernel, final String append)
    {
        return List.of("qemu-system-riscv64", "-M", "virt", "-m", "64", "-nographic", "-bios", "default",
            "-kernel", kernel.toString(), "-append", append);
    }

    /** A command of QEMU's, which records as well. */
    static List<String> recording(final List<String> qemu, final Path file)
    {
        final List<String> words = new ArrayList<>(qemu);
        words.addAll(List.of("-icount", "shift=auto,rr=record,rrfile=" + file));
        return words;
    }

    void delete(final String name) throws IOException
    {
        final Path root = path(name);
        if (!Files.exists(root))
        {
            return;
        }
        try (Stream<Path> paths = Files.walk(root))
        {
            paths.sorted((a, b) -> b.compareTo(a)).forEach(Workspace::delete);
        }
    }

    private static void delete(final Path path)
    {
        try
        {
            Files.deleteIfExists(path);
        }
        catch (final IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException
    {
        delete("");
    }
}
