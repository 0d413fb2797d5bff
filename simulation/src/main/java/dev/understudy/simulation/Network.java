package dev.understudy.simulation;

import java.util.SplittableRandom;

/** Carries datagrams between the two nodes, both ways, as faults will have it. */
final class Network
{
    /** Bytes of the longest datagram. */
    static final int FULL_BYTES = 1408;

    private static final long MIN_DELAY_NS = 20_000;
    private static final long MAX_DELAY_NS = 200_000;

    /** One datagram in so many comes twice, and one is late although nothing is wrong. */
    private static final int DUPLICATES = 200;
    private static final int LATE = 100;
    private static final long LATE_NS = 3_000_000;

    /** One way between the nodes, and what is wrong with it. */
    final class Way
    {
        private final SplittableRandom random;
        private final SimulatedNode to;
        private SimulatedLink receiver;
        private boolean isCut;
        private double loss;
        private double controlLoss;
        private long extraDelayNs;
        private int swallowsAbove = Integer.MAX_VALUE;

        Way(final SimulatedNode from, final SimulatedNode to)
        {
            this.to = to;
            random = simulation.randoms().of("way from " + from.name());
        }

        /** Nothing is wrong any more. */
        void end()
        {
            isCut = false;
            loss = 0;
            controlLoss = 0;
            extraDelayNs = 0;
            swallowsAbove = Integer.MAX_VALUE;
        }

        void cut()
        {
            isCut = true;
        }

        void lose(final double share)
        {
            loss = share;
        }

        void loseControl(final double share)
        {
            controlLoss = share;
        }

        void delay(final long upToNs)
        {
            extraDelayNs = upToNs;
        }

        void swallowAbove(final int bytes)
        {
            swallowsAbove = bytes;
        }

        /** Sends a datagram, which comes once, twice, late, after later ones, or not at all. */
        void send(final Datagram datagram)
        {
            final int bytes = Math.min(FULL_BYTES, datagram.bytes());
            final boolean isLost = isCut || bytes > swallowsAbove || random.nextDouble() < loss ||
                datagram.isControl() && random.nextDouble() < controlLoss;
            final boolean isTwice = random.nextInt(DUPLICATES) == 0;
            final long delayNs = delayNs();
            final long secondNs = delayNs();
            if (!isLost)
            {
                arrive(datagram, delayNs);
                if (isTwice)
                {
                    arrive(datagram, secondNs);
                }
            }
        }

        private long delayNs()
        {
            return random.nextLong(MIN_DELAY_NS, MAX_DELAY_NS) +
                (random.nextInt(LATE) == 0 ? random.nextLong(LATE_NS) : 0) +
                (extraDelayNs == 0 ? 0 : random.nextLong(extraDelayNs));
        }

        private void arrive(final Datagram datagram, final long delayNs)
        {
            simulation.scheduler().after(delayNs, () ->
            {
                if (receiver != null)
                {
                    receiver.arrived(datagram);
                }
            });
        }

        SimulatedNode to()
        {
            return to;
        }
    }

    private final Simulation simulation;
    private final Way fromA;
    private final Way fromB;

    Network(final Simulation simulation, final SimulatedNode a, final SimulatedNode b)
    {
        this.simulation = simulation;
        fromA = new Way(a, b);
        fromB = new Way(b, a);
    }

    /** The way that a node's datagrams take. */
    Way from(final SimulatedNode node)
    {
        return fromA.to == node ? fromB : fromA;
    }

    /** What comes to a node goes to this link from now on. */
    void open(final SimulatedNode node, final SimulatedLink link)
    {
        from(node.peer()).receiver = link;
    }

    /** Nobody takes what comes to a node. */
    void close(final SimulatedNode node)
    {
        from(node.peer()).receiver = null;
    }

    long nowNs()
    {
        return simulation.scheduler().nowNs();
    }
}
