package dev.understudy.replay.snapshot;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where in a store things are.
 * <pre>
 *   lock                          held by who reads the names of the store's files, or changes them
 *   changing                      there while somebody changes the store: found by the next one, it says that he died
 *   pages/0123456789abcdef.pack   pages of RAM and drives; named by the hash of what they hold
 *   files/SHA-256                 a kernel, an initial RAM disk
 *   guests/GUEST/NAME.snapshot    a manifest
 * </pre>
 */
record StoreLayout(Path root)
{
    private static final String PACK = ".pack";
    private static final String MANIFEST = ".snapshot";

    Path changing()
    {
        return root.resolve("changing");
    }

    Path pages()
    {
        return root.resolve("pages");
    }

    Path files()
    {
        return root.resolve("files");
    }

    Path guests()
    {
        return root.resolve("guests");
    }

    Path pack(final byte[] indexHash)
    {
        return pages().resolve(HexFormat.of().formatHex(indexHash, 0, Long.BYTES) + PACK);
    }

    Path file(final byte[] sha256)
    {
        return files().resolve(HexFormat.of().formatHex(sha256));
    }

    Path guest(final String guest)
    {
        return guests().resolve(guest);
    }

    Path manifest(final String guest, final String name)
    {
        return guest(guest).resolve(name + MANIFEST);
    }

    /** All packs, in the order of their names. */
    List<Path> packs()
    {
        return list(pages(), PACK);
    }

    /** The names of a guest's snapshots. */
    List<String> names(final String guest)
    {
        return list(guest(guest), MANIFEST).stream()
            .map(it -> it.getFileName().toString())
            .map(it -> it.substring(0, it.length() - MANIFEST.length())).toList();
    }

    /** The guests that have snapshots here. */
    List<String> guestNames()
    {
        return list(guests(), "").stream().map(it -> it.getFileName().toString()).toList();
    }

    /** What is in a directory, sorted; nothing without one. */
    static List<Path> list(final Path directory, final String ending)
    {
        if (!Files.isDirectory(directory))
        {
            return new ArrayList<>();
        }
        try (Stream<Path> entries = Files.list(directory))
        {
            return new ArrayList<>(entries.filter(it -> it.getFileName().toString().endsWith(ending)).sorted().toList());
        }
        catch (final IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }
}
