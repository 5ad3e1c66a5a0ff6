package relay

import (
	"net/netip"

	"sidetone/relay/udp"
)

// outbox gathers what a shard sends until flush. Relayed packets stay where they were received; what sinks, tickers and
// transforms make has a buffer here, one for each place of the batch.
type outbox struct {
	packets []udp.Packet
	buffers [][udp.MaxDatagram]byte
	n       int
}

func newOutbox(size int) outbox {
	return outbox{packets: make([]udp.Packet, size), buffers: make([][udp.MaxDatagram]byte, size)}
}

// buffer returns memory for the next packet that is put, valid until flush.
// Hot path: no allocation, lock, clock or log.
func (s *Shard) buffer() []byte {
	if s.out.n == len(s.out.packets) {
		s.flush()
	}
	return s.out.buffers[s.out.n][:]
}

// put queues a packet. data must stay as it is until flush.
// Hot path: no allocation, lock, clock or log.
func (s *Shard) put(slot uint32, to netip.AddrPort, data []byte) {
	if s.out.n == len(s.out.packets) {
		s.flush()
	}
	s.out.packets[s.out.n] = udp.Packet{Slot: slot, Addr: to, Data: data}
	s.out.n++
	s.stats.Sent.add(len(data))
}

// flush sends what is queued.
// Hot path: no allocation, lock, clock or log.
func (s *Shard) flush() {
	if s.out.n == 0 {
		return
	}
	batch := s.out.packets[:s.out.n]
	s.out.n = 0
	if failed := s.conn.Send(batch); failed > 0 {
		s.stats.SendFailed += uint64(failed)
		for i := range batch {
			if batch[i].Failed {
				s.ports[batch[i].Slot].leg.stats.SendFailed++
			}
		}
	}
}
