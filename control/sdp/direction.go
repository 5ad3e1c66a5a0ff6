package sdp

import "strings"

// Direction says which way media flows, as seen by the side whose description it is (RFC 3264
// section 5.1). The zero value is SendRecv, as in a description that says nothing.
type Direction uint8

// The four directions. Each bit takes one way away, so that And is a plain or.
const (
	SendRecv Direction = 0
	SendOnly Direction = noRecv
	RecvOnly Direction = noSend
	Inactive Direction = noSend | noRecv

	noRecv Direction = 1
	noSend Direction = 2
)

var directionNames = [4]string{SendRecv: "sendrecv", SendOnly: "sendonly", RecvOnly: "recvonly", Inactive: "inactive"}

// Send reports whether the side that says so sends.
func (d Direction) Send() bool { return d&noSend == 0 }

// Recv reports whether the side that says so wants to receive.
func (d Direction) Recv() bool { return d&noRecv == 0 }

// Reverse is the same flow seen from the other side: the most an answer to d may say.
func (d Direction) Reverse() Direction { return (d&noRecv)<<1 | (d&noSend)>>1 }

// And keeps only the ways both allow.
func (d Direction) And(other Direction) Direction { return (d | other) & Inactive }

// String is the name of the attribute, such as "sendonly".
func (d Direction) String() string { return directionNames[d&Inactive] }

// Direction returns what the section says, or else the session, or else SendRecv. A connection
// address of 0.0.0.0 (or ::) is hold as RFC 2543 wrote it: nothing is to be sent there.
func (m *Media) Direction() Direction {
	d, ok := m.direction()
	if !ok {
		d, _ = m.session.direction()
	}
	if a := m.Address(); a.IsValid() && a.IsUnspecified() {
		d |= noRecv
	}
	return d
}

// SetDirection makes one direction attribute of the section's.
func (m *Media) SetDirection(d Direction) {
	for _, name := range directionNames {
		if name != d.String() {
			m.RemoveAttribute(name)
		}
	}
	m.SetAttribute(d.String(), "")
}

// direction is the first direction attribute of this level.
func (s *Section) direction() (Direction, bool) {
	for _, l := range s.lines {
		name, _, _ := l.attribute()
		for d, n := range directionNames {
			if strings.EqualFold(name, n) {
				return Direction(d), true
			}
		}
	}
	return SendRecv, false
}
