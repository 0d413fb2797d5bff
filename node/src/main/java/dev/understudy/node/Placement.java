package dev.understudy.node;

/** Where a node runs on a machine that it shares with its peer. On the agent thread. */
public interface Placement
{
    /** Of a node that has its machine to itself. */
    Placement ALONE = new Placement()
    {
        @Override
        public boolean isShared()
        {
            return false;
        }

        @Override
        public boolean isUpper()
        {
            return false;
        }

        @Override
        public int busyPercent()
        {
            return 0;
        }

        @Override
        public boolean poll(final long nowNs, final boolean leads)
        {
            return false;
        }

        @Override
        public void onPeer(final boolean peerIsUpper, final int peerBusyPercent, final boolean leads)
        {
        }
    };

    /** Whether the peer has the other half of the machine. */
    boolean isShared();

    /** Whether this node has the upper half. */
    boolean isUpper();

    /** How much of the half's time this node used lately, in percent. */
    int busyPercent();

    /**
     * Decides anew where to run.
     *
     * @param leads whether this node decides for both: it is the primary
     * @return whether it went to the other half, so that the peer should hear of it
     */
    boolean poll(long nowNs, boolean leads);

    /** The peer says where it runs, and how much of its half's time it used lately. */
    void onPeer(boolean peerIsUpper, int peerBusyPercent, boolean leads);
}
