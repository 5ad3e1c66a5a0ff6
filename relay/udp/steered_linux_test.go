package udp_test

import (
	"net/netip"
	"testing"

	"sidetone/relay/udp"
	"sidetone/relay/udp/udptest"
)

// steered returns a Steered on the loopback addresses.
func steered(t testing.TB, c udp.SteeredConfig) *udp.Steered {
	t.Helper()
	udptest.NeedSteered(t, "steered")
	if c.Addresses == nil {
		c.Addresses = []netip.Addr{loopback}
		if v6 := loopback6(t); v6.IsValid() {
			c.Addresses = append(c.Addresses, v6)
		}
	}
	if c.Shards == 0 {
		c.Shards = 4
	}
	n, err := udp.NewSteered(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

func TestSteeredContract(t *testing.T) {
	v6 := loopback6(t)
	udptest.TestNetwork(t, func(t *testing.T) udptest.Subject {
		return udptest.Subject{Network: steered(t, udp.SteeredConfig{}), IPv4: loopback, IPv6: v6, Foreign: netip.MustParseAddr("192.0.2.1")}
	})
}
