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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The options that say what guest to run; named as users of QEMU know them. */
final class GuestOptions
{
    private static final long MIN_MEMORY_BYTES = 4L << 20;
    private static final long MAX_MEMORY_BYTES = 2047L << 20;
    private static final int PAGE_BYTES = 4096;

    @Option(names = {"--kernel", "-k"}, required = true, paramLabel = "FILE",
        description = "The guest: an ELF file for S-mode linked at 0x80200000 or above, a Linux Image, U-Boot's u-boot.bin " +
            "for S-mode (a file without a header that holds \"U-Boot 20\"; loaded at 0x80200000), or any of them packed " +
            "with gzip.")
    private Path kernel;

    @Option(names = "--initrd", paramLabel = "FILE", description = "An initial RAM disk.")
    private Path initrd;

    @Option(names = "--append", paramLabel = "TEXT", defaultValue = "",
        description = "The kernel command line.")
    private String append;

    @Option(names = {"--memory", "-m"}, paramLabel = "SIZE", defaultValue = "64M",
        description = "RAM of the guest, 4M to 2047M (default: ${DEFAULT-VALUE}).")
    private String memory;

    @Option(names = "--balloon", paramLabel = "SIZE", defaultValue = "0",
        description = "RAM that the guest is asked to leave alone, less than it has (default: ${DEFAULT-VALUE}).")
    private String balloon;

    @Option(names = "--forward", paramLabel = "[ADDRESS:]PORT:GUESTPORT",
        description = "Carry connections to the host's TCP port to the guest's vsock port. Repeatable.")
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
        description = "MAC address of the network device (default: 52:54:00 and three bytes from the guest's name).")
    private String mac;

    @Option(names = "--no-reboot",
        description = "A reboot, or a panic with panic=N, ends the guest instead of starting it again.")
    private boolean noReboot;

    /**
     * What is to be run.
     *
     * @param name of the guest
     */
    GuestImage image(final String name)
    {
        if (!Files.isRegularFile(kernel))
        {
            throw new UsageException("--kernel " + kernel + ": no such file");
        }
        if (initrd != null && !Files.isRegularFile(initrd))
        {
            throw new UsageException("--initrd " + initrd + ": no such file");
        }
        return GuestImage.read(kernel, initrd, append, memoryBytes(), driveFiles(), macAddress(name)).reboots(!noReboot);
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
        try
        {
            return mac == null ? DefaultMac.of(name) : MacAddress.parse(mac);
        }
        catch (final IllegalArgumentException e)
        {
            throw new UsageException("--mac " + mac + ": expected the address of a station such as 52:54:00:12:34:56");
        }
    }

    /** Pages of 4 KiB that the guest is asked to leave alone. */
    long balloonPages()
    {
        final long bytes = ByteSize.parse(balloon);
        if (bytes >= memoryBytes() || bytes % VirtioBalloon.PAGE_BYTES != 0)
        {
            throw new UsageException(
                "--balloon " + balloon + ": expected less than the guest's RAM, " + memory + ", in whole pages of 4K");
        }
        return bytes / VirtioBalloon.PAGE_BYTES;
    }

    List<ForwardSpec> forwards()
    {
        return forwards.stream().map(ForwardSpec::parse).toList();
    }

    private long memoryBytes()
    {
        final long bytes = ByteSize.parse(memory);
        if (bytes < MIN_MEMORY_BYTES || bytes > MAX_MEMORY_BYTES || bytes % PAGE_BYTES != 0)
        {
            throw new UsageException("--memory " + memory + ": expected 4M to 2047M in whole pages of 4K");
        }
        return bytes;
    }
}
