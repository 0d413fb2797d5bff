package dev.understudy.guest.boot;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** Reads a flattened device tree as a kernel does, and refuses what chapter 5 of the specification forbids. */
final class BlobReader
{
    private final ByteBuffer blob;
    private final Map<String, byte[]> properties = new TreeMap<>();
    private final int strings;

    /** Reads it all. */
    BlobReader(final byte[] bytes)
    {
        blob = ByteBuffer.wrap(bytes);
        check(blob.getInt(0) == 0xD00D_FEED, "magic");
        check(blob.getInt(4) == bytes.length, "total size");
        check(blob.getInt(20) == 17 && blob.getInt(24) == 16, "version");
        final int structure = blob.getInt(8);
        strings = blob.getInt(12);
        final int reservations = blob.getInt(16);
        check(structure % 4 == 0 && reservations % 8 == 0, "alignment");
        check(strings + blob.getInt(32) <= bytes.length && structure + blob.getInt(36) <= bytes.length, "bounds");
        check(blob.getLong(reservations) == 0 && blob.getLong(reservations + 8) == 0, "end of reservations");

        blob.position(structure);
        check(blob.getInt() == 1, "root");
        node("");
        check(blob.getInt() == 9, "end");
        check(blob.position() == structure + blob.getInt(36), "size of the structure");
    }

    boolean has(final String path)
    {
        return properties.containsKey(path);
    }

    /** Strings of a property, with a bar after each. */
    String text(final String path)
    {
        return new String(bytes(path), StandardCharsets.UTF_8).replace('\0', '|');
    }

    int[] cells(final String path)
    {
        final int[] cells = new int[bytes(path).length / 4];
        ByteBuffer.wrap(bytes(path)).asIntBuffer().get(cells);
        return cells;
    }

    long[] longs(final String path)
    {
        final long[] longs = new long[bytes(path).length / 8];
        ByteBuffer.wrap(bytes(path)).asLongBuffer().get(longs);
        return longs;
    }

    private byte[] bytes(final String path)
    {
        final byte[] value = properties.get(path);
        check(value != null, "no property " + path + " in " + properties.keySet());
        return value;
    }

    private void node(final String parent)
    {
        final String name = string(blob.position());
        blob.position(blob.position() + name.length() + 4 & -4);
        final String path = parent.isEmpty() && name.isEmpty() ? "/" : parent + name + "/";
        boolean hasChildren = false;
        while (true)
        {
            switch (blob.getInt())
            {
                case 1 ->
                {
                    hasChildren = true;
                    node(path);
                }
                case 2 ->
                {
                    return;
                }
                case 3 ->
                {
                    check(!hasChildren, "a property after a child of " + path);
                    final byte[] value = new byte[blob.getInt()];
                    final String property = path + string(strings + blob.getInt());
                    blob.get(value);
                    while (blob.position() % 4 != 0)
                    {
                        check(blob.get() == 0, "padding");
                    }
                    check(properties.put(property, value) == null, "two of " + property);
                }
                default -> check(false, "token before " + blob.position());
            }
        }
    }

    private String string(final int at)
    {
        int end = at;
        while (blob.get(end) != 0)
        {
            end++;
        }
        return new String(Arrays.copyOfRange(blob.array(), at, end), StandardCharsets.US_ASCII);
    }

    private static void check(final boolean holds, final String what)
    {
        if (!holds)
        {
            throw new AssertionError("device tree: " + what);
        }
    }
}
