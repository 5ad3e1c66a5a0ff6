package load

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"
)

// Kind is what the server is to do with the packets of a call.
type Kind uint8

// The kinds.
const (
	Relay     Kind = iota // nothing: both ends speak plain PCMU
	SRTP                  // the calling end speaks plain PCMU, the called end the same under SRTP with keys from SDES
	Transcode             // the calling end speaks PCMU, the called end PCMA
)

func (k Kind) String() string { return [...]string{"relay", "srtp", "transcode"}[k] }

// dialogue is the names of one call, and what the two ends say of themselves.
type dialogue struct {
	callID, from, to string
	kind             Kind
	calling, called  description // the called end's key and tag are known once it was offered some
}

// request has what every request of a call has.
func (d *dialogue) request(command string) map[string]any {
	return map[string]any{"command": command, "call-id": d.callID, "from-tag": d.from}
}

// offer asks for the description that the called end is given.
func (d *dialogue) offer() map[string]any {
	r := d.media("offer", d.calling)
	switch d.kind {
	case SRTP:
		r["transport-protocol"] = "RTP/SAVP"
	case Transcode:
		r["codec"] = map[string]any{"mask": []string{"PCMU"}, "transcode": []string{"PCMA"}}
	case Relay:
	}
	return r
}

// answer asks for the description that the calling end is given.
func (d *dialogue) answer() map[string]any {
	r := d.media("answer", d.called)
	r["to-tag"] = d.to
	if d.kind == SRTP {
		r["transport-protocol"] = "RTP/AVP"
	}
	return r
}

// media has what an offer and an answer have in common, as a SIP proxy's script says by default.
func (d *dialogue) media(command string, own description) map[string]any {
	r := d.request(command)
	r["sdp"] = own.String()
	r["replace"] = []string{"origin", "session-connection"}
	r["flags"] = []string{"trust-address"}
	r["ICE"] = "remove"
	r["DTLS"] = "off"
	r["rtcp-mux"] = []string{"demux"}
	return r
}

// delete asks for the end of the call, and of all that the server keeps of it: by default rtpengine keeps it and its
// ports for half a minute.
func (d *dialogue) delete() map[string]any {
	r := d.request("delete")
	r["delete-delay"] = 0
	return r
}

// offered completes the called end with what the server offers it.
func (d *dialogue) offered(theirs description) error {
	if theirs.Secure != (d.kind == SRTP) {
		return fmt.Errorf("ng: offer of %s: SRTP is %v", d.callID, theirs.Secure)
	}
	if d.kind == Transcode && theirs.PayloadType != payloadTypePCMA {
		return fmt.Errorf("ng: offer of %s: payload type %d instead of PCMA", d.callID, theirs.PayloadType)
	}
	d.called.PayloadType = theirs.PayloadType
	if theirs.Secure {
		var key [30]byte
		rand.Read(key[:])
		d.called.Secure, d.called.CryptoTag, d.called.Key = true, theirs.CryptoTag, base64.StdEncoding.EncodeToString(key[:])
	}
	return nil
}

// described takes the session description out of a reply.
func described(reply map[string]any) (description, error) {
	text, _ := reply["sdp"].(string)
	return parseDescription(text)
}

// open asks the server for one call. It returns the server's port for either end and how long the requests took.
func (c *client) open(ctx context.Context, d *dialogue) (forCalling, forCalled description, took [2]time.Duration, err error) {
	reply, took0, err := c.do(ctx, d.offer())
	if err != nil {
		return
	}
	if forCalled, err = described(reply); err != nil {
		return
	}
	if err = d.offered(forCalled); err != nil {
		return
	}
	reply, took1, err := c.do(ctx, d.answer())
	if err != nil {
		return
	}
	forCalling, err = described(reply)
	if err == nil && forCalling.Secure {
		err = fmt.Errorf("ng: answer of %s is SRTP", d.callID)
	}
	return forCalling, forCalled, [2]time.Duration{took0, took1}, err
}
