package dev.understudy.guest.translate;

import dev.understudy.guest.floating.Rounding;
import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.hart.Op;
import dev.understudy.guest.hart.Privileged;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import dev.understudy.guest.state.Derived;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Chooses what a region holds: the code that was executed and can be reached from the entry, breadth first, calls and
 * their returns included, on pages that the fetch cache knows now. A region ends where another begins, unless that is
 * short or this one is wide. Owned by the hart thread.
 */
@Derived("the code in memory")
final class RegionPlanner
{
    /**
     * The most bytes of bytecode, by estimate: {@link RegionMethod#MAX_BYTES} less the 1,071 that it takes to load all
     * registers and to write them back. Where the estimate is too low, the method is cut short.
     */
    private static final int MAX_BYTES = 6_900;

    /** What instructions come to, in bytes of bytecode, with their way out of the region. */
    private static final int BYTES_OF_MEMORY_ACCESS = 80;
    private static final int BYTES_OF_FILL = 13;
    private static final int BYTES_OF_JUMP = 65;
    private static final int BYTES_OF_INDIRECT_JUMP = 40;

    /** What it comes to to compare the target of an indirect jump with an address on the same page, and on another. */
    private static final int BYTES_OF_TARGET = 28;
    private static final int BYTES_OF_FAR_TARGET = 82;
    private static final int BYTES_OF_COMPUTATION = 14;
    private static final int BYTES_OF_FLOATING = 24;

    /** The most addresses that the target of an indirect jump is compared with. */
    private static final int MAX_TARGETS = 4;

    /** How far such a target may be, in bytes. */
    private static final long MAX_DISTANCE = 1 << 30;

    /** The most instructions of a region that others hold as well, such as a short function that many call. */
    private static final int MAX_REPEATED = 32;

    private static final long PAGE_MASK = -GuestMemory.PAGE_BYTES;
    private static final int RETURN_ADDRESS = 1;

    private final Hart hart;
    private final Mmu mmu;
    private final DecodedCode code;
    private final RegionCache cache;
    private final int minTaken;

    /** The region's instructions by offset. */
    private final NavigableMap<Integer, Long> instructions = new TreeMap<>();

    /** Offsets at which a block begins. */
    private final NavigableSet<Integer> leaders = new TreeSet<>();
    private final Map<Integer, Integer> pages = new HashMap<>();
    private final List<Integer> returnSites = new ArrayList<>();

    /** By offset of indirect jumps: where they went last. */
    private final Map<Integer, Integer> targets = new HashMap<>();
    private long base;
    private int bytes;
    private int predicted;
    private boolean isFloating;
    private boolean isRounding;
    private boolean isWide;

    /**
     * @param minTaken how often an indirect jump was taken whose last target is worth a comparison
     */
    RegionPlanner(
        final Hart hart, final Mmu mmu, final DecodedCode code, final RegionCache cache, final int minTaken)
    {
        this.hart = hart;
        this.mmu = mmu;
        this.code = code;
        this.cache = cache;
        this.minTaken = minTaken;
    }

    /**
     * Plans the region that begins at an address in the present context.
     *
     * @return null when the instruction there has not been decoded or is not one that can be translated
     */
    RegionPlan plan(final long pc)
    {
        return plan(pc, false);
    }

    /**
     * Plans the wide region that is to take the place of another.
     *
     * @param base virtual address of the page of the entry
     * @return null when that would be less than is there, because code of it is not decoded any more
     */
    RegionPlan widen(final RegionPlan present, final long base)
    {
        final RegionPlan wide = plan(base + 2L * present.slot(), true);
        // Where the size is what ends it, it may be shorter: its instructions take more room.
        return wide != null && (bytes >= MAX_BYTES || wide.length() >= present.length()) ? wide : null;
    }

    private RegionPlan plan(final long pc, final boolean makeWide)
    {
        isWide = makeWide;
        targets.clear();
        instructions.clear();
        leaders.clear();
        pages.clear();
        returnSites.clear();
        bytes = 0;
        predicted = 0;
        isFloating = false;
        isRounding = false;
        base = pc & PAGE_MASK;
        final int entry = (int)(pc - base);
        collect(entry);
        if (instructions.isEmpty())
        {
            return null;
        }

        final Map<Integer, RegionPlan.Block> blocks = blocks();
        final List<RegionPlan.Block> order = reversePostOrder(blocks, entry);
        return new RegionPlan(
            pages.get(0), entry >> 1, mmu.context(), order, usedPages(), bias(order),
            isRounding ? hart.frm : RegionPlan.ANY_ROUNDING, isFloating, isWide, predicted,
            new RegionPlan.Tables(mmu.fetchTags(), mmu.fetchPages(),
                mmu.loadTags(), mmu.loadAddends(), mmu.storeTags(), mmu.storeAddends()));
    }

    private void collect(final int entry)
    {
        final ArrayDeque<Integer> waiting = new ArrayDeque<>();
        waiting.add(entry);
        leaders.add(entry);
        while (!waiting.isEmpty() && bytes < MAX_BYTES)
        {
            int offset = waiting.poll();
            while (bytes < MAX_BYTES && !instructions.containsKey(offset))
            {
                final long instruction = instructionAt(offset);
                if (!isTranslated(instruction))
                {
                    // Under another rounding mode it may be.
                    isRounding |= isRounded(instruction);
                    break;
                }
                if (isEnd(offset, entry))
                {
                    break;
                }
                instructions.put(offset, instruction);
                note(instruction, offset);
                final int behind = offset + Op.bytes(instruction);
                final int op = Op.op(instruction);
                final Integer indirect = op == Op.JALR ? targets.get(offset) : null;
                if ((op == Op.JALR && indirect == null) || isPrivileged(instruction, mmu.context()))
                {
                    break;
                }
                if (isJump(op) || indirect != null)
                {
                    final int target = indirect != null ? indirect : offset + distance(instruction, offset);
                    if (Op.rd(instruction) == RETURN_ADDRESS)
                    {
                        returnSites.add(behind);
                        waiting.add(behind);
                        leaders.add(behind);
                    }
                    leaders.add(target);
                    offset = target;
                }
                else
                {
                    if (isBranch(op))
                    {
                        final int target = offset + distance(instruction, offset);
                        waiting.add(target);
                        leaders.add(target);
                        leaders.add(behind);
                    }
                    if (offset >> GuestMemory.PAGE_SHIFT != behind >> GuestMemory.PAGE_SHIFT)
                    {
                        leaders.add(behind);
                    }
                    offset = behind;
                }
            }
        }
    }

    private long instructionAt(final int offset)
    {
        final int delta = offset >> GuestMemory.PAGE_SHIFT;
        final int page = pages.computeIfAbsent(delta, it -> mmu.cachedFetchPage(base + ((long)it << GuestMemory.PAGE_SHIFT)));
        return page < 0 ? Op.UNDECODED : code.at(page, offset >> 1 & DecodedCode.SLOTS - 1);
    }

    /**
     * Whether the region ends before an offset because another begins there: to go over costs less than to translate
     * the same code once more, for which HotSpot takes a tenth of a millisecond an instruction, unless that is short. A
     * wide region goes on, with what the other has learnt.
     */
    private boolean isEnd(final int offset, final int entry)
    {
        final int page = pages.get(offset >> GuestMemory.PAGE_SHIFT);
        final Region other = cache.find(page, offset >> 1 & DecodedCode.SLOTS - 1, mmu.context(), hart.frm);
        if (other == null)
        {
            return false;
        }
        if (isWide && other.code != null)
        {
            learn(other.code, offset & -GuestMemory.PAGE_BYTES);
        }
        return !isWide && offset != entry && other.plan.length() > MAX_REPEATED;
    }

    /** Takes over where the indirect jumps of a region went, whose offsets count from one of this region's. */
    private void learn(final RegionCode code, final int from)
    {
        for (final RegionExit exit : code.exits())
        {
            final long target = exit.targetPc() - base;
            if (exit.cause == ExitCause.INDIRECT && exit.taken() >= minTaken && Math.abs(target) <= MAX_DISTANCE)
            {
                targets.putIfAbsent(from + exit.offset, (int)target);
            }
        }
    }

    private void note(final long instruction, final int offset)
    {
        final int op = Op.op(instruction);
        bytes += isBranch(op) || isJump(op) ? BYTES_OF_JUMP :
            op == Op.JALR ? bytesOfIndirectJump(instruction, offset) :
            op >= Op.FIRST_FLOATING_COMPUTATION ? BYTES_OF_FLOATING :
            op < Op.LB || op == Op.FENCE ? BYTES_OF_COMPUTATION :
            isWide ? BYTES_OF_MEMORY_ACCESS + BYTES_OF_FILL : BYTES_OF_MEMORY_ACCESS;
        isFloating |= op >= Op.FIRST_FLOATING;
        isRounding |= isRounded(instruction);
    }

    /** Whether an instruction rounds as {@code frm} says. */
    private static boolean isRounded(final long instruction)
    {
        return Op.op(instruction) >= Op.FIRST_FLOATING_COMPUTATION && Op.rounding(instruction) == Rounding.DYN;
    }

    private int bytesOfIndirectJump(final long instruction, final int offset)
    {
        int sum = BYTES_OF_INDIRECT_JUMP + (targets.containsKey(offset) ? BYTES_OF_FAR_TARGET : 0);
        for (int i = 0; isReturn(instruction) && i < Math.min(MAX_TARGETS, returnSites.size()); i++)
        {
            final boolean isNear = returnSites.get(i) >> GuestMemory.PAGE_SHIFT == offset >> GuestMemory.PAGE_SHIFT;
            sum += isNear ? BYTES_OF_TARGET : BYTES_OF_FAR_TARGET;
        }
        return sum;
    }

    private static boolean isReturn(final long jump)
    {
        return Op.rs1(jump) == RETURN_ADDRESS && Op.rd(jump) == Op.SINK && Op.immediate(jump) == 0;
    }

    private boolean isTranslated(final long instruction)
    {
        final int op = Op.op(instruction);
        if (op >= Op.FIRST_FLOATING_COMPUTATION)
        {
            final int rounding = Op.rounding(instruction);
            return Rounding.isMode(
                rounding == Rounding.DYN ? hart.frm : rounding);
        }
        return op >= Op.FIRST_FLOATING || (op != Op.UNDECODED && op < Op.PAGE_END) ||
            (op >= Op.JAL_FAR && op <= Op.BGEU_FAR) || (op >= Op.FIRST_RARE && op < Op.ILLEGAL);
    }

    /** Whether a region ends with an instruction, which {@link Privileged} has to execute. */
    static boolean isPrivileged(final long instruction, final int context)
    {
        final int op = Op.op(instruction);
        return op >= Op.ECALL && op < Op.ILLEGAL && !RegionCsrs.isTranslated(instruction, context);
    }

    static boolean isBranch(final int op)
    {
        return (op >= Op.BEQ && op <= Op.BGEU) || (op >= Op.BEQ_FAR && op <= Op.BGEU_FAR);
    }

    static boolean isJump(final int op)
    {
        return op == Op.JAL || op == Op.JAL_FAR;
    }

    /** Distance in bytes to the target of a branch or jump at an offset. */
    static int distance(final long instruction, final int offset)
    {
        final int op = Op.op(instruction);
        final int immediate = Op.immediate(instruction);
        return op >= Op.JAL_FAR ? immediate :
            2 * (immediate - (offset >> 1 & DecodedCode.SLOTS - 1));
    }

    private Map<Integer, RegionPlan.Block> blocks()
    {
        final Map<Integer, RegionPlan.Block> blocks = new HashMap<>();
        for (final int leader : leaders)
        {
            if (instructions.containsKey(leader))
            {
                blocks.put(leader, block(leader));
            }
        }
        return blocks;
    }

    private RegionPlan.Block block(final int leader)
    {
        final List<Long> inBlock = new ArrayList<>();
        int offset = leader;
        int op;
        do
        {
            final long instruction = instructions.get(offset);
            inBlock.add(instruction);
            offset += Op.bytes(instruction);
            op = Op.op(instruction);
        }
        while (!isBranch(op) && !isJump(op) && op != Op.JALR && !isPrivileged(inBlock.getLast(), mmu.context()) &&
            instructions.containsKey(offset) && !leaders.contains(offset));
        final long last = inBlock.getLast();
        final int lastOffset = offset - Op.bytes(last);
        final int[] successors;
        if (op == Op.JALR)
        {
            final Integer target = targets.get(lastOffset);
            predicted += target != null && instructions.containsKey(target) ? 1 : 0;
            successors = Stream.concat(Stream.ofNullable(target), isReturn(last) ? returnSites.stream() : Stream.empty())
                .filter(instructions::containsKey).distinct().limit(MAX_TARGETS).mapToInt(it -> it).toArray();
        }
        else if (isPrivileged(last, mmu.context()))
        {
            successors = new int[0];
        }
        else if (isJump(op))
        {
            successors = new int[]{lastOffset + distance(last, lastOffset)};
        }
        else if (isBranch(op))
        {
            successors = new int[]{lastOffset + distance(last, lastOffset), offset};
        }
        else
        {
            successors = new int[]{offset};
        }
        return new RegionPlan.Block(
            leader, offset, inBlock.stream().mapToLong(it -> it).toArray(), successors);
    }

    private static List<RegionPlan.Block> reversePostOrder(
        final Map<Integer, RegionPlan.Block> blocks, final int entry)
    {
        final List<RegionPlan.Block> order = new ArrayList<>();
        visit(blocks, entry, new HashSet<>(), order);
        Collections.reverse(order);
        return order;
    }

    private static void visit(
        final Map<Integer, RegionPlan.Block> blocks,
        final int offset,
        final Set<Integer> seen,
        final List<RegionPlan.Block> order)
    {
        final RegionPlan.Block block = blocks.get(offset);
        if (block != null && seen.add(offset))
        {
            // The last successor is the one that falls through: visited first, it comes right behind in the end.
            for (int i = 0; i < block.successors().length; i++)
            {
                visit(blocks, block.successors()[i], seen, order);
            }
            order.add(block);
        }
    }

    /** The longest way through the region without an edge back, in instructions. */
    private static int bias(final List<RegionPlan.Block> order)
    {
        final Map<Integer, Integer> before = new HashMap<>();
        int bias = 0;
        for (int i = order.size() - 1; i >= 0; i--)
        {
            final RegionPlan.Block block = order.get(i);
            int behind = 0;
            for (final int successor : block.successors())
            {
                behind = Math.max(behind, before.getOrDefault(successor, 0));
            }
            final int length = block.instructions().length + behind;
            before.put(block.offset(), length);
            bias = Math.max(bias, length);
        }
        return bias;
    }

    private List<RegionPlan.Page> usedPages()
    {
        final List<RegionPlan.Page> used = new ArrayList<>();
        pages.forEach((delta, physical) ->
        {
            final NavigableMap<Integer, Long> inPage = instructions.subMap(
                delta << GuestMemory.PAGE_SHIFT, true, delta + 1 << GuestMemory.PAGE_SHIFT, false);
            if (!inPage.isEmpty())
            {
                used.add(new RegionPlan.Page(delta, physical,
                    (inPage.firstKey() >> 1) & DecodedCode.SLOTS - 1,
                    ((inPage.lastKey() + Op.bytes(inPage.lastEntry().getValue()) - 1) >> 1) & DecodedCode.SLOTS - 1));
            }
        });
        return used;
    }
}
