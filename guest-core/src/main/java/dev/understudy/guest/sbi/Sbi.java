package dev.understudy.guest.sbi;

import dev.understudy.guest.hart.EnvironmentCalls;
import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;
import java.util.function.Consumer;

/**
 * The hypercall interface: answers the guest's SBI calls.
 * <p>
 * SBI specification 2.0: base, TIME, IPI, RFENCE, HSM, SRST and DBCN, and the legacy extensions 0 to 8. There is one
 * hart, number 0. Owned by the hart thread.
 */
public final class Sbi implements EnvironmentCalls, Stateful
{
    private static final long SPECIFICATION_2_0 = 2L << 24;

    /** Not one that the specification has assigned: "US". */
    private static final long IMPLEMENTATION_ID = 0x5553;
    private static final long IMPLEMENTATION_VERSION = 1;

    private static final int EXTENSION_BASE = 0x10;
    private static final int EXTENSION_TIME = 0x5449_4D45;
    private static final int EXTENSION_IPI = 0x0073_5049;
    private static final int EXTENSION_RFENCE = 0x5246_4E43;
    private static final int EXTENSION_HSM = 0x0048_534D;
    private static final int EXTENSION_SRST = 0x5352_5354;
    private static final int EXTENSION_DBCN = 0x4442_434E;
    private static final int LAST_LEGACY_EXTENSION = 8;

    private static final long SUCCESS = 0;
    private static final long ERR_NOT_SUPPORTED = -2;
    private static final long ERR_INVALID_PARAM = -3;
    private static final long ERR_INVALID_ADDRESS = -5;
    private static final long ERR_ALREADY_AVAILABLE = -6;

    private static final long HART_STARTED = 0;

    /** What a legacy call returns that clears an interrupt: any positive number. */
    private static final long INTERRUPT_WAS_PENDING = 1;
    private static final long SUSPEND_RETENTIVE = 0;
    private static final long SUSPEND_NON_RETENTIVE = 0x8000_0000L;

    /** The shortest instruction; with it goes the alignment of every instruction. */
    private static final int INSTRUCTION_BYTES = 2;

    private static final long ALL_HARTS = -1;

    /** The most that one DBCN write takes; the call may take less than it is given. */
    private static final int MAX_WRITE_BYTES = 16 * 1024;

    private static final int A0 = 10;
    private static final int A1 = 11;
    private static final int A2 = 12;
    private static final int A6 = 16;
    private static final int A7 = 17;

    private final GuestMemory memory;
    private final OutputSink output;
    private final Consumer<SystemReset> reset;
    private final FirmwareConsole input;
    @Derived("nothing: scratch")
    private final byte[] single = new byte[1];

    /**
     * @param input what the console calls read
     * @param reset told how the guest ended; the hart is stopped already
     */
    public Sbi(
        final GuestMemory memory,
        final OutputSink output,
        final FirmwareConsole input,
        final Consumer<SystemReset> reset)
    {
        this.memory = memory;
        this.output = output;
        this.input = input;
        this.reset = reset;
    }

    @Override
    public void save(final StateWriter to)
    {
        input.save(to);
    }

    @Override
    public void load(final StateReader from)
    {
        input.load(from);
    }

    @Override
    public boolean call(final Hart hart)
    {
        final long extension = hart.x(A7);
        if (extension >= 0 && extension <= LAST_LEGACY_EXTENSION)
        {
            return legacy(hart, (int)extension);
        }

        final long function = hart.x(A6);
        final int number = (int)extension;
        switch (number == extension ? number : 0)
        {
            case EXTENSION_BASE -> base(hart, function);
            case EXTENSION_TIME -> time(hart, function);
            case EXTENSION_IPI -> interprocessorInterrupt(hart, function);
            case EXTENSION_RFENCE -> remoteFence(hart, function);
            case EXTENSION_HSM -> hartState(hart, function);
            case EXTENSION_SRST -> systemReset(hart, function);
            case EXTENSION_DBCN -> debugConsole(hart, function);
            default -> answer(hart, ERR_NOT_SUPPORTED, 0);
        }
        return true;
    }

    private static void answer(final Hart hart, final long error, final long value)
    {
        hart.x(A0, error);
        hart.x(A1, value);
    }

    /** Chapter 4. */
    private static void base(final Hart hart, final long function)
    {
        if (function < 0 || function > 6)
        {
            answer(hart, ERR_NOT_SUPPORTED, 0);
            return;
        }
        answer(hart, SUCCESS, switch ((int)function)
        {
            case 0 -> SPECIFICATION_2_0;
            case 1 -> IMPLEMENTATION_ID;
            case 2 -> IMPLEMENTATION_VERSION;
            case 3 -> isPresent(hart.x(A0)) ? 1 : 0;
            default -> 0; // mvendorid, marchid, mimpid: not implemented
        });
    }

    private static boolean isPresent(final long extension)
    {
        if (extension != (int)extension)
        {
            return false;
        }
        return switch ((int)extension)
        {
            case 0, 1, 2, 3, 4, 5, 6, 7, 8, EXTENSION_BASE, EXTENSION_TIME, EXTENSION_IPI, EXTENSION_RFENCE,
                EXTENSION_HSM, EXTENSION_SRST, EXTENSION_DBCN -> true;
            default -> false;
        };
    }

    /** Chapter 6. */
    private static void time(final Hart hart, final long function)
    {
        if (function != 0)
        {
            answer(hart, ERR_NOT_SUPPORTED, 0);
            return;
        }
        hart.timer(hart.x(A0));
        answer(hart, SUCCESS, 0);
    }

    /** Chapter 7. */
    private static void interprocessorInterrupt(final Hart hart, final long function)
    {
        if (function != 0)
        {
            answer(hart, ERR_NOT_SUPPORTED, 0);
            return;
        }
        final long mask = hart.x(A0);
        final long error = checkHarts(mask, hart.x(A1));
        if (error == SUCCESS && includesHart(mask, hart.x(A1)))
        {
            hart.software(true);
        }
        answer(hart, error, 0);
    }

    /** Chapter 8: memory, code and translations are always coherent here, so there is nothing to do. */
    private static void remoteFence(final Hart hart, final long function)
    {
        final boolean isPresent = function >= 0 && function <= 2;
        answer(hart, isPresent ? checkHarts(hart.x(A0), hart.x(A1)) : ERR_NOT_SUPPORTED, 0);
    }

    /** Section 3.1: neither may the mask name a hart that is not there, nor the base be none. */
    private static long checkHarts(final long mask, final long base)
    {
        final boolean isValid = base == ALL_HARTS || (base == 0 && (mask & ~1L) == 0);
        return isValid ? SUCCESS : ERR_INVALID_PARAM;
    }

    private static boolean includesHart(final long mask, final long base)
    {
        return base == ALL_HARTS || (mask & 1) != 0;
    }

    /** Chapter 9. */
    private void hartState(final Hart hart, final long function)
    {
        if (function == 0)
        {
            answer(hart, hart.x(A0) == 0 ? ERR_ALREADY_AVAILABLE : ERR_INVALID_PARAM, 0);
        }
        else if (function == 1)
        {
            hart.crash("the guest stopped its only hart");
        }
        else if (function == 2)
        {
            final boolean isThis = hart.x(A0) == 0;
            answer(hart, isThis ? SUCCESS : ERR_INVALID_PARAM, isThis ? HART_STARTED : 0);
        }
        else if (function == 3)
        {
            suspend(hart);
        }
        else
        {
            answer(hart, ERR_NOT_SUPPORTED, 0);
        }
    }

    private void suspend(final Hart hart)
    {
        final long type = hart.x(A0) & 0xFFFF_FFFFL;
        if (type == SUSPEND_RETENTIVE)
        {
            answer(hart, SUCCESS, 0);
            hart.await();
        }
        else if (type == SUSPEND_NON_RETENTIVE)
        {
            final long resumeAddress = hart.x(A1);
            if (!memory.contains(resumeAddress, INSTRUCTION_BYTES) || resumeAddress % INSTRUCTION_BYTES != 0)
            {
                answer(hart, ERR_INVALID_ADDRESS, 0);
                return;
            }
            hart.suspend(resumeAddress, hart.x(A2));
        }
        else
        {
            // Reserved, or specific to a platform and not implemented.
            answer(hart, ERR_INVALID_PARAM, 0);
        }
    }

    /** Chapter 10. */
    private void systemReset(final Hart hart, final long function)
    {
        if (function != 0)
        {
            answer(hart, ERR_NOT_SUPPORTED, 0);
            return;
        }
        final long type = hart.x(A0) & 0xFFFF_FFFFL;
        final long reason = hart.x(A1) & 0xFFFF_FFFFL;
        if (type > 2 || reason > 1)
        {
            answer(hart, ERR_INVALID_PARAM, 0);
            return;
        }
        end(hart, type != 0 ? SystemReset.REBOOT : reason == 1 ? SystemReset.FAILURE : SystemReset.SHUTDOWN);
    }

    private void end(final Hart hart, final SystemReset how)
    {
        hart.stop();
        reset.accept(how);
    }

    /** Chapter 12. */
    private void debugConsole(final Hart hart, final long function)
    {
        if (function == 2)
        {
            put(hart.x(A0));
            answer(hart, SUCCESS, 0);
            return;
        }
        if (function != 0 && function != 1)
        {
            answer(hart, ERR_NOT_SUPPORTED, 0);
            return;
        }
        final long length = hart.x(A0);
        final long address = hart.x(A1);
        if (hart.x(A2) != 0 || !memory.contains(address, length))
        {
            answer(hart, ERR_INVALID_PARAM, 0);
        }
        else if (function == 0)
        {
            final int taken = (int)Math.min(length, MAX_WRITE_BYTES);
            final byte[] text = new byte[taken];
            memory.read(address, text, 0, taken);
            output.sendConsole(text, 0, taken);
            answer(hart, SUCCESS, taken);
        }
        else
        {
            answer(hart, SUCCESS, readConsole(address, (int)length));
        }
    }

    private long readConsole(final long address, final int length)
    {
        int count = 0;
        while (count < length)
        {
            final int next = input.poll();
            if (next < 0)
            {
                break;
            }
            memory.writeByte(address + count++, next);
        }
        return count;
    }

    private void put(final long character)
    {
        single[0] = (byte)character;
        output.sendConsole(single, 0, 1);
    }

    /**
     * Chapter 5; these calls answer in a0 alone.
     *
     * @return as {@link #call}
     */
    private boolean legacy(final Hart hart, final int extension)
    {
        switch (extension)
        {
            case 0 ->
            {
                hart.timer(hart.x(A0));
                hart.x(A0, SUCCESS);
            }
            case 1 ->
            {
                put(hart.x(A0));
                hart.x(A0, SUCCESS);
            }
            case 2 -> hart.x(A0, input.poll());
            case 3 ->
            {
                hart.x(A0, hart.isSoftwarePending() ? INTERRUPT_WAS_PENDING : SUCCESS);
                hart.software(false);
            }
            case 4, 5, 6, 7 ->
            {
                return legacyHarts(hart, extension);
            }
            default -> end(hart, SystemReset.SHUTDOWN);
        }
        return true;
    }

    /** Calls whose first argument is the virtual address of a mask of harts; zero stands for all. */
    private boolean legacyHarts(final Hart hart, final int extension)
    {
        final long maskAddress = hart.x(A0);
        long mask = 1;
        if (maskAddress != 0)
        {
            mask = hart.mmu().load(maskAddress, Long.BYTES);
            if (hart.mmu().faultCause() != Mmu.NO_FAULT)
            {
                return false;
            }
        }
        if (extension == 4 && (mask & 1) != 0)
        {
            hart.software(true);
        }
        hart.x(A0, SUCCESS);
        return true;
    }
}
