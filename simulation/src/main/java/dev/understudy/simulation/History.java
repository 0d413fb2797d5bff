package dev.understudy.simulation;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What clients asked and were told, key by key, and whether one register with that key could have done so: each operation
 * at one moment between request and answer.
 * <p>
 * Every value is written once, so that a read names its write. Source: Gibbons, Korach 1997 (Testing Shared Memories): the
 * operations on one value leave a zone; two zones must not overlap in which a value had to be there.
 */
final class History
{
    /** No answer came: it took effect at any time later, or never. */
    static final long NEVER = Long.MAX_VALUE;

    /** One request of a client and its answer. */
    static final class Operation
    {
        private final boolean isWrite;
        private final long askedNs;
        private String value;
        private long answeredNs = NEVER;

        private Operation(final boolean isWrite, final String value, final long askedNs)
        {
            this.isWrite = isWrite;
            this.value = value;
            this.askedNs = askedNs;
        }

        /** A write was acknowledged. */
        void acknowledged(final long nowNs)
        {
            answeredNs = nowNs;
        }

        /** A read gave a value; null for none. */
        void read(final String found, final long nowNs)
        {
            value = found;
            answeredNs = nowNs;
        }

        boolean isWrite()
        {
            return isWrite;
        }
    }

    /** When a value was in the register for certain, from {@code from} to {@code to}; or had a moment between, if backward. */
    private record Zone(String value, long firstAnswerNs, long lastRequestNs)
    {
        boolean isForward()
        {
            return firstAnswerNs < lastRequestNs;
        }

        String times()
        {
            return "\"" + value + "\" (first answer at" + Trace.at(firstAnswerNs) + ", last request at" +
                Trace.at(lastRequestNs) + ")";
        }
    }

    private final Map<String, List<Operation>> keys = new TreeMap<>();

    /** A client asks to write a value that nobody wrote before. */
    Operation write(final String key, final String value, final long nowNs)
    {
        return add(key, new Operation(true, value, nowNs));
    }

    /** A client asks for a value. */
    Operation read(final String key, final long nowNs)
    {
        return add(key, new Operation(false, null, nowNs));
    }

    private Operation add(final String key, final Operation operation)
    {
        keys.computeIfAbsent(key, k -> new ArrayList<>()).add(operation);
        return operation;
    }

    /** Number of operations that were answered. */
    int answered()
    {
        int count = 0;
        for (final List<Operation> operations : keys.values())
        {
            for (final Operation operation : operations)
            {
                count += operation.answeredNs == NEVER ? 0 : 1;
            }
        }
        return count;
    }

    /** What no register could have answered, in a sentence; null when all is well. */
    String problem()
    {
        for (final Map.Entry<String, List<Operation>> key : keys.entrySet())
        {
            final String problem = problem(key.getValue());
            if (problem != null)
            {
                return "key " + key.getKey() + ": " + problem;
            }
        }
        return null;
    }

    private static String problem(final List<Operation> operations)
    {
        final Map<String, Zone> zones = new LinkedHashMap<>();
        final Map<String, Operation> writes = new LinkedHashMap<>();
        // Nothing is what the register begins with.
        zones.put(null, new Zone(null, -1, -1));
        for (final Operation operation : operations)
        {
            if (operation.isWrite)
            {
                writes.put(operation.value, operation);
                if (operation.answeredNs != NEVER)
                {
                    extend(zones, operation);
                }
            }
        }
        for (final Operation operation : operations)
        {
            if (!operation.isWrite && operation.answeredNs != NEVER)
            {
                final Operation write = writes.get(operation.value);
                if (operation.value != null && (write == null || write.askedNs > operation.answeredNs))
                {
                    return "a read gave \"" + operation.value + "\" at" + Trace.at(operation.answeredNs) +
                        ", which nobody had written";
                }
                if (write != null)
                {
                    extend(zones, write);
                }
                extend(zones, operation);
            }
        }
        return overlap(new ArrayList<>(zones.values()));
    }

    private static void extend(final Map<String, Zone> zones, final Operation operation)
    {
        zones.merge(operation.value, new Zone(operation.value, operation.answeredNs, operation.askedNs),
            (one, other) -> new Zone(one.value, Math.min(one.firstAnswerNs, other.firstAnswerNs),
                Math.max(one.lastRequestNs, other.lastRequestNs)));
    }

    private static String overlap(final List<Zone> zones)
    {
        for (final Zone forward : zones)
        {
            if (!forward.isForward())
            {
                continue;
            }
            for (final Zone other : zones)
            {
                final boolean clashes = other.isForward() ?
                    other != forward && forward.firstAnswerNs < other.lastRequestNs &&
                        other.firstAnswerNs < forward.lastRequestNs :
                    forward.firstAnswerNs < other.lastRequestNs && other.firstAnswerNs < forward.lastRequestNs;
                if (clashes)
                {
                    return "was " + forward.times() + " and " + other.times() +
                        ": an acknowledged write was lost, or a read went back";
                }
            }
        }
        return null;
    }
}
