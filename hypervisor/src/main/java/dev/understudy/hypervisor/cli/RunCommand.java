package dev.understudy.hypervisor.cli;

import dev.understudy.hypervisor.config.DriveSpec;
import dev.understudy.hypervisor.drive.BlockImage;
import dev.understudy.hypervisor.drive.DriveFile;
import dev.understudy.hypervisor.drive.OverlayImage;
import dev.understudy.hypervisor.drive.RawImage;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.hypervisor.net.Netdev;
import dev.understudy.hypervisor.standalone.GuestStart;
import dev.understudy.hypervisor.standalone.StandaloneGuest;
import dev.understudy.hypervisor.standalone.Terminal;
import dev.understudy.replay.EventLog;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs a guest without a journal. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = "Runs a guest without a journal; its console is the terminal.",
    footer = {
        "",
        "Examples:",
        "  understudy run --kernel guests/kv/kv.elf --memory 64M --forward 7000:6379",
        "  understudy run --kernel guests/tests/block.elf --drive file=disk.img,overlay=disk.overlay",
        "  understudy run -k Image.gz --initrd initramfs.cpio.gz --append console=hvc0 -m 128M --netdev tap,ifname=tap0",
        "  understudy run -k Image.gz --initrd initramfs.cpio.gz -m 128M --netdev stream,path=/run/passt.sock",
        "  understudy run --from /tmp/kv --forward 7000:6379",
        "  understudy run --from /tmp/kv@s3 --count 20 --forward 7000+:6379",
        "",
        "Without overlay= and readonly=on the guest writes the image of a drive itself. An overlay that exists is gone",
        "on with.",
        "",
        "A reboot starts the guest again from its kernel. With --no-reboot it ends, as it does with QEMU's -no-reboot.",
        "",
        "Exit status: 0 when the guest shut down or, with --no-reboot, asked for a reboot; 1 when it panicked, gave a",
        "failure as its reason or crashed.",
    })
final class RunCommand implements Callable<Integer>
{
    /** Of a guest that nobody named, as a recording has it. */
    private static final String NAME = "guest";
    private static final int MAX_COUNT = 1000;

    @Mixin
    private GuestOptions guest;

    @Mixin
    private EngineOption engine;

    @Mixin
    private StatisticsOption statistics;

    @Option(names = "--count", paramLabel = "N", defaultValue = "1",
        description = "With --from: run so many clones, 1 to 1000, each line of a console with the guest's number before it.")
    private int count;

    @Override
    public Integer call() throws IOException
    {
        if (count != 1)
        {
            return runSeveral();
        }
        final List<DriveSpec> drives = guest.drives();
        final GuestStart start = guest.start();
        final GuestImage image = guest.image(NAME, start);
        return Foreground.run(
            image,
            start,
            engine,
            statistics,
            guest.balloonPages(image),
            guest.forwards(),
            guest.openNetdev(),
            (i, drive) -> start.isSnapshot() ? start.openDrive(i, drive) : open(drives.get(i), drive),
            EventLog.none(),
            agent -> {},
            () -> {},
            () -> {});
    }

    private int runSeveral()
    {
        if (count < 1 || count > MAX_COUNT)
        {
            throw new UsageException("--count " + count + ": expected 1 to " + MAX_COUNT);
        }
        guest.requireSeveral(count);
        final List<StandaloneGuest> guests = new ArrayList<>();
        GuestImage image = null;
        final OutputStream shared = new FileOutputStream(FileDescriptor.out);
        for (int i = 0; i < count; i++)
        {
            final GuestStart start = guest.start();
            if (image == null)
            {
                image = guest.image(NAME, start);
                image.requireHeap(count);
            }
            final String label = Clones.label(i);
            guests.add(Foreground.guest(
                image,
                start,
                engine,
                guest.balloonPages(image),
                guest.forwards(i),
                Netdev.none(),
                start::openDrive,
                new Terminal(InputStream.nullInputStream(), new LabelledOutput(label, shared)),
                notice -> Foreground.notice(label + notice)));
        }
        return Clones.run(guests);
    }

    private static BlockImage open(final DriveSpec spec, final DriveFile drive)
    {
        if (spec.overlay() != null)
        {
            return OverlayImage.openOrCreate(drive, spec.overlay());
        }
        return spec.isReadOnly() ? RawImage.readOnly(spec.file()) : RawImage.writable(spec.file());
    }
}
