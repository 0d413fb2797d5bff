package dev.understudy.journal;

import dev.understudy.journal.codec.BackupJoinedEventDecoder;
import dev.understudy.journal.codec.ClockSampleEventDecoder;
import dev.understudy.journal.codec.ClosedEventDecoder;
import dev.understudy.journal.codec.ConsoleInputEventDecoder;
import dev.understudy.journal.codec.DigestEventDecoder;
import dev.understudy.journal.codec.EntropyEventDecoder;
import dev.understudy.journal.codec.GenerationEventDecoder;
import dev.understudy.journal.codec.GenesisEventDecoder;
import dev.understudy.journal.codec.VsockPacketEventDecoder;

/** The kinds of entries; their layout is in {@code events.xml}. */
public enum EventType
{
    /** What the guest is; the first entry of a journal. */
    GENESIS(GenesisEventDecoder.TEMPLATE_ID),

    /** The world's time, and how the guest's time goes on from it. */
    CLOCK_SAMPLE(ClockSampleEventDecoder.TEMPLATE_ID),

    /** Bytes typed at the console. */
    CONSOLE_INPUT(ConsoleInputEventDecoder.TEMPLATE_ID),

    /** Random bytes that the guest asked for. */
    ENTROPY(EntropyEventDecoder.TEMPLATE_ID),

    /** A packet of the host's end of virtio-vsock. */
    VSOCK_PACKET(VsockPacketEventDecoder.TEMPLATE_ID),

    /** A digest of the machine, for comparison. */
    DIGEST(DigestEventDecoder.TEMPLATE_ID),

    /** A replica runs the guest from here on. */
    GENERATION(GenerationEventDecoder.TEMPLATE_ID),

    /** Outputs from here on wait for a backup. */
    BACKUP_JOINED(BackupJoinedEventDecoder.TEMPLATE_ID),

    /** The end of a recording that ended in order. */
    CLOSED(ClosedEventDecoder.TEMPLATE_ID);

    private static final EventType[] BY_TEMPLATE_ID = byTemplateId();

    private final int templateId;

    EventType(final int templateId)
    {
        this.templateId = templateId;
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
