package dev.understudy.hypervisor.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A guest of the repository that serves the Redis protocol on vsock port {@link #PORT}. */
public enum DemoGuest
{
    /** Linux, its key-value service a program. */
    LINUX(
        "Linux",
        "guests/linux/tiny/Image.gz",
        "guests/linux/tiny/initramfs.cpio.gz",
        "console=hvc0 quiet understudy.kv=" + DemoGuest.PORT),

    /** The key-value server that runs without an operating system. */
    KV("the key-value server", "guests/kv/kv.elf", null, "");

    static final int PORT = 6379;

    private final String title;
    private final String kernel;
    private final String initrd;
    private final String append;

    DemoGuest(final String title, final String kernel, final String initrd, final String append)
    {
        this.title = title;
        this.kernel = kernel;
        this.initrd = initrd;
        this.append = append;
    }

    /** What it is called in a sentence. */
    String title()
    {
        return title;
    }

    /**
     * The lines of a pair's configuration that say what the guest is.
     *
     * @param home the directory of the repository
     * @throws IOException when one of its files is missing
     */
    String settings(final Path home) throws IOException
    {
        final StringBuilder text = new StringBuilder("kernel: ").append(quoted(file(home, kernel))).append('\n');
        if (initrd != null)
        {
            text.append("initrd: ").append(quoted(file(home, initrd))).append('\n');
        }
        return text.append("append: \"").append(append).append("\"\n").toString();
    }

    /** A path as YAML, whatever is in it. */
    static String quoted(final Path path)
    {
        return "'" + path.toString().replace("'", "''") + "'";
    }

    private static Path file(final Path home, final String name) throws IOException
    {
        final Path file = home.resolve(name).toAbsolutePath();
        if (!Files.isRegularFile(file))
        {
            throw new IOException("the demo's guest " + file + " is missing: it comes with the repository, and the " +
                "build.sh beside it or above it builds it");
        }
        return file;
    }
}
