package dev.understudy.journal;

import dev.understudy.journal.codec.BackupJoinedEventEncoder;
import dev.understudy.journal.codec.BalloonTargetEventEncoder;
import dev.understudy.journal.codec.BlockCompletionEventEncoder;
import dev.understudy.journal.codec.Cause;
import dev.understudy.journal.codec.ClockSampleEventEncoder;
import dev.understudy.journal.codec.ClosedEventEncoder;
import dev.understudy.journal.codec.ConsoleInputEventEncoder;
import dev.understudy.journal.codec.ConsoleSizeEventEncoder;
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
 * Encodes entries, all but their chain, into a buffer that it owns. Each method returns the entry's length in bytes.
 * Not thread-safe.
 */
final class EntryEncoder
{
    /** The longest entry, in bytes: a vsock packet of 64 KiB, and room for the longest genesis. */
    static final int MAX_BYTES = 128 * 1024;

    /** The longest payload, in bytes: the header of a vsock packet and 64 KiB. */
    static final int MAX_DATA_BYTES = 64 * 1024 + 44;

    /**
     * Version of what lies around the entries: segments, Chronicle's files, how an entry is packed, the seal, the rule of
     * the chain; and of the schema, whose own version no packed entry has. In version 1 entries were not packed, in
     * version 2 the first one did not have the device tree.
     */
    static final int FORMAT_VERSION = 3;

    private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[MAX_BYTES]);
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
    private final DriveImageCodec drives = new DriveImageCodec();

    /** Holds the last entry from its start on. */
    UnsafeBuffer buffer()
    {
        return buffer;
    }

    /** The type of the last entry. */
    EventType lastType()
    {
        return EventType.of(buffer.getShort(
            MessageHeaderEncoder.templateIdEncodingOffset(), GenesisEventEncoder.BYTE_ORDER));
    }

    int genesis(final Genesis it)
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
        header(genesis.header(), 0, 0, 0, 0);
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
        return MessageHeaderEncoder.ENCODED_LENGTH + genesis.encodedLength();
    }

    int clockSample(
        final long sequence,
        final long position,
        final long timeNs,
        final long outputs,
        final int picosPerInstruction,
        final int limitNs)
    {
        clockSample.wrapAndApplyHeader(buffer, 0, message);
        header(clockSample.header(), sequence, position, timeNs, outputs);
        clockSample.picosPerInstruction(Integer.toUnsignedLong(picosPerInstruction))
            .limitNs(Integer.toUnsignedLong(limitNs));
        return MessageHeaderEncoder.ENCODED_LENGTH + clockSample.encodedLength();
    }

    int consoleInput(
        final long sequence,
        final long position,
        final long timeNs,
        final long outputs,
        final DirectBuffer data,
        final int offset,
        final int length)
    {
        requireData(length);
        consoleInput.wrapAndApplyHeader(buffer, 0, message);
        header(consoleInput.header(), sequence, position, timeNs, outputs);
        consoleInput.putPayload(data, offset, length);
        return MessageHeaderEncoder.ENCODED_LENGTH + consoleInput.encodedLength();
    }

    int entropy(
        final long sequence,
        final long position,
        final long timeNs,
        final long outputs,
        final DirectBuffer data,
        final int offset,
        final int length)
    {
        requireData(length);
        entropy.wrapAndApplyHeader(buffer, 0, message);
        header(entropy.header(), sequence, position, timeNs, outputs);
        entropy.putPayload(data, offset, length);
        return MessageHeaderEncoder.ENCODED_LENGTH + entropy.encodedLength();
    }

    int vsockPacket(
        final long sequence,
        final long position,
        final long timeNs,
        final long outputs,
        final DirectBuffer data,
        final int offset,
        final int length)
    {
        requireData(length);
        vsockPacket.wrapAndApplyHeader(buffer, 0, message);
        header(vsockPacket.header(), sequence, position, timeNs, outputs);
        vsockPacket.putPayload(data, offset, length);
        return MessageHeaderEncoder.ENCODED_LENGTH + vsockPacket.encodedLength();
    }

    int networkFrame(
        final long sequence,
        final long position,
        final long timeNs,
        final long outputs,
        final DirectBuffer data,
        final int offset,
        final int length)
    {
        requireData(length);
        networkFrame.wrapAndApplyHeader(buffer, 0, message);
        header(networkFrame.header(), sequence, position, timeNs, outputs);
        networkFrame.putPayload(data, offset, length);
        return MessageHeaderEncoder.ENCODED_LENGTH + networkFrame.encodedLength();
    }

    int digest(final long sequence, final long position, final long timeNs, final long outputs, final long state)
    {
        digest.wrapAndApplyHeader(buffer, 0, message);
        header(digest.header(), sequence, position, timeNs, outputs);
        digest.state(state);
        return MessageHeaderEncoder.ENCODED_LENGTH + digest.encodedLength();
    }

    int generation(
        final long sequence,
        final long position,
        final long timeNs,
        final long outputs,
        final long number,
        final GenerationCause cause,
        final String node)
    {
        generation.wrapAndApplyHeader(buffer, 0, message);
        header(generation.header(), sequence, position, timeNs, outputs);
        generation.generation(number).cause(Cause.get((short)cause.ordinal())).node(node);
        return MessageHeaderEncoder.ENCODED_LENGTH + generation.encodedLength();
    }

    int backupJoined(
        final long sequence,
        final long position,
        final long timeNs,
        final long outputs,
        final long number,
        final String node)
    {
        backupJoined.wrapAndApplyHeader(buffer, 0, message);
        header(backupJoined.header(), sequence, position, timeNs, outputs);
        backupJoined.generation(number).node(node);
        return MessageHeaderEncoder.ENCODED_LENGTH + backupJoined.encodedLength();
    }

    int closed(
        final long sequence,
        final long position,
        final long timeNs,
        final long outputs,
        final Outcome outcome,
        final long state)
    {
        closed.wrapAndApplyHeader(buffer, 0, message);
        header(closed.header(), sequence, position, timeNs, outputs);
        closed.outcome(End.get((short)outcome.ordinal())).state(state);
        return MessageHeaderEncoder.ENCODED_LENGTH + closed.encodedLength();
    }

    int blockCompletion(
        final long sequence,
        final long position,
        final long timeNs,
        final long outputs,
        final int drive,
        final long request,
        final BlockOutcome status)
    {
        blockCompletion.wrapAndApplyHeader(buffer, 0, message);
        header(blockCompletion.header(), sequence, position, timeNs, outputs);
        blockCompletion.request(request).drive((short)drive).status(RequestStatus.get((short)status.ordinal()));
        return MessageHeaderEncoder.ENCODED_LENGTH + blockCompletion.encodedLength();
    }

    int consoleSize(
        final long sequence,
        final long position,
        final long timeNs,
        final long outputs,
        final int columns,
        final int rows)
    {
        consoleSize.wrapAndApplyHeader(buffer, 0, message);
        header(consoleSize.header(), sequence, position, timeNs, outputs);
        consoleSize.columns(columns).rows(rows);
        return MessageHeaderEncoder.ENCODED_LENGTH + consoleSize.encodedLength();
    }

    int balloonTarget(
        final long sequence, final long position, final long timeNs, final long outputs, final long pages)
    {
        balloonTarget.wrapAndApplyHeader(buffer, 0, message);
        header(balloonTarget.header(), sequence, position, timeNs, outputs);
        balloonTarget.pages(pages);
        return MessageHeaderEncoder.ENCODED_LENGTH + balloonTarget.encodedLength();
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
        final EntryHeaderEncoder header,
        final long sequence,
        final long position,
        final long timeNs,
        final long outputs)
    {
        header.sequence(sequence).position(position).timeNs(timeNs).outputs(outputs).chainHigh(0).chainLow(0);
    }
}
