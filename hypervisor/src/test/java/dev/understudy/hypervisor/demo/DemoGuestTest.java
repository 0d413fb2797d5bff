package dev.understudy.hypervisor.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.hypervisor.config.PairConfiguration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DemoGuestTest
{
    @TempDir
    private Path root;

    @ParameterizedTest
    @ValueSource(strings = {
        "plain", "two words", "a: b", "a #b", "it's", "say \"x\"", "back\\slash", "{a, b}", "%TEMP%", "-"})
    void settingsNameTheGuestsFilesWhateverIsInTheirPaths(final String name) throws IOException
    {
        final Path home = root.resolve(name);
        final Path kernel = home.resolve("guests/linux/tiny/Image.gz");
        final Path initrd = home.resolve("guests/linux/tiny/initramfs.cpio.gz");
        Files.createDirectories(kernel.getParent());
        Files.createFile(kernel);
        Files.createFile(initrd);
        final Path config = Files.writeString(root.resolve("vm.yaml"), """
            name: demo
            memory: 64M
            forwards: []
            arbiter: { directory: %s }
            heartbeat: { intervalMs: 20, timeoutMs: 200 }
            nodes:
              a: { address: "127.0.0.1:40100", data: a }
              b: { address: "127.0.0.1:40200", data: b }
            %s""".formatted(DemoGuest.quoted(home), DemoGuest.LINUX.settings(home)));

        final PairConfiguration configuration = PairConfiguration.load(config);

        assertThat(configuration.kernel()).isEqualTo(kernel);
        assertThat(configuration.initrd()).isEqualTo(initrd);
        assertThat(configuration.arbiterDirectory()).isEqualTo(home);
    }
}
