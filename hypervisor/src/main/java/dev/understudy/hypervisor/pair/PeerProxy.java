package dev.understudy.hypervisor.pair;

import dev.understudy.failover.role.AgreedSettings;
import dev.understudy.failover.role.PairLink;
import dev.understudy.failover.role.Role;
import dev.understudy.transport.PairTransport;
import java.util.UUID;

/** Tells the peer over the link what the state machine of the roles says, with what the replica has reached. */
final class PeerProxy implements PairLink
{
    private final PairTransport transport;
    private final LocalReplica replica;
    private final NodeProcessors processors;

    PeerProxy(final PairTransport transport, final LocalReplica replica, final NodeProcessors processors)
    {
        this.transport = transport;
        this.replica = replica;
        this.processors = processors;
    }

    @Override
    public void heartbeat(
        final Role role, final long generation, final boolean solo, final UUID claim, final String trouble)
    {
        transport.heartbeat(
            generation,
            role.ordinal(),
            solo,
            replica.journalSequence(),
            replica.position(),
            replica.releasedOutputs(),
            claim == null ? 0 : claim.getMostSignificantBits(),
            claim == null ? 0 : claim.getLeastSignificantBits(),
            trouble);
        placement(generation);
    }

    /** Says where this node runs, if it shares the machine with the peer. */
    void placement(final long generation)
    {
        if (processors.isHalf())
        {
            transport.placement(generation, processors.isUpper(), processors.busyPercent());
        }
    }

    @Override
    public void join(
        final long generation,
        final long haveSequence,
        final long chainHigh,
        final long chainLow,
        final AgreedSettings settings,
        final String reason)
    {
        transport.join(generation, haveSequence, chainHigh, chainLow, settings.encode(), reason);
    }

    @Override
    public void refuse(final long generation, final String text)
    {
        transport.refuse(generation, text);
    }

    @Override
    public void joinReply(final long generation, final long fromSequence, final long session)
    {
        transport.joinReply(generation, fromSequence, session);
    }

    @Override
    public void acknowledge(final long generation, final long session)
    {
        transport.acknowledge(
            generation, session, replica.journalSequence(), replica.replayedSequence(), replica.replayedTimeNs());
    }

    @Override
    public boolean carriesFullDatagrams()
    {
        return transport.carriesFullDatagrams();
    }

    @Override
    public String trouble()
    {
        return transport.trouble();
    }

    @Override
    public void goodbye(final long generation, final String text)
    {
        transport.goodbye(generation, text);
    }
}
