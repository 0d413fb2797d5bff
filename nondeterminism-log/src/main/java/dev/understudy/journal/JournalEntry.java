package dev.understudy.journal;

import dev.understudy.journal.codec.BackupJoinedEventDecoder;
import dev.understudy.journal.codec.BalloonTargetEventDecoder;
import dev.understudy.journal.codec.BlockCompletionEventDecoder;
import dev.understudy.journal.codec.ClockSampleEventDecoder;
import dev.understudy.journal.codec.ClosedEventDecoder;
import dev.understudy.journal.codec.ConsoleSizeEventDecoder;
import dev.understudy.journal.codec.DateEventDecoder;
import dev.understudy.journal.codec.DigestEventDecoder;
import dev.understudy.journal.codec.EntryHeaderDecoder;
import dev.understudy.journal.codec.Flag;
import dev.understudy.journal.codec.GenerationEventDecoder;
import dev.understudy.journal.codec.GenesisEventDecoder;
import dev.understudy.journal.codec.MessageHeaderDecoder;
import dev.understudy.journal.codec.VarDataDecoder;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.agrona.DirectBuffer;

/**
 * A view of one encoded entry; valid until it is wrapped around another. Not thread-safe.
 * <p>
 * Methods for a field that only some types have may be called for those types alone.
 */
public final class JournalEntry
{
    /** The least length of an entry in bytes. */
    private static final int MIN_BYTES = MessageHeaderDecoder.ENCODED_LENGTH + EntryHeaderDecoder.ENCODED_LENGTH;

    private final MessageHeaderDecoder message = new MessageHeaderDecoder();
    private final EntryHeaderDecoder header = new EntryHeaderDecoder();
    private final GenesisEventDecoder genesis = new GenesisEventDecoder();
    private final ClockSampleEventDecoder clockSample = new ClockSampleEventDecoder();
    private final DigestEventDecoder digest = new DigestEventDecoder();
    private final GenerationEventDecoder generation = new GenerationEventDecoder();
    private final BackupJoinedEventDecoder backupJoined = new BackupJoinedEventDecoder();
    private final ClosedEventDecoder closed = new ClosedEventDecoder();
    private final BlockCompletionEventDecoder blockCompletion = new BlockCompletionEventDecoder();
    private final ConsoleSizeEventDecoder consoleSize = new ConsoleSizeEventDecoder();
    private final BalloonTargetEventDecoder balloonTarget = new BalloonTargetEventDecoder();
    private final DateEventDecoder date = new DateEventDecoder();
    private final DriveImageCodec drives = new DriveImageCodec();

    private DirectBuffer buffer;
    private int offset;
    private int length;
    private EventType type;

    /**
     * Looks at an encoded entry. Its hash is not checked here.
     *
     * @return null, or what makes it no entry of this version
     */
    public String tryWrap(final DirectBuffer newBuffer, final int newOffset, final int newLength)
    {
        if (newLength < MIN_BYTES)
        {
            return "it has " + newLength + " bytes, an entry has at least " + MIN_BYTES;
        }
        message.wrap(newBuffer, newOffset);
        if (message.schemaId() != MessageHeaderDecoder.SCHEMA_ID)
        {
            return "it is of schema " + message.schemaId() + ", the journal's is " + MessageHeaderDecoder.SCHEMA_ID;
        }
        if (message.version() != MessageHeaderDecoder.SCHEMA_VERSION)
        {
            return "it is of version " + message.version() + " of the journal's format, this release reads version " +
                MessageHeaderDecoder.SCHEMA_VERSION;
        }
        final EventType newType = EventType.of(message.templateId());
        if (newType == null)
        {
            return "its type " + message.templateId() + " is not known to this release";
        }
        final String problem = layoutProblem(newType, newBuffer, newOffset, newLength);
        if (problem != null)
        {
            return problem;
        }
        buffer = newBuffer;
        offset = newOffset;
        length = newLength;
        type = newType;
        header.wrap(newBuffer, newOffset + MessageHeaderDecoder.ENCODED_LENGTH);
        return null;
    }

    /**
     * Looks at an encoded entry, as one from the network. Its hash is not checked here.
     *
     * @throws JournalException when it is no entry of this version
     */
    public void wrap(final DirectBuffer newBuffer, final int newOffset, final int newLength)
    {
        final String problem = tryWrap(newBuffer, newOffset, newLength);
        if (problem != null)
        {
            throw new JournalException("these " + newLength + " bytes are no entry of a journal: " + problem +
                ". Both sides must run the same release");
        }
    }

    /** Every length and every code must fit, so that no field that is read later can lie outside the entry. */
    private String layoutProblem(
        final EventType newType, final DirectBuffer bytes, final int start, final int wholeLength)
    {
        if (message.blockLength() != newType.blockLength())
        {
            return "its fields take " + message.blockLength() + " bytes, those of " + newType + " take " +
                newType.blockLength();
        }
        long end = MessageHeaderDecoder.ENCODED_LENGTH + message.blockLength();
        for (int i = 0; i < newType.variableParts(); i++)
        {
            end = end + Integer.BYTES > wholeLength ? Long.MAX_VALUE : end + Integer.BYTES +
                Integer.toUnsignedLong(bytes.getInt(start + (int)end, VarDataDecoder.BYTE_ORDER));
            if (end > wholeLength)
            {
                return "its parts are longer than it is";
            }
        }
        if (newType == EventType.GENESIS && end + Integer.BYTES <= wholeLength)
        {
            if (!areDevicesKnown(bytes, start + (int)end, wholeLength - (int)end))
            {
                return "its description of drives and network devices is none that this release knows";
            }
            end = wholeLength;
        }
        if (newType == EventType.GENESIS && !isRebootsKnown(bytes, start))
        {
            return "it does not say whether a reset starts the guest again";
        }
        if (end != wholeLength)
        {
            return "it has " + wholeLength + " bytes, its parts take " + end;
        }
        final int codeOffset = start + MessageHeaderDecoder.ENCODED_LENGTH + newType.codeOffset();
        final boolean isCodeKnown = newType.codes() == 0 || (bytes.getByte(codeOffset) & 0xFF) < newType.codes();
        return isCodeKnown ? null : "its code " + (bytes.getByte(codeOffset) & 0xFF) + " is not known to this release";
    }

    private static boolean isRebootsKnown(final DirectBuffer bytes, final int start)
    {
        final int code = bytes.getByte(
            start + MessageHeaderDecoder.ENCODED_LENGTH + GenesisEventDecoder.rebootsEncodingOffset()) & 0xFF;
        return code == Flag.NO.value() || code == Flag.YES.value();
    }

    /** The optional parts of a genesis: drives, and a MAC after drives that may be none then. */
    private boolean areDevicesKnown(final DirectBuffer bytes, final int at, final int length)
    {
        final long drivesLength = Integer.toUnsignedLong(bytes.getInt(at, VarDataDecoder.BYTE_ORDER));
        final long rest = length - Integer.BYTES - drivesLength;
        final boolean hasMac = rest == Integer.BYTES + Genesis.MAC_BYTES &&
            bytes.getInt(at + Integer.BYTES + (int)drivesLength, VarDataDecoder.BYTE_ORDER) == Genesis.MAC_BYTES;
        final boolean hasNoDrives = hasMac && drivesLength == 0;
        return (hasMac || rest == 0) &&
            (hasNoDrives || drives.isValid(bytes, at + Integer.BYTES, (int)drivesLength));
    }

    /** What kind of entry this is. */
    public EventType type()
    {
        return type;
    }

    /** Number of the entry, from 0. */
    public long sequence()
    {
        return header.sequence();
    }

    /** Position at which the event enters the guest. */
    public long position()
    {
        return header.position();
    }

    /** The world's time since the guest's start, in nanoseconds. */
    public long timeNs()
    {
        return header.timeNs();
    }

    /** Running hash of all outputs before the entry. */
    public long outputs()
    {
        return header.outputs();
    }

    /** First 8 bytes of the hash chain, as a big-endian number. */
    public long chainHigh()
    {
        return header.chainHigh();
    }

    /** Next 8 bytes of the hash chain, as a big-endian number. */
    public long chainLow()
    {
        return header.chainLow();
    }

    /** Holds the whole encoded entry from {@link #offset()} on. */
    public DirectBuffer buffer()
    {
        return buffer;
    }

    /** Where the encoded entry begins in {@link #buffer}. */
    public int offset()
    {
        return offset;
    }

    /** Length of the encoded entry in bytes. */
    public int length()
    {
        return length;
    }

    /** Holds the payload of a console input, entropy, packet or frame from {@link #dataOffset()} on. */
    public DirectBuffer data()
    {
        return buffer;
    }

    /** Where the payload begins in {@link #data}. */
    public int dataOffset()
    {
        return dataLengthOffset() + VarDataDecoder.varDataEncodingOffset();
    }

    /** Length of the payload in bytes. */
    public int dataLength()
    {
        return buffer.getInt(dataLengthOffset(), VarDataDecoder.BYTE_ORDER);
    }

    private int dataLengthOffset()
    {
        message.wrap(buffer, offset);
        return offset + MessageHeaderDecoder.ENCODED_LENGTH + message.blockLength();
    }

    /** Of a clock sample. */
    public int picosPerInstruction()
    {
        return (int)clockSample.wrapAndApplyHeader(buffer, offset, message).picosPerInstruction();
    }

    /** Of a clock sample, in nanoseconds. */
    public int limitNs()
    {
        return (int)clockSample.wrapAndApplyHeader(buffer, offset, message).limitNs();
    }

    /** The digest in a digest or closing entry. */
    public long state()
    {
        return type == EventType.CLOSED ?
            closed.wrapAndApplyHeader(buffer, offset, message).state() :
            digest.wrapAndApplyHeader(buffer, offset, message).state();
    }

    /** Of a generation or backup-joined entry. */
    public long generation()
    {
        return type == EventType.GENERATION ?
            generation.wrapAndApplyHeader(buffer, offset, message).generation() :
            backupJoined.wrapAndApplyHeader(buffer, offset, message).generation();
    }

    /** Of a generation entry. */
    public GenerationCause cause()
    {
        return GenerationCause.values()[generation.wrapAndApplyHeader(buffer, offset, message).cause().value()];
    }

    /** Of a generation or backup-joined entry. */
    public String node()
    {
        return type == EventType.GENERATION ?
            generation.wrapAndApplyHeader(buffer, offset, message).node() :
            backupJoined.wrapAndApplyHeader(buffer, offset, message).node();
    }

    /** Of a closing entry. */
    public Outcome outcome()
    {
        return Outcome.values()[closed.wrapAndApplyHeader(buffer, offset, message).outcome().value()];
    }

    /** Of a block completion: index of the drive, from 0. */
    public int drive()
    {
        return blockCompletion.wrapAndApplyHeader(buffer, offset, message).drive();
    }

    /** Of a block completion: number of the request among those of the drive, from 0. */
    public long request()
    {
        return blockCompletion.wrapAndApplyHeader(buffer, offset, message).request();
    }

    /** Of a block completion. */
    public BlockOutcome status()
    {
        return BlockOutcome.values()[blockCompletion.wrapAndApplyHeader(buffer, offset, message).status().value()];
    }

    /** Of a console size, in characters. */
    public int columns()
    {
        return consoleSize.wrapAndApplyHeader(buffer, offset, message).columns();
    }

    /** Of a console size, in characters. */
    public int rows()
    {
        return consoleSize.wrapAndApplyHeader(buffer, offset, message).rows();
    }

    /** Of a balloon target: number of pages of 4 KiB. */
    public long pages()
    {
        return balloonTarget.wrapAndApplyHeader(buffer, offset, message).pages();
    }

    /** Of a date: nanoseconds since 1970. */
    public long epochNs()
    {
        return date.wrapAndApplyHeader(buffer, offset, message).epochNs();
    }

    /** Of the genesis entry. */
    public Genesis genesis()
    {
        genesis.wrapAndApplyHeader(buffer, offset, message);
        final byte[] kernelSha256 = new byte[GenesisEventDecoder.kernelSha256Length()];
        final byte[] initrdSha256 = new byte[GenesisEventDecoder.initrdSha256Length()];
        final byte[] deviceTreeSha256 = new byte[GenesisEventDecoder.deviceTreeSha256Length()];
        genesis.getKernelSha256(kernelSha256, 0, kernelSha256.length);
        genesis.getInitrdSha256(initrdSha256, 0, initrdSha256.length);
        genesis.getDeviceTreeSha256(deviceTreeSha256, 0, deviceTreeSha256.length);
        final boolean hasInitrd = genesis.hasInitrd() == Flag.YES;
        final boolean reboots = genesis.reboots() == Flag.YES;
        final int machineVersion = genesis.machineVersion();
        final long memoryBytes = genesis.memoryBytes();
        final long vsockCid = genesis.vsockCid();
        final long createdEpochMs = genesis.createdEpochMs();
        final String name = genesis.guestName();
        final String kernelPath = genesis.kernelPath();
        final String initrdPath = genesis.initrdPath();
        final String commandLine = genesis.commandLine();
        final boolean hasDevices = genesis.limit() < offset + length;
        final int drivesAt = genesis.limit() + VarDataDecoder.varDataEncodingOffset();
        final int drivesLength = hasDevices ? genesis.skipDrives() : 0;
        final List<DriveImage> images = drives.decode(buffer, drivesAt, drivesLength);
        final byte[] mac = genesis.limit() < offset + length ? new byte[Genesis.MAC_BYTES] : null;
        if (mac != null)
        {
            genesis.getMac(mac, 0, mac.length);
        }
        return new Genesis(
            name,
            memoryBytes,
            vsockCid,
            kernelPath,
            kernelSha256,
            hasInitrd ? initrdPath : null,
            hasInitrd ? initrdSha256 : null,
            commandLine,
            deviceTreeSha256,
            machineVersion,
            createdEpochMs,
            images,
            mac,
            reboots);
    }

    /** A line for people. */
    @Override
    public String toString()
    {
        final String details = switch (type)
        {
            case GENESIS ->
            {
                final Genesis it = genesis();
                yield String.format(Locale.ROOT,
                    "guest %s, memory %d, kernel %s, initrd %s, command line \"%s\", machine version %d, " +
                    "device tree with SHA-256 %s%s",
                    it.name(), it.memoryBytes(), it.kernelPath(), it.initrdPath(), it.commandLine(),
                    it.machineVersion(), HexFormat.of().formatHex(it.deviceTreeSha256()),
                    (it.reboots() ? "" : ", no reboot") + text(it.drives()) + (it.mac() == null ? "" :
                        ", MAC " + HexFormat.ofDelimiter(":").formatHex(it.mac())));
            }
            case CLOCK_SAMPLE -> picosPerInstruction() + " ps an instruction, at most " + limitNs() + " ns";
            case CONSOLE_INPUT, ENTROPY -> dataLength() + " bytes";
            case VSOCK_PACKET -> dataLength() + " bytes " + VsockPacketText.describe(buffer, dataOffset(), dataLength());
            case NETWORK_FRAME ->
                dataLength() + " bytes " + EthernetFrameText.describe(buffer, dataOffset(), dataLength());
            case DIGEST -> String.format(Locale.ROOT, "%016x", state());
            case GENERATION -> generation() + " of " + node() + ", " + cause();
            case BACKUP_JOINED -> node() + " in generation " + generation();
            case CLOSED -> outcome() + String.format(Locale.ROOT, ", digest %016x", state());
            case BLOCK_COMPLETION -> "drive " + drive() + ", request " + request() + ", " + status();
            case CONSOLE_SIZE -> columns() + " columns, " + rows() + " rows";
            case BALLOON_TARGET -> pages() + " pages";
            case DATE -> Instant.ofEpochSecond(0, epochNs()).toString();
        };
        return String.format(Locale.ROOT,
            "%10d  %,18d  %14.6f s  %-13s %s", sequence(), position(), timeNs() / 1e9, type, details);
    }

    private static String text(final List<DriveImage> images)
    {
        final StringBuilder text = new StringBuilder();
        for (final DriveImage image : images)
        {
            text.append(", drive ").append(image.path()).append(image.readOnly() ? " (read-only)" : "");
        }
        return text.toString();
    }
}
