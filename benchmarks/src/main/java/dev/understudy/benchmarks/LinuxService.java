package dev.understudy.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Starts {@code guests/linux/tiny}, whose key-value service has an address of its own in the network that
 * {@code benchmarks/run} makes: a bridge with this host and two TAP interfaces.
 */
final class LinuxService
{
    /** Where the guest is. */
    static final String ADDRESS = "10.9.0.2";
    static final int PORT = 6379;

    private static final int PATIENT_MS = 2_000;
    private static final String FIRST_TAP = "tap-a";
    private static final String SECOND_TAP = "tap-b";

    private LinuxService()
    {
    }

    static Service run(final Workspace work, final String memory) throws IOException, InterruptedException
    {
        return run(work, memory, "");
    }

    /** With further arguments of the guest's command line. */
    static Service run(final Workspace work, final String memory, final String options)
        throws IOException, InterruptedException
    {
        return service().started(work.understudy(guest(work, memory, options, "run")));
    }

    static Service record(final Workspace work, final String memory, final Path journal)
        throws IOException, InterruptedException
    {
        return record(work, memory, "", journal);
    }

    static Service record(final Workspace work, final String memory, final String options, final Path journal)
        throws IOException, InterruptedException
    {
        return service().started(
            work.understudy(guest(work, memory, options, "record", "--journal", journal.toString())));
    }

    /** A pair, once it is protected, that no pause of a busy host is to take apart. */
    static Service pair(final Workspace work, final String memory) throws IOException, InterruptedException
    {
        return pair(work, memory, PATIENT_MS);
    }

    static Service pair(final Workspace work, final String memory, final String options)
        throws IOException, InterruptedException
    {
        return pair(work, memory, options, PATIENT_MS);
    }

    static Service pair(final Workspace work, final String memory, final int timeoutMs)
        throws IOException, InterruptedException
    {
        return pair(work, memory, "", timeoutMs);
    }

    private static Service pair(
        final Workspace work, final String memory, final String options, final int timeoutMs)
        throws IOException, InterruptedException
    {
        return service().startedPair(work, """
            name: linux
            kernel: %s
            initrd: %s
            append: '%s'
            memory: %s
            netdevs:
              - { tap: %s }
            """.formatted(kernel(work), initrd(work), commandLine(memory) + options, memory, FIRST_TAP),
            ", tap: " + SECOND_TAP, timeoutMs);
    }

    /** The same kernel and initial file system on QEMU; with further options of QEMU's. */
    static Service qemu(final Workspace work, final String memory, final String... options)
        throws IOException, InterruptedException
    {
        final List<String> words = new ArrayList<>(List.of("qemu-system-riscv64", "-M", "virt", "-m", memory,
            "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
            "-global", "virtio-mmio.force-legacy=false", "-kernel", LinuxGuest.unpacked(work, kernel(work)).toString(),
            "-initrd", initrd(work).toString(), "-append", commandLine(memory),
            "-netdev", "tap,id=net,script=no,downscript=no,ifname=" + FIRST_TAP,
            "-device", "virtio-net-device,netdev=net"));
        words.addAll(List.of(options));
        return service().started(words);
    }

    /** QEMU's counterpart of {@code understudy record}. */
    static Service qemuRecord(final Workspace work, final String memory, final Path file)
        throws IOException, InterruptedException
    {
        return qemu(work, memory, "-icount", "shift=auto,rr=record,rrfile=" + file,
            "-object", "filter-replay,id=replay,netdev=net");
    }

    private static Service service()
    {
        return new Service(ADDRESS, PORT);
    }

    private static String[] guest(
        final Workspace work, final String memory, final String options, final String... command)
    {
        final List<String> words = new ArrayList<>(List.of(command));
        words.addAll(List.of("--kernel", kernel(work).toString(), "--initrd", initrd(work).toString(),
            "--append", commandLine(memory) + options, "--memory", memory, "--netdev", "tap,ifname=" + FIRST_TAP));
        return words.toArray(String[]::new);
    }

    /** The service may use seven tenths of the memory for data. */
    private static String commandLine(final String memory)
    {
        final int megabytes = Integer.parseInt(memory.replace("M", ""));
        return String.format(Locale.ROOT,
            "console=hvc0 net=%s/24 understudy.kv=%d,%d", ADDRESS, PORT, megabytes * 7 / 10);
    }

    private static Path kernel(final Workspace work)
    {
        return work.guest("linux/tiny/Image.gz");
    }

    private static Path initrd(final Workspace work)
    {
        return work.guest("linux/tiny/initramfs.cpio.gz");
    }
}
