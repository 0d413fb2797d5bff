package dev.understudy.chaos;

import java.nio.file.Files;
import java.nio.file.Path;

/** The small Linux guest of {@code guests/linux/tiny}: it serves the Redis protocol on TCP port 6379. */
final class LinuxGuest
{
    static final Path KERNEL = Path.of("../guests/linux/tiny/Image.gz").toAbsolutePath().normalize();
    static final Path INITRD = KERNEL.resolveSibling("initramfs.cpio.gz");
    static final int PORT = 6379;

    private LinuxGuest()
    {
    }

    /** Skips the test where the guest was not built. */
    static void need()
    {
        if (!Files.isRegularFile(KERNEL) || !Files.isRegularFile(INITRD))
        {
            Needs.missing("there is no " + KERNEL + " with its initramfs.cpio.gz: guests/linux/tiny/build.sh");
        }
    }

    /** The kernel command line of a guest with an address such as 10.0.0.2, in a network of 24 bits. */
    static String commandLine(final String address)
    {
        return "console=hvc0 net=" + address + "/24";
    }
}
