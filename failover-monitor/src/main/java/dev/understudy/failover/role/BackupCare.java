package dev.understudy.failover.role;

import dev.understudy.failover.arbiter.Term;
import java.util.function.Consumer;

/**
 * What a primary does for its backup: takes one that asks to join, has the journal streamed to it, and depends on it as soon
 * as it follows closely. Whether the primary may go on without a backup that it depends on is for others to decide. Owned by
 * the agent thread.
 */
final class BackupCare
{
    private final PairSettings settings;
    private final Replica replica;
    private final PairLink link;
    private final Notices notices;
    private final Peer peer;
    private final AcknowledgementWatch watch;
    private final Backup backup;
    private final Consumer<String> onLost;

    /**
     * @param firstSession number of the first exchange of the journal
     * @param onLost       told why a backup that outputs wait for does not serve any more
     */
    BackupCare(
        final PairSettings settings,
        final Replica replica,
        final PairLink link,
        final Notices notices,
        final Peer peer,
        final long firstSession,
        final Consumer<String> onLost)
    {
        this.settings = settings;
        this.replica = replica;
        this.link = link;
        this.notices = notices;
        this.peer = peer;
        this.onLost = onLost;
        watch = new AcknowledgementWatch(settings.progressTimeoutMs() * 1_000_000L);
        backup = new Backup(firstSession);
    }

    /** How far this primary is with its backup. */
    BackupSession stage()
    {
        return backup.stage();
    }

    /** One look at the backup of a primary whose outputs are not held. */
    void poll(final long nowNs, final Term term, final boolean isPeerLost)
    {
        if (isPeerLost)
        {
            onPeerLost(nowNs);
        }
        else if (backup.stage().streams() && watch.isStalled(nowNs, replica.journalSequence()))
        {
            onNoProgress(nowNs);
        }
        else if (backup.stage() == BackupSession.STREAMING && seesTerm(term) && replica.isCaughtUp())
        {
            protect(nowNs, term);
        }
    }

    private void onPeerLost(final long nowNs)
    {
        if (backup.stage().protects())
        {
            onLost.accept("backup " + peer.loss(nowNs));
        }
        else if (backup.stage() != BackupSession.NONE && peer.silenceMs(nowNs) > settings.joiningTimeoutMs())
        {
            notices.say("backup " + peer.loss(nowNs) + " while it caught up");
            end();
        }
    }

    /** Heartbeats say that the backup lives; that it takes nothing is worse than if it did not. */
    private void onNoProgress(final long nowNs)
    {
        if (backup.stage().protects())
        {
            onLost.accept("backup " + settings.peer() + " is heard, and acknowledged nothing for " +
                settings.progressTimeoutMs() + " ms" + (link.trouble() == null ? "" : ": " + link.trouble()));
        }
        else
        {
            complainOfPath(nowNs);
        }
    }

    private void protect(final long nowNs, final Term term)
    {
        if (!link.carriesFullDatagrams())
        {
            complainOfPath(nowNs);
        }
        else
        {
            backup.protect();
            replica.protect(term.generation(), settings.peer());
        }
    }

    private void complainOfPath(final long nowNs)
    {
        if (link.trouble() != null)
        {
            notices.complain(nowNs, "backup " + settings.peer() + " cannot protect: " + link.trouble());
        }
    }

    /** Whether the backup that joins has found this term at the arbiter itself, and could claim the next one there. */
    private boolean seesTerm(final Term term)
    {
        return backup.is(peer.incarnation()) && term.claim().equals(peer.claim());
    }

    /** A peer is no pair with this node as it is configured; returns whether that is so, and was said. */
    boolean refusesDifferent(final long atNs, final long generation, final String itsSettings)
    {
        final String difference = settings.agreed().difference(
            settings.node(), AgreedSettings.parse(itsSettings), settings.peer());
        if (difference != null)
        {
            refuse(atNs, generation, difference);
        }
        return difference != null;
    }

    /**
     * A peer asks for the journal, which this primary may give.
     *
     * @param reason why it asks once more; empty at first
     */
    void onJoin(
        final long atNs,
        final long generation,
        final long incarnation,
        final long haveSequence,
        final long chainHigh,
        final long chainLow,
        final String reason)
    {
        if (backup.stage().protects())
        {
            // The backup that outputs were promised to is gone; going on without it needs a generation first.
            onLost.accept("backup " + settings.peer() + " joins anew: " + (reason.isEmpty() ? "it was restarted" : reason));
            return;
        }
        if (!backup.is(incarnation) || backup.stage().streams())
        {
            replica.stopStreaming();
            final boolean isPrefix = haveSequence >= 0 && haveSequence <= replica.journalSequence() &&
                replica.holds(haveSequence, chainHigh, chainLow);
            if (!isPrefix && replica.firstSequence() > 0)
            {
                refuse(atNs, generation, "it has nothing that the journal here goes on from, and this one begins with entry " +
                    replica.firstSequence());
                return;
            }
            backup.join(incarnation, isPrefix ? haveSequence + 1 : 0);
            if (link.trouble() == null)
            {
                notices.complain(atNs, "backup " + settings.peer() + " joins from entry " + backup.from() +
                    (reason.isEmpty() ? "" : ": " + reason));
            }
        }
        link.joinReply(generation, backup.from(), backup.session());
    }

    private void refuse(final long atNs, final long generation, final String reason)
    {
        notices.complain(atNs, "refuses " + settings.peer() + " as its backup: " + reason);
        link.refuse(generation, reason);
    }

    /** A process has acknowledged entries of an exchange. */
    void onAcknowledge(
        final long atNs,
        final long incarnation,
        final long ofSession,
        final long journalSequence,
        final long replayedSequence,
        final long replayedTimeNs)
    {
        if (!backup.is(incarnation) || ofSession != backup.session())
        {
            return;
        }
        if (!backup.stage().streams())
        {
            backup.stream();
            watch.begin(atNs);
            replica.streamFrom(backup.from(), backup.session());
        }
        watch.onAcknowledge(atNs, journalSequence);
        replica.acknowledged(journalSequence, replayedSequence, replayedTimeNs);
        if (backup.acknowledge(journalSequence))
        {
            notices.say("protected: backup " + settings.peer() + " holds the journal");
        }
    }

    /** The hart thread has written the entry from which on outputs wait for the backup. */
    void protectedFrom(final long sequence)
    {
        backup.protectedFrom(sequence);
    }

    /** There is no backup any more. */
    void end()
    {
        backup.end();
        replica.stopStreaming();
    }
}
