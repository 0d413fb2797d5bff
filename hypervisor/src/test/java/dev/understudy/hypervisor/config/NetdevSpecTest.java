package dev.understudy.hypervisor.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What users of QEMU write after {@code -netdev}. */
class NetdevSpecTest
{
    @Test
    void tapHasAName()
    {
        assertThat(NetdevSpec.parse("tap,ifname=tap0")).isEqualTo(new NetdevSpec.Tap("tap0"));
        assertThat(NetdevSpec.parse("tap,id=n0,ifname=vm-1.5,script=no,downscript=no"))
            .isEqualTo(new NetdevSpec.Tap("vm-1.5"));
    }

    @Test
    void streamHasAPathOrAPort()
    {
        assertThat(NetdevSpec.parse("stream,path=/run/a,,b.sock")).isEqualTo(
            new NetdevSpec.Stream(UnixDomainSocketAddress.of("/run/a,b.sock"), false));
        assertThat(NetdevSpec.parse("stream,addr=127.0.0.1:5000,server=on")).isEqualTo(
            new NetdevSpec.Stream(new InetSocketAddress("127.0.0.1", 5000), true));
    }

    @Test
    void qemusLongSpellingIsUnderstood()
    {
        assertThat(NetdevSpec.parse("stream,id=n0,server=off,addr.type=unix,addr.path=/run/x")).isEqualTo(
            new NetdevSpec.Stream(UnixDomainSocketAddress.of("/run/x"), false));
        assertThat(NetdevSpec.parse("stream,addr.type=inet,addr.host=127.0.0.1,addr.port=5000")).isEqualTo(
            new NetdevSpec.Stream(new InetSocketAddress("127.0.0.1", 5000), false));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "tap", "user", "tap,ifname=", "tap,ifname=a-name-that-is-long", "tap,ifname=a/b", "tap,ifname=..",
        "tap,ifname=tap0,script=/etc/qemu-ifup", "tap,ifname=tap0,queues=2", "tap,tap0", "tap,ifname=a,ifname=b",
        "stream", "stream,path=", "stream,addr=5000", "stream,addr=host:0", "stream,addr=host:70000",
        "stream,path=/a,addr=b:1", "stream,path=/a,server=yes", "stream,path=/a,reconnect=1", "stream,addr.host=x",
    })
    void whatIsWrongIsNamed(final String text)
    {
        assertThatThrownBy(() -> NetdevSpec.parse(text))
            .isInstanceOf(ConfigurationException.class)
            .hasMessageStartingWith("netdev \"" + text + "\"")
            .hasMessageContaining("expected tap,ifname=NAME or stream");
    }

    @Test
    void theDefaultMacIsLocalAndDependsOnTheNameAlone()
    {
        assertThat(DefaultMac.of("web").toString()).startsWith("52:54:00:");
        assertThat(DefaultMac.of("web")).isEqualTo(DefaultMac.of("web")).isNotEqualTo(DefaultMac.of("db"));
    }
}
