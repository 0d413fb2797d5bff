package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.process.UnderstudyProcess;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A Linux guest here and one on QEMU at the two ends of a stream: one pings the other and is a client of its service. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class QemuStreamTest
{
    private static final String SERVER = "10.77.3.2";
    private static final String CLIENT = "10.77.3.3";
    private static final String TALK = LinuxGuest.commandLine(CLIENT) + " understudy.kv=off understudy.run=\"" +
        "ping -c 3 -W 10 " + SERVER + " && echo PING | nc -w 10 " + SERVER + " 6379 | grep PONG\"";

    @TempDir
    private Path root;
    private Path socket;
    private Path journal;
    private Path kernel;
    private Path console;

    @BeforeEach
    void needQemu() throws IOException
    {
        Needs.program("qemu-system-riscv64", "qemu-system-misc opensbi");
        LinuxGuest.need();
        socket = root.resolve("net.sock");
        journal = root.resolve("journal");
        console = root.resolve("qemu.log");
        kernel = root.resolve("Image");
        try (InputStream in = new GZIPInputStream(Files.newInputStream(LinuxGuest.KERNEL)))
        {
            Files.copy(in, kernel);
        }
    }

    @Test
    void aGuestOnQemuIsTheClientOfOneHereWhichIsReplayed() throws Exception
    {
        final UnderstudyProcess server = record(LinuxGuest.commandLine(SERVER), "stream,server=on,path=" + socket);
        server.start(Commands.JVM_OPTIONS.toArray(String[]::new));
        Process client = null;
        try
        {
            await(server.log(), "kvd: ready");
            client = qemu(TALK, "server=off");
            assertThat(client.waitFor(TestPair.TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)).as(logs(server)).isTrue();
            assertTalked(Files.readString(console));
            Commands.run("kill", "-TERM", Long.toString(server.pid())).assertSuccess();
            assertThat(server.awaitExit(TestPair.TIMEOUT.toMillis())).as(logs(server)).isZero();
        }
        finally
        {
            end(client);
            server.kill();
        }
        assertThat(Commands.replayUnderEnginesWithDigests(journal)).contains("\"outcome\":\"STOPPED\"");
    }

    @Test
    void aGuestHereIsTheClientOfOneOnQemuAndIsReplayed() throws Exception
    {
        final Process server = qemu(LinuxGuest.commandLine(SERVER), "server=on");
        final UnderstudyProcess client = record(TALK, "stream,path=" + socket);
        try
        {
            await(console, "kvd: ready");
            client.start(Commands.JVM_OPTIONS.toArray(String[]::new));
            assertThat(client.awaitExit(TestPair.TIMEOUT.toMillis())).as(logs(client)).isZero();
            assertTalked(Files.readString(client.log()));
        }
        finally
        {
            client.kill();
            end(server);
        }
        assertTalked(Commands.replayUnderEnginesWithDigests(journal));
    }

    private static void assertTalked(final String output)
    {
        assertThat(output).contains("3 packets received, 0% packet loss").contains("+PONG");
    }

    private UnderstudyProcess record(final String commandLine, final String netdev)
    {
        return new UnderstudyProcess(root.resolve("log"), "record", "--journal", journal.toString(),
            "--kernel", LinuxGuest.KERNEL.toString(), "--initrd", LinuxGuest.INITRD.toString(),
            "--append", commandLine, "--memory", "64M", "--netdev", netdev);
    }

    private Process qemu(final String commandLine, final String end) throws IOException
    {
        return new ProcessBuilder("qemu-system-riscv64", "-M", "virt", "-m", "64", "-display", "none", "-monitor", "none",
            "-no-reboot", "-serial", "stdio", "-global", "virtio-mmio.force-legacy=false",
            "-kernel", kernel.toString(), "-initrd", LinuxGuest.INITRD.toString(), "-append", commandLine,
            "-device", "virtio-net-device,netdev=net",
            "-netdev", "stream,id=net," + end + ",addr.type=unix,addr.path=" + socket)
            .redirectErrorStream(true)
            .redirectOutput(console.toFile())
            .redirectInput(new File("/dev/null"))
            .start();
    }

    private static void end(final Process process) throws InterruptedException
    {
        if (process != null)
        {
            process.destroyForcibly().waitFor();
        }
    }

    private String logs(final UnderstudyProcess process) throws IOException
    {
        return Files.readString(process.log()) + "\nQEMU:\n" + Files.readString(console);
    }

    private static void await(final Path log, final String text) throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + TestPair.TIMEOUT.toNanos();
        while (!Files.exists(log) || !Files.readString(log).contains(text))
        {
            assertThat(System.nanoTime() - endNs).as("'%s' in %s", text, log).isNegative();
            Thread.sleep(20);
        }
    }
}
