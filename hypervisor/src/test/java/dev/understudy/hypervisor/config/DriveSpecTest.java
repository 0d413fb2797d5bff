package dev.understudy.hypervisor.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DriveSpecTest
{
    @Test
    void readsWhatUsersOfQemuWrite()
    {
        assertThat(DriveSpec.parse("file=disk.img")).isEqualTo(new DriveSpec(Path.of("disk.img"), false, null, ""));
        assertThat(DriveSpec.parse("serial=root,readonly=on,file=/a/b.img"))
            .isEqualTo(new DriveSpec(Path.of("/a/b.img"), true, null, "root"));
        assertThat(DriveSpec.parse("file=a,,b.img,readonly=off,overlay=x=y"))
            .isEqualTo(new DriveSpec(Path.of("a,b.img"), false, Path.of("x=y"), ""));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "disk.img                                | is no option",
        "file=                                   | is no path",
        "readonly=on                             | image is missing",
        "file=a,readonly=yes                     | on or off",
        "file=a,file=b                           | twice",
        "file=a,cache=none                       | no option \"cache\"",
        "file=a,overlay=b,readonly=on            | no use for an overlay",
        "file=a,serial=123456789012345678901     | at most 20",
        "file=a,                                 | is no option",
    })
    void whatIsWrongIsSaidWithWhatIsExpected(final String text, final String message)
    {
        assertThatThrownBy(() -> DriveSpec.parse(text)).isInstanceOf(ConfigurationException.class)
            .hasMessageContaining(message).hasMessageContaining("expected file=IMAGE");
    }
}
