package dev.understudy.node;

import dev.understudy.failover.role.AgreedSettings;
import dev.understudy.failover.role.PairLink;
import dev.understudy.failover.role.Role;
import dev.understudy.transport.Link;
import dev.understudy.transport.PairProtocol;
import java.util.UUID;

/** Tells the peer over the link what the state machine of the roles says, with what the replica has reached. */
final class PeerProxy implements PairLink
{
    private final Link link;
    private final PairProtocol protocol;
    private final LocalReplica replica;
    private final Placement placement;

    PeerProxy(
        final Link link, final PairProtocol protocol, final LocalReplica replica, final Placement placement)
    {
        this.link = link;
        this.protocol = protocol;
        this.replica = replica;
        this.placement = placement;
    }

    @Override
    public void heartbeat(
        final Role role, final long generation, final boolean solo, final UUID claim, final String trouble)
    {
        protocol.heartbeat(
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
        if (placement.isShared())
        {
            protocol.placement(generation, placement.isUpper(), placement.busyPercent());
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
        protocol.join(generation, haveSequence, chainHigh, chainLow, settings.encode(), reason);
    }

    @Override
    public void refuse(final long generation, final String text)
    {
        protocol.refuse(generation, text);
    }

    @Override
    public void joinReply(final long generation, final long fromSequence, final long session)
    {
        protocol.joinReply(generation, fromSequence, session);
    }

    @Override
    public void acknowledge(final long generation, final long session)
    {
        protocol.acknowledge(
            generation, session, replica.journalSequence(), replica.replayedSequence(), replica.replayedTimeNs());
    }

    @Override
    public boolean carriesFullDatagrams()
    {
        return link.carriesFullDatagrams();
    }

    @Override
    public String trouble()
    {
        return link.trouble();
    }

    @Override
    public void goodbye(final long generation, final String text)
    {
        protocol.goodbye(generation, text);
    }
}
