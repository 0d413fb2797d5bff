package dev.understudy.chaos;

import dev.understudy.chaos.process.UnderstudyProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Debian with its own kernel and Redis, which {@code guests/linux/debian/build.sh} makes from Debian's packages. */
final class DebianGuest
{
    static final Path DIRECTORY = Path.of("../guests/linux/debian/target").toAbsolutePath().normalize();
    static final Path KERNEL = DIRECTORY.resolve("Image");
    static final Path INITRD = DIRECTORY.resolve("initramfs.cpio");
    static final Path DISK = DIRECTORY.resolve("disk.img");
    static final String MEMORY = "192M";
    static final String PROMPT = "debian# ";

    /** Above what boot or replay take on a machine that is busy with other things; some 20 s each when it is not. */
    static final Duration TIMEOUT = Duration.ofMinutes(6);

    /** Enough memory for the guest and what it is loaded from; a boot is long enough for the optimizing compiler. */
    static final String[] JVM_OPTIONS = {"-Xmx640m", "-XX:+UseSerialGC"};

    private DebianGuest()
    {
    }

    /** Skips the test where the guest was not built. */
    static void need()
    {
        if (!Stream.of(KERNEL, INITRD, DISK).allMatch(Files::isRegularFile))
        {
            Needs.missing("there is no Debian guest in " + DIRECTORY + ": guests/linux/debian/build.sh makes it, with a " +
                "Debian mirror");
        }
    }

    /** The kernel command line of a guest with an address such as 10.0.0.2, in a network of 24 bits. */
    static String commandLine(final String address)
    {
        return "console=hvc0 earlycon=sbi net=" + address + "/24";
    }

    /** What the configuration of a pair says of this guest. */
    static String settings(final String address)
    {
        return """
            kernel: %s
            initrd: %s
            append: "%s"
            memory: %s
            drives:
              - { file: %s }
            """.formatted(KERNEL, INITRD, commandLine(address), MEMORY, DISK);
    }

    /** A command of understudy on this guest with a drive that takes writes, a shell and input for it. */
    static UnderstudyProcess withShell(
        final Path log,
        final String address,
        final Path overlay,
        final String... arguments)
    {
        final List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of(
            "--kernel", KERNEL.toString(),
            "--initrd", INITRD.toString(),
            "--append", commandLine(address) + " understudy.shell",
            "--memory", MEMORY,
            "--drive", "file=" + DISK + ",overlay=" + overlay));
        return new UnderstudyProcess(log, all.toArray(String[]::new)).withInput();
    }
}
