package loadtest

import (
	"encoding/base64"
	"errors"
	"net"

	"github.com/pion/srtp/v2"

	"sidetone/bench/audio"
)

const headerSize = 12

// laws are what the payload types 0 and 8 mean (RFC 3551).
var laws = map[string]audio.Law{"0": audio.MuLaw, "8": audio.ALaw}

// connect starts the two flows of a call.
func (r *Reflector) connect(c *call) error {
	for i := range c.sides {
		from, to := &c.sides[i], &c.sides[1-i]
		f := flow{in: from.conn, out: to.conn, to: net.UDPAddrFromAddrPort(to.remote), lose: r.lose}
		if from.law != to.law {
			f.from, f.into, f.translate = laws[from.law], laws[to.law], true
		}
		var err error
		if f.unseal, err = context(from.key); err != nil {
			return err
		}
		if f.seal, err = context(to.ours); err != nil {
			return err
		}
		r.flows.Go(f.run) // ends when the call's sockets are closed; Close waits
	}
	return nil
}

// context returns the SRTP state of a key, nil for none.
func context(key string) (*srtp.Context, error) {
	if key == "" {
		return nil, nil
	}
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(raw) != 30 {
		return nil, errors.New("malformed key")
	}
	return srtp.CreateContext(raw[:16], raw[16:], srtp.ProtectionProfileAes128CmHmacSha1_80)
}

// flow is one direction of a call.
type flow struct {
	in, out      *net.UDPConn
	to           *net.UDPAddr
	unseal, seal *srtp.Context
	translate    bool
	from, into   audio.Law
	lose         int
}

func (f *flow) run() {
	buf := make([]byte, 2048)
	for count := 1; ; count++ {
		n, err := f.in.Read(buf)
		if err != nil {
			return
		}
		p := buf[:n]
		if f.lose > 0 && count%f.lose == 0 {
			continue
		}
		if f.unseal != nil {
			if p, err = f.unseal.DecryptRTP(nil, p, nil); err != nil {
				continue
			}
		}
		if f.translate && len(p) > headerSize {
			pcm := f.from.Decode(nil, p[headerSize:])
			p = f.into.Encode(append([]byte(nil), p[:headerSize]...), pcm)
			p[1] ^= 8 // payload types 0 and 8
		}
		if f.seal != nil {
			if p, err = f.seal.EncryptRTP(nil, p, nil); err != nil {
				continue
			}
		}
		if _, err := f.out.WriteToUDP(p, f.to); errors.Is(err, net.ErrClosed) {
			return
		}
	}
}
