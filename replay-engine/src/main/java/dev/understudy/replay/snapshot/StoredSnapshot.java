package dev.understudy.replay.snapshot;

import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.state.PagedMemory;
import dev.understudy.guest.state.StateException;
import dev.understudy.guest.state.StateReader;
import dev.understudy.journal.Genesis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** A snapshot that can be started from. Not thread-safe. */
public final class StoredSnapshot
{
    private final StoreLayout layout;
    private final Manifest manifest;
    private final StoredPages pages;
    private final Sha256 sha256 = new Sha256();

    StoredSnapshot(final StoreLayout layout, final Manifest manifest, final StoredPages pages)
    {
        this.layout = layout;
        this.manifest = manifest;
        this.pages = pages;
    }

    /** Refuses a snapshot that this release cannot start. */
    void requireVersion()
    {
        final int version = manifest.genesis().machineVersion();
        if (version != MachineConfiguration.MACHINE_VERSION)
        {
            throw new SnapshotException("snapshot " + file() + " is of version " + version + " of the machine, this is " +
                "version " + MachineConfiguration.MACHINE_VERSION + ": start it with the release that took it");
        }
    }

    private Path file()
    {
        return layout.manifest(manifest.info().guest(), manifest.info().name());
    }

    public SnapshotInfo info()
    {
        return manifest.info();
    }

    /** What the guest is: the first entry of its journal. */
    public Genesis genesis()
    {
        return manifest.genesis();
    }

    /** Where the guest's kernel is kept. */
    public Path kernelFile()
    {
        return layout.file(genesis().kernelSha256());
    }

    /** Where the guest's initial RAM disk is kept; null without one. */
    public Path initrdFile()
    {
        return genesis().initrdSha256() == null ? null : layout.file(genesis().initrdSha256());
    }

    /**
     * Reads the state for a machine. Each page is checked before the machine has it.
     *
     * @throws SnapshotException from its methods when a page is not as it was
     * @throws StateException    from its methods when the rest is not
     */
    public StateReader reader()
    {
        return StateBytes.reader(manifest.state(), this::fill);
    }

    private void fill(final PagedMemory memory)
    {
        final PageTable table = manifest.pages();
        if (memory.pages() != table.pages())
        {
            throw new StateException("snapshot " + file() + " has " + table.pages() + " pages of RAM, the machine " +
                memory.pages() + ": give it the memory that the saved one had");
        }
        final byte[] page = new byte[PackFile.PAGE_BYTES];
        for (int i = 0; i < table.pages(); i++)
        {
            if (table.isStored(i))
            {
                copyPage(i, page);
                memory.replacePage(i, page);
            }
            else if (!memory.isZero(i))
            {
                memory.clearPage(i);
            }
        }
    }

    private void copyPage(final int page, final byte[] to)
    {
        final PageTable table = manifest.pages();
        pages.copyPage(table.hashes(), table.hashAt(page), to, sha256,
            String.format(Locale.ROOT, "snapshot %s: page %d of guest RAM", file(), page));
    }

    /**
     * What a drive has over its image.
     *
     * @param drive its number, from 0
     */
    public StoredDrive drive(final int drive)
    {
        return new StoredDrive(manifest.drives().get(drive), pages, "snapshot " + file() + ": drive " + drive);
    }

    /** Reads all of it; returns what is wrong, a sentence each. */
    public List<String> verify()
    {
        final List<String> problems = new ArrayList<>();
        final byte[] page = new byte[PackFile.PAGE_BYTES];
        for (int i = 0; i < manifest.pages().pages(); i++)
        {
            if (manifest.pages().isStored(i))
            {
                try
                {
                    copyPage(i, page);
                }
                catch (final SnapshotException e)
                {
                    problems.add(e.getMessage());
                }
            }
        }
        for (int i = 0; i < manifest.drives().size(); i++)
        {
            final StoredDrive drive = drive(i);
            for (int number = 0; number < drive.table().stored().pages(); number++)
            {
                try
                {
                    drive.copyPage(number, page);
                }
                catch (final SnapshotException e)
                {
                    problems.add(e.getMessage());
                }
            }
        }
        verifyFile("kernel", genesis().kernelSha256(), problems);
        if (genesis().initrdSha256() != null)
        {
            verifyFile("initrd", genesis().initrdSha256(), problems);
        }
        return problems;
    }

    private void verifyFile(final String what, final byte[] expected, final List<String> problems)
    {
        final Path file = layout.file(expected);
        try
        {
            final byte[] content = Files.readAllBytes(file);
            if (!Arrays.equals(sha256.of(content, 0, content.length), expected))
            {
                problems.add("snapshot " + file() + ": its " + what + " " + file + " does not match its SHA-256");
            }
        }
        catch (final IOException e)
        {
            problems.add("snapshot " + file() + ": its " + what + " " + file + " cannot be read: " + e);
        }
    }
}
