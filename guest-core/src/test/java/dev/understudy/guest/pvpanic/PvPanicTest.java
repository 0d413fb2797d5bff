package dev.understudy.guest.pvpanic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import dev.understudy.guest.TestElf;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.output.Nowhere;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PvPanicTest
{
    private static final long BASE = 0x8020_0000L;
    private static final int[] PROGRAM = {
        0x0010_22B7, // lui t0, 0x102
        0x0002_C503, // lbu a0, 0(t0)
        0x0020_0313, // li t1, 2
        0x0062_8023, // sb t1, 0(t0)
        0x0010_0313, // li t1, 1
        0x0062_8023, // sb t1, 0(t0)
        0x0630_0513, // li a0, 99
        0x0000_006F, // j .
    };
    private static final int PANIC_POSITION = 6;
    private static final int A0 = 10;

    @Test
    void panicEndsTheGuestAtItsStoreAndACrashKernelIsLeftToIt()
    {
        final Machine machine = machine();
        assertThat(machine.run(PANIC_POSITION - 1)).isEqualTo(RunState.RUNNING);
        assertThat(machine.run(1_000)).isEqualTo(RunState.PANICKED);
        assertThat(machine.position()).isEqualTo(PANIC_POSITION);
        assertThat(machine.register(0, A0)).as("events that the machine takes").isEqualTo(3);
        assertThat(machine.run(2_000)).isEqualTo(RunState.PANICKED);
        assertThat(machine.position()).isEqualTo(PANIC_POSITION);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, PANIC_POSITION})
    void stateAfterAPanicDoesNotDependOnSlices(final int slice)
    {
        final Machine whole = machine();
        whole.run(1_000);
        final Machine sliced = machine();
        for (RunState state = RunState.RUNNING; !state.isEnd();)
        {
            state = sliced.run(sliced.position() + slice);
        }
        assertThat(sliced.position()).isEqualTo(PANIC_POSITION);
        assertThat(sliced.digest()).isEqualTo(whole.digest());
    }

    @Test
    void otherEventsAndTheReservedByteDoNothing()
    {
        final PvPanic device = new PvPanic(() ->
        {
            throw new AssertionError("no panic was reported");
        });
        device.store(0, 1, 0xFE);
        device.store(1, 1, 1);
        assertThat(device.load(1, 1)).isZero();
    }

    private static Machine machine()
    {
        final ByteBuffer image = ByteBuffer.allocate(PROGRAM.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        image.asIntBuffer().put(PROGRAM);
        return new Machine(
            new MachineConfiguration(
                4 << 20, MachineConfiguration.DEFAULT_VSOCK_CID, TestElf.of(BASE, image.array()), null, ""),
            new Nowhere());
    }
}
