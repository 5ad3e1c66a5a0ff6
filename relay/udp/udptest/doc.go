// Package udptest is the udp contract in memory: a network with loss, delay, jitter, reordering and NAT, on a
// clock that the test moves, so that a second of traffic takes a millisecond and comes out the same each time.
//
//	shard ── Conn.Send ──► path (Config: Loss, Delay, Jitter, Reorder) ──► flight (heap by arrival)
//	                                                                          │  Network.Advance(d)
//	test ◄── Endpoint.Receive ◄── NAT (rebinds, filters) ◄──── deliver ◄──────┘
//	test ─── Endpoint.Send ─────► NAT ──► path ──► ... ──► Conn.Receive ── shard
//
//	  network.go   Network: ports, the clock, Advance
//	  path.go      what happens to a datagram on its way
//	  conn.go      a shard's udp.Conn
//	  endpoint.go  Endpoint: a phone in the hands of the test
//	  nat.go       NAT
//	  contract.go  TestNetwork: what every udp.Network must do, run on this one and on the sockets
//
// Advance moves the clock from event to event and lets every shard finish what an event gave it before it goes
// on: what is measured on the clock does not depend on the machine. Any goroutine may call it, one at a time.
// Limits: no MTU, no ICMP; addresses are local unless Config.Addresses names those that are.
package udptest
