package dev.understudy.journal;

import dev.understudy.journal.codec.BackupJoinedEventEncoder;
import dev.understudy.journal.codec.BalloonTargetEventEncoder;
import dev.understudy.journal.codec.BlockCompletionEventEncoder;
import dev.understudy.journal.codec.Cause;
import dev.understudy.journal.codec.ClockSampleEventEncoder;
import dev.understudy.journal.codec.ClosedEventEncoder;
import dev.understudy.journal.codec.ConsoleInputEventEncoder;
import dev.understudy.journal.codec.ConsoleSizeEventEncoder;
import dev.understudy.journal.codec.DateEventEncoder;
import dev.understudy.journal.codec.DigestEventEncoder;
import dev.understudy.journal.codec.End;
import dev.understudy.journal.codec.EntropyEventEncoder;
import dev.understudy.journal.codec.EntryHeaderEncoder;
import dev.understudy.journal.codec.Flag;
import dev.understudy.journal.codec.GenerationEventEncoder;
import dev.understudy.journal.codec.GenesisEventEncoder;
import dev.understudy.journal.codec.MessageHeaderEncoder;
import dev.understudy.journal.codec.NetworkFrameEventEncoder;
import dev.understudy.journal.codec.RequestStatus;
import dev.understudy.journal.codec.VsockPacketEventEncoder;
import java.nio.charset.StandardCharsets;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Encodes an event into a buffer that it owns: what becomes an entry when a journal appends it, which gives it its
 * sequence number and its hash.
 * <p>
 * Each method takes the position where the event enters the guest, the guest's time there in nanoseconds, and the hash of
 * all outputs before. It returns this encoder, to be appended. Not thread-safe.
 */
public final class EntryEncoder
{
    /** The longest entry, in bytes: a vsock packet of 64 KiB, and room for the longest genesis. */
    static final int MAX_BYTES = 128 * 1024;

    /** The longest payload, in bytes: the header of a vsock packet and 64 KiB. */
    static final int MAX_DATA_BYTES = 64 * 1024 + 44;

    /**
     * Version of what lies around the entries: segments, Chronicle's files, how an entry is packed, the seal, the rule of
     * the chain; and of the schema, whose own version no packed entry has. In version 1 entries were not packed, in
     * version 2 the first one did not have the device tree, in version 3 not whether a reset starts the guest again.
     */
    static final int FORMAT_VERSION = 4;

    /** Where the sequence number stands. */
    private static final int SEQUENCE =
        MessageHeaderEncoder.ENCODED_LENGTH + EntryHeaderEncoder.sequenceEncodingOffset();

    private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[MAX_BYTES]);
    private final JournalEntry entry = new JournalEntry();
    private final MessageHeaderEncoder message = new MessageHeaderEncoder();
    private final GenesisEventEncoder genesis = new GenesisEventEncoder();
    private final ClockSampleEventEncoder clockSample = new ClockSampleEventEncoder();
    private final ConsoleInputEventEncoder consoleInput = new ConsoleInputEventEncoder();
    private final EntropyEventEncoder entropy = new EntropyEventEncoder();
    private final VsockPacketEventEncoder vsockPacket = new VsockPacketEventEncoder();
    private final NetworkFrameEventEncoder networkFrame = new NetworkFrameEventEncoder();
    private final DigestEventEncoder digest = new DigestEventEncoder();
    private final GenerationEventEncoder generation = new GenerationEventEncoder();
    private final BackupJoinedEventEncoder backupJoined = new BackupJoinedEventEncoder();
    private final ClosedEventEncoder closed = new ClosedEventEncoder();
    private final BlockCompletionEventEncoder blockCompletion = new BlockCompletionEventEncoder();
    private final ConsoleSizeEventEncoder consoleSize = new ConsoleSizeEventEncoder();
    private final BalloonTargetEventEncoder balloonTarget = new BalloonTargetEventEncoder();
    private final DateEventEncoder date = new DateEventEncoder();
    private final DriveImageCodec drives = new DriveImageCodec();

    /** The event that was encoded last; its sequence number and hash are those of an entry once it was appended. */
    public JournalEntry entry()
    {
        return entry;
    }

    /** Holds that event from its start on. */
    UnsafeBuffer buffer()
    {
        return buffer;
    }

    /** Gives the event its place in a journal. */
    void sequence(final long sequence)
    {
        buffer.putLong(SEQUENCE, sequence, GenesisEventEncoder.BYTE_ORDER);
    }

    private EntryEncoder encoded(final int bodyLength)
    {
        entry.wrap(buffer, 0, MessageHeaderEncoder.ENCODED_LENGTH + bodyLength);
        return this;
    }

    /** What the guest is: the first entry of a journal. */
    public EntryEncoder genesis(final Genesis it)
    {
        final byte[] driveBytes = drives.encode(it.drives());
        final int textBytes = bytes(it.name()) + bytes(it.kernelPath()) + bytes(it.initrdPath()) +
            bytes(it.commandLine()) + driveBytes.length;
        if (textBytes > MAX_DATA_BYTES)
        {
            throw new IllegalArgumentException("the names, paths, drives and command line of guest " + it.name() +
                " take " + textBytes + " bytes: a journal's first entry holds " + MAX_DATA_BYTES);
        }
        genesis.wrapAndApplyHeader(buffer, 0, message);
        header(genesis.header(), 0, 0, 0);
        genesis.formatVersion(FORMAT_VERSION)
            .machineVersion(it.machineVersion())
            .memoryBytes(it.memoryBytes())
            .vsockCid(it.vsockCid())
            .createdEpochMs(it.createdEpochMs())
            .putKernelSha256(it.kernelSha256(), 0, GenesisEventEncoder.kernelSha256Length())
            .hasInitrd(it.initrdPath() == null ? Flag.NO : Flag.YES)
            .putInitrdSha256(
                it.initrdSha256() == null ? new byte[GenesisEventEncoder.initrdSha256Length()] : it.initrdSha256(),
                0, GenesisEventEncoder.initrdSha256Length())
            .putDeviceTreeSha256(it.deviceTreeSha256(), 0, GenesisEventEncoder.deviceTreeSha256Length())
            .reboots(it.reboots() ? Flag.YES : Flag.NO)
            .guestName(it.name())
            .kernelPath(it.kernelPath())
            .initrdPath(it.initrdPath() == null ? "" : it.initrdPath())
            .commandLine(it.commandLine());
        if (driveBytes.length > 0 || it.mac() != null)
        {
            genesis.putDrives(driveBytes, 0, driveBytes.length);
        }
        if (it.mac() != null)
        {
            genesis.putMac(it.mac(), 0, Genesis.MAC_BYTES);
        }
        return encoded(genesis.encodedLength());
    }

    /** The rate of the guest clock from here on: picoseconds an instruction, and how far it may go, in ns. */
    public EntryEncoder clockSample(
        final long position,
        final long timeNs,
        final long outputs,
        final int picosPerInstruction,
        final int limitNs)
    {
        clockSample.wrapAndApplyHeader(buffer, 0, message);
        header(clockSample.header(), position, timeNs, outputs);
        clockSample.picosPerInstruction(Integer.toUnsignedLong(picosPerInstruction))
            .limitNs(Integer.toUnsignedLong(limitNs));
        return encoded(clockSample.encodedLength());
    }

    /** Bytes that were typed at the console. */
    public EntryEncoder consoleInput(
        final long position,
        final long timeNs,
        final long outputs,
        final DirectBuffer data,
        final int offset,
        final int length)
    {
        requireData(length);
        consoleInput.wrapAndApplyHeader(buffer, 0, message);
        header(consoleInput.header(), position, timeNs, outputs);
        consoleInput.putPayload(data, offset, length);
        return encoded(consoleInput.encodedLength());
    }

    /** Random bytes for the guest. */
    public EntryEncoder entropy(
        final long position,
        final long timeNs,
        final long outputs,
        final DirectBuffer data,
        final int offset,
        final int length)
    {
        requireData(length);
        entropy.wrapAndApplyHeader(buffer, 0, message);
        header(entropy.header(), position, timeNs, outputs);
        entropy.putPayload(data, offset, length);
        return encoded(entropy.encodedLength());
    }

    /** A packet of the host's end of virtio-vsock, header included. */
    public EntryEncoder vsockPacket(
        final long position,
        final long timeNs,
        final long outputs,
        final DirectBuffer data,
        final int offset,
        final int length)
    {
        requireData(length);
        vsockPacket.wrapAndApplyHeader(buffer, 0, message);
        header(vsockPacket.header(), position, timeNs, outputs);
        vsockPacket.putPayload(data, offset, length);
        return encoded(vsockPacket.encodedLength());
    }

    /** An Ethernet frame of the world. */
    public EntryEncoder networkFrame(
        final long position,
        final long timeNs,
        final long outputs,
        final DirectBuffer data,
        final int offset,
        final int length)
    {
        requireData(length);
        networkFrame.wrapAndApplyHeader(buffer, 0, message);
        header(networkFrame.header(), position, timeNs, outputs);
        networkFrame.putPayload(data, offset, length);
        return encoded(networkFrame.encodedLength());
    }

    /** The digest of the machine. */
    public EntryEncoder digest(final long position, final long timeNs, final long outputs, final long state)
    {
        digest.wrapAndApplyHeader(buffer, 0, message);
        header(digest.header(), position, timeNs, outputs);
        digest.state(state);
        return encoded(digest.encodedLength());
    }

    /** The begin of a term of office. */
    public EntryEncoder generation(
        final long position,
        final long timeNs,
        final long outputs,
        final long number,
        final GenerationCause cause,
        final String node)
    {
        generation.wrapAndApplyHeader(buffer, 0, message);
        header(generation.header(), position, timeNs, outputs);
        generation.generation(number).cause(Cause.get((short)cause.ordinal())).node(node);
        return encoded(generation.encodedLength());
    }

    /** That a backup holds every entry before this one. */
    public EntryEncoder backupJoined(
        final long position,
        final long timeNs,
        final long outputs,
        final long number,
        final String node)
    {
        backupJoined.wrapAndApplyHeader(buffer, 0, message);
        header(backupJoined.header(), position, timeNs, outputs);
        backupJoined.generation(number).node(node);
        return encoded(backupJoined.encodedLength());
    }

    /** The end of the recording. */
    public EntryEncoder closed(
        final long position,
        final long timeNs,
        final long outputs,
        final Outcome outcome,
        final long state)
    {
        closed.wrapAndApplyHeader(buffer, 0, message);
        header(closed.header(), position, timeNs, outputs);
        closed.outcome(End.get((short)outcome.ordinal())).state(state);
        return encoded(closed.encodedLength());
    }

    /** That a request for a drive is done; drive and request by their numbers from 0. */
    public EntryEncoder blockCompletion(
        final long position,
        final long timeNs,
        final long outputs,
        final int drive,
        final long request,
        final BlockOutcome status)
    {
        blockCompletion.wrapAndApplyHeader(buffer, 0, message);
        header(blockCompletion.header(), position, timeNs, outputs);
        blockCompletion.request(request).drive((short)drive).status(RequestStatus.get((short)status.ordinal()));
        return encoded(blockCompletion.encodedLength());
    }

    /** The size of the terminal, in characters, each from 0 to 65535. */
    public EntryEncoder consoleSize(
        final long position,
        final long timeNs,
        final long outputs,
        final int columns,
        final int rows)
    {
        consoleSize.wrapAndApplyHeader(buffer, 0, message);
        header(consoleSize.header(), position, timeNs, outputs);
        consoleSize.columns(columns).rows(rows);
        return encoded(consoleSize.encodedLength());
    }

    /** How many pages of 4 KiB the guest is asked to leave alone, 0 to 2^32 - 1. */
    public EntryEncoder balloonTarget(
        final long position, final long timeNs, final long outputs, final long pages)
    {
        balloonTarget.wrapAndApplyHeader(buffer, 0, message);
        header(balloonTarget.header(), position, timeNs, outputs);
        balloonTarget.pages(pages);
        return encoded(balloonTarget.encodedLength());
    }

    /** The date at the entry's time, in nanoseconds since 1970. */
    public EntryEncoder date(final long position, final long timeNs, final long outputs, final long epochNs)
    {
        date.wrapAndApplyHeader(buffer, 0, message);
        header(date.header(), position, timeNs, outputs);
        date.epochNs(epochNs);
        return encoded(date.encodedLength());
    }

    private static int bytes(final String text)
    {
        return text == null ? 0 : text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static void requireData(final int length)
    {
        if (length < 0 || length > MAX_DATA_BYTES)
        {
            throw new IllegalArgumentException(
                "a payload of " + length + " bytes: an entry holds 0 to " + MAX_DATA_BYTES);
        }
    }

    private static void header(
        final EntryHeaderEncoder header, final long position,
        final long timeNs,
        final long outputs)
    {
        header.sequence(0).position(position).timeNs(timeNs).outputs(outputs).chainHigh(0).chainLow(0);
    }
}
