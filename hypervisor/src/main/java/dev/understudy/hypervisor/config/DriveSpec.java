package dev.understudy.hypervisor.config;

import dev.understudy.guest.configuration.DriveConfiguration;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A drive of the guest, as a user asks for it.
 *
 * @param file       the image
 * @param isReadOnly whether the guest may not write it
 * @param overlay    the file that takes what the guest writes; null: the image itself
 * @param serial     serial number that the guest sees; may be empty
 */
public record DriveSpec(Path file, boolean isReadOnly, Path overlay, String serial)
{
    private static final String EXPECTED = "expected file=IMAGE[,readonly=on|off][,overlay=FILE][,serial=TEXT]";

    /**
     * Reads {@code file=disk.img,readonly=on,serial=root}; a comma in a value is written twice, as for QEMU.
     *
     * @throws ConfigurationException for the first thing that is wrong with it
     */
    public static DriveSpec parse(final String text)
    {
        Path file = null;
        boolean isReadOnly = false;
        Path overlay = null;
        String serial = "";
        for (final Map.Entry<String, String> option : OptionList.options(OptionList.split(text), why -> wrong(text, why)).entrySet())
        {
            final String value = option.getValue();
            switch (option.getKey())
            {
                case "file" -> file = path(value, text);
                case "readonly" -> isReadOnly = isOn(value, text);
                case "overlay" -> overlay = path(value, text);
                case "serial" -> serial = serial(value, text);
                default -> throw wrong(text, "there is no option \"" + option.getKey() + "\"");
            }
        }
        if (file == null)
        {
            throw wrong(text, "the image is missing");
        }
        if (isReadOnly && overlay != null)
        {
            throw wrong(text, "a drive that is only read has no use for an overlay");
        }
        return new DriveSpec(file, isReadOnly, overlay, serial);
    }

    /**
     * Where the images of drives are, of which something else says how they are used.
     *
     * @throws ConfigurationException when one says more
     */
    public static List<Path> imagesAlone(final List<DriveSpec> drives)
    {
        for (final DriveSpec drive : drives)
        {
            if (drive.isReadOnly || drive.overlay != null || !drive.serial.isEmpty())
            {
                throw new ConfigurationException("drive " + drive.file + ": how the drive was used is known already: expected " +
                    "file=IMAGE alone");
            }
        }
        return drives.stream().map(DriveSpec::file).toList();
    }

    private static Path path(final String value, final String whole)
    {
        try
        {
            if (!value.isBlank())
            {
                return Path.of(value);
            }
        }
        catch (final InvalidPathException e)
        {
            // Falls through: it says the same.
        }
        throw wrong(whole, "\"" + value + "\" is no path" + Encoding.hint(value));
    }

    private static boolean isOn(final String value, final String whole)
    {
        return switch (value)
        {
            case "on" -> true;
            case "off" -> false;
            default -> throw wrong(whole, "readonly is on or off, not \"" + value + "\"");
        };
    }

    private static String serial(final String value, final String whole)
    {
        if (!DriveConfiguration.isSerial(value))
        {
            throw wrong(whole, "a serial number has at most " + DriveConfiguration.MAX_SERIAL_BYTES +
                " printable ASCII characters");
        }
        return value;
    }

    private static ConfigurationException wrong(final String text, final String why)
    {
        return new ConfigurationException("drive \"" + text + "\": " + why + "; " + EXPECTED);
    }
}
