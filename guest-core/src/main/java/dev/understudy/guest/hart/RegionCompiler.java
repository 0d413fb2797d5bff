package dev.understudy.guest.hart;

import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import java.lang.invoke.MethodHandles;

/** Makes the classes of translated regions. Any thread. */
final class RegionCompiler
{
    private static final MethodHandles.Lookup LOOKUP = MethodHandles.lookup();

    /** A little more than {@code -XX:Tier3InvocationThreshold}. */
    private static final int CALLS_TO_COMPILE = 210;

    private final Hart hart;
    private final Mmu mmu;
    private final byte[] ram;
    private final FloatingOperations operations;

    RegionCompiler(final Hart hart, final Mmu mmu, final GuestMemory memory, final FloatingOperations operations)
    {
        this.hart = hart;
        this.mmu = mmu;
        ram = memory.array();
        this.operations = operations;
    }

    RegionCode compile(final RegionPlan plan)
    {
        final RegionMethod method = new RegionMethod(plan);
        final RegionCode code = link(method.classFile(), plan.tables());
        code.exits(method.exits());
        warmUp(code);
        return code;
    }

    /**
     * Calls a method without effect, as often as has HotSpot compile it: else the hart would have it executed by the
     * JVM's interpreter, which is slower than the guest's.
     */
    private static void warmUp(final RegionCode code)
    {
        for (int i = 0; i < CALLS_TO_COMPILE; i++)
        {
            code.run(-1, 0);
        }
    }

    private RegionCode link(final byte[] classFile, final RegionPlan.Tables tables)
    {
        synchronized (RegionLinkage.class)
        {
            RegionLinkage.hart = hart;
            RegionLinkage.mmu = mmu;
            RegionLinkage.ram = ram;
            RegionLinkage.operations = operations;
            RegionLinkage.tables = tables;
            try
            {
                LOOKUP.defineHiddenClass(classFile, true);
                return RegionLinkage.made;
            }
            catch (final IllegalAccessException e)
            {
                throw new IllegalStateException("a class cannot be defined in its own package", e);
            }
            finally
            {
                RegionLinkage.clear();
            }
        }
    }
}
