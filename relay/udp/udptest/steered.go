package udptest

import (
	"net/netip"
	"os"
	"testing"

	"sidetone/relay/udp"
)

// NeedSteered skips a test of "steered" sockets where they cannot be had, and says why; where the environment says
// SIDETONE_STEERED=required it fails instead. Other kinds of sockets can be had everywhere.
func NeedSteered(t testing.TB, sockets string) {
	t.Helper()
	if sockets != "steered" {
		return
	}
	n, err := udp.NewSteered(udp.SteeredConfig{Addresses: []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, Shards: 1})
	switch {
	case err == nil:
		n.Close()
	case os.Getenv("SIDETONE_STEERED") == "required":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}
