package dev.understudy.guest.boot;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes a flattened device tree, version 17. Source: Devicetree specification 0.4, chapter 5.
 */
final class DeviceTree
{
    private static final int MAGIC = 0xD00D_FEED;
    private static final int VERSION = 17;
    private static final int LAST_COMPATIBLE_VERSION = 16;
    private static final int HEADER_BYTES = 40;
    private static final int RESERVATION_BYTES = 16;

    /**
     * Bytes behind the tree that belong to it: a boot loader such as U-Boot writes the kernel's command line into its copy of
     * the tree, which is as long as this one and has its own data behind it. A command line has 2 KiB at most.
     */
    private static final int ROOM_BYTES = 4 * 1024;

    private static final int BEGIN_NODE = 1;
    private static final int END_NODE = 2;
    private static final int PROPERTY = 3;
    private static final int END = 9;

    private final ByteArrayOutputStream structure = new ByteArrayOutputStream();
    private final ByteArrayOutputStream strings = new ByteArrayOutputStream();
    private final Map<String, Integer> stringOffsets = new LinkedHashMap<>();

    DeviceTree begin(final String name)
    {
        cell(BEGIN_NODE);
        bytes((name + '\0').getBytes(StandardCharsets.US_ASCII));
        return this;
    }

    DeviceTree end()
    {
        cell(END_NODE);
        return this;
    }

    /** A property without a value. */
    DeviceTree flag(final String name)
    {
        return property(name, new byte[0]);
    }

    /** A property of 32-bit cells. */
    DeviceTree cells(final String name, final int... values)
    {
        final ByteBuffer buffer = ByteBuffer.allocate(4 * values.length);
        for (final int value : values)
        {
            buffer.putInt(value);
        }
        return property(name, buffer.array());
    }

    /** A property of 64-bit numbers, each in two cells. */
    DeviceTree longs(final String name, final long... values)
    {
        final ByteBuffer buffer = ByteBuffer.allocate(8 * values.length);
        for (final long value : values)
        {
            buffer.putLong(value);
        }
        return property(name, buffer.array());
    }

    /** A property of one or more strings. */
    DeviceTree strings(final String name, final String... values)
    {
        final StringBuilder joined = new StringBuilder();
        for (final String value : values)
        {
            joined.append(value).append('\0');
        }
        return property(name, joined.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** The finished blob. */
    byte[] blob()
    {
        cell(END);
        final int structureOffset = HEADER_BYTES + RESERVATION_BYTES;
        final int stringsOffset = structureOffset + structure.size();
        final int total = stringsOffset + strings.size() + ROOM_BYTES;
        return ByteBuffer.allocate(total)
            .putInt(MAGIC)
            .putInt(total)
            .putInt(structureOffset)
            .putInt(stringsOffset)
            .putInt(HEADER_BYTES)
            .putInt(VERSION)
            .putInt(LAST_COMPATIBLE_VERSION)
            .putInt(0)
            .putInt(strings.size())
            .putInt(structure.size())
            .putLong(0)
            .putLong(0)
            .put(structure.toByteArray())
            .put(strings.toByteArray())
            .array();
    }

    private DeviceTree property(final String name, final byte[] value)
    {
        cell(PROPERTY);
        cell(value.length);
        cell(stringOffset(name));
        bytes(value);
        return this;
    }

    private int stringOffset(final String name)
    {
        return stringOffsets.computeIfAbsent(name, key ->
        {
            final int offset = strings.size();
            strings.writeBytes((key + '\0').getBytes(StandardCharsets.US_ASCII));
            return offset;
        });
    }

    private void cell(final int value)
    {
        structure.writeBytes(ByteBuffer.allocate(4).putInt(value).array());
    }

    private void bytes(final byte[] value)
    {
        structure.writeBytes(value);
        structure.writeBytes(new byte[-value.length & 3]);
    }
}
