package dev.understudy.hypervisor.net;

import dev.understudy.hypervisor.config.NetdevSpec;
import java.nio.channels.Selector;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;

/**
 * The host's end of the guest's network device: carries Ethernet frames between the guest and a network.
 * <p>
 * Opened when the process starts, so that whatever is wrong is found then; frames flow once it is started, which only
 * the replica that runs the guest does. Like a network it loses frames that nobody has room for, and never waits. On
 * the agent thread.
 */
public interface Netdev extends AutoCloseable
{
    /** What there is without a network device. */
    static Netdev none()
    {
        return new NoNetdev();
    }

    /**
     * Opens what was asked for.
     *
     * @param notices takes what the operator should know, a line each; from any thread
     * @throws NetdevException when it cannot be had
     */
    static Netdev open(final NetdevSpec spec, final Consumer<String> notices)
    {
        return switch (spec)
        {
            case final NetdevSpec.Tap tap -> new TapNetdev(tap.ifname(), notices);
            case final NetdevSpec.Stream stream -> new StreamNetdev(stream, notices);
        };
    }

    /**
     * Lets frames flow from now on; those that came before are lost.
     *
     * @param selector that the agent thread sleeps in
     * @param guest    takes the network's frames
     */
    void start(Selector selector, FrameReceiver guest);

    /** Sends a frame of the guest, as long as a frame is; without effect before the start. */
    void send(DirectBuffer frame, int offset, int length);

    /** Handles what the selector found; returns the work done. Does not block. */
    int doWork(long nowNs);

    /** Number of frames, of the network and of the guest, that were lost because there was no room for them. */
    long lostFrames();

    @Override
    void close();
}
