package dev.understudy.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KernelArgumentsTest
{
    @ParameterizedTest
    @ValueSource(strings = {"panic=1", "console=hvc0 panic=10 quiet", "panic=-1", "\"panic=5\"", "panic=0 panic=1",
        "a=\"b c\" panic=1", "panic=1 -- panic=0", "panic=1\tpanic"})
    void panicWithATimeResets(final String commandLine)
    {
        assertThat(KernelArguments.resetsAfterPanic(commandLine)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "panic", "panic=", "panic=0", "panic=-0", "panic=1 panic=0", "xpanic=1", "panic=soon",
        "understudy.run=\"echo panic=1 twice\"", "a=\"panic=1", "-- panic=1", "oops=panic panic_on_warn=1"})
    void withoutOneItDoesNot(final String commandLine)
    {
        assertThat(KernelArguments.resetsAfterPanic(commandLine)).isFalse();
    }
}
