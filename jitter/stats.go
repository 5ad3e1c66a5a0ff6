package jitter

import "time"

// Stats counts what became of packets since New; delays are as of the last packet.
type Stats struct {
	Received   uint64 // packets put, of any fate
	Played     uint64
	Lost       uint64 // never came, or came too late
	Late       uint64 // came after their turn; counted in Lost too
	Duplicates uint64
	Reordered  uint64 // came after a later one, but in time
	Skipped    uint64 // thrown away to keep the delay under Max
	Refused    uint64 // of a foreign source, or too long
	Breaks     uint64 // changes of SSRC, leaps of timestamp or sequence number that were followed
	Underruns  uint64 // times the reader found nothing to play, the end of a talk spurt included

	Target time.Duration // what the delay should be, counted from the fastest packets
	Delay  time.Duration // what it is: playout of the last packet, counted from the fastest packets
	Jitter time.Duration // interarrival jitter (RFC 3550 section 6.4.1)
}
