package dev.understudy.guest.translate;

import dev.understudy.guest.hart.FloatingOperations;
import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import dev.understudy.guest.state.Derived;
import java.lang.invoke.MethodHandles;

/** Makes the classes of translated regions. Any thread. */
@Derived("the code in memory")
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

    RegionCode compile(final Region region)
    {
        final RegionMethod method = new RegionMethod(region.plan);
        // The ways out are known when the bytecode is.
        final byte[] classFile = method.classFile();
        final RegionExit[] exits = method.exits();
        final RegionCode code = link(classFile, region.plan.tables(), exits);
        code.of(region, exits);
        return code;
    }

    private RegionCode link(final byte[] classFile, final RegionPlan.Tables tables, final RegionExit[] exits)
    {
        synchronized (RegionLinkage.class)
        {
            RegionLinkage.hart = hart;
            RegionLinkage.mmu = mmu;
            RegionLinkage.ram = ram;
            RegionLinkage.operations = operations;
            RegionLinkage.tables = tables;
            RegionLinkage.exits = exits;
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
