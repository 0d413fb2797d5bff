package dev.understudy.hypervisor.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PairConfigurationTest
{
    /** Line numbers in the tests are those of this text. */
    private static final String GOOD = """
        name: kv
        kernel: kv.elf
        memory: 64M
        forwards:
          - { host: 7000, guest: 6379 }
        arbiter: { directory: /var/lib/understudy/arbiter }
        heartbeat:
          intervalMs: 20
          timeoutMs: 200
        nodes:
          a: { address: "127.0.0.1:40100", data: /var/lib/understudy/a }
          b: { address: "127.0.0.1:40200", data: /var/lib/understudy/b }
        """;

    private static final String EVERY_KEY = """
        # With every key that there is.
        name: kv
        kernel: kv.elf
        initrd: initrd.gz
        append: quiet
        memory: 64M
        balloon: 16M
        drives: [{ file: kv.elf, readonly: true, serial: s }]
        netdevs: [{ stream: /run/a, mac: "02:00:00:00:00:01" }]
        forwards: [{ host: 7000, guest: 6379, address: 127.0.0.2 }]
        arbiter: { directory: /arbiter }
        heartbeat: { intervalMs: 20, timeoutMs: 200 }
        lag: { softMs: 50, hardMs: 60 }
        journal: { maxBytes: 32M, syncMs: 10 }
        digest: { everyMs: 5 }
        mtu: 1280
        nodes:
          a: { address: "127.0.0.1:40100", data: /a, tap: tap0 }
          b: { address: "127.0.0.1:40200", data: /b, listen: 127.0.0.3, stream: /run/b, cpus: "0" }
        """;

    /** What a key takes, with values of other types. */
    private enum Type
    {
        TEXT("", "[x]", "{ x: y }"),

        /** A text of a certain form, a number for instance. */
        FORMAT("", "[x]", "{ x: y }", "much"),
        LIST("", "much", "{ x: y }"),
        MAPPING("", "much", "[x]");

        private final List<String> wrong;

        Type(final String... wrong)
        {
            this.wrong = List.of(wrong);
        }
    }

    @TempDir
    private Path directory;
    private Path file;

    @BeforeEach
    void writeKernel() throws IOException
    {
        file = directory.resolve("vm.yaml");
        Files.writeString(directory.resolve("kv.elf"), "a kernel");
        Files.writeString(directory.resolve("initrd.gz"), "a RAM disk");
    }

    @Test
    void everyRequiredKeyIsRead() throws IOException
    {
        final PairConfiguration configuration = load(GOOD);

        assertThat(configuration.name()).isEqualTo("kv");
        assertThat(configuration.kernel()).isEqualTo(directory.resolve("kv.elf"));
        assertThat(configuration.memoryBytes()).isEqualTo(64 << 20);
        assertThat(configuration.forwards()).containsExactly(new ForwardSpec("0.0.0.0", 7000, 6379));
        assertThat(configuration.arbiterDirectory()).isEqualTo(Path.of("/var/lib/understudy/arbiter"));
        assertThat(configuration.heartbeatIntervalMs()).isEqualTo(20);
        assertThat(configuration.heartbeatTimeoutMs()).isEqualTo(200);
        assertThat(configuration.nodes()).containsOnlyKeys("a", "b");
        assertThat(configuration.node("a").address()).isEqualTo(new InetSocketAddress("127.0.0.1", 40100));
        assertThat(configuration.node("a").data()).isEqualTo(Path.of("/var/lib/understudy/a"));
        assertThat(configuration.peerOf("a").name()).isEqualTo("b");
        assertThat(configuration.peerOf("b").name()).isEqualTo("a");
    }

    @Test
    void optionalKeysHaveDefaults() throws IOException
    {
        final PairConfiguration configuration = load(GOOD);

        assertThat(configuration.initrd()).isNull();
        assertThat(configuration.append()).isEmpty();
        assertThat(configuration.softLagMs()).isEqualTo(200);
        assertThat(configuration.hardLagMs()).isEqualTo(1000);
        assertThat(configuration.journalMaxBytes()).isEqualTo(8L << 30);
        assertThat(configuration.journalSyncMs()).isZero();
        assertThat(configuration.digestMs()).isEqualTo(200);
        assertThat(configuration.mtu()).isZero();
        assertThat(configuration.node("a").listen()).isNull();
        assertThat(configuration.node("a").cpus()).isNull();
        assertThat(configuration.forwardsOf(configuration.node("a"))).isEqualTo(configuration.forwards());
    }

    @Test
    void everyOptionalKeyIsRead() throws IOException
    {
        final PairConfiguration configuration = load(GOOD
            .replace("b }", "b, listen: 127.0.0.3, cpus: \"0-1,3\" }")
            .replace("{ host: 7000, guest: 6379 }",
                "{ host: 7000, guest: 6379, address: 127.0.0.2 }\n  - { host: \"127.0.0.1:7001\", guest: 80 }") + """
            initrd: initrd.gz
            append: "console=hvc0 quiet"
            lag: { softMs: 50, hardMs: 60 }
            journal: { maxBytes: 16M, syncMs: 10 }
            digest: { everyMs: 5 }
            mtu: 1280
            """);

        assertThat(configuration.node("b").cpus()).hasToString("{0, 1, 3}");
        assertThat(configuration.initrd()).isEqualTo(directory.resolve("initrd.gz"));
        assertThat(configuration.append()).isEqualTo("console=hvc0 quiet");
        assertThat(configuration.softLagMs()).isEqualTo(50);
        assertThat(configuration.hardLagMs()).isEqualTo(60);
        assertThat(configuration.journalMaxBytes()).isEqualTo(16 << 20);
        assertThat(configuration.journalSyncMs()).isEqualTo(10);
        assertThat(configuration.digestMs()).isEqualTo(5);
        assertThat(configuration.mtu()).isEqualTo(1280);
        assertThat(configuration.forwards()).containsExactly(
            new ForwardSpec("127.0.0.2", 7000, 6379), new ForwardSpec("127.0.0.1", 7001, 80));
        assertThat(configuration.forwardsOf(configuration.node("b"))).containsExactly(
            new ForwardSpec("127.0.0.3", 7000, 6379), new ForwardSpec("127.0.0.3", 7001, 80));
    }

    @Test
    void guestMayHaveNoForwards() throws IOException
    {
        final String text = GOOD.replace("forwards:\n  - { host: 7000, guest: 6379 }", "forwards: []");

        assertThat(load(text).forwards()).isEmpty();
    }

    @Test
    void bothNodesHaveOneMacAndInterfacesOfTheirOwn() throws IOException
    {
        final PairConfiguration configuration = load(GOOD
            .replace("forwards:\n  - { host: 7000, guest: 6379 }\n", "")
            .replace("b }", "b, tap: tap9 }") + """
            netdevs:
              - { tap: tap0 }
            """);

        assertThat(configuration.forwards()).isEmpty();
        assertThat(configuration.mac()).isEqualTo(DefaultMac.of(configuration.name()));
        assertThat(configuration.node("a").netdev()).isEqualTo(new NetdevSpec.Tap("tap0"));
        assertThat(configuration.node("b").netdev()).isEqualTo(new NetdevSpec.Tap("tap9"));
    }

    @Test
    void aNetworkMayBeAStreamAndHaveAMac() throws IOException
    {
        final PairConfiguration configuration = load(GOOD.replace("b }", "b, stream: \"127.0.0.1:5000\" }") + """
            netdevs: [{ stream: /run/passt.sock, mac: "02:00:00:00:00:01" }]
            """);

        assertThat(configuration.mac()).hasToString("02:00:00:00:00:01");
        assertThat(configuration.node("a").netdev()).isEqualTo(
            new NetdevSpec.Stream(UnixDomainSocketAddress.of("/run/passt.sock"), false));
        assertThat(configuration.node("b").netdev()).isEqualTo(
            new NetdevSpec.Stream(new InetSocketAddress("127.0.0.1", 5000), false));
    }

    @Test
    void withoutANetworkANodeHasNone() throws IOException
    {
        final PairConfiguration configuration = load(GOOD);

        assertThat(configuration.mac()).isNull();
        assertThat(configuration.node("a").netdev()).isNull();
        assertThatThrownBy(() -> load(GOOD.replace("b }", "b, tap: tap9 }")))
            .isInstanceOf(ConfigurationException.class).hasMessageContaining("nodes.b.tap");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "netdevs: [{ tap: a-name-that-is-too-long }]       | netdevs[0].tap",
        "netdevs: [{ tap: [tap0] }]                        | netdevs[0].tap",
        "netdevs: [tap0]                                   | netdevs[0]",
        "netdevs: [{ tap: tap0, stream: /run/x }]          | netdevs[0].stream",
        "netdevs: [{ stream: x }]                          | netdevs[0].stream",
        "netdevs: [{ tap: tap0, speed: 5 }]                | netdevs[0].speed",
        "netdevs: [{ tap: tap0 }, { tap: tap1 }]           | netdevs",
        "netdevs: [{ }]                                    | nodes.a.tap",
    })
    void aWrongNetworkIsRefusedByItsKey(final String line, final String key)
    {
        assertThatThrownBy(() -> load(GOOD + line + "\n"))
            .isInstanceOf(ConfigurationException.class).hasMessageContaining(": " + key + ": ");
    }

    @Test
    void drivesAreReadInTheirOrder() throws IOException
    {
        Files.write(directory.resolve("root.img"), new byte[512]);
        Files.write(directory.resolve("data.img"), new byte[512]);
        final PairConfiguration configuration = load(GOOD + """
            drives:
              - { file: root.img, readonly: true, serial: root }
              - { file: data.img }
            """);

        assertThat(configuration.drives()).containsExactly(
            new DriveSpec(directory.resolve("root.img"), true, null, "root"),
            new DriveSpec(directory.resolve("data.img"), false, null, ""));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "drives: [{ file: none.img }]                      | drives[0].file",
        "drives: [{ file: kv.elf, readonly: on }]          | drives[0].readonly",
        "drives: [{ file: kv.elf, serial: 'a b' }]         | drives[0].serial",
        "drives: [{ file: kv.elf, overlay: x }]            | drives[0].overlay",
        "drives: [kv.elf]                                  | drives[0]",
        "drives: [{file: kv.elf}, {file: kv.elf}, {file: kv.elf}, {file: kv.elf}, {file: kv.elf}] | drives",
    })
    void wrongDriveIsNamedWithItsLine(final String added, final String key)
    {
        assertThatThrownBy(() -> load(GOOD + added + "\n")).isInstanceOf(ConfigurationException.class)
            .hasMessageContaining(": " + key + ": ").hasMessageContaining("(line 13)");
    }

    @Test
    void hardLagFollowsASoftLagAboveItsDefault() throws IOException
    {
        assertThat(load(GOOD + "lag: { softMs: 5000 }\n").hardLagMs()).isEqualTo(5000);
    }

    @Test
    void relativePathThatExistsNowhereIsBesideTheFile() throws IOException
    {
        final PairConfiguration configuration = load(GOOD.replace("/var/lib/understudy/a ", "data/a "));

        assertThat(configuration.node("a").data()).isEqualTo(directory.resolve("data/a"));
    }

    @Test
    void relativePathIsSeenFromTheCurrentDirectoryFirst() throws IOException
    {
        final Path module = Path.of("pom.xml").toAbsolutePath();
        assertThat(module).as("the tests' current directory is that of the module").exists();
        Files.writeString(directory.resolve("pom.xml"), "the other");

        assertThat(load(GOOD.replace("kv.elf", "pom.xml")).kernel()).isEqualTo(module);
    }

    @Test
    void unknownNodeIsRefusedWithTheNamesThatThereAre() throws IOException
    {
        final PairConfiguration configuration = load(GOOD);

        assertThatThrownBy(() -> configuration.node("c")).isInstanceOf(ConfigurationException.class)
            .hasMessageContaining("\"c\"").hasMessageContaining("a, b");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "name: kv                       | name",
        "kernel: kv.elf                 | kernel",
        "memory: 64M                    | memory",
        "'arbiter: { directory: /var/lib/understudy/arbiter }' | arbiter",
        "'directory: /var/lib/understudy/arbiter'              | arbiter.directory",
        "'  intervalMs: 20\n'           | heartbeat.intervalMs",
        "'  timeoutMs: 200\n'           | heartbeat.timeoutMs",
        "'forwards:\n  - { host: 7000, guest: 6379 }\n'        | forwards",
        "'host: 7000, '                 | forwards[0].host",
        "', guest: 6379'                | forwards[0].guest",
        "'address: \"127.0.0.1:40100\", ' | nodes.a.address",
        "', data: /var/lib/understudy/a'  | nodes.a.data",
        "'address: \"127.0.0.1:40200\", ' | nodes.b.address",
        "', data: /var/lib/understudy/b'  | nodes.b.data",
        "'heartbeat:\n  intervalMs: 20\n  timeoutMs: 200\n' | heartbeat",
    })
    void missingKeyIsNamed(final String removed, final String key) throws IOException
    {
        assertThat(GOOD).contains(removed);
        assertThat(messageOf(GOOD.replace(removed, ""))).startsWith(file + ": " + key + ": it is missing; expected ");
    }

    @Test
    void missingNodesAreNamed() throws IOException
    {
        assertThat(messageOf(GOOD.substring(0, GOOD.indexOf("nodes:"))))
            .startsWith(file + ": nodes: it is missing; expected exactly two nodes such as ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "TEXT    | name                 | name: kv",
        "TEXT    | kernel               | kernel: kv.elf",
        "TEXT    | initrd               | initrd: initrd.gz",
        "TEXT    | append               | append: quiet",
        "FORMAT  | memory               | memory: 64M",
        "FORMAT  | balloon              | balloon: 16M",
        "LIST    | drives               | drives: [{ file: kv.elf, readonly: true, serial: s }]",
        "TEXT    | drives[0].file       | file: kv.elf",
        "FORMAT  | drives[0].readonly   | readonly: true",
        "TEXT    | drives[0].serial     | serial: s",
        "LIST    | netdevs              | 'netdevs: [{ stream: /run/a, mac: \"02:00:00:00:00:01\" }]'",
        "FORMAT  | netdevs[0].stream    | stream: /run/a",
        "FORMAT  | netdevs[0].mac       | 'mac: \"02:00:00:00:00:01\"'",
        "LIST    | forwards             | 'forwards: [{ host: 7000, guest: 6379, address: 127.0.0.2 }]'",
        "FORMAT  | forwards[0].host     | host: 7000",
        "FORMAT  | forwards[0].guest    | guest: 6379",
        "TEXT    | forwards[0].address  | address: 127.0.0.2",
        "MAPPING | arbiter              | arbiter: { directory: /arbiter }",
        "TEXT    | arbiter.directory    | directory: /arbiter",
        "MAPPING | heartbeat            | 'heartbeat: { intervalMs: 20, timeoutMs: 200 }'",
        "FORMAT  | heartbeat.intervalMs | intervalMs: 20",
        "FORMAT  | heartbeat.timeoutMs  | timeoutMs: 200",
        "MAPPING | lag                  | 'lag: { softMs: 50, hardMs: 60 }'",
        "FORMAT  | lag.softMs           | softMs: 50",
        "FORMAT  | lag.hardMs           | hardMs: 60",
        "MAPPING | journal              | 'journal: { maxBytes: 32M, syncMs: 10 }'",
        "FORMAT  | journal.maxBytes     | maxBytes: 32M",
        "FORMAT  | journal.syncMs       | syncMs: 10",
        "MAPPING | digest               | digest: { everyMs: 5 }",
        "FORMAT  | digest.everyMs       | everyMs: 5",
        "FORMAT  | mtu                  | mtu: 1280",
        "MAPPING | nodes.a              | 'a: { address: \"127.0.0.1:40100\", data: /a, tap: tap0 }'",
        "FORMAT  | nodes.a.address      | 'address: \"127.0.0.1:40100\"'",
        "TEXT    | nodes.a.data         | data: /a",
        "TEXT    | nodes.a.tap          | tap: tap0",
        "FORMAT  | nodes.b.address      | 'address: \"127.0.0.1:40200\"'",
        "TEXT    | nodes.b.data         | data: /b",
        "TEXT    | nodes.b.listen       | listen: 127.0.0.3",
        "FORMAT  | nodes.b.stream       | stream: /run/b",
        "FORMAT  | nodes.b.cpus         | 'cpus: \"0\"'",
    })
    void valueOfAnotherTypeIsNamedWithItsLine(final Type type, final String key, final String good) throws IOException
    {
        load(EVERY_KEY);
        assertThat(EVERY_KEY).containsOnlyOnce(good);
        final long line = EVERY_KEY.substring(0, EVERY_KEY.indexOf(good) + 1).lines().count();
        for (final String wrong : type.wrong)
        {
            final String bad = good.substring(0, good.indexOf(':') + 1) + " " + wrong;
            assertThat(messageOf(EVERY_KEY.replace(good, bad)))
                .startsWith(file + ": " + key + ": expected ").endsWith(" (line " + line + ")");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "name: kv              | name: a/b                  | name                 | 1",
        "kernel: kv.elf        | kernel: nowhere.elf        | kernel               | 2",
        "memory: 64M           | memory: 3M                 | memory               | 3",
        "memory: 64M           | memory: 2048M              | memory               | 3",
        "memory: 64M           | memory: 67108865           | memory               | 3",
        "memory: 64M           | memory: 1.5G               | memory               | 3",
        "memory: 64M           | memory: -64M               | memory               | 3",
        "- { host: 7000, guest: 6379 } | - 7000             | forwards[0]          | 5",
        "host: 7000            | host: 0                    | forwards[0].host     | 5",
        "host: 7000            | host: 65536                | forwards[0].host     | 5",
        "host: 7000            | 'host: \"127.0.0.1:\"'     | forwards[0].host     | 5",
        "guest: 6379           | guest: 0                   | forwards[0].guest    | 5",
        "guest: 6379           | guest: 4294967295          | forwards[0].guest    | 5",
        "host: 7000            | 'host: \"[::1]:7000\", address: 127.0.0.1' | forwards[0].address | 5",
        "directory: /var/lib/understudy/arbiter | 'directory: \"b\\0c\"' | arbiter.directory | 6",
        "intervalMs: 20        | intervalMs: 0              | heartbeat.intervalMs | 8",
        "intervalMs: 20        | intervalMs: 10001          | heartbeat.intervalMs | 8",
        "intervalMs: 20        | intervalMs: 2.5            | heartbeat.intervalMs | 8",
        "intervalMs: 20        | intervalMs: true           | heartbeat.intervalMs | 8",
        "timeoutMs: 200        | timeoutMs: 20              | heartbeat.timeoutMs  | 9",
        "timeoutMs: 200        | timeoutMs: 59              | heartbeat.timeoutMs  | 9",
        "timeoutMs: 200        | timeoutMs: 9               | heartbeat.timeoutMs  | 9",
        "timeoutMs: 200        | timeoutMs: 60001           | heartbeat.timeoutMs  | 9",
        "timeoutMs: 200        | timeoutMs: 99999999999999  | heartbeat.timeoutMs  | 9",
        "127.0.0.1:40100       | 127.0.0.1                  | nodes.a.address      | 11",
        "127.0.0.1:40100       | 127.0.0.1:0                | nodes.a.address      | 11",
        "127.0.0.1:40100       | 127.0.0.1:65536            | nodes.a.address      | 11",
        "127.0.0.1:40100       | :40100                     | nodes.a.address      | 11",
        "127.0.0.1:40200       | 127.0.0.1:40100            | nodes.b.address      | 12",
        "understudy/b          | understudy/a               | nodes.b.data         | 12",
        "data: /var/lib/understudy/b | 'data: /b, cpus: 1-0' | nodes.b.cpus        | 12",
        "'  b: { a'            | '  b c: { a'               | nodes.b c            | 12",
    })
    void wrongValueIsNamedWithItsLine(final String good, final String bad, final String key, final int line)
        throws IOException
    {
        assertThat(GOOD).contains(good);
        assertThat(messageOf(GOOD.replace(good, bad)))
            .startsWith(file + ": " + key + ": expected ").endsWith(" (line " + line + ")");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "initrd: nowhere            | initrd",
        "'lag: { softMs: 0 }'       | lag.softMs",
        "'lag: { hardMs: 60001 }'   | lag.hardMs",
        "'lag: { hardMs: 199 }'     | lag.hardMs",
        "'lag: { softMs: 1000, hardMs: 999 }' | lag.hardMs",
        "'journal: { maxBytes: 1M }' | journal.maxBytes",
        "'journal: { syncMs: -1 }'  | journal.syncMs",
        "'journal: { syncMs: 60001 }' | journal.syncMs",
        "'digest: { everyMs: 0 }'   | digest.everyMs",
        "'mtu: 575'                 | mtu",
        "'mtu: 9001'                | mtu",
    })
    void wrongOptionalValueIsNamedWithItsLine(final String added, final String key) throws IOException
    {
        assertThat(messageOf(GOOD + added + "\n")).startsWith(file + ": " + key + ": expected ").endsWith(" (line 13)");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "name: kv       | nam: kv         | nam                 | name       | 1",
        "memory: 64M    | Memory: 64M     | Memory              | memory     | 3",
        "host: 7000     | hst: 7000       | forwards[0].hst     | host       | 5",
        "directory:     | directry:       | arbiter.directry    | directory  | 6",
        "timeoutMs: 200 | timoutMS: 200   | heartbeat.timoutMS  | timeoutMs  | 9",
        "data: /var/lib/understudy/a | dat: /a | nodes.a.dat    | data       | 11",
        "nodes:         | nodes_:         | nodes_              | nodes      | 10",
    })
    void slipInAKeyIsNamedWithTheKeyThatWasMeant(
        final String good, final String bad, final String key, final String meant, final int line) throws IOException
    {
        assertThat(messageOf(GOOD.replace(good, bad)))
            .isEqualTo(file + ": " + key + ": there is no such key; did you mean " + meant + "? (line " + line + ")");
    }

    @Test
    void balloonIsLessThanTheMemory() throws IOException
    {
        assertThat(load(GOOD).balloonBytes()).isZero();
        assertThat(load(GOOD + "balloon: 16M\n").balloonBytes()).isEqualTo(16 << 20);
        for (final String wrong : new String[]{"64M", "4097", "much"})
        {
            assertThat(messageOf(GOOD + "balloon: " + wrong + "\n"))
                .startsWith(file + ": balloon:").contains("below that of memory").endsWith("(line 13)");
        }
    }

    @Test
    void aRebootEndsTheGuestOnlyIfTheConfigurationSaysSo() throws IOException
    {
        assertThat(load(GOOD).noReboot()).isFalse();
        assertThat(load(GOOD + "noReboot: true\n").noReboot()).isTrue();
        assertThat(load(GOOD + "noReboot: true\n").agreed()).containsEntry("noReboot", "true");
        assertThat(messageOf(GOOD + "noReboot: perhaps\n"))
            .startsWith(file + ": noReboot:").contains("true or false").endsWith("(line 13)");
    }

    /** As one who only asks the nodes wants it. */
    @Test
    void filesOfTheGuestNeedNotExistWhereNobodyRunsIt() throws IOException
    {
        Files.delete(directory.resolve("kv.elf"));
        Files.writeString(file, GOOD);
        assertThat(PairConfiguration.loadWithoutFiles(file).nodes()).containsOnlyKeys("a", "b");
        assertThat(messageOf(GOOD)).contains(": kernel:").contains("that exists");
    }

    @Test
    void keyThatIsLikeNoOtherIsRefusedWithThoseThatThereAre() throws IOException
    {
        assertThat(messageOf(GOOD + "colour: red\n")).isEqualTo(file +
            ": colour: there is no such key; expected one of name, kernel, initrd, append, memory, balloon, noReboot, drives, " +
            "netdevs, forwards, arbiter, heartbeat, lag, journal, digest, mtu, nodes (line 13)");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "'name: again\n'                          | name | 1",
        "'heartbeat: { intervalMs: 1 }\n'         | heartbeat | 7",
        "'lag: { softMs: 1, softMs: 2 }\n'        | lag.softMs | 13",
    })
    void keyThatStandsTwiceIsRefused(final String added, final String key, final int first) throws IOException
    {
        assertThat(messageOf(GOOD + added)).isEqualTo(
            file + ": " + key + ": expected once; it stands in line " + first + " already (line 13)");
    }

    @Test
    void messageSaysWhatIsExpectedAndWhatIsThere() throws IOException
    {
        assertThat(messageOf(GOOD.replace("timeoutMs: 200", "timeoutMs: fast"))).isEqualTo(file +
            ": heartbeat.timeoutMs: expected a whole number of milliseconds from 10 to 60000, and at least 3 " +
            "times intervalMs, so that one lost heartbeat is no failover; got \"fast\" (line 9)");
    }

    @Test
    void portThatTwoForwardsHaveIsRefused() throws IOException
    {
        assertThat(messageOf(GOOD.replace("guest: 6379 }", "guest: 6379 }\n  - { host: 7000, guest: 80 }")))
            .startsWith(file + ": forwards[1].host: expected a port that no other forward has");
    }

    @Test
    void nodesOfDifferentHostsMayHaveAPathInCommon() throws IOException
    {
        final PairConfiguration configuration = load(
            GOOD.replace("127.0.0.1:40200", "127.0.0.2:40100").replace("understudy/b", "understudy/a"));

        assertThat(configuration.node("a").data()).isEqualTo(configuration.node("b").data());
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.168.0.2:40200", "host-b:40200", "[2001:db8::1]:40200"})
    void loopbackAddressThatThePeerCannotReachIsRefused(final String peer) throws IOException
    {
        assertThat(messageOf(GOOD.replace("127.0.0.1:40200", peer))).startsWith(
            file + ": nodes.a.address: expected an address at which node b at ").contains("not one of the loopback");
        assertThat(messageOf(GOOD.replace("127.0.0.1:40100", peer))).startsWith(
            file + ": nodes.b.address: expected an address at which node a at ");
        assertThat(load(GOOD.replace("127.0.0.1:40100", "localhost:40100")).nodes()).hasSize(2);
    }

    @Test
    void whatBothNodesMustHaveAlikeIsNamedByItsKey() throws IOException
    {
        assertThat(load(GOOD).agreed()).containsOnlyKeys(
            "name", "balloon", "noReboot", "forwards", "heartbeat.intervalMs", "heartbeat.timeoutMs");
        assertThat(load(GOOD.replace("guest: 6379", "guest: 6380")).agreed().get("forwards")).isEqualTo("7000:6380");
        assertThat(load(GOOD.replace("b }", "b, listen: 127.0.0.3 }")).agreed()).isEqualTo(load(GOOD).agreed());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "nodes: {}",
        "nodes:",
        "nodes: much",
        "nodes: [a, b]",
        "nodes: { a: { address: \"h:1\", data: /a } }",
        "nodes: { a: { address: \"h:1\", data: /a }, b: { address: \"h:2\", data: /b }, c: {} }",
    })
    void pairHasExactlyTwoNodes(final String nodes) throws IOException
    {
        assertThat(messageOf(GOOD.substring(0, GOOD.indexOf("nodes:")) + nodes))
            .startsWith(file + ": nodes: expected exactly two nodes").endsWith("(line 10)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "- a\n- b\n", "just text", "name: [\n", "name: kv\n\tkernel: x\n", "\u0000", "%"})
    void fileThatIsNoMappingIsRefusedInOneLine(final String text) throws IOException
    {
        assertThat(messageOf(text)).startsWith(file + ": ");
    }

    @Test
    void aliasIsRefusedInsteadOfBeingReadAsText() throws IOException
    {
        final String text =
            GOOD.replace("name: kv", "name: &x kv").replace("understudy/b", "understudy/b, listen: *x");

        assertThat(messageOf(text))
            .startsWith(file + ": nodes.b.listen: ").contains("alias").endsWith("(line 12)");
    }

    @Test
    void secondDocumentIsRefused() throws IOException
    {
        assertThat(messageOf(GOOD + "---\nname: other\n")).contains("one document");
    }

    @Test
    void missingFileIsNamed()
    {
        assertThatThrownBy(() -> PairConfiguration.load(file)).isInstanceOf(ConfigurationException.class)
            .hasMessage(file + ": there is no such file");
    }

    private PairConfiguration load(final String text) throws IOException
    {
        Files.writeString(file, text);
        return PairConfiguration.load(file);
    }

    private String messageOf(final String text) throws IOException
    {
        Files.writeString(file, text);
        try
        {
            PairConfiguration.load(file);
        }
        catch (final ConfigurationException e)
        {
            assertThat(e.getMessage()).doesNotContain("\n");
            return e.getMessage();
        }
        throw new AssertionError("accepted:\n" + text);
    }
}
