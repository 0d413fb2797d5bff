package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.process.UnderstudyProcess;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The tools that come with Redis find a Redis server. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class RedisToolsTest
{
    @TempDir
    private Path root;

    @BeforeEach
    void needTools()
    {
        Needs.program("redis-cli", "redis-tools");
        Needs.program("redis-benchmark", "redis-tools");
    }

    @Test
    void toolsWorkWithAGuestThatRunsAlone() throws Exception
    {
        final InetSocketAddress service = new InetSocketAddress("127.0.0.1", FreePort.next());
        final UnderstudyProcess run = new UnderstudyProcess(root.resolve("run.log"), "run", "--kernel",
            TestPair.KV.toString(), "--forward", "127.0.0.1:" + service.getPort() + ":6379");
        run.start(Commands.JVM_OPTIONS.toArray(String[]::new));
        try
        {
            Services.await(service, run);
            useTools(service);
            assertThat(run.isAlive()).isTrue();
            Commands.run("kill", "-TERM", Long.toString(run.pid())).assertSuccess();
            assertThat(run.awaitExit(TestPair.TIMEOUT.toMillis())).isZero();
        }
        finally
        {
            run.kill();
        }
    }

    @Test
    void toolsWorkWithAPair() throws Exception
    {
        // The tools give up at a failover, so none may come from a busy machine.
        try (TestPair pair = new TestPair(root).withTimeoutMs(1_500).startProtected())
        {
            final String primary = pair.primary();
            pair.awaitService(primary);
            useTools(pair.service(primary));
            assertThat(pair.status().isProtected()).as(pair::logs).isTrue();
            assertThat(pair.primary()).isEqualTo(primary);
        }
    }

    private static void useTools(final InetSocketAddress service) throws Exception
    {
        assertThat(cli(service, "PING")).isEqualTo("PONG");
        assertThat(cli(service, "SET", "greeting", "hello world")).isEqualTo("OK");
        assertThat(cli(service, "GET", "greeting")).isEqualTo("hello world");
        for (int i = 1; i <= 3; i++)
        {
            assertThat(cli(service, "INCR", "counter")).isEqualTo(Integer.toString(i));
        }
        assertThat(cli(service, "-r", "5", "INCR", "counter").lines()).containsExactly("4", "5", "6", "7", "8");
        assertThat(cli(service, "info")).contains("# Server").contains("connected_clients:");
        assertThat(cli(service, "GET", "nothing")).isEmpty();
        assertThat(cli(service, "nonsense")).startsWith("ERR unknown command");

        assertThat(benchmark(service, "-t", "set,get,incr", "-n", "2000", "-c", "10").lines().toList())
            .anyMatch(line -> line.startsWith("SET:")).anyMatch(line -> line.startsWith("GET:"))
            .anyMatch(line -> line.startsWith("INCR:"));
        assertThat(benchmark(service, "-t", "set,get", "-n", "8000", "-c", "4", "-P", "16")).contains("SET:");
        // With this name the benchmark counts in a key of its own: every one of its increments must be there.
        assertThat(cli(service, "GET", "counter:__rand_int__")).isEqualTo("2000");
    }

    private static String cli(final InetSocketAddress service, final String... arguments) throws Exception
    {
        return tool("redis-cli", service, arguments);
    }

    private static String benchmark(final InetSocketAddress service, final String... arguments) throws Exception
    {
        final String[] quiet = Arrays.copyOf(arguments, arguments.length + 1);
        quiet[arguments.length] = "-q";
        final String output = tool("redis-benchmark", service, quiet);
        assertThat(output).doesNotContain("rror");
        return output.replace('\r', '\n');
    }

    private static String tool(final String name, final InetSocketAddress service, final String... arguments)
        throws Exception
    {
        final List<String> command = new ArrayList<>(
            List.of(name, "-h", service.getHostString(), "-p", Integer.toString(service.getPort())));
        command.addAll(List.of(arguments));
        return Commands.run(command.toArray(String[]::new)).assertSuccess().output().strip();
    }
}
