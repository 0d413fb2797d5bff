package dev.understudy.guest.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

/** Addresses of network devices. */
class MacAddressTest
{
    @Test
    void readsAndShowsWhatUsersWrite()
    {
        final MacAddress mac = MacAddress.parse("52:54:00:aB:3:56");

        assertThat(mac.value()).isEqualTo(0x5254_00AB_0356L);
        assertThat(mac).hasToString("52:54:00:ab:03:56");
        assertThat(mac.bytes()).containsExactly(0x52, 0x54, 0, 0xAB, 3, 0x56);
    }

    @Property(tries = 200)
    void bytesAndTextGiveTheAddressAgain(@ForAll @LongRange(min = 1, max = (1L << 48) - 1) final long value)
    {
        final MacAddress mac = new MacAddress(value & ~(1L << 40) | 1);

        assertThat(MacAddress.of(mac.bytes())).isEqualTo(mac);
        assertThat(MacAddress.parse(mac.toString())).isEqualTo(mac);
    }

    @Test
    void refusesWhatIsNoStation()
    {
        for (final String wrong : List.of("", "52:54:00:12:34", "52:54:00:12:34:56:78", "52:54:00:12:34:g6",
            "52-54-00-12-34-56", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"))
        {
            assertThatThrownBy(() -> MacAddress.parse(wrong)).as(wrong).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
