package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.hart.Op;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How long the methods of regions are. */
class RegionMethodTest
{
    private static final int LENGTH = 40;
    private static final int S_MODE = 1;

    /** As many blocks of loads as make more than HotSpot compiles, if none is left out, by far. */
    @Test
    void aMethodIsNotLongerThanWhatIsCompiled()
    {
        assertThat(bytesOfMethod(2)).isBetween(2 * LENGTH * 80, 2 * LENGTH * 93);
        for (final int blocks : new int[]{3, 4, 10})
        {
            assertThat(bytesOfMethod(blocks)).isBetween(7_000, RegionMethod.MAX_BYTES);
        }
    }

    /** The first block alone is too long. */
    @Test
    void aBlockIsCutShort()
    {
        final RegionPlan.Block block = new RegionPlan.Block(0, 4 * 300, loads(300), new int[]{4 * 300});
        assertThat(bytesOfMethod(plan(List.of(block)))).isBetween(7_000, RegionMethod.MAX_BYTES);
    }

    private static int bytesOfMethod(final int blocks)
    {
        return bytesOfMethod(plan(IntStream.range(0, blocks).mapToObj(RegionMethodTest::block).toList()));
    }

    private static int bytesOfMethod(final RegionPlan plan)
    {
        return ClassFile.of().parse(new RegionMethod(plan).classFile()).methods().stream()
            .filter(it -> it.methodName().equalsString("run"))
            .mapToInt(it -> it.findAttribute(Attributes.code()).orElseThrow().codeLength()).sum();
    }

    private static RegionPlan.Block block(final int number)
    {
        final int offset = 4 * LENGTH * number;
        final int end = offset + 4 * LENGTH;
        return new RegionPlan.Block(offset, end, loads(LENGTH), new int[]{end});
    }

    private static long[] loads(final int count)
    {
        return IntStream.range(0, count).mapToLong(it -> Op.pack(Op.LD, 10, 11, 0, 8, 4)).toArray();
    }

    private static RegionPlan plan(final List<RegionPlan.Block> blocks)
    {
        final int instructions = blocks.stream().mapToInt(it -> it.instructions().length).sum();
        final List<RegionPlan.Page> pages =
            IntStream.of(0, 1).mapToObj(it -> new RegionPlan.Page(it, it, 0, DecodedCode.SLOTS - 1)).toList();
        return new RegionPlan(
            0, 0, S_MODE, blocks, pages, instructions, RegionPlan.ANY_ROUNDING, false, true, 0, null);
    }
}
