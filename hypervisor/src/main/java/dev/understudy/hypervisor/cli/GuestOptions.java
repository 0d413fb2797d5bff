package dev.understudy.hypervisor.cli;

import dev.understudy.hypervisor.config.ByteSize;
import dev.understudy.hypervisor.config.ForwardSpec;
import dev.understudy.hypervisor.image.GuestImage;
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
        description = "The guest: an ELF file for S-mode, linked at 0x80200000 or above.")
    private Path kernel;

    @Option(names = "--initrd", paramLabel = "FILE", description = "An initial RAM disk.")
    private Path initrd;

    @Option(names = "--append", paramLabel = "TEXT", defaultValue = "",
        description = "The kernel command line.")
    private String append;

    @Option(names = {"--memory", "-m"}, paramLabel = "SIZE", defaultValue = "64M",
        description = "RAM of the guest, 4M to 2047M (default: ${DEFAULT-VALUE}).")
    private String memory;

    @Option(names = "--forward", paramLabel = "[ADDRESS:]PORT:GUESTPORT",
        description = "Carry connections to the host's TCP port to the guest's vsock port. Repeatable.")
    private List<String> forwards = new ArrayList<>();

    GuestImage image()
    {
        if (!Files.isRegularFile(kernel))
        {
            throw new UsageException("--kernel " + kernel + ": no such file");
        }
        if (initrd != null && !Files.isRegularFile(initrd))
        {
            throw new UsageException("--initrd " + initrd + ": no such file");
        }
        return GuestImage.read(kernel, initrd, append, memoryBytes());
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
