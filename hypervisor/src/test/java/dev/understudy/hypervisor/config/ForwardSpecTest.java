package dev.understudy.hypervisor.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ForwardSpecTest
{
    @ParameterizedTest
    @CsvSource({
        "7000:6379, 0.0.0.0, 7000, 6379",
        "127.0.0.1:7000:6379, 127.0.0.1, 7000, 6379",
        "[::1]:7000:6379, [::1], 7000, 6379",
        "localhost:1:1, localhost, 1, 1",
        "65535:4294967294, 0.0.0.0, 65535, 4294967294",
    })
    void forwardIsRead(final String text, final String address, final int hostPort, final long guestPort)
    {
        assertThat(ForwardSpec.parse(text)).isEqualTo(new ForwardSpec(address, hostPort, guestPort));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", ":", "7000", "7000:", ":6379", ":7000:6379", "0:6379", "65536:6379", "-1:6379", "7000:0", "7000:4294967295",
        "7000:redis", "http:80", "1.2.3.4:x:80", "7000:99999999999999999999"})
    void anythingElseIsRefusedWithTheText(final String text)
    {
        assertThatThrownBy(() -> ForwardSpec.parse(text)).isInstanceOf(ConfigurationException.class)
            .hasMessageContaining("\"" + text + "\"").hasMessageContaining("such as 7000:6379");
    }

    @Test
    void addressInBracketsIsThatOfTheSocket()
    {
        assertThat(ForwardSpec.parse("[::1]:7000:6379").socketAddress().getAddress().isLoopbackAddress()).isTrue();
    }

    @Test
    void forwardMovesToAnotherAddress()
    {
        assertThat(ForwardSpec.parse("7000:6379").on("127.0.0.2")).isEqualTo(new ForwardSpec("127.0.0.2", 7000, 6379));
    }

    @Test
    void eachOfSeveralGuestsHasAPortOfItsOwn()
    {
        assertThat(ForwardSpec.parse("127.0.0.1:7000+:6379", 3)).isEqualTo(new ForwardSpec("127.0.0.1", 7003, 6379));
        assertThat(ForwardSpec.parse("7000:6379", 3)).isEqualTo(new ForwardSpec("0.0.0.0", 7000, 6379));
        assertThatThrownBy(() -> ForwardSpec.parse("65530+:6379", 6)).isInstanceOf(ConfigurationException.class)
            .hasMessageContaining("\"65530+:6379\"");
    }
}
