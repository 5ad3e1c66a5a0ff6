package relay

import "fmt"

// Mode says how a leg finds out where its peer's media comes from, and so where it goes (SPEC R4).
type Mode uint8

// The modes. A candidate is an address that signalling gives reason to expect; see Latch.
const (
	Heuristic Mode = iota // the default: the signalled address at once, another candidate after 4 packets in sequence
	Off                   // nothing is learned: from any port of the signalled IP address, to the signalled address
	Strict                // nothing is learned: from and to the signalled address and port alone
	Immediate             // the first packet of any candidate
	Delayed               // like Heuristic, but media goes to the signalled address until 3 s have passed; the last candidate to qualify wins
)

var modeNames = [...]string{Heuristic: "heuristic", Off: "off", Strict: "strict", Immediate: "immediate", Delayed: "delayed"}

// String returns the name that the config uses.
func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return fmt.Sprintf("Mode(%d)", uint8(m))
}

// ParseMode returns the mode of a name that the config uses.
func ParseMode(name string) (Mode, error) {
	for m, n := range modeNames {
		if n == name {
			return Mode(m), nil
		}
	}
	return 0, fmt.Errorf("latching %q is none of off, strict, heuristic, immediate, delayed", name)
}

// State is how far a latch has come.
type State uint8

// The states of a latch.
const (
	Idle     State = iota // nothing has been signalled
	Learning              // signalled, and no packet accepted yet
	Locked                // the source of every packet is checked against the one locked on
)

// String returns the state's name.
func (s State) String() string {
	switch s {
	case Idle:
		return "idle"
	case Learning:
		return "learning"
	case Locked:
		return "locked"
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}
