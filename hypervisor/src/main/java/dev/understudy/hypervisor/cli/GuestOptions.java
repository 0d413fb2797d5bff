package dev.understudy.hypervisor.cli;

import dev.understudy.guest.configuration.MacAddress;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.virtio.VirtioBalloon;
import dev.understudy.hypervisor.config.ByteSize;
import dev.understudy.hypervisor.config.DefaultMac;
import dev.understudy.hypervisor.config.DriveSpec;
import dev.understudy.hypervisor.config.ForwardSpec;
import dev.understudy.hypervisor.config.NetdevSpec;
import dev.understudy.hypervisor.drive.DriveFile;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.hypervisor.net.Netdev;
import dev.understudy.hypervisor.snapshot.SnapshotPlace;
import dev.understudy.hypervisor.standalone.GuestStart;
import dev.understudy.replay.snapshot.StoredSnapshot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import picocli.CommandLine.Option;

/** The options that say what guest to run; named as users of QEMU know them. */
final class GuestOptions
{
    private static final long MIN_MEMORY_BYTES = 4L << 20;
    private static final long MAX_MEMORY_BYTES = 2047L << 20;
    private static final int PAGE_BYTES = 4096;
    private static final String DEFAULT_MEMORY = "64M";

    @Option(names = "--from", paramLabel = "DIR[@NAME]",
        description = {
            "Begin where a snapshot was, without a boot: the newest of a journal's directory or of a store, or the one of",
            "this name. The snapshot has kernel, command line, memory and drives; --drive file=IMAGE says where an image is",
            "now.",
        })
    private String from;

    @Option(names = "--clone",
        description = "With --from: the guest is another one than that of the snapshot. It learns so by its generation id, so " +
            "that it draws other random numbers, and is told the present date.")
    private boolean isClone;

    @Option(names = {"--kernel", "-k"}, paramLabel = "FILE",
        description = "The guest: an ELF file for S-mode linked at 0x80200000 or above, a Linux Image, U-Boot's u-boot.bin " +
            "for S-mode (a file without a header that holds \"U-Boot 20\"; loaded at 0x80200000), or any of them packed " +
            "with gzip.")
    private Path kernel;

    @Option(names = "--initrd", paramLabel = "FILE", description = "An initial RAM disk.")
    private Path initrd;

    @Option(names = "--append", paramLabel = "TEXT",
        description = "The kernel command line.")
    private String append;

    @Option(names = {"--memory", "-m"}, paramLabel = "SIZE",
        description = "RAM of the guest, 4M to 2047M (default: " + DEFAULT_MEMORY + ").")
    private String memory;

    @Option(names = "--balloon", paramLabel = "SIZE",
        description = "RAM that the guest is asked to leave alone, less than it has (default: 0, or as it was with --from).")
    private String balloon;

    @Option(names = "--forward", paramLabel = "[ADDRESS:]PORT[+]:GUESTPORT",
        description = "Carry connections to the host's TCP port to the guest's vsock port; with + each of several guests has " +
            "the port after that of the one before. Repeatable.")
    private List<String> forwards = new ArrayList<>();

    @Option(names = "--drive", paramLabel = "file=IMAGE[,OPTION...]",
        description = {
            "A virtio-blk drive with the content of a raw image. Repeatable, 4 at most. Options:",
            "readonly=on|off  whether the guest may only read it (default: off)",
            "overlay=FILE     takes what the guest writes, so that the image stays as it is",
            "serial=TEXT      serial number that the guest sees",
        })
    private List<String> drives = new ArrayList<>();

    @Option(names = "--netdev", paramLabel = "tap,ifname=NAME|stream,path=SOCKET",
        description = {
            "A virtio-net device, connected to:",
            "tap,ifname=NAME      a TAP interface of the host, which it should have and have up",
            "stream,path=SOCKET   a Unix socket, such as passt's or that of QEMU's -netdev stream",
            "stream,addr=HOST:PORT  the same over TCP; with server=on the other end connects",
        })
    private String netdev;

    @Option(names = "--mac", paramLabel = "MAC",
        description = "MAC address of the network device (default: 52:54:00 and three bytes from the guest's name; that of " +
            "the snapshot with --from).")
    private String mac;

    @Option(names = "--no-reboot",
        description = "A reboot, or a panic with panic=N, ends the guest instead of starting it again.")
    private boolean noReboot;

    /** What the guest begins with. */
    GuestStart start()
    {
        if (from == null)
        {
            if (isClone)
            {
                throw new UsageException("--clone: of what snapshot? Name it with --from");
            }
            return GuestStart.boot();
        }
        if (kernel != null || initrd != null || append != null || memory != null || noReboot)
        {
            throw new UsageException("--from " + from + ": the snapshot says what the guest is; leave out --kernel, --initrd, " +
                "--append, --memory and --no-reboot");
        }
        if (mac != null && !isClone)
        {
            throw new UsageException("--mac " + mac + ": only a clone has another address than the guest of the snapshot; add " +
                "--clone");
        }
        // A directory may have an @ in its name.
        final int at = Files.isDirectory(Path.of(from)) ? -1 : from.lastIndexOf('@');
        final Path directory = Path.of(at < 0 ? from : from.substring(0, at));
        return new GuestStart(
            SnapshotPlace.find(directory).open(at < 0 ? null : from.substring(at + 1), Foreground::notice),
            isClone ? UUID.randomUUID() : null);
    }

    /**
     * What is to be run.
     *
     * @param name  of the guest
     * @param start what it begins with
     */
    GuestImage image(final String name, final GuestStart start)
    {
        return start.isSnapshot() ? imageOf(start.snapshot()) : imageOfFiles(name);
    }

    private GuestImage imageOf(final StoredSnapshot snapshot)
    {
        final GuestImage image = GuestImage.read(snapshot.genesis(), snapshot.kernelFile(), snapshot.initrdFile(),
            DriveSpec.imagesAlone(drives()));
        if ((netdev != null || mac != null) && image.mac() == null)
        {
            throw new UsageException((netdev == null ? "--mac " + mac : "--netdev " + netdev) + ": the guest of the snapshot has no network device");
        }
        return mac == null ? image : image.at(parsedMac());
    }

    private GuestImage imageOfFiles(final String name)
    {
        if (kernel == null)
        {
            throw new UsageException("--kernel or --from is missing: a guest begins with one of them");
        }
        if (!Files.isRegularFile(kernel))
        {
            throw new UsageException("--kernel " + kernel + ": no such file");
        }
        if (initrd != null && !Files.isRegularFile(initrd))
        {
            throw new UsageException("--initrd " + initrd + ": no such file");
        }
        return GuestImage.read(kernel, initrd, append == null ? "" : append, memoryBytes(), driveFiles(), macAddress(name)).reboots(!noReboot);
    }

    /** The drives as they were asked for. */
    List<DriveSpec> drives()
    {
        final List<DriveSpec> specs = drives.stream().map(DriveSpec::parse).toList();
        if (specs.size() > MachineConfiguration.MAX_DRIVES)
        {
            throw new UsageException("--drive: a guest has " + MachineConfiguration.MAX_DRIVES + " drives at most");
        }
        return specs;
    }

    private List<DriveFile> driveFiles()
    {
        final List<DriveFile> files = new ArrayList<>();
        for (final DriveSpec drive : drives())
        {
            if (!Files.isRegularFile(drive.file()))
            {
                throw new UsageException("--drive file=" + drive.file() + ": no such file");
            }
            files.add(DriveFile.of(drive.file(), drive.isReadOnly(), drive.overlay() != null, drive.serial()));
        }
        return files;
    }

    /** Opens what the network device is connected to. */
    Netdev openNetdev()
    {
        return netdev == null ? Netdev.none() : Netdev.open(NetdevSpec.parse(netdev), Foreground::notice);
    }

    private MacAddress macAddress(final String name)
    {
        if (netdev == null)
        {
            if (mac != null)
            {
                throw new UsageException("--mac " + mac + ": there is no network device without --netdev");
            }
            return null;
        }
        NetdevSpec.parse(netdev);
        return mac == null ? DefaultMac.of(name) : parsedMac();
    }

    private MacAddress parsedMac()
    {
        try
        {
            return MacAddress.parse(mac);
        }
        catch (final IllegalArgumentException e)
        {
            throw new UsageException("--mac " + mac + ": expected the address of a station such as 52:54:00:12:34:56");
        }
    }

    /**
     * Pages of 4 KiB that the guest is asked to leave alone; negative leaves that as it is.
     *
     * @param image of the guest
     */
    long balloonPages(final GuestImage image)
    {
        if (balloon == null)
        {
            return from == null ? 0 : -1;
        }
        final long bytes = ByteSize.parse(balloon);
        if (bytes >= image.memoryBytes() || bytes % VirtioBalloon.PAGE_BYTES != 0)
        {
            throw new UsageException(
                "--balloon " + balloon + ": expected less than the guest's RAM, " + (image.memoryBytes() >> 10) + "K, in whole pages of 4K");
        }
        return bytes / VirtioBalloon.PAGE_BYTES;
    }

    List<ForwardSpec> forwards()
    {
        return forwards(0);
    }

    /** Those of one of several guests; its number, from 0. */
    List<ForwardSpec> forwards(final int index)
    {
        return forwards.stream().map(it -> ForwardSpec.parse(it, index)).toList();
    }

    /** Has several guests begin, which are clones. */
    void requireSeveral(final int count)
    {
        if (from == null)
        {
            throw new UsageException("--count " + count + ": several guests begin with a snapshot; name it with --from");
        }
        if (netdev != null || mac != null)
        {
            throw new UsageException("--count " + count + ": each guest needs a --netdev and a --mac of its own; start them in " +
                "processes of their own");
        }
        forwards.stream().filter(it -> !ForwardSpec.countsUp(it)).findFirst().ifPresent(it ->
        {
            throw new UsageException("--forward " + it + ": with --count each guest needs a port of its own; 7000+:6379 counts up");
        });
        isClone = true;
    }

    private long memoryBytes()
    {
        final long bytes = ByteSize.parse(memory == null ? DEFAULT_MEMORY : memory);
        if (bytes < MIN_MEMORY_BYTES || bytes > MAX_MEMORY_BYTES || bytes % PAGE_BYTES != 0)
        {
            throw new UsageException("--memory " + memory + ": expected 4M to 2047M in whole pages of 4K");
        }
        return bytes;
    }
}
