package dev.understudy.guest.hart;

import dev.understudy.guest.floating.ExceptionFlags;
import dev.understudy.guest.memory.Mmu;
import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;
import dev.understudy.guest.time.GuestClock;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.BooleanSupplier;

/**
 * The architectural state of the one hart: registers, privilege, supervisor CSRs, traps and interrupts.
 * <p>
 * The hart is what a supervisor sees on a machine whose firmware delegates every exception that it does not handle
 * itself. Source: RISC-V privileged specification, chapter 4 (Supervisor-Level ISA), and Sstc. Owned by the hart
 * thread.
 */
public final class Hart implements Stateful
{
    public static final int CAUSE_ILLEGAL_INSTRUCTION = 2;
    public static final int CAUSE_BREAKPOINT = 3;
    public static final int CAUSE_ECALL_FROM_U = 8;

    static final int SOFTWARE_INTERRUPT = 1;
    static final int TIMER_INTERRUPT = 5;
    static final int EXTERNAL_INTERRUPT = 9;

    private static final long INTERRUPT_FLAG = 1L << 63;
    private static final long INTERRUPTS =
        1L << SOFTWARE_INTERRUPT | 1L << TIMER_INTERRUPT | 1L << EXTERNAL_INTERRUPT;

    private static final long SSTATUS_SIE = 1L << 1;
    private static final long SSTATUS_SPIE = 1L << 5;
    private static final long SSTATUS_SPP = 1L << 8;

    /** The two bits of FS: none of them set is Off, both are Dirty. */
    private static final long SSTATUS_FS = 3L << 13;

    private static final long SSTATUS_SUM = 1L << 18;
    private static final long SSTATUS_MXR = 1L << 19;
    private static final long SSTATUS_UXL_64 = 2L << 32;
    private static final long SSTATUS_SD = 1L << 63;
    private static final long SSTATUS_WRITABLE =
        SSTATUS_SIE | SSTATUS_SPIE | SSTATUS_SPP | SSTATUS_FS | SSTATUS_SUM | SSTATUS_MXR;

    /** What the firmware leaves behind: OpenSBI 1.1 on QEMU 7.2 hands over 0x8000000200006000, SD being derived. */
    private static final long SSTATUS_AT_START = SSTATUS_UXL_64 | SSTATUS_FS;

    /** What the firmware leaves behind: user programs may read cycle, time and instret. */
    private static final long SCOUNTEREN_AT_START = 7;

    private static final long SATP_PPN = (1L << 44) - 1;
    private static final int SATP_MODE_SHIFT = 60;

    /** The longest reason of a crash that is saved, in characters. */
    private static final int MAX_CRASH = 1000;

    private static final int CSR_FFLAGS = 1;
    private static final int CSR_FRM = 2;
    private static final int CSR_FCSR = 3;
    private static final int FRM_SHIFT = 5;
    private static final int FRM_MASK = 7;

    public static final int CSR_SSTATUS = 0x100;
    public static final int CSR_SIE = 0x104;
    public static final int CSR_STVEC = 0x105;
    public static final int CSR_SCOUNTEREN = 0x106;
    public static final int CSR_SENVCFG = 0x10A;
    public static final int CSR_SSCRATCH = 0x140;
    public static final int CSR_SEPC = 0x141;
    public static final int CSR_SCAUSE = 0x142;
    public static final int CSR_STVAL = 0x143;
    public static final int CSR_SIP = 0x144;
    public static final int CSR_STIMECMP = 0x14D;
    public static final int CSR_SATP = 0x180;

    private static final int CSR_CYCLE = 0xC00;
    private static final int CSR_TIME = 0xC01;
    private static final int CSR_INSTRET = 0xC02;

    /** x0 to x31, and {@link Op#SINK}. */
    public final long[] x = new long[Op.REGISTERS];

    /** f0 to f31; a binary32 number is in the low half, and the high half is all ones then. */
    public final long[] f = new long[Op.FLOATING_REGISTERS];

    public final ExceptionFlags fflags = new ExceptionFlags();

    /** The dynamic rounding mode, 0 to 7; 5 and up are no modes. */
    public int frm;

    public long pc;

    /** Number of instructions retired: the position. */
    public long instret;

    /** What the last region of translated code has left of its budget, in instructions. */
    @Derived("nothing: it passes from a region to its caller")
    public int budgetLeft;

    public HartState state = HartState.RUNNING;

    /** Of the last LR; a trap, a call of the firmware and the return from a trap end it. */
    public final Reservation reservation = new Reservation();

    private final Mmu mmu;
    private final GuestClock clock;
    private final BooleanSupplier externalInterrupt;

    private boolean user;
    /** Without SD, which follows from FS. */
    private long sstatus = SSTATUS_AT_START;
    private long sie;
    private long stvec;
    private long scounteren = SCOUNTEREN_AT_START;
    private long senvcfg;
    private long sscratch;
    private long sepc;
    private long scause;
    private long stval;
    private long satp;
    private long stimecmp = -1;
    private boolean softwarePending;

    /** What {@link #timerPosition} found: no part of the state. */
    @Derived("the clock and stimecmp")
    private boolean wasTimerPending;

    private long resumeAddress;
    private long resumeArgument;

    /** Where the last exception was taken: to find a handler whose own first instruction traps. */
    private long lastExceptionInstret = -1;
    private long lastExceptionPc;
    private String crash;

    /**
     * @param externalInterrupt whether the interrupt controller asserts the external interrupt
     */
    public Hart(final Mmu mmu, final GuestClock clock, final BooleanSupplier externalInterrupt)
    {
        this.mmu = mmu;
        mmu.onWrite(reservation::onWrite);
        this.clock = clock;
        this.externalInterrupt = externalInterrupt;
        translationChanged();
    }

    /** Sets the registers as a boot loader leaves them (SBI specification 2.0, chapter 4, and the Linux boot protocol). */
    public void start(final long entry, final long hartId, final long argument)
    {
        pc = entry;
        x[10] = hartId;
        x[11] = argument;
    }

    /** The machine is reset: everything is as at its start but the position, which goes on. */
    public void reset()
    {
        Arrays.fill(x, 0);
        Arrays.fill(f, 0);
        fflags.value(0);
        frm = 0;
        pc = 0;
        state = HartState.RUNNING;
        reservation.reset();
        user = false;
        sstatus = SSTATUS_AT_START;
        sie = 0;
        stvec = 0;
        scounteren = SCOUNTEREN_AT_START;
        senvcfg = 0;
        sscratch = 0;
        sepc = 0;
        scause = 0;
        stval = 0;
        satp = 0;
        stimecmp = -1;
        softwarePending = false;
        resumeAddress = 0;
        resumeArgument = 0;
        lastExceptionInstret = -1;
        lastExceptionPc = 0;
        crash = null;
        translationChanged();
    }

    /** The address space in which the hart fetches, loads and stores. */
    public Mmu mmu()
    {
        return mmu;
    }

    public long pc()
    {
        return pc;
    }

    /** Instructions retired so far. */
    public long instret()
    {
        return instret;
    }

    /** A register; {@code number} is from 0 to 31. */
    public long x(final int number)
    {
        return x[number];
    }

    public void x(final int number, final long value)
    {
        if (number != 0)
        {
            x[number] = value;
        }
    }

    public HartState state()
    {
        return state;
    }

    public boolean isUser()
    {
        return user;
    }

    /** Why the hart cannot go on, or null when it ended in order. */
    public String crash()
    {
        return crash;
    }

    /** Ends execution. */
    public void stop()
    {
        state = HartState.STOPPED;
    }

    /** Ends execution because nothing that the guest could do would make progress. */
    public void crash(final String reason)
    {
        crash = reason;
        state = HartState.STOPPED;
    }

    /** The software interrupt, from SBI. */
    public boolean isSoftwarePending()
    {
        return softwarePending;
    }

    public void software(final boolean pending)
    {
        softwarePending = pending;
    }

    /** Sets the time of the next timer interrupt in ticks, unsigned. */
    public void timer(final long ticks)
    {
        stimecmp = ticks;
    }

    /**
     * The guest's time of the next timer interrupt that is not due yet.
     *
     * @return nanoseconds since the guest started; {@link Long#MAX_VALUE} when there is none
     */
    public long timerNs()
    {
        final boolean isFar = stimecmp < 0 || stimecmp > Long.MAX_VALUE / GuestClock.TICK_NS;
        return isFar || (sie & 1L << TIMER_INTERRUPT) == 0 ? Long.MAX_VALUE : stimecmp * GuestClock.TICK_NS;
    }

    /** Waits for an interrupt, from the next instruction on. */
    public void await()
    {
        state = HartState.WAITING;
    }

    /** Waits for an interrupt and then starts over as after a hart start (SBI specification 2.0, section 9.4). */
    public void suspend(final long address, final long argument)
    {
        resumeAddress = address;
        resumeArgument = argument;
        state = HartState.SUSPENDED;
    }

    /** Whether the hart waits and no enabled interrupt is pending: only an event, or time, can change that. */
    public boolean isIdle()
    {
        return (state == HartState.WAITING || state == HartState.SUSPENDED) && (pending() & sie) == 0;
    }

    /**
     * Leaves the waiting states when an enabled interrupt is pending, whatever {@code sstatus.SIE} says.
     *
     * @return whether the hart runs now
     */
    public boolean wake()
    {
        if (state == HartState.STOPPED || isIdle())
        {
            return false;
        }
        if (state == HartState.SUSPENDED)
        {
            x[10] = 0;
            x[11] = resumeArgument;
            pc = resumeAddress;
            user = false;
            sstatus &= ~SSTATUS_SIE;
            satp = 0;
            translationChanged();
        }
        state = HartState.RUNNING;
        return true;
    }

    /** The first position at which the timer becomes pending or the alarm is due, unless a clock sample comes first. */
    public long timerPosition()
    {
        wasTimerPending = isTimerPending();
        final long timer =
            (sie & 1L << TIMER_INTERRUPT) == 0 || wasTimerPending ? Long.MAX_VALUE : clock.positionOf(stimecmp);
        return Math.min(timer, clock.alarmPosition());
    }

    /** Rings the clock's alarm if it is due here. */
    public void ring()
    {
        clock.ring(instret);
    }

    /**
     * Whether {@link #takeInterrupt} would take one, provided that {@link #timerPosition} was asked since the timer, its
     * enable bit or the time was set, and is not reached: unlike that, it need not compute the time.
     */
    boolean isInterruptReady()
    {
        return (user || (sstatus & SSTATUS_SIE) != 0) && isInterruptPending();
    }

    private boolean isInterruptPending()
    {
        return ((sie & 1L << SOFTWARE_INTERRUPT) != 0 && softwarePending) ||
            ((sie & 1L << TIMER_INTERRUPT) != 0 && wasTimerPending) ||
            ((sie & 1L << EXTERNAL_INTERRUPT) != 0 && externalInterrupt.getAsBoolean());
    }

    /** Takes the pending interrupt of the highest priority, if one is enabled. */
    public void takeInterrupt()
    {
        final long ready = pending() & sie;
        if (ready != 0 && (user || (sstatus & SSTATUS_SIE) != 0))
        {
            final int number = (ready & 1L << EXTERNAL_INTERRUPT) != 0 ? EXTERNAL_INTERRUPT :
                (ready & 1L << SOFTWARE_INTERRUPT) != 0 ? SOFTWARE_INTERRUPT : TIMER_INTERRUPT;
            final long vector = (stvec & 1) != 0 ? 4L * number : 0;
            enterTrap(INTERRUPT_FLAG | number, 0, (stvec & ~3L) + vector);
        }
    }

    /** Takes a synchronous exception at {@link #pc}, which does not retire. */
    public void exception(final int cause, final long value)
    {
        if (!user && pc == (stvec & ~3L) && instret == lastExceptionInstret && lastExceptionPc == pc)
        {
            crash(String.format(Locale.ROOT,
                "the first instruction of the trap handler at 0x%x traps (scause %d, stval 0x%x), " +
                "so the guest cannot make progress", pc, cause, value));
            return;
        }
        lastExceptionInstret = instret;
        lastExceptionPc = pc;
        enterTrap(cause, value, stvec & ~3L);
    }

    /** Whether an exception was taken at the present position. */
    public boolean hasExceptionHere()
    {
        return lastExceptionInstret == instret;
    }

    void illegalInstruction(final int bits, final int bytes)
    {
        exception(CAUSE_ILLEGAL_INSTRUCTION, bytes == 2 ? bits & 0xFFFFL : bits & 0xFFFF_FFFFL);
    }

    private void enterTrap(final long cause, final long value, final long handler)
    {
        scause = cause;
        stval = value;
        sepc = pc;
        long status = sstatus & ~(SSTATUS_SIE | SSTATUS_SPIE | SSTATUS_SPP);
        status |= (sstatus & SSTATUS_SIE) != 0 ? SSTATUS_SPIE : 0;
        status |= user ? 0 : SSTATUS_SPP;
        sstatus = status;
        user = false;
        reservation.end();
        pc = handler;
        translationChanged();
    }

    /** Returns from a trap; the caller has checked the privilege. */
    void returnFromTrap()
    {
        user = (sstatus & SSTATUS_SPP) == 0;
        long status = sstatus & ~(SSTATUS_SIE | SSTATUS_SPP);
        status |= (sstatus & SSTATUS_SPIE) != 0 ? SSTATUS_SIE : 0;
        sstatus = status | SSTATUS_SPIE;
        reservation.end();
        pc = sepc;
        translationChanged();
    }

    /** Whether {@code sstatus.FS} is Off: every instruction of F and D is illegal then. */
    boolean isFloatingPointOff()
    {
        return (sstatus & SSTATUS_FS) == 0;
    }

    /**
     * Notes that f0 to f31, {@code frm} or {@code fflags} were written. An instruction that writes an f register or the
     * CSRs does so even if the value is the same; one that can only add flags, when it adds one.
     */
    void floatingPointWritten()
    {
        sstatus |= SSTATUS_FS;
    }

    /** Whether the hart has the CSR and the present privilege may read it. */
    boolean canReadCsr(final int csr)
    {
        if (csr >= CSR_FFLAGS && csr <= CSR_FCSR)
        {
            return !isFloatingPointOff();
        }
        if (csr >= CSR_CYCLE && csr <= CSR_INSTRET)
        {
            return !user || (scounteren >>> (csr - CSR_CYCLE) & 1) != 0;
        }
        return !user && switch (csr)
        {
            case CSR_SSTATUS, CSR_SIE, CSR_STVEC, CSR_SCOUNTEREN, CSR_SENVCFG, CSR_SSCRATCH, CSR_SEPC, CSR_SCAUSE,
                CSR_STVAL, CSR_SIP, CSR_STIMECMP, CSR_SATP -> true;
            default -> false;
        };
    }

    /** Whether the present privilege may write the CSR, provided that {@link #canReadCsr}. */
    static boolean isReadOnlyCsr(final int csr)
    {
        return csr >>> 10 == 3;
    }

    public long readCsr(final int csr)
    {
        return switch (csr)
        {
            case CSR_FFLAGS -> fflags.value();
            case CSR_FRM -> frm;
            case CSR_FCSR -> frm << FRM_SHIFT | fflags.value();
            case CSR_SSTATUS -> isFloatingPointDirty() ? sstatus | SSTATUS_SD : sstatus;
            case CSR_SIE -> sie;
            case CSR_STVEC -> stvec;
            case CSR_SCOUNTEREN -> scounteren;
            case CSR_SENVCFG -> senvcfg;
            case CSR_SSCRATCH -> sscratch;
            case CSR_SEPC -> sepc;
            case CSR_SCAUSE -> scause;
            case CSR_STVAL -> stval;
            case CSR_SIP -> pending();
            case CSR_STIMECMP -> stimecmp;
            case CSR_SATP -> satp;
            case CSR_TIME -> clock.ticks(instret);
            case CSR_CYCLE, CSR_INSTRET -> instret;
            default -> throw new IllegalArgumentException("CSR 0x" + Integer.toHexString(csr));
        };
    }

    /**
     * Writes a CSR.
     *
     * @return false when that may have changed which interrupt is to be taken, or when the timer fires
     */
    public boolean writeCsr(final int csr, final long value)
    {
        boolean isSame = true;
        switch (csr)
        {
            case CSR_FFLAGS, CSR_FRM, CSR_FCSR -> writeFloatingPointCsr(csr, (int)value);
            case CSR_SSTATUS ->
            {
                sstatus = (sstatus & ~SSTATUS_WRITABLE) | (value & SSTATUS_WRITABLE);
                translationChanged();
                isSame = !isInterruptReady();
            }
            case CSR_SIE ->
            {
                sie = value & INTERRUPTS;
                isSame = false;
            }
            case CSR_STVEC ->
            {
                if ((value & 3) < 2)
                {
                    stvec = value;
                }
            }
            case CSR_SCOUNTEREN -> scounteren = value & SCOUNTEREN_AT_START;
            case CSR_SENVCFG -> senvcfg = value & 1;
            case CSR_SSCRATCH -> sscratch = value;
            case CSR_SEPC -> sepc = value & ~1L;
            case CSR_SCAUSE -> scause = value;
            case CSR_STVAL -> stval = value;
            case CSR_SIP ->
            {
                softwarePending = (value & 1L << SOFTWARE_INTERRUPT) != 0;
                isSame = false;
            }
            case CSR_STIMECMP ->
            {
                stimecmp = value;
                isSame = false;
            }
            case CSR_SATP -> writeSatp(value);
            default -> throw new IllegalArgumentException("CSR 0x" + Integer.toHexString(csr));
        }
        return isSame;
    }

    /**
     * Writes {@code sstatus} if that leaves translation and floating point as they are and makes no interrupt ready.
     *
     * @return whether it was written
     */
    public boolean writeStatus(final long value)
    {
        final boolean isSimple = ((value ^ sstatus) & SSTATUS_WRITABLE & ~(SSTATUS_SIE | SSTATUS_SPIE | SSTATUS_SPP)) == 0 &&
            ((value & SSTATUS_SIE) == 0 || !isInterruptPending());
        if (isSimple)
        {
            sstatus = (sstatus & ~SSTATUS_WRITABLE) | (value & SSTATUS_WRITABLE);
        }
        return isSimple;
    }

    private void writeFloatingPointCsr(final int csr, final int value)
    {
        if (csr != CSR_FRM)
        {
            fflags.value(value);
        }
        if (csr != CSR_FFLAGS)
        {
            frm = (csr == CSR_FRM ? value : value >> FRM_SHIFT) & FRM_MASK;
        }
        floatingPointWritten();
    }

    public boolean isFloatingPointDirty()
    {
        return (sstatus & SSTATUS_FS) == SSTATUS_FS;
    }

    private void writeSatp(final long value)
    {
        final int mode = (int)(value >>> SATP_MODE_SHIFT);
        if (mode == Mmu.MODE_BARE || mode == Mmu.MODE_SV39)
        {
            satp = (long)mode << SATP_MODE_SHIFT | (value & SATP_PPN);
            translationChanged();
        }
    }

    private void translationChanged()
    {
        mmu.root((int)(satp >>> SATP_MODE_SHIFT), satp & SATP_PPN);
        mmu.privilege(user, (sstatus & SSTATUS_SUM) != 0, (sstatus & SSTATUS_MXR) != 0);
    }

    private boolean isTimerPending()
    {
        return Long.compareUnsigned(clock.ticks(instret), stimecmp) >= 0;
    }

    private long pending()
    {
        return (softwarePending ? 1L << SOFTWARE_INTERRUPT : 0) |
            (isTimerPending() ? 1L << TIMER_INTERRUPT : 0) |
            (externalInterrupt.getAsBoolean() ? 1L << EXTERNAL_INTERRUPT : 0);
    }

    @Override
    public void save(final StateWriter to)
    {
        for (int i = 1; i < 32; i++)
        {
            to.write(x[i]);
        }
        for (final long register : f)
        {
            to.write(register);
        }
        to.write(fflags.value());
        to.write(frm);
        to.write(pc);
        to.write(instret);
        to.write(state.ordinal());
        to.write(user);
        to.write(sstatus);
        to.write(sie);
        to.write(stvec);
        to.write(scounteren);
        to.write(senvcfg);
        to.write(sscratch);
        to.write(sepc);
        to.write(scause);
        to.write(stval);
        to.write(satp);
        to.write(stimecmp);
        to.write(softwarePending);
        to.write(resumeAddress);
        to.write(resumeArgument);
        reservation.save(to);
        to.write(lastExceptionInstret);
        to.write(lastExceptionPc);
        to.write(crash);
    }

    @Override
    public void load(final StateReader from)
    {
        for (int i = 1; i < 32; i++)
        {
            x[i] = from.readLong();
        }
        for (int i = 0; i < f.length; i++)
        {
            f[i] = from.readLong();
        }
        fflags.value(from.readInt());
        frm = from.readInt(0, FRM_MASK);
        pc = from.readLong();
        instret = from.readLong(0, Long.MAX_VALUE);
        state = from.readEnum(HartState.values());
        user = from.readBoolean();
        sstatus = from.readLong();
        sie = from.readLong();
        stvec = from.readLong();
        scounteren = from.readLong();
        senvcfg = from.readLong();
        sscratch = from.readLong();
        sepc = from.readLong();
        scause = from.readLong();
        stval = from.readLong();
        satp = from.readLong();
        stimecmp = from.readLong();
        softwarePending = from.readBoolean();
        resumeAddress = from.readLong();
        resumeArgument = from.readLong();
        reservation.load(from);
        lastExceptionInstret = from.readLong();
        lastExceptionPc = from.readLong();
        crash = from.readText(MAX_CRASH);
        translationChanged();
    }
}
