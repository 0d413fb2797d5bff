package dev.understudy.hypervisor.pair;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.hypervisor.net.NameLookup;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
class PeerAddressTest
{
    private static final long RETRY_NS = 1_000_000_000;
    private static final InetSocketAddress NAMED = InetSocketAddress.createUnresolved("b.example", 40_200);

    private final AtomicReference<InetAddress> answer = new AtomicReference<>();
    private final List<String> notices = new ArrayList<>();
    private long nowNs = System.nanoTime();

    @Test
    void nameIsLookedUpUntilItIsKnownAndThenWhileThePeerIsSilent() throws Exception
    {
        final PeerAddress address = new PeerAddress("b", NAMED,
            new NameLookup(NAMED, (host, port) -> new InetSocketAddress(answer.get(), port)), notices::add);
        answer.set(InetAddress.getByName("192.0.2.1"));
        assertThat(address.first()).isEqualTo(new InetSocketAddress("192.0.2.1", 40_200));
        assertThat(notices).containsExactly("b is at 192.0.2.1");

        answer.set(InetAddress.getByName("192.0.2.2"));
        nowNs = System.nanoTime() + RETRY_NS;
        assertThat(address.poll(nowNs, true)).isNull();
        assertThat(next(address)).isEqualTo(new InetSocketAddress("192.0.2.2", 40_200));
    }

    @Test
    void nameThatNobodyKnowsIsSaidOnce()
    {
        final PeerAddress address = new PeerAddress("b", NAMED, new NameLookup(NAMED,
            (host, port) -> answer.get() == null ? InetSocketAddress.createUnresolved(host, port) :
                new InetSocketAddress(answer.get(), port)), notices::add);
        assertThat(address.first()).isEqualTo(NAMED);
        for (int i = 0; i < 5; i++)
        {
            nowNs += RETRY_NS;
            address.poll(nowNs, false);
        }
        assertThat(notices).singleElement().asString().contains("the address of b, b.example, cannot be found");

        answer.set(InetAddress.getLoopbackAddress());
        assertThat(next(address)).isEqualTo(new InetSocketAddress(InetAddress.getLoopbackAddress(), 40_200));
    }

    @Test
    void nameServerThatDoesNotAnswerHoldsNobodyUp()
    {
        final CountDownLatch never = new CountDownLatch(1);
        final PeerAddress address = new PeerAddress("b", NAMED, new NameLookup(NAMED, (host, port) ->
        {
            awaitQuietly(never);
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        }), notices::add);
        assertThat(address.poll(nowNs + RETRY_NS, false)).isNull();
        assertThat(address.poll(nowNs + 2 * RETRY_NS, false)).isNull();
        never.countDown();
        assertThat(next(address)).isNotNull();
    }

    @Test
    void addressNeedsNoLookup()
    {
        final InetSocketAddress literal = new InetSocketAddress("192.0.2.1", 40_200);
        final PeerAddress address = new PeerAddress("b", literal, notices::add);
        assertThat(address.first()).isEqualTo(literal);
        assertThat(address.poll(nowNs + RETRY_NS, false)).isNull();
        assertThat(notices).isEmpty();
    }

    private InetSocketAddress next(final PeerAddress address)
    {
        while (true)
        {
            nowNs += RETRY_NS;
            final InetSocketAddress found = address.poll(nowNs, false);
            if (found != null)
            {
                return found;
            }
            Thread.onSpinWait();
        }
    }

    private static void awaitQuietly(final CountDownLatch latch)
    {
        try
        {
            latch.await();
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }
}
