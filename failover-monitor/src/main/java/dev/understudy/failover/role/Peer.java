package dev.understudy.failover.role;

import dev.understudy.failover.arbiter.Term;
import dev.understudy.failover.detector.HeartbeatDetector;
import java.util.UUID;

/** What this node knows of the other one, from its messages and its silence. On the agent thread. */
final class Peer
{
    private final String name;
    private final HeartbeatDetector detector;
    private long incarnation;
    private Role role;
    private Term term = Term.NONE;
    private String trouble = "";

    /** Why it left in order; null while it has not. */
    private String goodbye;

    Peer(final PairSettings settings)
    {
        name = settings.peer();
        detector = new HeartbeatDetector(settings.heartbeatIntervalMs(), settings.heartbeatTimeoutMs());
    }

    /** It said something; returns whether it is another process than before. */
    boolean onHeard(final long nowNs, final long speaker)
    {
        final boolean isNew = speaker != incarnation;
        if (isNew)
        {
            incarnation = speaker;
            goodbye = null;
            term = Term.NONE;
            trouble = "";
            detector.onNewProcess();
        }
        if (goodbye == null)
        {
            detector.onHeard(nowNs);
        }
        return isNew;
    }

    void onHeartbeat(final Role itsRole, final long generation, final UUID claim, final String itsTrouble)
    {
        role = itsRole;
        // Whether the peer has the term or sees it is told by its role: the primary's node is in the arbiter's terms.
        term = new Term(generation, name, claim, "", 0);
        trouble = itsTrouble;
    }

    /** It leaves in order; returns whether that was its present process. */
    boolean onGoodbye(final long speaker, final String text)
    {
        if (speaker != incarnation)
        {
            return false;
        }
        goodbye = text;
        return true;
    }

    /** One of its processes seems to have ended. */
    void onEnded(final long nowNs, final long process)
    {
        if (process == incarnation)
        {
            detector.onEnded(nowNs);
        }
    }

    /** Looks for a primary anew: what the peer was does not count. */
    void forgetRole()
    {
        role = null;
    }

    /** Random number of its process; 0 before it was heard. */
    long incarnation()
    {
        return incarnation;
    }

    /** What it is, as far as it said; null before. */
    Role role()
    {
        return role;
    }

    /** The generation that it lives in. */
    long generation()
    {
        return term.generation();
    }

    /** The term that it has as a primary. */
    Term term()
    {
        return term;
    }

    /** The claim of the term that it has, or sees at the arbiter; null for none. */
    UUID claim()
    {
        return term.claim();
    }

    /** What it says is wrong with the arbiter; empty for nothing. */
    String trouble()
    {
        return trouble;
    }

    /** Whether it left, or was silent for too long. */
    boolean isLost(final long nowNs)
    {
        return detector.suspect(nowNs) || goodbye != null;
    }

    boolean hasLeft()
    {
        return goodbye != null;
    }

    boolean hasEnded()
    {
        return detector.isEnded();
    }

    /** Time until it is lost if it stays silent, in nanoseconds. */
    long untilSuspectNs(final long nowNs)
    {
        return detector.untilSuspectNs(nowNs);
    }

    /** Whether it was heard within the timeout. */
    boolean isHeard(final long nowNs)
    {
        return role != null && !detector.suspect(nowNs);
    }

    long silenceMs(final long nowNs)
    {
        return detector.silenceMs(nowNs);
    }

    /** How it was lost, for people. */
    String loss(final long nowNs)
    {
        if (goodbye != null)
        {
            return name + " left: " + goodbye;
        }
        final String silence = " was silent for " + silenceMs(nowNs) + " ms";
        return name + (detector.isEnded() ? "'s process has ended and" + silence : silence);
    }
}
