package dev.understudy.node;

import dev.understudy.failover.role.Questions;
import dev.understudy.transport.Link;
import java.time.InstantSource;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.NanoClock;

/**
 * The world of a node: all that it meets outside of its guest. A node makes none of it itself.
 *
 * @param clock       monotonic, in nanoseconds; the only one by which anything is decided
 * @param calendar    tells people when something happened, and a guest that starts what the date is
 * @param random      of the node's own numbers, and of the guest's entropy
 * @param link        to the peer
 * @param journals    where the journal is
 * @param arbiter     for what roles depend on
 * @param arbiterView for looks at the same arbiter, which may be slow
 * @param guest       the guest that it is configured to run
 * @param world       what the guest talks to
 * @param harts       has the guest's hart do its work
 * @param placement   where on a shared machine the node runs
 * @param bell        wakes the agent
 * @param notices     takes what the operator should know, a line each; must not wait
 */
public record NodeContext(
    NanoClock clock,
    InstantSource calendar,
    RandomGenerator random,
    Link link,
    Journals journals,
    Questions arbiter,
    Questions arbiterView,
    GuestSource guest,
    World world,
    Harts harts,
    Placement placement,
    Doorbell bell,
    Consumer<String> notices)
{
}
