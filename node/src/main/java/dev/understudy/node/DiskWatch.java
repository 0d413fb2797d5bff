package dev.understudy.node;

import dev.understudy.failover.role.PairMember;
import dev.understudy.failover.role.Role;
import dev.understudy.journal.Journal;
import java.util.ArrayList;
import java.util.List;

/**
 * Notices that a disk hangs. The agent does not wait for a disk that its guest waits for, and so nobody would miss this node:
 * it halts, if there is one to go on.
 * <p>
 * A disk may well be slow to carry out a request or a sync, so that gets more time, and most of it on a backup: of two nodes
 * with slow disks one has to stay. On the agent thread.
 */
final class DiskWatch
{
    /** Timeouts of the heartbeat that a request of a drive or a sync of the journal is given. */
    private static final int SLOW_TIMEOUTS = 10;

    private final long timeoutNs;
    private final NodeContext context;
    private final NodeJournal journal;
    private final LocalReplica replica;
    private final PairMember member;
    private final WorkWatch entries;
    private final WorkWatch syncs;
    private final List<WorkWatch> requests = new ArrayList<>();

    /** Those that the watches are for; null for none. */
    private GuestDrives drives;
    private boolean saidHung;

    DiskWatch(
        final long timeoutNs,
        final NodeContext context,
        final NodeJournal journal,
        final LocalReplica replica,
        final PairMember member)
    {
        this.timeoutNs = timeoutNs;
        this.context = context;
        this.journal = journal;
        this.replica = replica;
        this.member = member;
        entries = new WorkWatch(this::entryUnderWay);
        syncs = new WorkWatch(context.journals()::syncUnderWay);
    }

    private long entryUnderWay()
    {
        final Journal present = journal.journal();
        return present == null ? -1 : present.underWay();
    }

    /** Looks, and halts the node or tells the operator. A few times in the timeout. */
    void poll(final long nowNs)
    {
        final boolean isBackup = member.role() == Role.BACKUP;
        final String hung = hung(nowNs, timeoutNs * (isBackup ? 2 : 1) * SLOW_TIMEOUTS);
        if (hung == null)
        {
            saidHung = false;
        }
        else if (isBackup || member.role() == Role.PRIMARY && !member.isSolo())
        {
            member.halt(hung + ": it hangs, and the other node goes on");
        }
        else if (!saidHung)
        {
            saidHung = true;
            context.notices().accept(hung + "; waits for it, since there is no other node to go on");
        }
    }

    /** What a disk has not done for so long that it counts as hung; null when there is none. */
    private String hung(final long nowNs, final long slowNs)
    {
        watch(replica.drives());
        final long entryNs = entries.lastsNs(nowNs);
        String hung = entryNs < timeoutNs ? null :
            "the disk of journal " + journal.name() + " has not taken an entry for " + entryNs / 1_000_000 + " ms";
        for (int i = 0; i < requests.size(); i++)
        {
            final long requestNs = requests.get(i).lastsNs(nowNs);
            if (requestNs >= slowNs)
            {
                hung = "the disk of drive " + drives.name(i) + " has not carried out a request for " +
                    requestNs / 1_000_000 + " ms";
            }
        }
        if (syncs.lastsNs(nowNs) >= slowNs)
        {
            hung = "a sync of journal " + journal.name() + " has not come back for " + slowNs / 1_000_000 + " ms";
        }
        return hung;
    }

    private void watch(final GuestDrives present)
    {
        if (present == drives)
        {
            return;
        }
        drives = present;
        requests.clear();
        for (int i = 0; present != null && i < present.count(); i++)
        {
            final int drive = i;
            requests.add(new WorkWatch(() -> present.underWay(drive)));
        }
    }
}
