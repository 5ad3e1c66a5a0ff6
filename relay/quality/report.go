package quality

import (
	"encoding/binary"

	"sidetone/relay/rtp"
)

// MaxReport is the most that Report.Put writes, bytes, with a CNAME of MaxCNAME.
const MaxReport = 28 + blockLen + 12 + MaxCNAME + extendedLen + 8

// MaxCNAME is the longest canonical name, bytes.
const MaxCNAME = 32

// ntpEpoch is seconds from 1900, where NTP begins, to 1970.
const ntpEpoch = 2208988800

// Report is an RTCP compound of ours: a sender report, or a receiver report when Packets is 0, the canonical name, and
// a goodbye; between those, where asked for, an extended report.
type Report struct {
	SSRC  uint32
	CNAME string // the same for all of a leg's streams (RFC 7022)

	Time      int64  // nanoseconds since 1970
	Timestamp uint32 // RTP's at that time
	Packets   uint32 // sent under SSRC
	Octets    uint32 // of their payload

	About     *Block // nil = nothing was received
	LastSR    uint32 // of who About is about, see Peer.LastReport
	SinceThen uint32

	Reference      bool   // tell Time, for who sends nothing otherwise; see Peer.SentReference
	TheirSSRC      uint32 // what of the peer's time is told back, see Peer.Reference
	TheirReference uint32 // 0 = nothing
	SinceTheirs    uint32
	Metrics        *Metrics // nil = none; of the stream that About is about

	Bye bool // the stream has ended
}

// ntp returns nanoseconds since 1970 as NTP has them: seconds since 1900 and their fraction.
func ntp(t int64) (seconds, fraction uint32) {
	return uint32(t/1e9 + ntpEpoch), uint32(t % 1e9 << 32 / 1e9)
}

// Put writes the compound into b, which has room for MaxReport bytes, and returns its length.
//
// Hot path: no allocation, lock, clock or log.
func (r *Report) Put(b []byte) int {
	blocks := byte(0)
	if r.About != nil {
		blocks = 1
	}
	n := 8
	kind := byte(rtp.RR)
	if r.Packets > 0 {
		kind = rtp.SR
		seconds, fraction := ntp(r.Time)
		binary.BigEndian.PutUint32(b[8:], seconds)
		binary.BigEndian.PutUint32(b[12:], fraction)
		binary.BigEndian.PutUint32(b[16:], r.Timestamp)
		binary.BigEndian.PutUint32(b[20:], r.Packets)
		binary.BigEndian.PutUint32(b[24:], r.Octets)
		n += senderInfo
	}
	if r.About != nil {
		binary.BigEndian.PutUint32(b[n:], r.About.SSRC)
		binary.BigEndian.PutUint32(b[n+4:], uint32(r.About.FractionLost)<<24|uint32(r.About.Lost)&0xffffff)
		binary.BigEndian.PutUint32(b[n+8:], r.About.Highest)
		binary.BigEndian.PutUint32(b[n+12:], r.About.Jitter)
		binary.BigEndian.PutUint32(b[n+16:], r.LastSR)
		binary.BigEndian.PutUint32(b[n+20:], r.SinceThen)
		n += blockLen
	}
	head(b, blocks, kind, n, r.SSRC)
	n += r.description(b[n:])
	n += r.extended(b[n:])
	if r.Bye {
		head(b[n:], 1, rtp.BYE, 8, r.SSRC)
		n += 8
	}
	return n
}

// description writes the SDES packet (RFC 3550, 6.5): one chunk, one item, zeros to the next word.
func (r *Report) description(b []byte) int {
	const cname = 1
	name := r.CNAME[:min(len(r.CNAME), MaxCNAME)]
	n := 8 + 2 + len(name)
	padded := n + 4 - n%4 // one zero at least ends the items
	b[8], b[9] = cname, byte(len(name))
	copy(b[10:], name)
	clear(b[n:padded])
	head(b, 1, rtp.SDES, padded, r.SSRC)
	return padded
}

// head writes what every packet here begins with.
func head(b []byte, count, kind byte, length int, ssrc uint32) {
	b[0], b[1] = 0x80|count, kind
	binary.BigEndian.PutUint16(b[2:], uint16(length/4-1))
	binary.BigEndian.PutUint32(b[4:], ssrc)
}
