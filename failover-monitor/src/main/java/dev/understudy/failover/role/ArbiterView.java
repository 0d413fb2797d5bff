package dev.understudy.failover.role;

import dev.understudy.failover.arbiter.Term;
import java.util.function.Consumer;

/**
 * Whether this node, from where it is, sees the arbiter that granted the present term, and could make a claim there.
 * <p>
 * A backup without that would not take over, and a primary not go on alone, although all looks well until then. So it is
 * looked at for each new term, and time and again afterwards. On the agent thread.
 */
final class ArbiterView
{
    private final String node;
    private final Inquiry inquiry;
    private final Consumer<Term> onNewer;

    private long nowNs;
    private Term expected = Term.NONE;
    private boolean isSeen;
    private boolean isAbsent;
    private long absentSinceNs;
    private String problem;

    /**
     * @param node      name of this node
     * @param questions of its own: what is asked here may be slow, and a claim must not wait for it
     * @param onNewer   told of a term that is newer than the expected one
     */
    ArbiterView(final String node, final Questions questions, final Consumer<Term> onNewer, final long nowNs)
    {
        this.node = node;
        this.onNewer = onNewer;
        this.nowNs = nowNs;
        inquiry = new Inquiry(questions, PairSettings.VIEW_RETRY_MS, nowNs);
    }

    /** The term that must be there; {@link Term#NONE} while this node depends on none. */
    void expect(final Term term)
    {
        if (!term.isSameAs(expected))
        {
            expected = term;
            isSeen = false;
            isAbsent = false;
            problem = null;
            inquiry.hasten();
        }
    }

    /** The expected term, if it was there and a claim could be made when this node looked last; else {@link Term#NONE}. */
    Term seen()
    {
        return isSeen ? expected : Term.NONE;
    }

    /** What is wrong, in a sentence; null when nothing is known to be. */
    String problem()
    {
        return expected.generation() == 0 || problem == null ? null : problem;
    }

    /** Looks when it is time; returns the work done. */
    int poll(final long newNowNs)
    {
        nowNs = newNowNs;
        final int work = inquiry.poll(nowNs);
        if (inquiry.problem() != null)
        {
            isSeen = false;
            problem = inquiry.problem();
        }
        if (expected.generation() > 0 && inquiry.isFree())
        {
            final Term asked = expected;
            inquiry.check(asked, newest -> onTerm(asked, newest));
        }
        return work;
    }

    private void onTerm(final Term asked, final Term newest)
    {
        if (!asked.isSameAs(expected))
        {
            return;
        }
        isSeen = newest.isSameAs(expected);
        inquiry.pause((isSeen ? PairSettings.VIEW_CHECK_MS : PairSettings.VIEW_RETRY_MS) * 1_000_000L);
        if (isSeen)
        {
            isAbsent = false;
            problem = null;
            return;
        }
        if (!isAbsent)
        {
            isAbsent = true;
            absentSinceNs = nowNs;
        }
        if (nowNs - absentSinceNs >= PairSettings.VIEW_GRACE_MS * 1_000_000L)
        {
            problem = absence(node, expected, newest);
        }
        if (newest.generation() > expected.generation())
        {
            onNewer.accept(newest);
        }
    }

    /** Says of a term that is not there what may be the matter, and what to do. */
    static String absence(final String node, final Term expected, final Term newest)
    {
        if (node.equals(expected.node()))
        {
            return "the arbiter has " + newest.describe() + ", and not " + expected.describe() + ", which it granted to " +
                "this node: its directory was emptied, restored from an older copy, or is not mounted; bring the newest " +
                "copy back";
        }
        return "the arbiter of this node has " + newest.describe() + ", and not " + expected.describe() +
            ": it is not the arbiter of " + expected.node() + "; name one directory that both nodes see as " +
            "arbiter.directory, and mount it here (if it is, NFS may show it late)";
    }
}
