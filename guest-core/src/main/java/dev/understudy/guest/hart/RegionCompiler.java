package dev.understudy.guest.hart;

import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import java.lang.invoke.MethodHandles;

/** Makes the classes of translated regions. Any thread. */
final class RegionCompiler
{
    private static final MethodHandles.Lookup LOOKUP = MethodHandles.lookup();

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
        return code;
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
