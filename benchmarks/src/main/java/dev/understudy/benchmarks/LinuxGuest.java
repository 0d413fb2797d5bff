package dev.understudy.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/** A Linux that runs a command and powers off, without a network: how QEMU and ours are called for it. */
enum LinuxGuest
{
    /** {@code guests/linux/tiny}; its console is the firmware's. */
    TINY("linux/tiny/", "Image.gz", "initramfs.cpio.gz", "128M", List.of("-serial", "stdio")),

    /** {@code guests/linux/debian}, whose console is the virtio console, and whose disk is thrown away. */
    DEBIAN("linux/debian/target/", "Image", "initramfs.cpio", "192M", List.of("-serial", "none",
        "-device", "virtio-serial-device,max_ports=1", "-chardev", "stdio,id=console", "-device", "virtconsole,chardev=console"));

    private static final String DISK = "disk.img";

    private final String directory;
    private final String kernel;
    private final String initrd;
    private final String memory;
    private final List<String> console;

    LinuxGuest(
        final String directory, final String kernel, final String initrd, final String memory, final List<String> console)
    {
        this.directory = directory;
        this.kernel = kernel;
        this.initrd = initrd;
        this.memory = memory;
        this.console = console;
    }

    /**
     * {@code understudy run} of a command.
     *
     * @param command for the guest's shell, without double quotes
     * @param options of its init
     */
    List<String> run(final Workspace work, final String command, final String options) throws IOException
    {
        final List<String> words = work.understudy("run", "--kernel", path(work, kernel).toString(),
            "--initrd", path(work, initrd).toString(), "--append", append(command, options), "--memory", memory);
        if (this == DEBIAN)
        {
            work.delete("overlay");
            words.addAll(List.of("--drive", "file=" + path(work, DISK) + ",overlay=" + work.path("overlay")));
        }
        return words;
    }

    /** The same on QEMU. */
    List<String> qemu(final Workspace work, final String command, final String options) throws IOException
    {
        final List<String> words = new ArrayList<>(List.of("qemu-system-riscv64", "-M", "virt", "-m", memory,
            "-display", "none", "-monitor", "none", "-no-reboot", "-global", "virtio-mmio.force-legacy=false",
            "-device", "virtio-rng-device", "-kernel", unpacked(work, path(work, kernel)).toString(),
            "-initrd", path(work, initrd).toString(), "-append", append(command, options)));
        words.addAll(console);
        if (this == DEBIAN)
        {
            words.addAll(List.of("-drive", "if=none,id=disk,format=raw,snapshot=on,file=" + path(work, DISK),
                "-device", "virtio-blk-device,drive=disk"));
        }
        return words;
    }

    private static String append(final String command, final String options)
    {
        return "console=hvc0 quiet %s understudy.run=\"%s\"".formatted(options, command);
    }

    private Path path(final Workspace work, final String file) throws IOException
    {
        final Path path = work.guest(directory + file);
        if (!Files.exists(path))
        {
            throw new IOException("there is no " + path + ": guests/linux/debian/build.sh makes it");
        }
        return path;
    }

    /** The kernel as QEMU takes it. */
    static Path unpacked(final Workspace work, final Path kernel) throws IOException
    {
        if (!kernel.toString().endsWith(".gz"))
        {
            return kernel;
        }
        final Path image = work.path("Image");
        if (!Files.exists(image))
        {
            try (InputStream packed = new GZIPInputStream(Files.newInputStream(kernel)))
            {
                Files.copy(packed, image);
            }
        }
        return image;
    }
}
