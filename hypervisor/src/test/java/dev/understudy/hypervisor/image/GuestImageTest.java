package dev.understudy.hypervisor.image;

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

    private static GuestImage image(final Path kernel)
    {
        return GuestImage.read(kernel, null, null, MEMORY_BYTES, List.of(), null);
    }
}
