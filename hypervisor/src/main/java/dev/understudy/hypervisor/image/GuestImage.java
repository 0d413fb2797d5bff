package dev.understudy.hypervisor.image;

import dev.understudy.guest.boot.MachineDeviceTree;
import dev.understudy.guest.configuration.MacAddress;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.hypervisor.drive.DriveFile;
import dev.understudy.journal.DriveImage;
import dev.understudy.journal.Genesis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * The files and settings that a guest is made of, read into memory once; but for its drives.
 *
 * @param kernelPath  as the user gave it
 * @param initrdPath  null without an initial RAM disk
 * @param memoryBytes size of the guest's RAM
 * @param drives      what its drives begin with
 * @param mac         address of its network device; null without one
 * @param reboots     whether a reset that it asks for starts it again; else that ends it
 */
public record GuestImage(
    String kernelPath,
    byte[] kernel,
    String initrdPath,
    byte[] initrd,
    String commandLine,
    int memoryBytes,
    List<DriveFile> drives,
    MacAddress mac,
    boolean reboots)
{
    /** What else is on the JVM's heap: a guest that does little starts with 24 MiB, decoded code takes 8 at most. */
    private static final long OTHER_HEAP_BYTES = 32L << 20;

    /** A heap is advised in steps of so many MiB; one of them is more than the part of a heap that is never used. */
    private static final long HEAP_STEP_MIB = 64;

    public GuestImage
    {
        drives = List.copyOf(drives);
        if (drives.size() > MachineConfiguration.MAX_DRIVES)
        {
            throw new ImageException("a guest has at most " + MachineConfiguration.MAX_DRIVES + " drives, this one is " +
                "configured with " + drives.size());
        }
    }

    /** Reads the files; the path of the initial RAM disk and the MAC address may be null. */
    public static GuestImage read(
        final Path kernel,
        final Path initrd,
        final String commandLine,
        final long memoryBytes,
        final List<DriveFile> drives,
        final MacAddress mac)
    {
        final GuestImage image = new GuestImage(
            kernel.toString(),
            readFile("kernel", kernel),
            initrd == null ? null : initrd.toString(),
            initrd == null ? null : readFile("initrd", initrd),
            commandLine == null ? "" : commandLine,
            Math.toIntExact(memoryBytes),
            drives,
            mac,
            true);
        image.requireHeap(1);
        return image;
    }

    /** The same, started again by a reset or ended by it. */
    public GuestImage reboots(final boolean startsAgain)
    {
        return new GuestImage(kernelPath, kernel, initrdPath, initrd, commandLine, memoryBytes, drives, mac, startsAgain);
    }

    /** The same with another address of its network device, of which it has one. */
    public GuestImage at(final MacAddress newMac)
    {
        return new GuestImage(
            kernelPath, kernel, initrdPath, initrd, commandLine, memoryBytes, drives, newMac, reboots);
    }

    /**
     * Throws when the heap cannot hold so many of the guest: the JVM would end in the middle of their start.
     *
     * @param count at least 1
     */
    public void requireHeap(final int count)
    {
        final long heapBytes = Runtime.getRuntime().maxMemory();
        final long neededBytes = count * (long)memoryBytes + kernel.length + (initrd == null ? 0 : initrd.length) + OTHER_HEAP_BYTES;
        if (heapBytes < neededBytes)
        {
            throw new ImageException(String.format(Locale.ROOT,
                "%s with %d MiB of RAM %s not fit into the JVM's heap of %d MiB: give it " +
                "less memory, or the JVM more with UNDERSTUDY_JAVA_OPTS=-Xmx%dm",
                count == 1 ? "a guest" : count + " guests", memoryBytes >> 20, count == 1 ? "does" : "do", heapBytes >> 20, ((neededBytes >> 20) / HEAP_STEP_MIB + 2) * HEAP_STEP_MIB));
        }
    }

    /**
     * Reads the files that a journal names, and refuses those that have changed since.
     *
     * @param kernel where the kernel is now; null: where it was
     * @param initrd where the initial RAM disk is now; null: where it was
     * @param drives where the drives are now, in the order of the journal; empty: where they were
     */
    public static GuestImage read(
        final Genesis genesis, final Path kernel, final Path initrd, final List<Path> drives)
    {
        final Path initrdPath =
            genesis.initrdPath() == null ? null : initrd == null ? Path.of(genesis.initrdPath()) : initrd;
        final GuestImage image = read(
            kernel == null ? Path.of(genesis.kernelPath()) : kernel,
            initrdPath,
            genesis.commandLine(),
            genesis.memoryBytes(),
            files(genesis.drives(), drives),
            genesis.mac() == null ? null : MacAddress.of(genesis.mac())).reboots(genesis.reboots());
        image.check(genesis, what -> "name it with --" + what);
        return image;
    }

    private static List<DriveFile> files(final List<DriveImage> recorded, final List<Path> present)
    {
        if (!present.isEmpty() && present.size() != recorded.size())
        {
            throw new ImageException("the journal was recorded with " + recorded.size() + " drives, " + present.size() +
                " are named: name all or none");
        }
        final List<DriveFile> files = new ArrayList<>();
        for (int i = 0; i < recorded.size(); i++)
        {
            final DriveImage image = recorded.get(i);
            files.add(DriveFile.of(
                present.isEmpty() ? Path.of(image.path()) : present.get(i), image.readOnly(), true, image.serial()));
        }
        return files;
    }

    /**
     * Throws when this, which a configuration names, is not what the journal was recorded with; the message names the
     * first difference.
     */
    public void checkAgainst(final Genesis genesis)
    {
        check(genesis, what -> "name it as " + what + " in the configuration");
    }

    private void check(final Genesis genesis, final UnaryOperator<String> advice)
    {
        checkHash("kernel", kernelPath, kernel, genesis.kernelSha256(), advice);
        if ((initrd == null) != (genesis.initrdPath() == null))
        {
            throw new ImageException("the journal was recorded " + (initrd == null ? "with" : "without") +
                " an initrd, this guest is configured " + (initrd == null ? "without" : "with") + " one");
        }
        if (initrd != null)
        {
            checkHash("initrd", initrdPath, initrd, genesis.initrdSha256(), advice);
        }
        if (genesis.memoryBytes() != memoryBytes)
        {
            throw new ImageException("the journal was recorded with memory of " + genesis.memoryBytes() +
                " bytes, this guest is configured with " + memoryBytes);
        }
        if (!genesis.commandLine().equals(commandLine))
        {
            throw new ImageException("the journal was recorded with the kernel command line \"" +
                genesis.commandLine() + "\", this guest is configured with \"" + commandLine + "\"");
        }
        checkDrives(genesis.drives(), advice);
        checkNetwork(genesis.mac());
        if (genesis.reboots() != reboots)
        {
            throw new ImageException("the journal was recorded with a guest that a reset " +
                (reboots ? "ends, this one is configured to be started again by it" :
                    "starts again, this one is configured to be ended by it"));
        }
        if (genesis.machineVersion() != MachineConfiguration.MACHINE_VERSION)
        {
            throw new ImageException("the journal was recorded on version " + genesis.machineVersion() +
                " of the machine, this is version " + MachineConfiguration.MACHINE_VERSION +
                ": replay it, or go on with it, with the release that recorded it");
        }
        checkDeviceTree(genesis.deviceTreeSha256());
    }

    /** All that a device tree depends on is as it was recorded: only another release can have another. */
    private void checkDeviceTree(final byte[] recorded)
    {
        final byte[] hash = deviceTreeSha256();
        if (!Arrays.equals(hash, recorded))
        {
            throw new ImageException(("the journal was recorded with the device tree with SHA-256 %s, this machine's " +
                "has %s: replay it, or go on with it, with the release that recorded it").formatted(
                HexFormat.of().formatHex(recorded), HexFormat.of().formatHex(hash)));
        }
    }

    private void checkNetwork(final byte[] recorded)
    {
        final MacAddress recordedMac = recorded == null ? null : MacAddress.of(recorded);
        if (!Objects.equals(recordedMac, mac))
        {
            throw new ImageException("the journal was recorded " +
                (recordedMac == null ? "without a network device" : "with the network device " + recordedMac) +
                ", this guest is configured with " + (mac == null ? "none" : mac.toString()));
        }
    }

    private void checkDrives(final List<DriveImage> recorded, final UnaryOperator<String> advice)
    {
        if (recorded.size() != drives.size())
        {
            throw new ImageException("the journal was recorded with " + recorded.size() +
                " drives, this guest is configured with " + drives.size());
        }
        for (int i = 0; i < recorded.size(); i++)
        {
            final DriveImage image = recorded.get(i);
            final DriveFile drive = drives.get(i);
            if (image.readOnly() != drive.isReadOnly() || !image.serial().equals(drive.configuration().serial()))
            {
                throw new ImageException(("drive %s was recorded with readonly=%s and serial number \"%s\", " +
                    "this guest is configured with readonly=%s and \"%s\"").formatted(
                    drive.path(), image.readOnly() ? "on" : "off", image.serial(), drive.isReadOnly() ? "on" : "off",
                    drive.configuration().serial()));
            }
            if (image.bytes() != drive.bytes() || !Arrays.equals(image.sha256(), drive.sha256()))
            {
                throw new ImageException(String.format(Locale.ROOT,
                    "drive %s is not as it was when the recording began: %d bytes with SHA-256 " +
                    "%s, recorded %d bytes with %s. Put the recorded image back, or %s",
                    drive.path(), drive.bytes(), HexFormat.of().formatHex(drive.sha256()), image.bytes(),
                    HexFormat.of().formatHex(image.sha256()), advice.apply("drive")));
            }
        }
    }

    /** The machine that boots from this. */
    public MachineConfiguration machine()
    {
        return new MachineConfiguration(
            memoryBytes,
            MachineConfiguration.DEFAULT_VSOCK_CID,
            kernel,
            initrd,
            commandLine,
            drives.stream().map(DriveFile::configuration).toList(),
            mac,
            reboots);
    }

    /** The first entry of this guest's journal. */
    public Genesis genesis(final String name)
    {
        return new Genesis(
            name,
            memoryBytes,
            MachineConfiguration.DEFAULT_VSOCK_CID,
            Path.of(kernelPath).toAbsolutePath().normalize().toString(),
            sha256(kernel),
            initrdPath == null ? null : Path.of(initrdPath).toAbsolutePath().normalize().toString(),
            initrd == null ? null : sha256(initrd),
            commandLine,
            deviceTreeSha256(),
            MachineConfiguration.MACHINE_VERSION,
            System.currentTimeMillis(),
            drives.stream().map(DriveFile::description).toList(),
            mac == null ? null : mac.bytes(),
            reboots);
    }

    private byte[] deviceTreeSha256()
    {
        return sha256(MachineDeviceTree.blob(machine()));
    }

    private static void checkHash(
        final String what,
        final String path,
        final byte[] file,
        final byte[] recorded,
        final UnaryOperator<String> advice)
    {
        final byte[] hash = sha256(file);
        if (!Arrays.equals(hash, recorded))
        {
            throw new ImageException(("%s %s is not the one that the journal was recorded with: SHA-256 %s, " +
                "recorded %s. Put the recorded file back, or %s").formatted(
                what, path, HexFormat.of().formatHex(hash), HexFormat.of().formatHex(recorded), advice.apply(what)));
        }
    }

    private static byte[] readFile(final String what, final Path path)
    {
        try
        {
            return Files.readAllBytes(path);
        }
        catch (final NoSuchFileException e)
        {
            throw new ImageException(what + " " + path + " does not exist", e);
        }
        catch (final IOException e)
        {
            throw new ImageException(what + " " + path + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static byte[] sha256(final byte[] data)
    {
        try
        {
            return MessageDigest.getInstance("SHA-256").digest(data);
        }
        catch (final NoSuchAlgorithmException e)
        {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
