package dev.understudy.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.output.Nowhere;
import dev.understudy.guest.state.SavedState;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.guest.virtio.BlockRequests;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A reset starts the guest again at an exact position; what it finds then is tested with Linux and {@code block_reboot}. */
class RestartTest
{
    private static final long BASE = 0x8020_0000L;
    private static final int[] REBOOTING = {
        0x0050_0293, // li t0, 5
        0xFFF2_8293, // addi t0, t0, -1
        0xFE02_9EE3, // bnez t0, -4
        0x5352_58B7, // li a7, SRST
        0x3548_8893,
        0x0000_0813, // li a6, 0
        0x0010_0513, // li a0, 1
        0x0000_0593, // li a1, 0
        0x0000_1317, // auipc t1, 1
        0x0113_3023, // sd a7, 0(t1)
        0x0000_0073, // ecall
        0x0000_006F, // j .
    };
    private static final int LIFE = 19;

    private static final int[] PANICKING = {
        0x0010_22B7, // lui t0, 0x102
        0x0010_0313, // li t1, 1
        0x0062_8023, // sb t1, 0(t0)
        0x0000_006F, // j .
    };
    private static final int PANIC_POSITION = 3;

    private static final int A7 = 17;

    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void resetBeginsAgainBehindTheCallThatAskedForIt(final EngineKind engine)
    {
        final Machine machine = machine(engine, REBOOTING, "", true);
        assertThat(machine.run(LIFE - 1)).isEqualTo(RunState.RUNNING);
        assertThat(machine.register(0, A7)).isEqualTo(0x5352_5354);
        assertThat(machine.run(LIFE, 10 * LIFE)).isEqualTo(RunState.RESTARTED);
        assertThat(machine.position()).isEqualTo(LIFE);
        assertThat(machine.register(0, A7)).isZero();
        assertThat(machine.run(2 * LIFE - 1)).isEqualTo(RunState.RUNNING);
        assertThat(machine.register(0, A7)).isEqualTo(0x5352_5354);
        // Whoever wants a position gets there, through as many resets as it takes.
        assertThat(machine.run(1_000 * LIFE)).isEqualTo(RunState.RUNNING);
        assertThat(machine.position()).isEqualTo(1_000 * LIFE);
    }

    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void stateDoesNotDependOnSlicesOrTheEngine(final EngineKind engine)
    {
        for (final int end : new int[]{LIFE, 10 * LIFE, 10 * LIFE + 7})
        {
            final Machine whole = machine(EngineKind.INTERPRETER, REBOOTING, "", true);
            whole.run(end);
            for (final int slice : new int[]{1, 7, LIFE, LIFE + 1, 1_000})
            {
                final Machine sliced = machine(engine, REBOOTING, "", true);
                while (sliced.position() < end)
                {
                    final long next = Math.min(end, sliced.position() + slice);
                    sliced.run(next, next);
                    sliced.digest();
                }
                assertThat(sliced.digest()).as("slices of %d to %d", slice, end).isEqualTo(whole.digest());
            }
        }
    }

    @Test
    void savedStateGoesOnThroughAReset()
    {
        final Machine whole = machine(EngineKind.INTERPRETER, REBOOTING, "", true);
        whole.run(100);
        for (final int position : new int[]{LIFE - 1, LIFE, LIFE + 1, 50})
        {
            final Machine first = machine(EngineKind.INTERPRETER, REBOOTING, "", true);
            first.run(position);
            final Machine second = machine(EngineKind.TRANSLATOR, REBOOTING, "", true);
            second.load(SavedState.of(first).reader());
            second.run(100);
            assertThat(second.digest()).isEqualTo(whole.digest());
        }
    }

    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void resetEndsAGuestThatIsNotToBegin(final EngineKind engine)
    {
        final Machine machine = machine(engine, REBOOTING, "", false);
        assertThat(machine.run(1_000)).isEqualTo(RunState.REBOOT);
        assertThat(machine.position()).isEqualTo(LIFE);
    }

    @Test
    void panicEndsAGuestUnlessItsKernelWillResetTheMachine()
    {
        for (final String commandLine : List.of("", "panic=0", "panic=10"))
        {
            for (final boolean reboots : new boolean[]{true, false})
            {
                final Machine machine = machine(EngineKind.INTERPRETER, PANICKING, commandLine, reboots);
                final boolean goesOn = reboots && commandLine.equals("panic=10");
                assertThat(machine.run(100)).isEqualTo(goesOn ? RunState.RUNNING : RunState.PANICKED);
                assertThat(machine.position()).isEqualTo(goesOn ? 100 : PANIC_POSITION);
            }
        }
    }

    private static Machine machine(
        final EngineKind engine, final int[] program, final String commandLine, final boolean reboots)
    {
        final ByteBuffer image = ByteBuffer.allocate(program.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        image.asIntBuffer().put(program);
        return new Machine(
            new MachineConfiguration(
                4 << 20,
                MachineConfiguration.DEFAULT_VSOCK_CID,
                TestElf.of(BASE, image.array()),
                null,
                commandLine,
                List.of(),
                null,
                reboots),
            new Nowhere(), BlockRequests.none(), engine);
    }
}
