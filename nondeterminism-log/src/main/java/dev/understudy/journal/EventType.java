package dev.understudy.journal;

import dev.understudy.journal.codec.BackupJoinedEventDecoder;
import dev.understudy.journal.codec.BalloonTargetEventDecoder;
import dev.understudy.journal.codec.BlockCompletionEventDecoder;
import dev.understudy.journal.codec.ClockSampleEventDecoder;
import dev.understudy.journal.codec.ClosedEventDecoder;
import dev.understudy.journal.codec.ConsoleInputEventDecoder;
import dev.understudy.journal.codec.ConsoleSizeEventDecoder;
import dev.understudy.journal.codec.DateEventDecoder;
import dev.understudy.journal.codec.DigestEventDecoder;
import dev.understudy.journal.codec.EntropyEventDecoder;
import dev.understudy.journal.codec.GenerationEventDecoder;
import dev.understudy.journal.codec.GenesisEventDecoder;
import dev.understudy.journal.codec.NetworkFrameEventDecoder;
import dev.understudy.journal.codec.VsockPacketEventDecoder;

/** The kinds of entries; their layout is in {@code events.xml}. */
public enum EventType
{
    /** What the guest is; the first entry of a journal. */
    GENESIS(
        GenesisEventDecoder.TEMPLATE_ID,
        GenesisEventDecoder.BLOCK_LENGTH,
        4,
        GenesisEventDecoder.hasInitrdEncodingOffset(),
        2),

    /** The world's time, and how the guest's time goes on from it. */
    CLOCK_SAMPLE(ClockSampleEventDecoder.TEMPLATE_ID, ClockSampleEventDecoder.BLOCK_LENGTH, 0),

    /** Bytes typed at the console. */
    CONSOLE_INPUT(ConsoleInputEventDecoder.TEMPLATE_ID, ConsoleInputEventDecoder.BLOCK_LENGTH, 1),

    /** Random bytes that the guest asked for. */
    ENTROPY(EntropyEventDecoder.TEMPLATE_ID, EntropyEventDecoder.BLOCK_LENGTH, 1),

    /** A packet of the host's end of virtio-vsock. */
    VSOCK_PACKET(VsockPacketEventDecoder.TEMPLATE_ID, VsockPacketEventDecoder.BLOCK_LENGTH, 1),

    /** A digest of the machine, for comparison. */
    DIGEST(DigestEventDecoder.TEMPLATE_ID, DigestEventDecoder.BLOCK_LENGTH, 0),

    /** A replica runs the guest from here on. */
    GENERATION(
        GenerationEventDecoder.TEMPLATE_ID,
        GenerationEventDecoder.BLOCK_LENGTH,
        1,
        GenerationEventDecoder.causeEncodingOffset(),
        4),

    /** Outputs from here on wait for a backup. */
    BACKUP_JOINED(BackupJoinedEventDecoder.TEMPLATE_ID, BackupJoinedEventDecoder.BLOCK_LENGTH, 1),

    /** The end of a recording that ended in order. */
    CLOSED(
        ClosedEventDecoder.TEMPLATE_ID,
        ClosedEventDecoder.BLOCK_LENGTH,
        0,
        ClosedEventDecoder.outcomeEncodingOffset(),
        6),

    /** A request of the guest for a drive is done. */
    BLOCK_COMPLETION(
        BlockCompletionEventDecoder.TEMPLATE_ID,
        BlockCompletionEventDecoder.BLOCK_LENGTH,
        0,
        BlockCompletionEventDecoder.statusEncodingOffset(),
        3),

    /** An Ethernet frame of the world. */
    NETWORK_FRAME(NetworkFrameEventDecoder.TEMPLATE_ID, NetworkFrameEventDecoder.BLOCK_LENGTH, 1),

    /** The size of the terminal that the console is on. */
    CONSOLE_SIZE(ConsoleSizeEventDecoder.TEMPLATE_ID, ConsoleSizeEventDecoder.BLOCK_LENGTH, 0),

    /** How much RAM the guest is asked to leave alone. */
    BALLOON_TARGET(BalloonTargetEventDecoder.TEMPLATE_ID, BalloonTargetEventDecoder.BLOCK_LENGTH, 0),

    /** What the date is. */
    DATE(DateEventDecoder.TEMPLATE_ID, DateEventDecoder.BLOCK_LENGTH, 0);

    private static final EventType[] BY_TEMPLATE_ID = byTemplateId();

    private final int templateId;
    private final int blockLength;
    private final int variableParts;
    private final int codeOffset;
    private final int codes;

    EventType(final int templateId, final int blockLength, final int variableParts)
    {
        this(templateId, blockLength, variableParts, 0, 0);
    }

    EventType(
        final int templateId, final int blockLength, final int variableParts, final int codeOffset, final int codes)
    {
        this.templateId = templateId;
        this.blockLength = blockLength;
        this.variableParts = variableParts;
        this.codeOffset = codeOffset;
        this.codes = codes;
    }

    /** Number of such an entry's template in the schema. */
    int templateId()
    {
        return templateId;
    }

    /** Length of the fixed part of such an entry, in bytes. */
    int blockLength()
    {
        return blockLength;
    }

    /** Number of parts of variable length that follow the fixed part; a genesis may have two more, drives and MAC. */
    int variableParts()
    {
        return variableParts;
    }

    /** Where the fixed part holds a byte that is one of {@link #codes} values. */
    int codeOffset()
    {
        return codeOffset;
    }

    /** How many values that byte may have, from 0; 0 when there is no such byte. */
    int codes()
    {
        return codes;
    }

    /** The kind of a template of the schema, or null for one that this version does not know. */
    static EventType of(final int templateId)
    {
        return templateId >= 0 && templateId < BY_TEMPLATE_ID.length ? BY_TEMPLATE_ID[templateId] : null;
    }

    private static EventType[] byTemplateId()
    {
        final EventType[] types = new EventType[values().length + 1];
        for (final EventType type : values())
        {
            types[type.templateId] = type;
        }
        return types;
    }
}
