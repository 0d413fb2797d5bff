package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher script; mostly a copy of it that finds no JDK, no Maven and nothing of the user's on this machine, only
 * what the test puts there.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class LauncherTest
{
    private static final Path LAUNCHER = Path.of("../understudy").toAbsolutePath().normalize();

    private static final Path HELLO = LAUNCHER.resolveSibling("guests/tests/hello.elf");

    /** What the script calls, and what the programs that stand for Java and Maven do. */
    private static final List<String> TOOLS = List.of("bash", "cat", "cp", "dirname", "find", "flock", "grep", "mkdir",
        "mktemp", "mv", "readlink", "rm", "sleep", "sort", "tail", "timeout", "touch");

    @TempDir
    private Path root;

    /** A repository with the script. */
    private Path home;

    /** The only directory on PATH. */
    private Path tools;

    /** Stands for /usr/lib/jvm. */
    private Path jvms;
    private Path launcher;

    @BeforeEach
    void copy() throws IOException
    {
        home = root.resolve("home of it");
        Files.createDirectories(home.resolve("hypervisor/src/main"));
        Files.writeString(home.resolve("pom.xml"), "<project/>");
        jvms = Files.createDirectory(root.resolve("jvms"));
        launcher = home.resolve("understudy");
        writeProgram(launcher, Files.readString(LAUNCHER)
            .replace(" /usr/lib/jvm/*", " " + jvms + "/*")
            .replace(" /opt/", " " + root.resolve("opt") + "/"));
        assertThat(Files.readString(launcher)).contains(jvms.toString());
        tools = Files.createDirectory(root.resolve("tools"));
        for (final String tool : TOOLS)
        {
            writeProgram(tools.resolve(tool), "#!/bin/sh\nexec " + find(tool) + " \"$@\"\n");
        }
    }

    @Test
    void shippedOptionsStartTheJvmAndAGuestRuns() throws Exception
    {
        final Commands.Result result = runReal("", "run", "--kernel", HELLO.toString());

        assertThat(result.assertSuccess().output()).contains("hello from supervisor mode")
            .doesNotContain("[error]").doesNotContain("WARNING");
    }

    /** Names of files are what the locale says they are, and in the C locale none would be beyond ASCII. */
    @Test
    void aPathBeyondAsciiIsOneUnderEachLocale() throws Exception
    {
        // By a shell, as the locale of this process may be such a one.
        final String script = "guest=$(printf '%s/g\\303\\244st.elf' \"$1\"); cp \"$2\" \"$guest\"; " +
            "exec \"$3\" run --kernel \"$guest\"";
        for (final String locale : List.of("LC_ALL=C", "LANG=C", "LC_ALL=C.UTF-8"))
        {
            requireJar();
            final Commands.Result result = Commands.run("env", "-u", "LC_ALL", "-u", "LC_CTYPE", "-u", "LANG", locale,
                "JAVA_HOME=" + System.getProperty("java.home"), "bash", "-c", script, "bash", root.toString(),
                HELLO.toString(), LAUNCHER.toString());

            assertThat(result.assertSuccess().output()).as(locale).contains("hello from supervisor mode");
        }
    }

    @Test
    void memoryThatDoesNotFitTheHeapIsOneLine() throws Exception
    {
        final Commands.Result result =
            runReal("-Xmx128m", "run", "--kernel", HELLO.toString(), "--memory", "1G");

        assertThat(result.assertStatus(1).output().lines()).last().asString()
            .startsWith("understudy: a guest with 1024 MiB of RAM does not fit").contains("UNDERSTUDY_JAVA_OPTS=-Xmx1");
    }

    @Test
    void oneLineSaysThatThereIsNoJdk() throws Exception
    {
        final Path old = jdk("jdk-17", "17.0.9");

        final Commands.Result result = run(
            launcher, List.of("JAVA_HOME=" + old, "PATH=" + tools + ":" + old.resolve("bin")), "--version");

        assertThat(result.assertStatus(2).output().lines()).singleElement().asString()
            .startsWith("understudy: no JDK 25 in JAVA_HOME, on PATH or under ").contains("install one");
    }

    @Test
    void oneLineSaysThatThereIsNoMaven() throws Exception
    {
        final Commands.Result result = run(launcher, List.of("JAVA_HOME=" + jdk("jdk-25", "25.0.1")), "--version");

        assertThat(result.assertStatus(2).output().lines()).singleElement().asString()
            .startsWith("understudy: Maven is needed to build: install it");
    }

    @Test
    void newestJdkIsFoundWithoutHomeAndJavaHome() throws Exception
    {
        jdk("a", "25.0.2");
        final Path newest = jdk("b", "25.0.10");
        jdk("c", "26");
        jdk("d", "17.0.9");
        makeWhole();

        final Commands.Result result = run(launcher, List.of(), "run", "--kernel", "a b");

        assertThat(result.assertSuccess().output()).startsWith(newest.resolve("bin/java") + " --add-exports")
            .contains("-jar " + home.resolve("hypervisor/target/understudy.jar") + " run --kernel a b");
    }

    @Test
    void whatIsMissingOrOlderThanItsSourcesIsBuiltOnce() throws Exception
    {
        writeMaven("");
        assertThat(builds()).isEqualTo(1);
        assertThat(builds()).isZero();

        Files.delete(home.resolve("hypervisor/target/lib/a.jar"));
        Files.delete(home.resolve("hypervisor/target/lib"));
        assertThat(builds()).isEqualTo(1);
        assertThat(builds()).isZero();

        Files.setLastModifiedTime(home.resolve("hypervisor/target/understudy.jar"), FileTime.fromMillis(0));
        assertThat(builds()).isEqualTo(1);
        assertThat(builds()).isZero();
    }

    @Test
    void classesAreArchivedOnceAfterEachChangeOfAJar() throws Exception
    {
        makeWhole();
        final Path archive = home.resolve("hypervisor/target/understudy.jsa");
        final Path trainings = root.resolve("trainings");
        writeTraining("echo >> '%s'; echo classes > \"${option#*=}\"".formatted(trainings));
        for (int start = 0; start < 2; start++)
        {
            assertThat(start()).contains("-XX:SharedArchiveFile=" + archive);
            assertThat(trainings).hasContent("\n");
        }

        Files.createFile(home.resolve("hypervisor/target/lib/a.jar"));
        assertThat(start()).contains("-XX:SharedArchiveFile=" + archive);
        assertThat(trainings).hasContent("\n\n");

        Files.createFile(home.resolve("hypervisor/target/lib/b.jar"));
        writeTraining("echo >> '%s'; exit 1".formatted(trainings));
        for (int start = 0; start < 2; start++)
        {
            assertThat(start()).doesNotContain("SharedArchiveFile");
            assertThat(trainings).hasContent("\n\n\n");
        }
    }

    @Test
    void interruptedBuildIsMadeAnew() throws Exception
    {
        writeMaven("kill -KILL $PPID");
        run(launcher, List.of("JAVA_HOME=" + jdk("jdk-25", "25.0.1")), "--version").assertStatus(128 + 9);

        writeMaven("");
        assertThat(builds()).isEqualTo(1);
        assertThat(builds()).isZero();
    }

    @Test
    void failedBuildShowsItsErrorsAndWhereItsLogIs() throws Exception
    {
        writeMaven("echo '[ERROR] a semicolon is missing'; exit 1");

        final Commands.Result result = run(launcher, List.of("JAVA_HOME=" + jdk("jdk-25", "25.0.1")), "--version");

        assertThat(result.assertStatus(2).output()).contains("[ERROR] a semicolon is missing")
            .contains("understudy: the build failed; the whole log is " + home.resolve("target/understudy-build.log"));
    }

    /** Starts the script itself. Without Maven on PATH: the build that runs this test must have no other one inside. */
    private Commands.Result runReal(final String javaOptions, final String... arguments)
        throws IOException, InterruptedException
    {
        requireJar();
        return run(LAUNCHER,
            List.of("JAVA_HOME=" + System.getProperty("java.home"), "UNDERSTUDY_JAVA_OPTS=" + javaOptions), arguments);
    }

    private static void requireJar()
    {
        if (!Files.exists(LAUNCHER.resolveSibling("hypervisor/target/understudy.jar")))
        {
            Needs.missing("there is no jar: mvn verify makes it before this test");
        }
    }

    /** Starts the copy and returns how often it built. */
    private int builds() throws IOException, InterruptedException
    {
        final Path log = root.resolve("builds");
        Files.writeString(log, "");
        jdk("jdk-25", "25.0.1");
        assertThat(start()).contains("-jar ");
        return Files.readAllLines(log).size();
    }

    /** Starts the copy, and returns how it called Java. */
    private String start() throws IOException, InterruptedException
    {
        return run(launcher, List.of("JAVA_HOME=" + jvms.resolve("jdk-25")), "--version").assertSuccess().output();
    }

    private Commands.Result run(final Path script, final List<String> variables, final String... arguments)
        throws IOException, InterruptedException
    {
        final List<String> command = new ArrayList<>(List.of("/usr/bin/env", "-i", "PATH=" + tools));
        command.addAll(variables);
        command.add(script.toString());
        command.addAll(List.of(arguments));
        return Commands.run(command.toArray(String[]::new));
    }

    /** A directory that looks like a JDK, whose {@code java} prints how it was called. */
    private Path jdk(final String name, final String version) throws IOException
    {
        final Path jdk = jvms.resolve(name);
        Files.createDirectories(jdk.resolve("bin"));
        writeProgram(jdk.resolve("bin/java"), "#!/usr/bin/env bash\necho \"$0 $*\"\n");
        writeProgram(jdk.resolve("bin/javac"), "#!/usr/bin/env bash\n");
        Files.writeString(jdk.resolve("release"), "IMPLEMENTOR=\"nobody\"\nJAVA_VERSION=\"" + version + "\"\n");
        return jdk;
    }

    /** Has Java do something, with the option in {@code $option}, when it is to archive classes. */
    private void writeTraining(final String what) throws IOException
    {
        writeProgram(jdk("jdk-25", "25.0.1").resolve("bin/java"), """
            #!/usr/bin/env bash
            for option
            do
                case $option in -XX:ArchiveClassesAtExit=*) %s; exit ;; esac
            done
            echo "$0 $*"
            """.formatted(what));
    }

    /** A Maven that notes that it was called, makes what the script starts, and does something else then. */
    private void writeMaven(final String last) throws IOException
    {
        writeProgram(tools.resolve("mvn"), """
            #!/usr/bin/env bash
            echo "$*" >> '%s'
            mkdir -p hypervisor/target/lib
            touch hypervisor/target/understudy.jar hypervisor/target/lib/a.jar
            %s
            """.formatted(root.resolve("builds"), last));
    }

    private void makeWhole() throws IOException
    {
        Files.createDirectories(home.resolve("hypervisor/target/lib"));
        Files.createFile(home.resolve("hypervisor/target/understudy.jar"));
    }

    private static void writeProgram(final Path program, final String text) throws IOException
    {
        Files.writeString(program, text);
        assertThat(program.toFile().setExecutable(true)).isTrue();
    }

    private static Path find(final String tool)
    {
        for (final String directory : System.getenv("PATH").split(File.pathSeparator))
        {
            if (Files.isExecutable(Path.of(directory, tool)))
            {
                return Path.of(directory, tool);
            }
        }
        throw new AssertionError("there is no " + tool + " on PATH");
    }
}
