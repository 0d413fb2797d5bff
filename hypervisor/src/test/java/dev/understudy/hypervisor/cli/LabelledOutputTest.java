package dev.understudy.hypervisor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class LabelledOutputTest
{
    @Test
    void eachLineIsWholeAndSaysWhoseItIs() throws IOException
    {
        final ByteArrayOutputStream shared = new ByteArrayOutputStream();
        try (LabelledOutput first = new LabelledOutput("[1] ", shared); LabelledOutput second = new LabelledOutput("[2] ", shared))
        {
            write(first, "be");
            write(second, "other\n");
            write(first, "gun\nnext\nunfini");
        }
        assertThat(shared.toString(StandardCharsets.US_ASCII)).isEqualTo("[2] other\n[1] begun\n[1] next\n");
    }

    private static void write(final LabelledOutput to, final String text) throws IOException
    {
        to.write(text.getBytes(StandardCharsets.US_ASCII));
    }
}
