package sip

import "sync/atomic"

// counters are the stack's own, written from every goroutine.
type counters struct {
	received, sent, sendFailed                                           atomic.Uint64
	keepAlive, garbage, malformed, outside, stray, retransmitted, panics atomic.Uint64
	connections, connectionsRefused, acceptFailed, readFailed            atomic.Uint64
	challenged, forbidden, blocked, throttled                            atomic.Uint64
}

// Stats is a snapshot of what the stack has counted since New.
type Stats struct {
	Received, Sent, SendFailed uint64
	KeepAlive                  uint64 // CRLF and double CRLF
	Garbage                    uint64 // not SIP at all: dropped before parsing
	Malformed                  uint64 // SIP that does not parse or misses what it must have
	Outside                    uint64 // from outside the white list: dropped before parsing
	Stray                      uint64 // responses and ACKs that belong to nothing
	Retransmitted              uint64 // requests absorbed by a server transaction
	Panics                     uint64 // caught while reading a message
	Connections                uint64 // accepted and dialled
	ConnectionsRefused         uint64 // over MaxConnections, closed at once or to make room
	AcceptFailed, ReadFailed   uint64 // errors of the listening sockets, all survived
	Challenged, Forbidden      uint64 // 401 and 403 sent by the digest check
	Blocked                    uint64 // requests of sources that Comm Exclusive has blocked
	Throttled                  uint64 // datagrams of strangers who send too many, dropped before parsing

	Dialogs, ServerTransactions, ClientTransactions, Bindings int // live now
}

// Stats returns the counters. Safe from any goroutine.
func (s *Stack) Stats() Stats {
	c := &s.count
	st := Stats{
		Received: c.received.Load(), Sent: c.sent.Load(), SendFailed: c.sendFailed.Load(),
		KeepAlive: c.keepAlive.Load(), Garbage: c.garbage.Load(), Malformed: c.malformed.Load(),
		Outside: c.outside.Load(), Stray: c.stray.Load(), Retransmitted: c.retransmitted.Load(), Panics: c.panics.Load(),
		Connections: c.connections.Load(), ConnectionsRefused: c.connectionsRefused.Load(),
		AcceptFailed: c.acceptFailed.Load(), ReadFailed: c.readFailed.Load(),
		Challenged: c.challenged.Load(), Forbidden: c.forbidden.Load(), Blocked: c.blocked.Load(), Throttled: c.throttled.Load(),
	}
	s.mu.Lock()
	st.Dialogs, st.ServerTransactions, st.ClientTransactions = len(s.dialogs), len(s.servers), len(s.clients)
	s.mu.Unlock()
	st.Bindings = s.registrar.bindings()
	return st
}
