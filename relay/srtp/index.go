package srtp

import "encoding/binary"

const (
	maxRTPIndex  = 1<<48 - 1
	maxRTCPIndex = 1<<31 - 1
	rtcpFlag     = 1 << 31 // the E bit before the SRTCP index: payload encrypted
)

// estimate guesses the 48 bit packet index, ROC<<16 | sequence number, of a packet from the
// highest index so far (RFC 3711 3.3.1 and appendix A): the ROC that puts it nearest. It is
// negative where that would be before ROC 0, and over maxRTPIndex past the last one.
//
// hot path: no allocation, lock, clock or log
func estimate(highest uint64, seq uint16) int64 {
	const median = 1 << 15
	last, s := int64(highest&0xffff), int64(seq)
	index := int64(highest) - last + s
	switch {
	case last < median && s-last > median:
		index -= 1 << 16
	case last >= median && last-median > s:
		index += 1 << 16
	}
	return index
}

// rtcpHeaderLen is what stays in the clear of an RTCP compound packet: the first header
// and the sender's SSRC (RFC 3711 3.4).
const rtcpHeaderLen = 8

// ssrcOfRTCP is the sender's SSRC of an RTCP packet of rtcpHeaderLen bytes at least.
func ssrcOfRTCP(p []byte) uint32 { return binary.BigEndian.Uint32(p[4:]) }

// isRTCP tells whether p starts as an RTCP packet of at least n bytes.
func isRTCP(p []byte, n int) bool { return len(p) >= n && p[0]>>6 == 2 }
