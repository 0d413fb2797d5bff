package dev.understudy.failover.role;

import dev.understudy.failover.arbiter.Term;
import java.util.Locale;

/** Which journal entitles its node to claim the next generation. */
final class Entitlement
{
    private Entitlement()
    {
    }

    /** Null when this node's journal holds all that was acknowledged up to the newest generation. */
    static String whyNot(final PairSettings settings, final Replica replica, final Term newest)
    {
        final JournalTerm own = replica.term();
        if (newest.generation() == 0)
        {
            return own.generation() == 0 ? null : String.format(Locale.ROOT,
                "the arbiter knows no generation, the journal of this node is of " +
                "generation %d: the arbiter's directory was emptied or is another one", own.generation());
        }
        if (own.generation() > newest.generation())
        {
            return String.format(Locale.ROOT,
                "the arbiter knows generation %d, the journal of this node is of generation %d: " +
                "the arbiter's directory is another one",
                newest.generation(), own.generation());
        }
        final boolean isOwner = settings.node().equals(newest.node());
        if (isOwner && replica.journalSequence() >= 0)
        {
            return null;
        }
        if (own.generation() == newest.generation() && settings.node().equals(own.backup()))
        {
            return null;
        }
        if (isOwner)
        {
            return String.format(Locale.ROOT,
                "waits for %s: this node ran generation %d, and its journal is gone; restore its data directory, or " +
                "start %s, if that was its backup", settings.peer(), newest.generation(), settings.peer());
        }
        return String.format(Locale.ROOT,
            "waits for %s, which ran generation %d alone; the journal of this node ends in generation %d",
            newest.node(), newest.generation(), own.generation());
    }
}
