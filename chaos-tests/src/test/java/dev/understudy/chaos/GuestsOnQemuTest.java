package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GuestsOnQemuTest
{
    /** What they have to print there is what {@code GuestProgramsTest} of replay-engine has them print here. */
    @Test
    void guestsPrintUnderOpenSbiWhatTheyPrintHere() throws Exception
    {
        Needs.program("qemu-system-riscv64", "qemu-system-misc opensbi");
        assertThat(Commands.run("../guests/tests/run-on-qemu.sh").assertSuccess().output())
            .containsPattern("sbi +passed").containsPattern("clock +passed").doesNotContain("FAILED");
    }
}
