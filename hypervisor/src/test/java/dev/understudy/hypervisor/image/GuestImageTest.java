package dev.understudy.hypervisor.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.understudy.journal.Genesis;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class GuestImageTest
{
    private static final Path HELLO = Path.of("../guests/tests/hello.elf");
    private static final Path OTHER = Path.of("../guests/tests/crash.elf");
    private static final long MEMORY_BYTES = 16 << 20;

    /** A node has no option for it. */
    @Test
    void aKernelThatDiffersIsToBeNamedWhereItWasNamed()
    {
        final Genesis recorded = image(HELLO).genesis("guest");

        assertThatThrownBy(() -> image(OTHER).checkAgainst(recorded)).isInstanceOf(ImageException.class)
            .hasMessageContaining("name it as kernel in the configuration");
        assertThatThrownBy(() -> GuestImage.read(recorded, OTHER, null, List.of())).isInstanceOf(ImageException.class)
            .hasMessageContaining("name it with --kernel");
    }

    /** It decides what a replay does at a reset. */
    @Test
    void aJournalWhoseGuestDoesSomethingElseAtAResetIsRefused()
    {
        final GuestImage image = image(HELLO);
        assertThat(image.genesis("guest").reboots()).isTrue();
        assertThatThrownBy(() -> image.checkAgainst(image.reboots(false).genesis("guest")))
            .isInstanceOf(ImageException.class).hasMessageContaining("a reset ends");
        assertThatThrownBy(() -> image.reboots(false).checkAgainst(image.genesis("guest")))
            .isInstanceOf(ImageException.class).hasMessageContaining("a reset starts again");
        assertThat(GuestImage.read(image.reboots(false).genesis("guest"), null, null, List.of()).machine().reboots())
            .isFalse();
    }

    private static GuestImage image(final Path kernel)
    {
        return GuestImage.read(kernel, null, null, MEMORY_BYTES, List.of(), null);
    }
}
