package dev.understudy.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Machine;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.state.SavedState;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Linux draws random numbers, and goes on from one state several times. */
@Tag("slow")
class LinuxCloneTest
{
    private static final Path TINY = Path.of("../guests/linux/tiny");
    private static final int MEMORY_BYTES = 32 << 20;
    private static final String RESEEDED = "crng reseeded due to virtual machine fork";
    private static final String COMMAND_LINE = "console=hvc0 understudy.kv=off understudy.run=\"" +
        "i=0; while true; do echo drew $i $(head -c 12 /dev/urandom | od -An -tx1); i=$((i+1)); done\"";

    private long nowNs;

    @Test
    void clonesDrawOtherRandomNumbersThanWhoGoesOnAsTheSame() throws IOException
    {
        final Console console = new Console();
        final Machine machine = machine(console);
        runUntilDrawn(machine, console, 3);
        final SavedState state = SavedState.of(machine);
        final int drawn = console.draws().size();

        final List<String> first = goOn(state, 0, 0);
        final List<String> same = goOn(state, 0, 0);
        final List<String> clone = goOn(state, 22, 1);
        final List<String> otherClone = goOn(state, 22, 2);

        assertThat(drawn).isGreaterThanOrEqualTo(3);
        assertThat(first).isEqualTo(same).noneMatch(line -> line.contains(RESEEDED));
        assertThat(clone).anyMatch(line -> line.contains(RESEEDED));
        assertThat(otherClone).anyMatch(line -> line.contains(RESEEDED));
        assertThat(clone).doesNotContainAnyElementsOf(last(first)).doesNotContainAnyElementsOf(last(otherClone));
    }

    private List<String> goOn(final SavedState state, final long low, final long high) throws IOException
    {
        nowNs = 0;
        final Console console = new Console();
        final Machine machine = machine(console);
        machine.load(state.reader());
        if (low != 0)
        {
            machine.beginLife(low, high);
        }
        runUntilDrawn(machine, console, 6);
        return console.text().lines().toList();
    }

    /** What was drawn when a kernel had surely learned that it is a clone. */
    private static List<String> last(final List<String> lines)
    {
        final List<String> draws = lines.stream().filter(line -> line.matches("drew \\d+( [0-9a-f]{2}){12}")).toList();
        return draws.subList(draws.size() - 3, draws.size());
    }

    private void runUntilDrawn(final Machine machine, final Console console, final int count)
    {
        final Recorder recorder = new Recorder(machine, EventLog.none(), () -> nowNs, Long.MAX_VALUE);
        final Random random = new Random(7);
        for (int i = 0; console.draws().size() < count; i++)
        {
            assertThat(i).as(console.text()).isLessThan(100_000);
            final int wanted = recorder.entropyWanted();
            if (wanted > 0)
            {
                final byte[] bytes = new byte[wanted];
                random.nextBytes(bytes);
                recorder.receiveEntropy(bytes, wanted);
            }
            nowNs += Recorder.SLICE_INSTRUCTIONS;
            recorder.runSlice();
        }
    }

    private static Machine machine(final Console console) throws IOException
    {
        return new Machine(
            new MachineConfiguration(
                MEMORY_BYTES,
                MachineConfiguration.DEFAULT_VSOCK_CID,
                Files.readAllBytes(TINY.resolve("Image.gz")),
                Files.readAllBytes(TINY.resolve("initramfs.cpio.gz")),
                COMMAND_LINE),
            console);
    }

    private static final class Console implements OutputSink
    {
        private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
        private List<String> draws = List.of();

        String text()
        {
            return shown.toString(StandardCharsets.US_ASCII).replace("\r", "");
        }

        List<String> draws()
        {
            return draws;
        }

        @Override
        public void sendConsole(final byte[] data, final int offset, final int length)
        {
            shown.write(data, offset, length);
            draws = text().lines().filter(line -> line.matches("drew \\d+( [0-9a-f]{2}){12}")).toList();
        }

        @Override
        public void sendVsock(final byte[] packet, final int offset, final int length)
        {
        }

        @Override
        public void sendFrame(final byte[] frame, final int offset, final int length)
        {
        }
    }
}
