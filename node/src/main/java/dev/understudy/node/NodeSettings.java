package dev.understudy.node;

import dev.understudy.failover.role.PairSettings;

/**
 * What a node of a pair is told to do.
 *
 * @param incarnation      random number of this process, not 0
 * @param pair             names, heartbeat and agreed settings
 * @param digestIntervalNs time between the digests of a live guest, in nanoseconds
 * @param balloonPages     pages of 4 KiB that the guest is asked to leave alone
 * @param softLagMs        lag of the backup's replay above which the guest is slowed
 * @param hardLagMs        lag from which on it is stopped
 * @param restartsEnded    whether a guest that has ended is begun anew, if the arbiter grants that to this node
 */
public record NodeSettings(
    long incarnation,
    PairSettings pair,
    long digestIntervalNs,
    long balloonPages,
    int softLagMs,
    int hardLagMs,
    boolean restartsEnded)
{
}
