package media

import (
	"math/rand/v2"
	"net/netip"

	"sidetone/control/sdp"
)

// newOrigin names a session of ours; the id stays under 2^62 because phones
// parse it as a signed number.
func newOrigin(addr netip.Addr) sdp.Origin {
	return sdp.Origin{Username: "sidetone", ID: uint64(rand.Int64N(1 << 62)), Version: 1, Address: addr}
}
