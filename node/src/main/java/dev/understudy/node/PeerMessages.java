package dev.understudy.node;

import dev.understudy.failover.role.PairMember;
import dev.understudy.failover.role.Role;
import dev.understudy.journal.JournalException;
import dev.understudy.journal.JournalFullException;
import dev.understudy.transport.PairHandler;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.agrona.DirectBuffer;

/** Hands what the peer says on to the state machine of the roles, and its journal's entries to the replica. */
final class PeerMessages implements PairHandler
{
    private final String node;
    private final LongSupplier now;
    private final NodeContext context;
    private final LocalReplica replica;
    private PairMember member;

    /**
     * @param node name of this node
     * @param now  the time of the present duty cycle
     */
    PeerMessages(
        final String node, final LongSupplier now, final NodeContext context, final LocalReplica replica)
    {
        this.node = node;
        this.now = now;
        this.context = context;
        this.replica = replica;
    }

    /** Whom they are handed to; before the first one comes. */
    void to(final PairMember newMember)
    {
        member = newMember;
    }

    @Override
    public void onEntry(final long session, final DirectBuffer entry, final int offset, final int length)
    {
        if (session == 0 || session != member.session())
        {
            return;
        }
        try
        {
            replica.receive(entry, offset, length);
        }
        catch (final JournalFullException e)
        {
            member.halt(e.getMessage());
        }
        catch (final JournalException e)
        {
            member.onBrokenStream(e.getMessage());
        }
        catch (final DriveException e)
        {
            member.halt(e.getMessage());
        }
        catch (final WrongGuestException e)
        {
            member.halt("the primary's guest is not the one configured here: " + e.getMessage());
        }
    }

    @Override
    public void onHeartbeat(
        final long peerIncarnation,
        final long generation,
        final String name,
        final int role,
        final boolean solo,
        final long sequence,
        final long position,
        final long releasedOutputs,
        final long claimHigh,
        final long claimLow,
        final String trouble)
    {
        if (name.equals(node))
        {
            member.halt("another process calls itself node " + name + ": each node of a pair has its own name");
            return;
        }
        if (role < Role.values().length)
        {
            final UUID claim = claimHigh == 0 && claimLow == 0 ? null : new UUID(claimHigh, claimLow);
            member.onHeartbeat(
                now.getAsLong(), peerIncarnation, Role.values()[role], generation, claim, trouble);
        }
    }

    @Override
    public void onJoin(
        final long peerIncarnation,
        final long generation,
        final String name,
        final long haveSequence,
        final long chainHigh,
        final long chainLow,
        final String settings,
        final String reason)
    {
        member.onJoin(
            now.getAsLong(), peerIncarnation, haveSequence, chainHigh, chainLow, settings, reason);
    }

    @Override
    public void onRefusal(final long peerIncarnation, final long generation, final String reason)
    {
        member.onRefusal(now.getAsLong(), peerIncarnation, reason);
    }

    @Override
    public void onJoinReply(
        final long peerIncarnation, final long generation, final long fromSequence, final long session)
    {
        member.onJoinReply(now.getAsLong(), peerIncarnation, fromSequence, session);
    }

    @Override
    public void onAcknowledge(
        final long peerIncarnation,
        final long session,
        final long sequence,
        final long replayedSequence,
        final long replayedTimeNs)
    {
        member.onAcknowledge(
            now.getAsLong(), peerIncarnation, session, sequence, replayedSequence, replayedTimeNs);
    }

    @Override
    public void onGoodbye(final long peerIncarnation, final long generation, final String reason)
    {
        member.onGoodbye(peerIncarnation, reason);
    }

    @Override
    public void onPlacement(final long peerIncarnation, final boolean upperHalf, final int busyPercent)
    {
        context.placement().onPeer(upperHalf, busyPercent, member.role() == Role.PRIMARY);
    }

    @Override
    public void onUnknownMessage(final String what)
    {
        context.notices().accept("link: " + what);
    }
}
