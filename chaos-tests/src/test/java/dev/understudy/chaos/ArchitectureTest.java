package dev.understudy.chaos;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The walls between the modules, as docs/design.md draws them. */
class ArchitectureTest
{
    private static final JavaClasses CLASSES = new ClassFileImporter()
        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("dev.understudy");

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
            // Decides when a translation is there, never what the guest computes.
            .and().doNotHaveFullyQualifiedName("dev.understudy.guest.hart.Translator")
            .should().dependOnClassesThat().haveFullyQualifiedName("java.util.Random")
            .orShould().dependOnClassesThat().haveFullyQualifiedName("java.lang.Thread")
            .orShould().dependOnClassesThat().resideInAnyPackage(
                "java.nio.file..", "java.nio.channels..", "java.net..", "java.time..", "java.util.concurrent..",
                "java.security..")
            .orShould().dependOnClassesThat().haveNameMatching("java\\.io\\.File.*")
            .orShould().callMethod(System.class, "nanoTime")
            .orShould().callMethod(System.class, "currentTimeMillis")
            .orShould().callMethod(System.class, "getenv", String.class)
            .orShould().callMethod(System.class, "getProperty", String.class)
            .orShould().callMethod(System.class, "identityHashCode", Object.class)
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
    void arrowsRunFromTheOutsideIn()
    {
        noClasses().that().resideInAPackage("dev.understudy.journal..").should().dependOnClassesThat()
            .resideInAnyPackage("dev.understudy.guest..", "dev.understudy.replay..", "dev.understudy.transport..",
                "dev.understudy.failover..", "dev.understudy.hypervisor..").check(CLASSES);
        noClasses().that().resideInAPackage("dev.understudy.replay..").should().dependOnClassesThat()
            .resideInAnyPackage("dev.understudy.transport..", "dev.understudy.failover..",
                "dev.understudy.hypervisor..").check(CLASSES);
        noClasses().that().resideInAPackage("dev.understudy.failover..").should().dependOnClassesThat()
            .resideInAnyPackage("dev.understudy.guest..", "dev.understudy.replay..", "dev.understudy.hypervisor..")
            .check(CLASSES);
    }

    @Test
    void modulesHaveNoCycles()
    {
        slices().matching("dev.understudy.(*)..").should().beFreeOfCycles().check(CLASSES);
    }
}
