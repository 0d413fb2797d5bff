package dev.understudy.guest.sbi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Seeds;
import dev.understudy.guest.bus.Bus;
import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.hart.HartState;
import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.DirtyPages;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.state.StateHash;
import dev.understudy.guest.time.GuestClock;
import dev.understudy.guest.translate.Engine;
import dev.understudy.guest.translate.Interpreter;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Calls of the firmware with any numbers: the host is not hurt, and nothing changes but what the call may change. */
@Tag("slow")
class RandomCallsTest
{
    private static final int SEEDS = 100;
    private static final int CALLS = 100;

    /** An {@code ecall}, and a jump to itself, which is the trap handler as well. */
    private static final long CODE = GuestMemory.BASE + 0x20_0000;
    private static final long LOOP = CODE + 4;
    private static final int ECALL = 0x73;
    private static final int JUMP_TO_ITSELF = 0x6F;
    private static final int CSRRW_STVEC_A0 = 0x1055_1073;
    private static final int CSRRW_SIE_A1 = 0x1045_9073;

    private static final int A0 = 10;
    private static final int A1 = 11;
    private static final int A6 = 16;
    private static final int A7 = 17;
    private static final int[] EXTENSIONS = {0x10, 0x5449_4D45, 0x0073_5049, 0x5246_4E43, 0x0048_534D, 0x5352_5354,
        0x4442_434E, 0x4442_434E, 0x0050_4D55, 0x5355_5350, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    private static final long NON_RETENTIVE = 0x8000_0000L;
    private static final int DBCN = 0x4442_434E;
    private static final int LAST_LEGACY_EXTENSION = 8;
    private static final long LEAST_ERROR = -9;
    private static final int MAX_OUTPUT_BYTES = 16 * 1024;

    @Test
    void callsOfAnyKindReturnOrEndTheGuestAndChangeNothingElse()
    {
        Seeds.check(SEEDS, seed -> assertThat(run(seed)).isEqualTo(run(seed)));
    }

    @Test
    void aHartIsNotSuspendedToGoOnWhereNoInstructionCanBe()
    {
        final Guest guest = new Guest();
        final long end = GuestMemory.BASE + GuestMemory.MIN_BYTES;
        for (final long address : new long[]{LOOP + 1, 0, -2, end, end - 1})
        {
            guest.hart.start(CODE, NON_RETENTIVE, address);
            guest.hart.x(A6, 3);
            guest.hart.x(A7, 0x0048_534D);
            guest.engine.run(guest.hart.instret() + 1);
            assertThat(guest.hart.state()).isEqualTo(HartState.RUNNING);
            assertThat(guest.hart.x(A0)).as("SBI_ERR_INVALID_ADDRESS").isEqualTo(-5);
        }
    }

    /** Returns a digest of everything at the end. */
    private static long run(final long seed)
    {
        final Random random = new Random(seed);
        Guest guest = new Guest();
        final StateHash hash = new StateHash();
        for (int i = 0; i < CALLS; i++)
        {
            if (guest.hart.state() != HartState.RUNNING)
            {
                guest.save(hash);
                guest = new Guest();
            }
            guest.call(random);
        }
        guest.save(hash);
        return hash.value();
    }

    private static final class Guest implements OutputSink
    {
        private final GuestMemory memory = new GuestMemory(GuestMemory.MIN_BYTES);
        private final DirtyPages written = memory.dirtyPages();
        private final Hart hart;
        private final FirmwareConsole console = new FirmwareConsole();
        private final Sbi sbi;
        private final Engine engine;
        private int outputBytes;

        Guest()
        {
            final Plic plic = new Plic();
            final Mmu mmu = new Mmu(memory, new Bus(plic));
            hart = new Hart(mmu, new GuestClock(), plic::asserted);
            sbi = new Sbi(memory, this, console, how -> {});
            engine = new Interpreter(hart, mmu, memory, sbi);
            memory.writeInt(CODE, CSRRW_STVEC_A0);
            memory.writeInt(LOOP, CSRRW_SIE_A1);
            hart.start(CODE, LOOP, -1);
            engine.run(2);
            memory.writeInt(CODE, ECALL);
            memory.writeInt(LOOP, JUMP_TO_ITSELF);
            written.take();
        }

        void call(final Random random)
        {
            hart.start(CODE, 0, 0);
            final long extension = random.nextInt(20) == 0 ? value(random) : EXTENSIONS[random.nextInt(EXTENSIONS.length)];
            for (int register = 1; register < 32; register++)
            {
                hart.x(register, value(random));
            }
            hart.x(A6, random.nextInt(10) == 0 ? value(random) : random.nextInt(8));
            hart.x(A7, extension);
            if (random.nextInt(3) == 0)
            {
                console.offer(new byte[5_000], 0, random.nextInt(5_000));
            }
            final long[] before = registers();
            outputBytes = 0;

            engine.run(hart.instret() + 1);

            assertThat(outputBytes).isLessThanOrEqualTo(MAX_OUTPUT_BYTES);
            checkMemory(before);
            if (hart.state() == HartState.RUNNING)
            {
                checkRegisters(before);
                assertThat(hart.pc()).isEqualTo(LOOP);
            }
            else if (hart.state() != HartState.STOPPED)
            {
                wake(before[A1]);
            }
        }

        private void wake(final long resumeAddress)
        {
            if (hart.state() == HartState.SUSPENDED)
            {
                assertThat(memory.contains(resumeAddress, 2) && resumeAddress % 2 == 0)
                    .as("whether there can be an instruction at 0x%x", resumeAddress).isTrue();
            }
            hart.software(true);
            engine.run(hart.instret() + 20);
            assertThat(hart.state()).isEqualTo(HartState.RUNNING);
            written.take();
        }

        private void checkRegisters(final long[] before)
        {
            final long extension = before[A7];
            final long[] after = registers();
            final boolean isLegacy = extension >= 0 && extension <= LAST_LEGACY_EXTENSION;
            if (!isLegacy)
            {
                assertThat(after[A0]).as("error of extension 0x%x", extension).isBetween(LEAST_ERROR, 0L);
                before[A1] = after[A1];
            }
            before[A0] = after[A0];
            assertThat(after).as("registers after extension 0x%x", extension).isEqualTo(before);
        }

        /** Only a read of the console writes to memory, and only where it is told to. */
        private void checkMemory(final long[] before)
        {
            final boolean isRead = before[A7] == DBCN && before[A6] == 1 && hart.x(A0) == 0;
            final long from = isRead ? before[A1] : 0;
            final long to = from + (isRead ? hart.x(A1) : 0);
            assertThat(to - from).isBetween(0L, isRead ? before[A0] : 0);
            for (int page = 0; page < memory.pages(); page++)
            {
                final long address = GuestMemory.BASE + ((long)page << GuestMemory.PAGE_SHIFT);
                if (written.contains(page))
                {
                    assertThat(address < to && address + GuestMemory.PAGE_BYTES > from)
                        .as("whether page %d may have changed", page).isTrue();
                }
            }
            written.take();
        }

        private long[] registers()
        {
            final long[] registers = new long[32];
            Arrays.setAll(registers, hart::x);
            return registers;
        }

        void save(final StateHash hash)
        {
            hart.save(hash);
            sbi.save(hash);
        }

        @Override
        public void sendConsole(final byte[] data, final int offset, final int length)
        {
            assertThat(offset >= 0 && length >= 0 && offset + length <= data.length).isTrue();
            outputBytes += length;
        }

        @Override
        public void sendVsock(final byte[] packet, final int offset, final int length)
        {
            throw new AssertionError("a call of the firmware sent a packet");
        }

        @Override
        public void sendFrame(final byte[] frame, final int offset, final int length)
        {
            throw new AssertionError("a call of the firmware sent a frame");
        }
    }

    private static long value(final Random random)
    {
        return switch (random.nextInt(8))
        {
            case 0, 1 -> 0;
            case 2 -> random.nextInt(0x2000);
            case 3 -> GuestMemory.BASE + random.nextInt(GuestMemory.MIN_BYTES);
            case 4 -> GuestMemory.BASE + GuestMemory.MIN_BYTES - random.nextInt(0x2000);
            case 5 -> random.nextBoolean() ? NON_RETENTIVE : random.nextInt();
            case 6 -> 1L << random.nextInt(64);
            default -> random.nextLong();
        };
    }
}
