// Package udp is one shard's way to the network: packets in batches, in and out, with no allocation.
//
//	          any goroutine                         the shard's thread
//	Network.Open(address) ──► Port ──Attach(slot)──► Conn ──Receive──► []Packet{Slot, Addr = source, Data}
//	Network.Conn() ──────────────────────────────►   Conn ◄───Send──── []Packet{Slot, Addr = destination, Data}
//	                                                 Conn ◄───Wake──── any goroutine
//
//	udp.go          the contract: Network, Port, Conn, Packet, the errors
//	ports_linux.go  Ports: a socket for each port
//	conn_linux.go   its Conn: one epoll, an eventfd to wake it, a receive arena
//	mmsg_linux.go   recvmmsg, sendmmsg, epoll_pwait2: all of the package's unsafe
//	ports_other.go  the same names where there is no Linux: NewPorts says so
//	udptest/        the contract in memory, on a clock that the test moves
//
// A slot is a small number by which the owner of a Conn knows a local port; a packet carries it and not a
// socket, so that an implementation may read all ports through one socket. A Port belongs to no shard: Detach it from
// one Conn and Attach it to another, and what arrived in between is waiting there. Every Conn method but Wake
// belongs to one thread at a time. A leaf: it imports nothing of ours.
// Limits: datagrams up to MaxDatagram bytes, longer ones are marked Truncated.
package udp
