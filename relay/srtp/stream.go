package srtp

// MaxStreams is how many SSRCs one key serves. None is ever forgotten under its key, for
// that would let old packets be replayed, or on the sending side a keystream be used
// twice. New ones past the limit are refused until a new key comes.
const MaxStreams = 1024

// maxKeystreams is how many streams keep a keystream of 512 bytes at hand; the others make
// it again when they speak.
const maxKeystreams = 8

// maxCarried is how many of the newest SSRCs a new key learns of.
const maxCarried = 16

// stream is what a key knows of one SSRC.
type stream struct {
	index   uint64 // highest RTP index, ROC<<16 | sequence number, when hasRTP
	window  window
	hasRTP  bool
	carried bool // index is a hint from the previous key; nothing came under this one yet

	hasRTCP    bool
	rtcpIndex  uint32 // highest SRTCP index, when hasRTCP; the last one sent, from 0
	rtcpWindow window

	keystream keystream              // AES-CM only, nil until wanted
	origin    uint64                 // where in the counter's space keystream starts
	memory    *[keystreamMemory]byte // keystream's, nil where it is not known
}

// settled tells that the ROC of the stream is known for sure.
func (st *stream) settled() bool { return st.hasRTP && !st.carried }

// candidates are the indices that a received sequence number can stand for, likeliest
// first. When the ROC is known there is one. Of a new SSRC it is 0, or 1 when we missed
// the packets before the sequence number wrapped; after a new key it goes on by the RFC
// (3711 3.3.1) but starts from 0 with many phones.
//
// hot path: no allocation, lock, clock or log
func (st *stream) candidates(out *[3]int64, seq uint16) int {
	n := 0
	if st.hasRTP {
		out[0] = max(estimate(st.index, seq), int64(seq))
		n = 1
		if !st.carried {
			return n
		}
	}
	for roc := int64(0); roc <= 1; roc++ {
		index := roc<<16 | int64(seq)
		if (roc == 0 || seq < 1<<15) && (n == 0 || index != out[0]) {
			out[n] = index
			n++
		}
	}
	return n
}

// next is the index under which to send a sequence number. A source that jumps more than
// half way round in the first cycle did not go back before its start, but a packet that
// comes just before the first one did.
//
// hot path: no allocation, lock, clock or log
func (st *stream) next(seq uint16) (uint64, error) {
	if !st.hasRTP {
		return uint64(seq), nil
	}
	index := estimate(st.index, seq)
	if index < 0 {
		if int64(st.index)-index < WindowSize {
			return 0, ErrReplay
		}
		index = int64(seq)
	}
	if index > maxRTPIndex {
		return 0, ErrKeyExpired
	}
	return uint64(index), nil
}

// replayed tells whether an RTP index was there before or is too old.
//
// hot path: no allocation, lock, clock or log
func (st *stream) replayed(index uint64) bool {
	return st.settled() && index <= st.index && st.window.seen(st.index-index)
}

// note marks an RTP index that is not replayed.
//
// hot path: no allocation, lock, clock or log
func (st *stream) note(index uint64) {
	switch {
	case !st.settled():
		st.hasRTP, st.carried = true, false
		st.index, st.window = index, window{lo: 1}
	case index > st.index:
		st.window.advance(index - st.index)
		st.index = index
	default:
		st.window.mark(st.index - index)
	}
}

// replayedRTCP is replayed for an SRTCP index.
func (st *stream) replayedRTCP(index uint32) bool {
	return st.hasRTCP && index <= st.rtcpIndex && st.rtcpWindow.seen(uint64(st.rtcpIndex-index))
}

// noteRTCP is note for an SRTCP index.
func (st *stream) noteRTCP(index uint32) {
	switch {
	case !st.hasRTCP:
		st.hasRTCP = true
		st.rtcpIndex, st.rtcpWindow = index, window{lo: 1}
	case index > st.rtcpIndex:
		st.rtcpWindow.advance(uint64(index - st.rtcpIndex))
		st.rtcpIndex = index
	default:
		st.rtcpWindow.mark(uint64(st.rtcpIndex - index))
	}
}

// streams finds the stream of an SSRC. A call has one or two, so they lie in a row, with
// the SSRCs by themselves so that a search through all of them stays cheap.
type streams struct {
	ssrcs      []uint32
	list       []stream
	last       int // where the last search ended
	keystreams int // how many in list have one
}

// find returns the stream of ssrc, or nil. The pointer holds until the next add.
//
// hot path: no allocation, lock, clock or log
func (s *streams) find(ssrc uint32) *stream {
	if s.last < len(s.ssrcs) && s.ssrcs[s.last] == ssrc {
		return &s.list[s.last]
	}
	for i, have := range s.ssrcs {
		if have == ssrc {
			s.last = i
			return &s.list[i]
		}
	}
	return nil
}

// add makes the stream of an SSRC that has none. A receiver calls it only after a packet
// was authenticated.
func (s *streams) add(ssrc uint32) (*stream, error) {
	if len(s.ssrcs) >= MaxStreams {
		return nil, ErrTooManyStreams
	}
	s.ssrcs = append(s.ssrcs, ssrc)
	s.list = append(s.list, stream{})
	s.last = len(s.list) - 1
	return &s.list[s.last], nil
}

// findOrAdd is find and, failing that, add.
//
// hot path: no allocation, lock, clock or log (for an SSRC that is known)
func (s *streams) findOrAdd(ssrc uint32) (*stream, error) {
	if st := s.find(ssrc); st != nil {
		return st, nil
	}
	return s.add(ssrc)
}

// keep gives st a keystream, and takes those of the others when too many have one.
func (s *streams) keep(st *stream, ks keystream, origin uint64) {
	if st.keystream == nil {
		if s.keystreams >= maxKeystreams {
			for i := range s.list {
				s.list[i].keystream, s.list[i].memory = nil, nil
			}
			s.keystreams = 0
		}
		s.keystreams++
	}
	st.keystream, st.origin, st.memory = ks, origin, memoryOf(ks)
}

// carry takes over the ROCs, as hints, and the last SRTCP indices from another key: of the
// newest SSRCs and the one that spoke last. The windows start empty, for nothing has been
// protected under this key.
func (s *streams) carry(from *streams) {
	for i := range from.list {
		if i < len(from.list)-maxCarried && i != from.last {
			continue
		}
		old := &from.list[i]
		s.ssrcs = append(s.ssrcs, from.ssrcs[i])
		s.list = append(s.list, stream{index: old.index, hasRTP: old.hasRTP, carried: old.hasRTP, rtcpIndex: old.rtcpIndex})
	}
}
