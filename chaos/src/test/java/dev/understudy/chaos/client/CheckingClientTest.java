package dev.understudy.chaos.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class CheckingClientTest
{
    private static final long REPLIES = 200;

    private final Map<String, String> values = new HashMap<>();
    private ServerSocket listener;
    private volatile Function<List<String>, String> server;
    private CheckingClient client;
    private Thread thread;

    @BeforeEach
    void listen() throws IOException
    {
        listener = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
        Thread.ofPlatform().daemon().start(this::serve);
        client = new CheckingClient(
            0, List.of(new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort())), new AtomicLong());
        thread = Thread.ofPlatform().daemon().unstarted(client);
    }

    @AfterEach
    void stop() throws IOException, InterruptedException
    {
        client.stop();
        thread.join();
        listener.close();
    }

    @Test
    void repliesOfAServerThatKeepsEverythingAreRight() throws Exception
    {
        start(this::reply);

        awaitReplies();

        assertThat(client.wrongReads()).isZero();
        assertThat(client.firstWrong()).isNull();
        assertThat(countLost()).isZero();
    }

    @Test
    void connectionThatEndsWithoutAReplyIsNoWrongReply() throws Exception
    {
        final AtomicLong requests = new AtomicLong();
        start(request -> requests.incrementAndGet() % 10 == 0 ? null : reply(request));

        awaitReplies();

        assertThat(client.wrongReads()).isZero();
        server = this::reply;
        assertThat(countLost()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "SET, :1,                 the reply to a write is 1",
        "SET, '$-1',              the reply to a write is null",
        "SET, -ERR no room,       the server answered -ERR no room",
        "GET, -LOADING not ready, the server answered -LOADING not ready",
        "GET, +OK,                the reply to a read is OK",
        "GET, $3~abc,             the reply to a read is abc",
        "GET, $1~12,              does not end after the 1 bytes",
        "GET, $x,                 the server answered $x",
        "GET, $999999999,         the server answered $999999999",
        "GET, *0,                 the server answered *0",
        "GET, '',                 the server sent an empty line"})
    void replyThatIsNoneIsWrongAndTheClientGoesOn(final String command, final String reply, final String what)
        throws Exception
    {
        start(request -> request.getFirst().equals(command) && request.get(1).endsWith("7") ?
            reply.replace("~", "\r\n") + "\r\n" : reply(request));

        await(() -> client.wrongReads() > 1);
        awaitReplies();

        assertThat(client.firstWrong()).contains(what);
        assertThat(thread.isAlive()).isTrue();
    }

    @Test
    void repliesToTheRequestsBeforeAreWrong() throws Exception
    {
        start(this::reply, new UnaryOperator<>()
        {
            private String before = "+OK\r\n";

            @Override
            public String apply(final String reply)
            {
                final String sent = before;
                before = reply;
                return sent;
            }
        });

        await(() -> client.wrongReads() > 1);

        assertThat(thread.isAlive()).isTrue();
    }

    @Test
    void acknowledgedWritesThatAreNotThereAreWrongReadsAndLost() throws Exception
    {
        start(request -> request.getFirst().equals("SET") ? "+OK\r\n" : "$-1\r\n");

        await(() -> client.wrongReads() > 1);

        assertThat(client.firstWrong()).contains("read 0, acknowledged ");
        assertThat(countLost()).isPositive();
    }

    private void start(final Function<List<String>, String> replies)
    {
        start(replies, UnaryOperator.identity());
    }

    private void start(final Function<List<String>, String> replies, final UnaryOperator<String> order)
    {
        server = replies.andThen(order);
        thread.start();
    }

    /** A reply as it is due. */
    private String reply(final List<String> request)
    {
        if (request.getFirst().equals("SET"))
        {
            values.put(request.get(1), request.get(2));
            return "+OK\r\n";
        }
        final String value = values.get(request.get(1));
        return value == null ? "$-1\r\n" : "$" + value.length() + "\r\n" + value + "\r\n";
    }

    /** One connection after the other; each ends where there is no reply. */
    private void serve()
    {
        while (!listener.isClosed())
        {
            try (Socket socket = listener.accept();
                BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII)))
            {
                for (String line = in.readLine(); line != null; line = in.readLine())
                {
                    final String[] request = new String[Integer.parseInt(line.substring(1))];
                    for (int i = 0; i < request.length; i++)
                    {
                        in.readLine();
                        request[i] = in.readLine();
                    }
                    final String reply = server.apply(List.of(request));
                    if (reply == null)
                    {
                        break;
                    }
                    socket.getOutputStream().write(reply.getBytes(StandardCharsets.US_ASCII));
                }
            }
            catch (final IOException e)
            {
                // The client, or the test, is done with this connection.
            }
        }
    }

    private void awaitReplies() throws InterruptedException
    {
        final long wanted = client.acknowledgedRequests() + REPLIES;
        await(() -> client.acknowledgedRequests() >= wanted);
    }

    private static void await(final BooleanSupplier condition) throws InterruptedException
    {
        while (!condition.getAsBoolean())
        {
            Thread.sleep(1);
        }
    }

    private int countLost() throws IOException, InterruptedException
    {
        client.stop();
        thread.join();
        return client.countLost();
    }
}
