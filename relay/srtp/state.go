package srtp

import "fmt"

// StreamState is what a Context knows of one SSRC, without any key: enough to go on after a
// restart with the same Key. A Context that moves between shards needs none of this.
type StreamState struct {
	SSRC       uint32
	HasRTP     bool
	Carried    bool      // Index is from before a change of key
	Index      uint64    // highest RTP index: ROC<<16 | sequence number
	Window     [2]uint64 // bit i of [0], then of [1]: index Index-i has come
	HasRTCP    bool
	RTCPIndex  uint32 // highest SRTCP index
	RTCPWindow [2]uint64
}

// restoreGap is how many SRTCP packets may have been sent between the last snapshot and the
// end: a restored sender skips them, since RTCP carries its index and no one else counts.
const restoreGap = 1 << 12

// AppendState appends the state of every SSRC under the current key to dst.
func (c *Context) AppendState(dst []StreamState) []StreamState {
	for i := range c.current.list {
		st := &c.current.list[i]
		dst = append(dst, StreamState{
			SSRC:   c.current.ssrcs[i],
			HasRTP: st.hasRTP, Carried: st.carried, Index: st.index, Window: [2]uint64{st.window.lo, st.window.hi},
			HasRTCP: st.hasRTCP, RTCPIndex: st.rtcpIndex, RTCPWindow: [2]uint64{st.rtcpWindow.lo, st.rtcpWindow.hi},
		})
	}
	return dst
}

// Restore makes a receiving Context for k with the state of one that ended. A replay of what
// came between the snapshot and the end is let through once, if it comes before newer packets.
func Restore(k Key, states []StreamState) (*Context, error) {
	return restore(k, states, 0)
}

// RestoreSender is Restore for a sending Context. SRTCP indices are moved up, so that none is
// used twice; sequence numbers are the caller's and must go on above those sent.
func RestoreSender(k Key, states []StreamState) (*Context, error) {
	return restore(k, states, restoreGap)
}

func restore(k Key, states []StreamState, gap uint32) (*Context, error) {
	c, err := New(k)
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	for _, from := range states {
		if from.Index > maxRTPIndex || from.RTCPIndex > maxRTCPIndex {
			return nil, fmt.Errorf("srtp: restore ssrc %08x: index out of range", from.SSRC)
		}
		if c.current.find(from.SSRC) != nil {
			return nil, fmt.Errorf("srtp: restore ssrc %08x: twice", from.SSRC)
		}
		st, err := c.current.add(from.SSRC)
		if err != nil {
			return nil, fmt.Errorf("restore ssrc %08x: %w", from.SSRC, err)
		}
		st.hasRTP, st.carried, st.index = from.HasRTP, from.Carried, from.Index
		st.window = window{lo: from.Window[0], hi: from.Window[1]}
		st.hasRTCP, st.rtcpIndex = from.HasRTCP, min(from.RTCPIndex+gap, maxRTCPIndex)
		st.rtcpWindow = window{lo: from.RTCPWindow[0], hi: from.RTCPWindow[1]}
	}
	return c, nil
}
