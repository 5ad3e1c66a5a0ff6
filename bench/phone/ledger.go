package phone

import (
	"slices"
	"sync"
	"time"
)

// Ledger remembers when the phones of one process sent their latest packets, so that the phone that
// receives a packet knows how long it was on its way. Safe for any goroutine.
type Ledger struct {
	mu     sync.Mutex
	tracks map[uint32]*[ledgerDepth]ledgerEntry // by SSRC
}

// ledgerDepth is how many packets of a stream are remembered: 10 s of them.
const ledgerDepth = 512

type ledgerEntry struct {
	sequence  uint16
	timestamp uint32
	at        time.Time
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger { return &Ledger{tracks: map[uint32]*[ledgerDepth]ledgerEntry{}} }

func (l *Ledger) sent(ssrc uint32, sequence uint16, timestamp uint32, at time.Time) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	track := l.tracks[ssrc]
	if track == nil {
		track = new([ledgerDepth]ledgerEntry)
		l.tracks[ssrc] = track
	}
	track[sequence%ledgerDepth] = ledgerEntry{sequence, timestamp, at}
}

// lookup returns when a packet was sent; a relay that renumbers or mixes makes packets unknown.
func (l *Ledger) lookup(ssrc uint32, sequence uint16, timestamp uint32) (time.Time, bool) {
	if l == nil {
		return time.Time{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	track := l.tracks[ssrc]
	if track == nil {
		return time.Time{}, false
	}
	e := track[sequence%ledgerDepth]
	if e.at.IsZero() || e.sequence != sequence || e.timestamp != timestamp {
		return time.Time{}, false
	}
	return e.at, true
}

// Percentile returns the q-th quantile, 0 to 1, of d, which it leaves alone; 0 for nothing.
func Percentile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(d))
	return s[min(len(s)-1, int(q*float64(len(s))))]
}
