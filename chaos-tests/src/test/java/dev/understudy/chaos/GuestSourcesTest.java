package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GuestSourcesTest
{
    @Test
    void committedGuestsAreWhatTheirSourcesGive() throws Exception
    {
        Needs.program("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf");
        assertThat(Commands.run("../guests/build.sh", "--check").assertSuccess().output())
            .contains("are what their sources give");
    }

    /** To build them takes minutes and a Debian mirror: {@code guests/linux/tiny/build.sh --check}. */
    @Test
    void filesOfTheTinyLinuxHaveTheirChecksums() throws Exception
    {
        assertThat(Commands.run("sh", "-c", "cd ../guests/linux/tiny && sha256sum --check --strict SHA256SUMS")
            .assertSuccess().output()).isEqualTo("Image.gz: OK\ninitramfs.cpio.gz: OK\n");
    }

    @Test
    void keyValueGuestPassesItsOwnTestsUnderTheSanitizers() throws Exception
    {
        Needs.program("gcc", "gcc libc6-dev");
        Commands.run("../guests/kv/test/run.sh").assertSuccess();
    }
}
