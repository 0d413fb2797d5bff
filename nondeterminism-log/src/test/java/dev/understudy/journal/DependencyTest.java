package dev.understudy.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.util.List;
import org.junit.jupiter.api.Test;

class DependencyTest
{
    @Test
    void nothingThatReportsToAWebServiceIsOnTheClassPath()
    {
        // What stays is Chronicle's own facade, which does nothing without the library.
        assertThatThrownBy(() -> Class.forName("net.openhft.chronicle.analytics.Analytics"))
            .isInstanceOf(ClassNotFoundException.class);
        final String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        assertThat(List.of(path.split(File.pathSeparator))).isNotEmpty().noneMatch(it -> it.contains("analytics"));
    }
}
