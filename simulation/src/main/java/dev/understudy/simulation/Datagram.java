package dev.understudy.simulation;

/**
 * What goes from one link to the other.
 *
 * @param kind    what it is
 * @param speaker the process that it is of; for a status, a gap or an answer the process that it is for
 * @param stream  of the process: {@link SimulatedLink#CONTROL} or {@link SimulatedLink#ENTRIES}
 * @param number  of the message, the next one, or the missing one; of a probe
 * @param position number of bytes of all messages before that one
 * @param session that an entry is marked with
 * @param message null but for messages
 */
record Datagram(Kind kind, long speaker, int stream, long number, long position, long session, byte[] message)
{
    private static final int HEADER_BYTES = 32;

    /** What a datagram is. */
    enum Kind
    {
        /** A message of a stream. */
        DATA,

        /** The number that the stream's next message will have: sets a stream up, and shows what is missing. */
        SETUP,

        /** What of a stream was taken. */
        STATUS,

        /** A message is missing. */
        GAP,

        /** A datagram of full length that asks for an answer. */
        PROBE,

        /** The answer. */
        ANSWER
    }

    /** Its length. */
    int bytes()
    {
        return kind == Kind.PROBE ? Network.FULL_BYTES : HEADER_BYTES + (message == null ? 0 : message.length);
    }

    /** Whether it carries a control message. */
    boolean isControl()
    {
        return kind == Kind.DATA && stream == SimulatedLink.CONTROL;
    }
}
