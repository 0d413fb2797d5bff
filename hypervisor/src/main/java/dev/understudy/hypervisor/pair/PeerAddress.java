package dev.understudy.hypervisor.pair;

import dev.understudy.hypervisor.net.NameLookup;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Where the peer is: its name may not be known when this node starts, nor ever again, and may be another host's later.
 * It is looked up while there is no way to the peer and back: one that moved may be heard. On the agent thread.
 */
final class PeerAddress
{
    /** A name server that answers at all does within this. */
    private static final Duration START_WAIT = Duration.ofSeconds(3);

    private static final long RETRY_NS = 1_000_000_000;

    private final String peer;
    private final InetSocketAddress configured;
    private final NameLookup lookup;
    private final Consumer<String> notices;
    private InetSocketAddress known;
    private boolean told;
    private long nextNs = System.nanoTime();

    /** @param notices takes what the operator should know, a line each */
    PeerAddress(final String peer, final InetSocketAddress configured, final Consumer<String> notices)
    {
        this(peer, configured, new NameLookup(configured), notices);
    }

    PeerAddress(
        final String peer,
        final InetSocketAddress configured,
        final NameLookup lookup,
        final Consumer<String> notices)
    {
        this.peer = peer;
        this.configured = configured;
        this.lookup = lookup;
        this.notices = notices;
    }

    /** Waits a while for the address when there is time to, before the node starts; unresolved when it is not known. */
    InetSocketAddress first()
    {
        lookup.await(START_WAIT);
        poll(System.nanoTime(), false);
        if (known == null)
        {
            tell();
        }
        return known == null ? configured : known;
    }

    /**
     * The address when it is another than before, else null. Does not block.
     *
     * @param isConnected whether the peer hears and is heard
     */
    InetSocketAddress poll(final long nowNs, final boolean isConnected)
    {
        if (!configured.isUnresolved() && known != null || isConnected || nowNs - nextNs < 0)
        {
            return null;
        }
        final InetSocketAddress found = lookup.poll();
        if (found == null)
        {
            return null;
        }
        nextNs = nowNs + RETRY_NS;
        if (found.isUnresolved())
        {
            tell();
            return null;
        }
        told = false;
        if (found.equals(known))
        {
            return null;
        }
        if (configured.isUnresolved())
        {
            notices.accept(peer + " is at " + found.getAddress().getHostAddress());
        }
        known = found;
        return found;
    }

    private void tell()
    {
        if (!told)
        {
            told = true;
            notices.accept("the address of " + peer + ", " + configured.getHostString() + ", cannot be found; " +
                "goes on without it and tries again; see the name server, or write the address itself");
        }
    }
}
