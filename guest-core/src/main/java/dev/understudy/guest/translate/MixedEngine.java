package dev.understudy.guest.translate;

import dev.understudy.guest.hart.EnvironmentCalls;
import dev.understudy.guest.hart.FloatingOperations;
import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.hart.Op;
import dev.understudy.guest.hart.Privileged;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/**
 * Interprets at first and executes the translation of what is hot.
 * <p>
 * Which translations exist depends on timing; what they compute does not. Owned by the hart thread.
 */
final class MixedEngine extends HartEngine
{
    private static final int MAX_BUDGET = 1 << 30;
    private static final long PAGE_MASK = -GuestMemory.PAGE_BYTES;
    private static final int SLOT_MASK = DecodedCode.SLOTS - 1;

    /** Instructions that are executed one by one to find the head of a loop. */
    private static final int SEEK = 50;

    /** The same behind a memory access that has left its region: that is entered again where it begins. */
    private static final int AFTER_STEP = 20;

    /** What such an access costs, in exits to other regions. */
    private static final int WEIGHT_OF_STEP = 8;

    private final Mmu mmu;
    private final Interpreter interpreter;
    private final Privileged privileged;
    private final RegionPlanner planner;
    private final RegionCache cache;
    private final Translator translator;

    private final Thresholds thresholds;

    /** Of the thresholds, as it is looked at on each way out. */
    private final int wideThreshold;

    private int heat = 1;

    private long translated;
    private long wide;
    private long predicted;
    private long failed;
    private long translatedInstructions;

    /** By the ordinal of the cause. */
    private final long[] exits = new long[ExitCause.values().length];

    /**
     * @param kind     when to translate, and on which thread
     * @param capacity the most regions to keep
     */
    MixedEngine(
        final Hart hart,
        final Mmu mmu,
        final GuestMemory memory,
        final EnvironmentCalls environment,
        final Function<Function<Region, RegionCode>, Translator> kind,
        final int capacity,
        final Thresholds thresholds)
    {
        super(hart);
        this.mmu = mmu;
        this.thresholds = thresholds;
        wideThreshold = thresholds.wide();
        cache = new RegionCache(capacity);
        final FloatingOperations operations = new FloatingOperations(hart.fflags);
        final DecodedCode code = new DecodedCode(memory, cache::forget);
        interpreter = new Interpreter(hart, mmu, memory, environment, code, operations);
        privileged = interpreter.privileged();
        planner = new RegionPlanner(hart, mmu, code, cache, thresholds.target());
        translator = kind.apply(new RegionCompiler(hart, mmu, memory, operations)::compile);
    }

    @Override
    public void end()
    {
        interpreter.end();
    }

    /** As {@link Interpreter#advance}, with a region if there is one. */
    @Override
    boolean advance(final long limit)
    {
        install();
        final int page = mmu.fetchPage(hart.pc);
        if (page < 0)
        {
            hart.exception(mmu.faultCause(), mmu.faultAddress());
            return false;
        }
        final int slot = (int)hart.pc >>> 1 & SLOT_MASK;
        final Region region = cache.find(page, slot, mmu.context(), hart.frm);
        if (region == null)
        {
            if (cache.heat(page, slot, heat, thresholds.region()))
            {
                translate();
            }
        }
        else if (region.code != null)
        {
            return execute(region.code, limit);
        }
        return interpret(limit);
    }

    /** Executes a region and those that it leads to. */
    private boolean execute(final RegionCode first, final long limit)
    {
        heat = 1;
        RegionCode code = first;
        while (true)
        {
            final long budget = Math.min(limit - hart.instret, MAX_BUDGET) - code.bias;
            if (budget < 0 || (code.isFloating && !hart.isFloatingPointDirty()))
            {
                // At the limit not even the page of the next instruction may be looked at.
                return mayEnd(limit) || interpret(limit);
            }
            if (code.isFloating && code.rounding != RegionPlan.ANY_ROUNDING && code.rounding != hart.frm)
            {
                // It is where the exit led to under another rounding mode.
                return true;
            }
            final long base = hart.pc & PAGE_MASK;
            final RegionExit exit = code.run((int)budget, base);
            final long executed = budget - hart.budgetLeft + exit.executed;
            hart.instret += executed;
            translatedInstructions += executed;
            if (exit.take(exit.cause == null ? WEIGHT_OF_STEP : 1) >= wideThreshold && !code.region.isWidened)
            {
                widen(code.region, base, exit);
            }
            if (!leave(exit, base))
            {
                return false;
            }
            final RegionCode next = exit.target(hart.pc, mmu.epoch(), mmu.context());
            code = next != null ? next : link(code, exit);
            if (code == null)
            {
                return exit.cause != null || hart.instret >= limit ||
                    interpreter.advance(Math.min(limit, hart.instret + AFTER_STEP));
            }
        }
    }

    /** Goes the way that a region was left, and returns as {@link #advance}. */
    private boolean leave(final RegionExit exit, final long base)
    {
        final ExitCause cause = exit.cause == null ? causeOf(exit.instruction) : exit.cause;
        exits[cause.ordinal()]++;
        if (cause == ExitCause.INDIRECT)
        {
            return true;
        }
        hart.pc = base + exit.offset;
        return cause == ExitCause.PRIVILEGED ? privileged.execute(exit.instruction) :
            exit.cause != null || interpreter.advance(hart.instret + 1);
    }

    /** Why a memory access is not on the fast path; from now on it is, if that can be. */
    private ExitCause causeOf(final long access)
    {
        final int op = Op.op(access);
        final int bytes = RegionMemory.bytes(op);
        final long base = hart.x[Op.rs1(access)];
        final boolean isLoad = RegionMemory.isLoad(op);
        final long address = base + Op.immediate(access);
        final boolean isCached = RegionMemory.isAtomic(op) ? mmu.cacheAtomic(base, bytes, isLoad) :
            isLoad ? mmu.cacheLoad(address, bytes) : mmu.cacheStore(address, bytes);
        return isCached ? ExitCause.MISS : ExitCause.of(mmu.slowAccess());
    }

    /**
     * The code that an exit leads to, if there is some; known from now on, unless what was executed at the exit has changed
     * the code that it belongs to: others may name that still, and so would keep what it leads to.
     */
    private RegionCode link(final RegionCode from, final RegionExit exit)
    {
        final int page = mmu.cachedFetchPage(hart.pc);
        final int slot = (int)hart.pc >>> 1 & SLOT_MASK;
        final Region region = page < 0 ? null : cache.find(page, slot, mmu.context(), hart.frm);
        if (region == null || region.code == null)
        {
            return null;
        }
        if (!from.isForgotten())
        {
            exit.target(region.code, hart.pc, mmu.epoch());
        }
        return region.code;
    }

    private boolean interpret(final long limit)
    {
        heat = 1;
        final long stop = Math.min(limit, hart.instret + thresholds.stretch());
        final boolean isSame = interpreter.advance(stop);
        return isSame && hart.instret == stop && stop < limit ? seek(limit) : isSame;
    }

    /** Goes on to the target of the next jump back. */
    private boolean seek(final long limit)
    {
        heat = thresholds.stretchHeat();
        for (int i = 0; i < SEEK && hart.instret < limit; i++)
        {
            final long before = hart.pc;
            if (!interpreter.advance(hart.instret + 1))
            {
                return false;
            }
            if (hart.pc <= before)
            {
                return true;
            }
        }
        return true;
    }

    private void translate()
    {
        final RegionPlan plan = translator.isBusy() ? null : planner.plan(hart.pc);
        if (plan != null)
        {
            final Region region = new Region(plan);
            cache.add(region);
            translator.translate(region);
        }
    }

    /**
     * Has a region that is left time and again translated once more, together with what it is left for. If there is
     * no such region, one is looked for again when the way out has been taken as often once more.
     */
    private void widen(final Region region, final long base, final RegionExit exit)
    {
        if (translator.isBusy())
        {
            return;
        }
        final RegionPlan plan = planner.widen(region.plan, base);
        if (plan == null)
        {
            exit.forgetTaken();
            return;
        }
        region.isWidened = true;
        final Region wide = new Region(plan);
        cache.prepare(wide);
        translator.translate(wide);
    }

    /** Takes over the translations that were finished. */
    private void install()
    {
        for (Translator.Translation it = translator.poll(); it != null; it = translator.poll())
        {
            if (it.code() == null)
            {
                // The region stays, without code: so it is not translated again.
                failed++;
                continue;
            }
            translated++;
            if (!it.region().isForgotten)
            {
                it.region().code = it.code();
                if (it.region().plan.isWide())
                {
                    wide++;
                    predicted += it.region().plan.predicted();
                    cache.replace(it.region());
                }
            }
        }
    }

    @Override
    public TranslationStatistics statistics()
    {
        final Map<ExitCause, Long> byCause = new EnumMap<>(ExitCause.class);
        for (final ExitCause cause : ExitCause.values())
        {
            byCause.put(cause, exits[cause.ordinal()]);
        }
        return new TranslationStatistics(translatedInstructions, cache.size(), translated, wide, predicted, failed,
            translator.timeNs(), cache.flushes(), mmu.misses(), byCause);
    }
}
