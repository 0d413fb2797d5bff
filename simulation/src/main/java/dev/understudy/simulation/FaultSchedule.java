package dev.understudy.simulation;

import java.util.SplittableRandom;

/** Draws what goes wrong, when, for whom and for how long, and has it go wrong. */
final class FaultSchedule
{
    private static final long MS = 1_000_000;
    private static final long FIRST_NS = 500 * MS;
    private static final int MAX_FAULTS = 7;
    private static final int MAX_MEETINGS = 80;
    private static final long MIN_STOP_NS = 20 * MS;
    private static final long MAX_STOP_NS = 2_500 * MS;
    private static final long MIN_STALL_NS = 2 * MS;
    private static final long MAX_STALL_NS = 200 * MS;
    private static final long MAX_HELD_NS = 600 * MS;
    private static final long MIN_TROUBLE_NS = 20 * MS;
    private static final long MAX_TROUBLE_NS = 2_500 * MS;
    private static final int SWALLOWS_ABOVE = 600;
    private static final int MAX_SLOWNESS = 3_000;

    /** What can go wrong, some of it with something else that makes it worse. */
    private enum Kind
    {
        KILL, KILL_BESIDE_HELD_GUEST, STOP, STOP_AND_CUT, STALL, POWER, CUT, CUT_ONE_WAY, LOSS, CONTROL_LOSS, DELAY, SWALLOW,
        ARBITER_AWAY, ARBITER_SLOW, ARBITER_SILENT, LEAVE, SLOW
    }

    private final Simulation simulation;
    private final SplittableRandom random;

    /** Number of troubles of link and arbiter that go on. */
    private int troubles;

    FaultSchedule(final Simulation simulation)
    {
        this.simulation = simulation;
        random = simulation.randoms().of("faults");
    }

    /** Has everything happen in time; nothing goes on later than that. */
    void begin(final long endNs)
    {
        final int count = 1 + random.nextInt(MAX_FAULTS);
        for (int i = 0; i < count; i++)
        {
            final Kind kind = Kind.values()[random.nextInt(Kind.values().length)];
            final SimulatedNode node = simulation.nodes().get(random.nextInt(2));
            final SplittableRandom its = random.split();
            simulation.scheduler().at(random.nextLong(FIRST_NS, endNs), () ->
            {
                if (!simulation.isRepaired() && !isAwaitingRecovery())
                {
                    strike(kind, node, its, endNs);
                }
            });
        }
    }

    /** Whether a host has lost what only the other one has: a second fault is more than a pair survives. */
    private boolean isAwaitingRecovery()
    {
        for (final SimulatedNode node : simulation.nodes())
        {
            if (node.hasLostEntries())
            {
                return true;
            }
        }
        return false;
    }

    private void strike(final Kind kind, final SimulatedNode node, final SplittableRandom its, final long endNs)
    {
        final long leftNs = endNs - simulation.scheduler().nowNs();
        switch (kind)
        {
            case KILL -> order(node, its, kind, node::kill);
            case KILL_BESIDE_HELD_GUEST -> killBesideHeldGuest(node, its, endNs);
            case STOP -> order(node, its, kind, () -> stop(node, its, endNs));
            case STOP_AND_CUT -> order(node, its, kind, () ->
            {
                path(Kind.CUT, node, its, Math.min(endNs - simulation.scheduler().nowNs(),
                    Randoms.spread(its, MIN_TROUBLE_NS, MAX_TROUBLE_NS)));
                stop(node, its, endNs);
            });
            case STALL -> order(node, its, kind, () -> stall(node, its, endNs));
            case POWER -> losePower(node);
            case CUT, CUT_ONE_WAY, LOSS, CONTROL_LOSS, DELAY, SWALLOW ->
                path(kind, node, its, Math.min(leftNs, Randoms.spread(its, MIN_TROUBLE_NS, MAX_TROUBLE_NS)));
            case ARBITER_AWAY, ARBITER_SLOW, ARBITER_SILENT ->
                arbiter(kind, node, its, Math.min(leftNs, Randoms.spread(its, MIN_TROUBLE_NS, MAX_TROUBLE_NS)));
            case SLOW -> slow(node, its, Math.min(leftNs, Randoms.spread(its, MIN_TROUBLE_NS, MAX_TROUBLE_NS)));
            case LEAVE ->
            {
                if (node.process() != null)
                {
                    simulation.trace().say("fault", node.name() + " is asked to leave");
                    node.process().leave();
                }
            }
        }
    }

    /** Has a fault strike a process at some meeting with its world, soon. */
    private void order(final SimulatedNode node, final SplittableRandom its, final Kind kind, final Runnable fault)
    {
        if (its.nextInt(3) == 0)
        {
            // Soon after a node has changed what it is: there windows are short that matter.
            simulation.trace().atNextNotice(() -> orderNow(node, its, kind, fault));
        }
        else
        {
            orderNow(node, its, kind, fault);
        }
    }

    private void orderNow(final SimulatedNode node, final SplittableRandom its, final Kind kind, final Runnable fault)
    {
        final SimulatedProcess process = node.process();
        if (process != null)
        {
            final Point point = switch (its.nextInt(3))
            {
                case 0 -> null;
                // Where outputs leave most can go wrong.
                case 1 -> Point.WORLD;
                default -> Point.values()[its.nextInt(Point.values().length)];
            };
            process.order(point, its.nextInt(MAX_MEETINGS), kind != Kind.KILL, () ->
            {
                if (!simulation.isRepaired() && !isAwaitingRecovery())
                {
                    simulation.trace().say("fault", kind + " strikes " + node.name());
                    fault.run();
                }
            });
        }
    }

    private void stop(final SimulatedNode node, final SplittableRandom its, final long endNs)
    {
        final long durationNs = Math.min(Randoms.spread(its, MIN_STOP_NS, MAX_STOP_NS),
            endNs - simulation.scheduler().nowNs());
        if (node.process() != null && durationNs > 0)
        {
            simulation.trace().say("fault", node.name() + " stands still for" + Trace.at(durationNs));
            node.process().stop(durationNs);
        }
    }

    /** The other node has to take over while its guest is behind. */
    private void killBesideHeldGuest(final SimulatedNode node, final SplittableRandom its, final long endNs)
    {
        final SimulatedProcess other = node.peer().process();
        final long heldNs = Math.min(Randoms.spread(its, MIN_STALL_NS, MAX_HELD_NS), endNs - simulation.scheduler().nowNs());
        if (other != null && heldNs > 0)
        {
            simulation.trace().say("fault", "the guest of " + node.peer().name() + " is held for" + Trace.at(heldNs));
            other.harts().hold(heldNs);
            simulation.scheduler().after(its.nextLong(heldNs), () -> order(node, its, Kind.KILL, node::kill));
        }
    }

    private void stall(final SimulatedNode node, final SplittableRandom its, final long endNs)
    {
        final long durationNs = Math.min(Randoms.spread(its, MIN_STALL_NS, MAX_STALL_NS),
            endNs - simulation.scheduler().nowNs());
        if (node.process() != null && durationNs > 0)
        {
            simulation.trace().say("fault", "a thread of " + node.name() + " stands still for" + Trace.at(durationNs));
            node.process().preempt(durationNs);
        }
    }

    private void slow(final SimulatedNode node, final SplittableRandom its, final long durationNs)
    {
        final SimulatedProcess process = node.process();
        if (process != null)
        {
            final int by = (int)Randoms.spread(its, 2, MAX_SLOWNESS);
            process.harts().slow(by);
            trouble("the guest of " + node.name() + " is slower by " + by, durationNs, () -> process.harts().slow(1));
        }
    }

    /** Only while the other node has everything, and nothing else is wrong: that is what is promised. */
    private void losePower(final SimulatedNode node)
    {
        final SimulatedProcess other = node.peer().process();
        if (node.process() != null && other != null && !other.isStopped() && simulation.preempted() == 0 && simulation.isProtected() && troubles == 0)
        {
            node.losePower();
        }
    }

    private void path(final Kind kind, final SimulatedNode node, final SplittableRandom its, final long durationNs)
    {
        final Network.Way way = simulation.network().from(node);
        final Network.Way back = simulation.network().from(node.peer());
        final String said;
        switch (kind)
        {
            case CUT ->
            {
                way.cut();
                back.cut();
                said = "the link is cut";
            }
            case CUT_ONE_WAY ->
            {
                way.cut();
                said = "the way from " + node.name() + " is cut";
            }
            case LOSS ->
            {
                final double share = its.nextDouble() / 2;
                way.lose(share);
                back.lose(share);
                said = "the link loses " + (int)(share * 100) + " %";
            }
            case CONTROL_LOSS ->
            {
                final double share = 0.3 + 0.7 * its.nextDouble();
                way.loseControl(share);
                said = "the way from " + node.name() + " loses " + (int)(share * 100) + " % of control messages";
            }
            case DELAY ->
            {
                final long upToNs = Randoms.spread(its, MS, 150 * MS);
                way.delay(upToNs);
                back.delay(its.nextBoolean() ? upToNs : 0);
                said = "the link delays by up to" + Trace.at(upToNs);
            }
            default ->
            {
                way.swallowAbove(SWALLOWS_ABOVE);
                said = "the way from " + node.name() + " swallows long packets";
            }
        }
        trouble(said, durationNs, () ->
        {
            way.end();
            back.end();
        });
    }

    private void arbiter(final Kind kind, final SimulatedNode node, final SplittableRandom its, final long durationNs)
    {
        final boolean both = its.nextBoolean();
        final SimulatedArbiter.Trouble own = simulation.arbiter().trouble(node);
        final SimulatedArbiter.Trouble others = simulation.arbiter().trouble(node.peer());
        final long slowNs = Randoms.spread(its, 5 * MS, 1_500 * MS);
        final double share = 0.3 + 0.7 * its.nextDouble();
        if (its.nextBoolean())
        {
            // Somebody has to ask it meanwhile.
            final SimulatedNode lost = its.nextBoolean() ? node : node.peer();
            simulation.scheduler().after(its.nextLong(durationNs + 1), () -> order(lost, its, Kind.KILL, lost::kill));
        }
        arbiter(kind, own, slowNs, share);
        if (both)
        {
            arbiter(kind, others, slowNs, share);
        }
        trouble(kind + (both ? " for both" : " for " + node.name()), durationNs, () ->
        {
            own.end();
            others.end();
        });
    }

    private static void arbiter(
        final Kind kind, final SimulatedArbiter.Trouble trouble, final long slowNs, final double share)
    {
        switch (kind)
        {
            case ARBITER_AWAY -> trouble.unavailable();
            case ARBITER_SLOW -> trouble.slow(slowNs);
            default -> trouble.losesAnswers(share);
        }
    }

    private void trouble(final String said, final long durationNs, final Runnable end)
    {
        troubles++;
        simulation.trace().say("fault", said + " for" + Trace.at(durationNs));
        simulation.scheduler().after(durationNs, () ->
        {
            troubles--;
            simulation.trace().say("fault", "no more: " + said);
            end.run();
        });
    }
}
