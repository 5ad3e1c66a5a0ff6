package media

import (
	"errors"
	"fmt"
	"net/netip"

	"sidetone/control/sdp"
)

// Multicast sends what is said in a room to a group address, as phones listen for it: G.711 mu-law in packets of 20 ms (RFC 3551). Nothing
// that comes back is heard. The leg takes a port pair until Close.
func (e *Engine) Multicast(id string, r *Room, to netip.AddrPort) (*Leg, error) {
	l, err := e.Open(OpenConfig{ID: id, Peer: to.Addr(), Shard: -1})
	if err != nil {
		return nil, err
	}
	family := "IP4"
	if to.Addr().Is6() {
		family = "IP6"
	}
	there := fmt.Sprintf("v=0\r\no=- 0 0 IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\na=recvonly\r\n",
		family, to.Addr(), family, to.Addr(), to.Port())
	if err = l.SetOffer([]byte(there)); err == nil {
		_, err = l.Answer(Local{Codecs: l.Remote(), Direction: sdp.SendOnly})
	}
	if err == nil {
		l.SetTimeouts(0, 0)
		r.Admit(id, true)
		err = Connect(l, nil, Plan{Room: r}, Plan{})
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}
