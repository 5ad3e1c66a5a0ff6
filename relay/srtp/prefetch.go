package srtp

import "reflect"

// PrefetchMost is how many Contexts one call of Prefetch takes.
const PrefetchMost = 32

// Prefetch reads a word of each line of cache that an RTP packet needs of its Context. Of a thousand Contexts none is in the
// processor's first caches, and a packet on its own waits for one pointer after the other, about ten times; here all
// Contexts' misses of one level are waited for together:
//
//	Context ─► session ─┬► stream ──► keystream's memory
//	                    └► counterMode ──► mac
//
// It returns a sum that nobody needs, but without which the compiler would not read.
//
// hot path: no allocation, lock, clock or log
func Prefetch(contexts []*Context) (sum uint64) {
	var sessions [PrefetchMost]*session
	var streams [PrefetchMost]*stream
	n := min(len(contexts), PrefetchMost)
	for i, c := range contexts[:n] {
		sessions[i] = c.current
	}
	for _, s := range sessions[:n] {
		sum += uint64(s.last + s.tagLen)
	}
	for i, s := range sessions[:n] {
		if s.last < len(s.list) {
			streams[i] = &s.list[s.last]
			sum += uint64(s.ssrcs[s.last]) + streams[i].index + streams[i].origin
		}
		if s.cm != nil {
			sum += s.cm.saltLo + s.cm.saltHi
		}
	}
	for i, s := range sessions[:n] {
		if s.cm == nil {
			continue
		}
		m := s.cm.mac
		sum += uint64(m.tail[0]) + uint64(m.tail[64]) + uint64(m.start[0]) + uint64(m.start[64]) + uint64(m.state[64])
		if st := streams[i]; st != nil && st.memory != nil {
			for at := 0; at < keystreamMemory; at += 64 {
				sum += uint64(st.memory[at])
			}
		}
	}
	return sum
}

// keystreamMemory is how much of a keystream's memory Prefetch knows: its round keys.
const keystreamMemory = 256

// memoryOf returns a keystream's first bytes, nil when it has fewer.
func memoryOf(ks keystream) *[keystreamMemory]byte {
	v := reflect.ValueOf(ks)
	if v.Kind() != reflect.Pointer || v.Type().Elem().Size() < keystreamMemory {
		return nil
	}
	m, _ := reflect.NewAt(reflect.TypeFor[[keystreamMemory]byte](), v.UnsafePointer()).Interface().(*[keystreamMemory]byte)
	return m
}
