package dev.understudy.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.configuration.DriveConfiguration;
import dev.understudy.guest.configuration.MacAddress;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.output.Nowhere;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.guest.virtio.BlockRequests;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A journal has no copy of the machine before its first instruction: its version stands for that. */
class MachineVersionTest
{
    /** Of memory with the device tree, of the hart and of each device, in version 9. */
    private static final String DIGEST = "d2faaca292d5769e";

    @Test
    void machineOfThisVersionBeginsAsItDidWhenTheVersionWasGiven()
    {
        assertThat(digest("console=hvc0"))
            .as("the guest finds another machine than before: raise MachineConfiguration.MACHINE_VERSION with it")
            .isEqualTo(DIGEST);
        assertThat(MachineConfiguration.MACHINE_VERSION).as("this version has a digest of its own").isEqualTo(9);
        assertThat(digest("console=hvc1")).isNotEqualTo(DIGEST);
    }

    private static String digest(final String commandLine)
    {
        final byte[] loop = {0x6F, 0, 0, 0};
        final Machine machine = new Machine(
            new MachineConfiguration(
                16 << 20,
                MachineConfiguration.DEFAULT_VSOCK_CID,
                TestElf.of(0x8020_0000L, loop),
                new byte[]{1, 2, 3},
                commandLine,
                List.of(
                    new DriveConfiguration(1 << 20, false, true, "first"),
                    new DriveConfiguration(1 << 20, true, false, "")),
                MacAddress.parse("52:54:00:12:34:56")),
            new Nowhere(),
            BlockRequests.none(),
            EngineKind.INTERPRETER);
        return Long.toHexString(machine.digest());
    }
}
