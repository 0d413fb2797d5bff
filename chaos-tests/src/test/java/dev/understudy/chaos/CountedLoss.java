package dev.understudy.chaos;

import io.aeron.driver.DataPacketDispatcher;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ReceiveChannelEndpointSupplier;
import io.aeron.driver.ext.DebugChannelEndpointConfiguration;
import io.aeron.driver.ext.DebugReceiveChannelEndpoint;
import io.aeron.driver.ext.LossGenerator;
import io.aeron.driver.media.ReceiveChannelEndpoint;
import io.aeron.driver.media.UdpChannel;
import java.util.concurrent.atomic.AtomicInteger;
import org.agrona.concurrent.status.AtomicCounter;

/** Drops of what a node receives as much as Aeron's options say, and prints that it did once it is more than a few. */
public final class CountedLoss implements ReceiveChannelEndpointSupplier
{
    private static final int A_FEW = 20;

    /** What the node prints. */
    static final String MESSAGE = "dropped " + A_FEW + " datagrams";

    private final AtomicInteger dropped = new AtomicInteger();

    @Override
    public ReceiveChannelEndpoint newInstance(
        final UdpChannel channel,
        final DataPacketDispatcher dispatcher,
        final AtomicCounter status,
        final MediaDriver.Context context)
    {
        final LossGenerator chance = DebugChannelEndpointConfiguration.receiveDataLossGeneratorSupplier();
        final LossGenerator counted = (address, buffer, length) ->
        {
            final boolean isDropped = chance.shouldDropFrame(address, buffer, length);
            if (isDropped && dropped.incrementAndGet() == A_FEW)
            {
                System.out.println(MESSAGE);
            }
            return isDropped;
        };
        return new DebugReceiveChannelEndpoint(channel, dispatcher, status, context, counted,
            DebugChannelEndpointConfiguration.receiveControlLossGeneratorSupplier());
    }
}
