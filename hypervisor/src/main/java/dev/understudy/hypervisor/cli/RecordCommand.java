package dev.understudy.hypervisor.cli;

import dev.understudy.hypervisor.config.ByteSize;
import dev.understudy.hypervisor.config.DriveSpec;
import dev.understudy.hypervisor.config.TimeSpan;
import dev.understudy.hypervisor.drive.OverlayImage;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.hypervisor.net.Netdev;
import dev.understudy.hypervisor.snapshot.SnapshotKeeping;
import dev.understudy.hypervisor.snapshot.SnapshotPlace;
import dev.understudy.hypervisor.snapshot.SnapshotTaker;
import dev.understudy.hypervisor.standalone.GuestStart;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalOptions;
import dev.understudy.journal.JournalWriter;
import dev.understudy.replay.EventLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs a guest and records it. */
@Command(
    name = "record",
    mixinStandardHelpOptions = true,
    description = "Runs a guest and writes every event to a journal.",
    footer = {
        "",
        "Examples:",
        "  understudy record --journal /tmp/kv --kernel guests/kv/kv.elf --forward 7000:6379",
        "  understudy record -j /tmp/block -k guests/tests/block.elf --drive file=disk.img,overlay=disk.overlay",
        "  understudy record -j /tmp/kv -k guests/kv/kv.elf --forward 7000:6379 --snapshot-every 10s",
        "  understudy record -j /tmp/kv2 --from /tmp/kv@s3 --forward 7000:6379",
        "  understudy record -j /tmp/linux -k Image.gz --initrd initramfs.cpio.gz -m 128M --netdev tap,ifname=tap0",
        "",
        "A drive needs a new overlay or readonly=on: a replay begins with the image as it was.",
        "",
        "A reboot starts the guest again, and the recording goes on. With --no-reboot both end.",
        "",
        "Exit status: 0 when the guest shut down, was stopped or, with --no-reboot, asked for a reboot; 1 when it",
        "panicked, gave a failure as its reason or crashed.",
    })
final class RecordCommand implements Callable<Integer>
{
    /** What stays of the journal. */
    private enum KeepJournal
    {
        ALL,
        SNAPSHOTS
    }

    @Mixin
    private GuestOptions guest;

    @Mixin
    private EngineOption engine;

    @Mixin
    private StatisticsOption statistics;

    @Option(names = {"--journal", "-j"}, required = true, paramLabel = "DIR",
        description = "Where the journal goes; it must not hold one.")
    private Path journal;

    @Option(names = "--journal-max", paramLabel = "SIZE", defaultValue = "64G",
        description = "The most disk that the journal may take (default: ${DEFAULT-VALUE}).")
    private String journalMax;

    @Option(names = "--snapshot-every", paramLabel = "TIME",
        description = "Take a snapshot so often, such as 10s, while the guest does something.")
    private String snapshotEvery;

    @Option(names = "--snapshot-keep", paramLabel = "N",
        description = "Keep the newest N snapshots and those that were given a name (default: all).")
    private int snapshotKeep;

    @Option(names = "--keep-journal", paramLabel = "all|snapshots", defaultValue = "all",
        description = "snapshots: remove the journal's files before the oldest snapshot that is kept, from which a replay begins " +
            "then (default: ${DEFAULT-VALUE}).")
    private KeepJournal keepJournal;

    @Option(names = "--store", paramLabel = "DIR",
        description = "Where snapshots go; recordings that name one directory share what is equal (default: snapshots in the " +
            "journal's directory).")
    private Path store;

    @Option(names = "--name", paramLabel = "TEXT", defaultValue = "guest",
        description = "Name of the guest, for the journal and the MAC address.")
    private String name;

    @Override
    public Integer call() throws IOException
    {
        final List<DriveSpec> drives = guest.drives();
        if (snapshotKeep < 0)
        {
            throw new UsageException("--snapshot-keep " + snapshotKeep + ": expected 1 or more");
        }
        final GuestStart start = guest.start();
        if (!start.isSnapshot())
        {
            drives.forEach(RecordCommand::requireThatTheImageStays);
        }
        final GuestImage image = guest.image(name, start);
        final long balloonPages = guest.balloonPages(image);
        final JournalOptions options = JournalOptions.defaults().bounded(
            journalMaxBytes(), alarm -> System.err.println("understudy: " + alarm));
        // Before the journal: one that a wrong option began would stand in the way of the next attempt.
        final Netdev netdev = guest.openNetdev();
        final Genesis genesis = image.genesis(name);
        final JournalWriter writer = JournalWriter.createUnstarted(journal, genesis, options);
        final SnapshotTaker taker = new SnapshotTaker(
            journal,
            SnapshotPlace.ofRecording(journal, store, name, writer.chainHigh()),
            image,
            genesis,
            snapshotEvery == null ? 0 : TimeSpan.parseMs(snapshotEvery),
            new SnapshotKeeping(snapshotKeep, keepJournal == KeepJournal.SNAPSHOTS ? writer : null),
            start.isSnapshot(),
            InstantSource.system(),
            Foreground::notice);
        return Foreground.run(
            image,
            start,
            engine,
            statistics,
            balloonPages,
            guest.forwards(),
            netdev,
            taker.opening((i, drive) -> start.isSnapshot() ? OverlayImage.temporary(drive, start.snapshot().drive(i)) :
                OverlayImage.create(drive, drives.get(i).overlay()), start.snapshot()),
            EventLog.to(writer),
            taker::attach,
            () ->
            {
                writer.start();
                taker.start();
            },
            () ->
            {
                taker.close();
                writer.close();
            });
    }

    private long journalMaxBytes()
    {
        final long bytes = ByteSize.parse(journalMax);
        if (bytes < JournalOptions.MIN_FILE_BYTES)
        {
            throw new UsageException("--journal-max " + journalMax + ": expected at least 256K, such as 8G");
        }
        return bytes;
    }

    /** A replay begins with the images that the recording began with. */
    private static void requireThatTheImageStays(final DriveSpec drive)
    {
        if (drive.isReadOnly())
        {
            return;
        }
        if (drive.overlay() == null)
        {
            throw new UsageException("--drive file=" + drive.file() + ": a replay needs the image as it was when the " +
                "recording began: add overlay=FILE, a new file that takes what the guest writes, or readonly=on");
        }
        if (Files.exists(drive.overlay()))
        {
            throw new UsageException("--drive overlay=" + drive.overlay() + ": the file exists, and a recording begins " +
                "with a new overlay: name another file, or delete it");
        }
    }
}
