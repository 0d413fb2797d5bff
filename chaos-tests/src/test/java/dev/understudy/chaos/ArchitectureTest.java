package dev.understudy.chaos;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.RandomAccessFile;
import java.util.Date;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The walls between the modules, as docs/design.md draws them. */
@Tag("quick")
class ArchitectureTest
{
    private static final JavaClasses CLASSES = new ClassFileImporter()
        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("dev.understudy");

    /** Methods that say something of the host, called or referred to. */
    private static final Set<String> OF_THE_HOST = Set.of(
        "java.lang.System.nanoTime", "java.lang.System.currentTimeMillis", "java.lang.System.getenv",
        "java.lang.System.getProperty", "java.lang.System.getProperties", "java.lang.System.identityHashCode",
        "java.lang.Integer.getInteger", "java.lang.Long.getLong", "java.lang.Boolean.getBoolean",
        "java.lang.Math.random", "java.lang.StrictMath.random");

    /**
     * Where the date is written down for people, where a guest is told of it, and where it names a journal's files, of which none comes before the
     * one that was begun before it.
     */
    private static final Set<String> WRITES_A_DATE = Set.of(
        "dev.understudy.failover.arbiter.DirectoryArbiter.claim",
        "dev.understudy.hypervisor.pair.PairNode.<init>",
        "dev.understudy.hypervisor.cli.Foreground.guest",
        "dev.understudy.hypervisor.cli.RecordCommand.call",
        "dev.understudy.hypervisor.image.GuestImage.genesis",
        "dev.understudy.hypervisor.pair.DataDirectory.rehearse",
        "dev.understudy.journal.JournalOptions.defaults");

    /** What reads the wall clock, of the JDK and of Agrona. */
    private static final Set<String> OF_THE_WALL_CLOCK = Set.of(
        "java.lang.System.currentTimeMillis", "java.time.Clock.system", "java.time.Clock.systemUTC",
        "java.time.InstantSource.system",
        "java.time.Clock.systemDefaultZone", "java.util.Calendar.getInstance",
        "org.agrona.concurrent.SystemEpochClock.INSTANCE", "org.agrona.concurrent.SystemEpochNanoClock.INSTANCE");

    @Test
    void noWallClockDecidesAnything()
    {
        noClasses().should().accessTargetWhere(DescribedPredicate.describe("reads the wall clock",
            access ->
            {
                final String target = access.getTargetOwner().getName() + "." + access.getName();
                final String by = access.getOriginOwner().getName() + "." + access.getOrigin().getName();
                final boolean isWallClock = OF_THE_WALL_CLOCK.contains(target) ||
                    target.startsWith("java.time.") && access.getName().equals("now") ||
                    target.equals("java.util.Date.<init>") ||
                    target.startsWith("org.agrona.concurrent.") && target.contains("EpochClock.<init>");
                return isWallClock && !WRITES_A_DATE.contains(by);
            })).check(CLASSES);
    }

    /** Methods of the machine that only a journal's entry may call for. */
    private static final Set<String> EVENTS = Set.of("receiveConsole", "receiveVsock", "receiveFrame", "receiveEntropy",
        "completeBlock", "consoleSize", "date", "rate", "resetConnections");

    @Test
    void guestCoreKnowsNothingButTheJdkAndAgrona()
    {
        noClasses().that().resideInAPackage("dev.understudy.guest..")
            .should().dependOnClassesThat().resideOutsideOfPackages(
                "dev.understudy.guest..", "java.lang..", "java.util..", "java.nio", "java.nio.charset", "java.io",
                "org.agrona..")
            .check(CLASSES);
    }

    @Test
    void guestCoreReadsNoClockFileSocketOrRandomSource()
    {
        noClasses().that().resideInAPackage("dev.understudy.guest..")
            .should().dependOnClassesThat().belongToAnyOf(Random.class, SplittableRandom.class, UUID.class, Date.class,
                RandomAccessFile.class, Thread.class, Runtime.class, Process.class, ProcessBuilder.class, ProcessHandle.class)
            .orShould().dependOnClassesThat().resideInAnyPackage(
                "java.nio.file..", "java.nio.channels..", "java.net..", "java.time..", "java.util.concurrent..",
                "java.security..")
            .orShould().dependOnClassesThat().haveNameMatching("java\\.io\\.File.*")
            .orShould().accessTargetWhere(DescribedPredicate.describe("is of the host",
                access -> OF_THE_HOST.contains(access.getTargetOwner().getName() + "." + access.getName())))
            .check(CLASSES);
    }

    @Test
    void anEventEntersTheGuestInOnePlace()
    {
        noClasses().that().doNotHaveFullyQualifiedName("dev.understudy.replay.EventApplier")
            .and().resideInAnyPackage("dev.understudy.replay..", "dev.understudy.node..", "dev.understudy.hypervisor..")
            .should().accessTargetWhere(DescribedPredicate.describe("lets an event enter",
                access -> access.getTargetOwner().getName().equals("dev.understudy.guest.Machine") &&
                    EVENTS.contains(access.getName())))
            .check(CLASSES);
    }

    /** A node is handed its world: whoever makes a simulated one knows all that the node can meet. */
    @Test
    void aNodeHasNoClockThreadSocketOrFileOfItsOwn()
    {
        noClasses().that().resideInAPackage("dev.understudy.node..")
            .should().dependOnClassesThat().belongToAnyOf(Random.class, SplittableRandom.class, RandomAccessFile.class,
                Thread.class, Runtime.class, Process.class, ProcessBuilder.class, ProcessHandle.class)
            .orShould().dependOnClassesThat().resideInAnyPackage(
                "java.nio.file..", "java.nio.channels..", "java.net..", "java.util.concurrent.locks..", "java.security..",
                "org.agrona.concurrent.status..")
            .orShould().dependOnClassesThat().haveNameMatching(
                "java\\.io\\.File.*|java\\.util\\.concurrent\\..*Executor.*|org\\.agrona\\.concurrent\\.(System|Cached).*Clock")
            .orShould().accessTargetWhere(DescribedPredicate.describe("is of the host",
                access -> OF_THE_HOST.contains(access.getTargetOwner().getName() + "." + access.getName()) ||
                    access.getTargetOwner().getName().equals("java.util.UUID") && access.getName().equals("randomUUID")))
            .check(CLASSES);
    }

    /** What a seed makes happen does not depend on the host. */
    @Test
    void aSimulatedWorldIsOnOneThreadAndKnowsNoHost()
    {
        noClasses().that().resideInAPackage("dev.understudy.simulation..")
            .should().dependOnClassesThat().belongToAnyOf(Random.class, RandomAccessFile.class,
                Thread.class, Runtime.class, Process.class, ProcessBuilder.class, ProcessHandle.class)
            .orShould().dependOnClassesThat().resideInAnyPackage(
                "java.nio.file..", "java.nio.channels..", "java.net..", "java.util.concurrent..",
                "dev.understudy.hypervisor..", "io.aeron..", "net.openhft..")
            .orShould().dependOnClassesThat().haveNameMatching("java\\.io\\.File.*")
            .orShould().accessTargetWhere(DescribedPredicate.describe("is of the host",
                access -> OF_THE_HOST.contains(access.getTargetOwner().getName() + "." + access.getName()) ||
                    access.getTargetOwner().getName().equals("java.util.UUID") && access.getName().equals("randomUUID")))
            .check(CLASSES);
    }

    @Test
    void chronicleStaysBehindTheJournal()
    {
        noClasses().that().resideOutsideOfPackage("dev.understudy.journal..")
            .should().dependOnClassesThat().resideInAPackage("net.openhft..").check(CLASSES);
    }

    @Test
    void aeronStaysBehindTheTransport()
    {
        noClasses().that().resideOutsideOfPackage("dev.understudy.transport..")
            .should().dependOnClassesThat().resideInAPackage("io.aeron..").check(CLASSES);
    }

    @Test
    void commandLineAndConfigurationStayInTheHypervisor()
    {
        noClasses().that().resideOutsideOfPackage("dev.understudy.hypervisor..")
            .should().dependOnClassesThat().resideInAnyPackage("picocli..", "com.fasterxml.jackson..").check(CLASSES);
    }

    @Test
    void packagesAreNamedForWhatHappensThere()
    {
        noClasses().should().resideInAnyPackage("..util..", "..impl..", "..model..", "..common..").check(CLASSES);
    }

    @Test
    void transportKnowsNothingButTheJournalAndItsLibraries()
    {
        noClasses().that().resideInAPackage("dev.understudy.transport..")
            .should().dependOnClassesThat().resideOutsideOfPackages(
                "dev.understudy.transport..", "dev.understudy.journal..", "io.aeron..", "org.agrona..", "java..")
            .check(CLASSES);
    }

    @Test
    void arrowsRunFromTheOutsideIn()
    {
        noClasses().that().resideInAPackage("dev.understudy.journal..").should().dependOnClassesThat()
            .resideInAnyPackage("dev.understudy.guest..", "dev.understudy.replay..", "dev.understudy.transport..",
                "dev.understudy.failover..", "dev.understudy.node..", "dev.understudy.hypervisor..").check(CLASSES);
        noClasses().that().resideInAPackage("dev.understudy.replay..").should().dependOnClassesThat()
            .resideInAnyPackage("dev.understudy.transport..", "dev.understudy.failover..", "dev.understudy.node..",
                "dev.understudy.hypervisor..").check(CLASSES);
        noClasses().that().resideInAPackage("dev.understudy.failover..").should().dependOnClassesThat()
            .resideInAnyPackage("dev.understudy.guest..", "dev.understudy.replay..", "dev.understudy.transport..",
                "dev.understudy.node..", "dev.understudy.hypervisor..").check(CLASSES);
        noClasses().that().resideInAPackage("dev.understudy.node..").should().dependOnClassesThat()
            .resideInAnyPackage("dev.understudy.simulation..", "dev.understudy.hypervisor..", "io.aeron..", "net.openhft..")
            .check(CLASSES);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "guest", "journal", "replay", "transport", "failover", "node", "simulation", "chaos", "hypervisor"})
    void packagesOfAModuleHaveNoCycles(final String module)
    {
        slices().matching("dev.understudy." + module + ".(*)..").should().beFreeOfCycles().allowEmptyShould(true)
            .check(CLASSES);
    }

    /** The packages of the guest are parts of the machine: none of them knows the whole. */
    @Test
    void noPartOfTheGuestKnowsTheMachine()
    {
        noClasses().that().resideInAPackage("dev.understudy.guest.*..")
            .should().dependOnClassesThat().resideInAPackage("dev.understudy.guest").check(CLASSES);
    }

    /**
     * Types of parameters that callers give as lambdas; what the JVM starts; what a saved state is for; what benchmarks, and
     * tests of other modules, use.
     */
    private static final Set<String> PUBLIC_ALL_THE_SAME = Set.of(
        "FrameReceiver", "GuestPort", "Understudy", "SavedState", "CountingClient", "DirtyPages", "Interpreter", "Outbox",
        "VsockHeader");

    @Test
    void onlyWhatAnotherPackageUsesIsPublic()
    {
        classes().that().arePublic().and().areTopLevelClasses()
            .and().resideOutsideOfPackage("..codec..")
            .and(DescribedPredicate.describe(
                "are no exceptions", it -> !PUBLIC_ALL_THE_SAME.contains(it.getSimpleName())))
            .should(new ArchCondition<>("be used by another package")
            {
                @Override
                public void check(final JavaClass item, final ConditionEvents events)
                {
                    final boolean isUsed = item.getDirectDependenciesToSelf().stream()
                        .anyMatch(it -> !it.getOriginClass().getPackageName().equals(item.getPackageName()));
                    events.add(new SimpleConditionEvent(item, isUsed, item.getName() + " is used in its own package alone"));
                }
            })
            .check(CLASSES);
    }

    @Test
    void modulesHaveNoCycles()
    {
        slices().matching("dev.understudy.(*)..").should().beFreeOfCycles().check(CLASSES);
    }
}
