package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.process.UnderstudyProcess;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The serial port as the console of other people's software. */
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class SerialConsoleTest
{
    private static final Path U_BOOT = Path.of("/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin");
    private static final Path TINY = Path.of("../guests/linux/tiny").toAbsolutePath().normalize();
    private static final int SECTOR_BYTES = 512;
    private static final int PARTITION_SECTOR = 2048;
    private static final int PARTITION_SECTORS = 16 << 11;

    /** One more than 4 MiB have. */
    private static final int SECTORS_AT_ONCE = 0x2001;

    @TempDir
    private Path root;

    /** U-Boot's driver of drives knows no limit of a request, and its driver of the port polls. */
    @Test
    void uBootTakesCommandsAndBootsLinuxFromADriveAlsoInTheReplay() throws Exception
    {
        Needs.program("mke2fs", "e2fsprogs");
        if (!Files.isRegularFile(U_BOOT))
        {
            Needs.missing("there is no " + U_BOOT + ": apt-get install u-boot-qemu");
        }
        final Path image = bootDrive();
        final Path journal = root.resolve("journal");
        final UnderstudyProcess recording = new UnderstudyProcess(root.resolve("log"),
            "record", "--journal", journal.toString(), "--kernel", U_BOOT.toString(), "--memory", "256M",
            "--drive", "file=" + image + ",overlay=" + root.resolve("overlay")).withInput();
        recording.start(Commands.JVM_OPTIONS.toArray(String[]::new));
        try
        {
            // The key that stops the automatic boot: it waits until U-Boot asks.
            recording.input().write(' ');
            recording.input().flush();
            final GuestConsole console = new GuestConsole(recording, "=> ", TestPair.TIMEOUT);
            assertThat(console.run("virtio scan")).isEmpty();
            assertThat(console.run(String.format(Locale.ROOT, "virtio read 84000000 0 %x", SECTORS_AT_ONCE)))
                .contains(SECTORS_AT_ONCE + " blocks read: OK");
            console.type(String.format(Locale.ROOT, "crc32 84000000 %x", SECTORS_AT_ONCE * SECTOR_BYTES));
            console.await(String.format(Locale.ROOT, "==> %08x", crc(image, SECTORS_AT_ONCE * SECTOR_BYTES)));
            console.type("boot");
            console.await("hello from the drive");
            assertThat(recording.awaitExit(TestPair.TIMEOUT.toMillis())).isZero();
        }
        finally
        {
            recording.kill();
        }
        assertThat(Commands.replayUnderEngines(journal))
            .contains("blocks read: OK").contains("hello from the drive").contains("\"outcome\":\"SHUTDOWN\"");
    }

    /** Its driver of the port is told of input by interrupts, while the virtio console has a driver as well. */
    @Test
    void debiansKernelPrintsThereEarlyAndLateAndItsShellAnswersAlsoInTheReplay() throws Exception
    {
        DebianGuest.need();
        final Path journal = root.resolve("journal");
        final UnderstudyProcess recording = new UnderstudyProcess(root.resolve("log"),
            "record", "--journal", journal.toString(), "--kernel", DebianGuest.KERNEL.toString(),
            "--initrd", DebianGuest.INITRD.toString(), "--memory", DebianGuest.MEMORY,
            "--append", "console=ttyS0 earlycon understudy.kv=off understudy.shell",
            "--drive", "file=" + DebianGuest.DISK + ",overlay=" + root.resolve("overlay")).withInput();
        recording.start(DebianGuest.JVM_OPTIONS);
        try
        {
            final GuestConsole console = new GuestConsole(recording, DebianGuest.PROMPT, DebianGuest.TIMEOUT);
            console.settle();
            assertThat(console.run("echo seen $((6*7))")).isEqualTo("seen 42");
            assertThat(console.run("cat /sys/class/tty/console/active")).isEqualTo("ttyS0");
            console.type("poweroff");
            assertThat(recording.awaitExit(DebianGuest.TIMEOUT.toMillis())).isZero();
        }
        finally
        {
            recording.kill();
        }
        assertThat(Files.readString(recording.log(), StandardCharsets.ISO_8859_1))
            .contains("earlycon: ns16550a0 at MMIO 0x0000000010000000").contains("ttyS0 at MMIO 0x10000000");
        assertThat(Commands.understudy("replay", journal.toString()).assertSuccess().output()).contains("seen 42");
    }

    /** A drive with a partition, whose file system has the tiny Linux and says how it is booted. */
    private Path bootDrive() throws Exception
    {
        final Path files = root.resolve("files");
        Files.createDirectories(files.resolve("extlinux"));
        Files.writeString(files.resolve("extlinux/extlinux.conf"), """
            default tiny
            timeout 1
            label tiny
              kernel /Image
              initrd /initrd
              append console=hvc0 quiet understudy.kv=off understudy.run="echo hello from the drive"
            """);
        try (InputStream packed = new GZIPInputStream(Files.newInputStream(TINY.resolve("Image.gz"))))
        {
            Files.copy(packed, files.resolve("Image"));
        }
        Files.copy(TINY.resolve("initramfs.cpio.gz"), files.resolve("initrd"));

        final Path image = root.resolve("disk.img");
        try (FileChannel file = FileChannel.open(image, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))
        {
            file.write(partitionTable(), 0);
            file.write(ByteBuffer.allocate(SECTOR_BYTES),
                (long)(PARTITION_SECTOR + PARTITION_SECTORS - 1) * SECTOR_BYTES);
        }
        Commands.run("mke2fs", "-q", "-F", "-t", "ext4", "-d", files.toString(),
            "-E", "offset=" + PARTITION_SECTOR * SECTOR_BYTES, image.toString(), PARTITION_SECTORS / 2 + "k")
            .assertSuccess();
        return image;
    }

    /** A master boot record with one partition of Linux, from which to boot. */
    private static ByteBuffer partitionTable()
    {
        return ByteBuffer.allocate(SECTOR_BYTES).order(ByteOrder.LITTLE_ENDIAN)
            .putInt(446, 0x80)
            .putInt(446 + 4, 0x83)
            .putInt(446 + 8, PARTITION_SECTOR)
            .putInt(446 + 12, PARTITION_SECTORS)
            .putShort(SECTOR_BYTES - 2, (short)0xAA55);
    }

    private static long crc(final Path image, final int bytes) throws IOException
    {
        final CRC32 crc = new CRC32();
        try (InputStream file = Files.newInputStream(image))
        {
            crc.update(file.readNBytes(bytes));
        }
        return crc.getValue();
    }
}
